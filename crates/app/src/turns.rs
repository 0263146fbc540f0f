//! The turn runner: stores a turn, answers it in a task of its own, and lets anybody watch.
//!
//! ```text
//! begin ── TurnStore::begin_turn ── spawn answering ──► EventLog ◄── viewers read by index, at their own pace
//!                                                          ▲
//!                                       flusher: every 300 ms, all running turns in one transaction
//!                                                          ▼
//!                         database ── elsewhere: on another replica ──► EventLog ◄── viewers there
//! ```
//!
//! - Nobody is told of a message before it is committed.
//! - A viewer that leaves, or is slow, is not noticed here: viewers read the shared log, the turn waits for nobody.
//! - A viewer that comes back is shown what follows the last event that it knows, on any replica.
//! - Every write names owner and generation. A turn that was taken away, or erased, writes nothing more.
//! - The terminal event is shown only after it is committed.

mod answer;
mod asking;
mod elsewhere;
mod flusher;
mod gone;
mod live;
mod log;
mod outcome;
mod pieces;
mod reading;
mod reserving;
mod slots;
mod starting;
mod sweeper;
mod upstream;
mod watching;
mod window;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chatloom_domain::Timestamp;
use chatloom_domain::id::{ReplicaId, TurnId};
use chatloom_domain::turn::TurnState;
use chatloom_ports::chat_model::Providers;
use chatloom_ports::environment::{Clock, Entropy};
use chatloom_ports::store::{
    AccessStore, AuditStore, BudgetStore, SessionStore, StoreHealth, Stores, TurnStore, WidgetStore,
    WorkflowStore,
};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::limits::{LoadLimits, TurnLimits};
use elsewhere::Elsewhere;
use live::{Ending, LiveTurn};
use slots::Slots;
pub(crate) use starting::{NewMessage, StartError};
use upstream::Upstream;
pub(crate) use watching::WatchError;

/// How long turns that were broken off at the end of a drain get to store what they have.
const LAST_WRITES: Duration = Duration::from_secs(3);

/// How long what the background tasks are just doing may take after that.
const LAST_LOOKS: Duration = Duration::from_millis(500);

/// How many ends of turns are written at the same time. When many answers end at once, those who ask, and those who wait
/// for the rest of a log, must still find a connection.
const ENDS_AT_ONCE: usize = 4;

/// Runs turns on one replica.
pub(crate) struct TurnRunner {
    store: Arc<dyn TurnStore>,
    workflows: Arc<dyn WorkflowStore>,
    widgets: Arc<dyn WidgetStore>,
    sessions: Arc<dyn SessionStore>,
    budgets: Arc<dyn BudgetStore>,
    access: Arc<dyn AccessStore>,
    audit: Arc<dyn AuditStore>,
    health: Arc<dyn StoreHealth>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    providers: Providers,
    upstream: Upstream,
    slots: Slots,
    limits: TurnLimits,
    replica: ReplicaId,
    runtime: Handle,
    elsewhere: Elsewhere,
    ends: Semaphore,
    running: Mutex<HashMap<TurnId, Arc<LiveTurn>>>,
    /// Answers, each in a task that nobody but a drain waits for.
    answers: TaskTracker,
    /// The flusher, the sweeper, and the one that looks elsewhere.
    background: TaskTracker,
    draining: AtomicBool,
    breaking_off: AtomicBool,
    /// Until when the leases of all running turns hold.
    leases_hold_until: Mutex<Timestamp>,
    stopped: CancellationToken,
}

impl TurnRunner {
    /// Makes the runner and starts its background tasks.
    pub(crate) fn start(
        stores: &Stores,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        providers: Providers,
        (limits, load): (TurnLimits, LoadLimits),
        runtime: Handle,
    ) -> Arc<Self> {
        let replica = ReplicaId::from_uuid(entropy.uuid(clock.now()));
        let runner = Arc::new(Self {
            store: stores.turns.clone(),
            workflows: stores.workflows.clone(),
            widgets: stores.widgets.clone(),
            sessions: stores.sessions.clone(),
            budgets: stores.budgets.clone(),
            access: stores.access.clone(),
            audit: stores.audit.clone(),
            health: stores.health.clone(),
            clock,
            entropy,
            providers,
            upstream: Upstream::default(),
            slots: Slots::new(load.model_concurrency, load.model_queue),
            limits,
            replica,
            runtime,
            elsewhere: Elsewhere::default(),
            ends: Semaphore::new(ENDS_AT_ONCE),
            running: Mutex::default(),
            answers: TaskTracker::new(),
            background: TaskTracker::new(),
            draining: AtomicBool::new(false),
            breaking_off: AtomicBool::new(false),
            leases_hold_until: Mutex::new(Timestamp::MIN),
            stopped: CancellationToken::new(),
        });
        runner.background.spawn_on(flusher::run(runner.clone()), &runner.runtime);
        runner.background.spawn_on(sweeper::run(runner.clone()), &runner.runtime);
        runner.background.spawn_on(elsewhere::run(runner.clone()), &runner.runtime);
        runner
    }

    fn register(&self, live: &Arc<LiveTurn>) {
        let mut running = self.running_turns();
        if let (true, TurnState::Running { lease }) = (running.is_empty(), live.turn.state) {
            self.renewed_until(lease.until);
        }
        let before = running.insert(live.turn.id, live.clone());
        drop(running);
        // A generation that was taken away from here while nobody noticed.
        if let Some(before) = before {
            before.end(Ending::BrokenOff);
        }
        if self.breaking_off.load(Ordering::SeqCst) {
            live.end(Ending::BrokenOff);
        }
    }

    /// Notes until when the leases of all running turns hold.
    fn renewed_until(&self, lease_end: Timestamp) {
        *self.leases_hold_until.lock().unwrap_or_else(PoisonError::into_inner) = lease_end;
    }

    /// Whether no running turn of this replica can be among the expired ones. After a long absence of the database they
    /// are, until the flusher has renewed them; they are not dead, so nobody here may end them.
    fn holds_its_leases(&self) -> bool {
        let until = *self.leases_hold_until.lock().unwrap_or_else(PoisonError::into_inner);
        self.running_turns().is_empty() || self.clock.now() < until
    }

    fn lease_end(&self, now: Timestamp) -> Timestamp {
        now.checked_add(self.limits.lease).unwrap_or(Timestamp::MAX)
    }

    fn running_turns(&self) -> std::sync::MutexGuard<'_, HashMap<TurnId, Arc<LiveTurn>>> {
        // The map is changed by single calls only, so a panic elsewhere cannot leave it half changed.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether new turns are refused.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Refuses new turns from now on, and sends away those who watch turns of other replicas.
    pub(crate) fn begin_drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        self.elsewhere.close();
    }

    /// Gives running turns `grace` to end, breaks off and stores the rest, and stops the background tasks.
    pub(crate) async fn drain(&self, grace: Duration) {
        self.begin_drain();
        self.answers.close();
        if tokio::time::timeout(grace, self.answers.wait()).await.is_err() {
            self.breaking_off.store(true, Ordering::SeqCst);
            let rest: Vec<_> = self.running_turns().values().cloned().collect();
            tracing::info!(turns = rest.len(), "breaking off the turns that are still running");
            for live in &rest {
                live.end(Ending::BrokenOff);
            }
            // Nobody asks any more, so there is nobody to leave connections to.
            self.ends.add_permits(rest.len());
            if tokio::time::timeout(LAST_WRITES, self.answers.wait()).await.is_err() {
                tracing::warn!("some turns could not be stored; their leases will run out");
            }
        }
        self.stopped.cancel();
        self.background.close();
        // A database that hangs must not hold up the end of the process.
        if tokio::time::timeout(LAST_LOOKS, self.background.wait()).await.is_err() {
            tracing::warn!("the background tasks still wait for the database");
        }
    }
}
