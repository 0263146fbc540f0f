//! The turn runner: stores a turn, answers it in a task of its own, and lets anybody watch.
//!
//! ```text
//! begin ── TurnStore::begin_turn ── spawn answering ──► LiveTurn ◄── viewers read by index, at their own pace
//!                                                          ▲
//!                                       flusher: every 300 ms, all running turns in one transaction
//! ```
//!
//! - Nobody is told of a message before it is committed.
//! - A viewer that leaves, or is slow, is not noticed here: viewers read the shared log, the turn waits for nobody.
//! - Every write names owner and generation. A turn that was taken away, or erased, writes nothing more.
//! - The terminal event is shown only after it is committed.

mod answer;
mod flusher;
mod live;
mod outcome;
mod pieces;
mod reading;
mod sweeper;
mod window;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chatloom_domain::Timestamp;
use chatloom_domain::id::{MessageId, ReplicaId, SessionId, TurnId, WorkflowId};
use chatloom_domain::message::MessageContent;
use chatloom_domain::turn::{Lease, Turn, TurnEvent, TurnState};
use chatloom_domain::widget::Widget;
use chatloom_ports::chat_model::Providers;
use chatloom_ports::environment::{Clock, Entropy};
use chatloom_ports::store::turns::{BeginTurnError, NewTurn};
use chatloom_ports::store::{AccessStore, StoreError, Stores, TurnStore};
use chatloom_ports::visitor::TurnStream;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::limits::TurnLimits;
use live::LiveTurn;

/// How long turns that were broken off at the end of a drain get to store what they have.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// Why a message was not taken.
#[derive(Debug, Error)]
pub(crate) enum SendError {
    /// The service is about to stop.
    #[error("the service is about to stop")]
    Draining,
    /// The store refused or failed.
    #[error("could not begin a turn")]
    Begin(#[source] BeginTurnError),
}

/// Runs turns on one replica.
pub(crate) struct TurnRunner {
    store: Arc<dyn TurnStore>,
    access: Arc<dyn AccessStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    providers: Providers,
    limits: TurnLimits,
    replica: ReplicaId,
    runtime: Handle,
    running: Mutex<HashMap<TurnId, Arc<LiveTurn>>>,
    /// Answers, each in a task that nobody but a drain waits for.
    answers: TaskTracker,
    /// The flusher and the sweeper.
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
        limits: TurnLimits,
        runtime: Handle,
    ) -> Arc<Self> {
        let replica = ReplicaId::from_uuid(entropy.uuid(clock.now()));
        let runner = Arc::new(Self {
            store: stores.turns.clone(),
            access: stores.access.clone(),
            clock,
            entropy,
            providers,
            limits,
            replica,
            runtime,
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
        runner
    }

    /// Stores the visitor's message with a running turn and begins to answer it.
    ///
    /// The work is done in a task of the runner's: a request that is dropped in the middle must not leave a
    /// committed turn behind that nobody answers.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        widget: &Widget,
        session: SessionId,
        content: MessageContent,
    ) -> Result<TurnStream, SendError> {
        if self.is_draining() {
            return Err(SendError::Draining);
        }
        let new = NewTurn {
            turn: self.new_turn(session),
            widget_id: widget.id,
            widget_version: widget.version,
            content,
        };
        let workflow = widget.workflow_id;
        let runner = self.clone();
        let begun =
            self.answers.spawn_on(async move { runner.begin_stored(new, workflow).await }, &self.runtime);
        let begun = begun
            .await
            .unwrap_or_else(|stopped| Err(BeginTurnError::Store(StoreError::Unavailable(Box::new(stopped)))));
        begun.map_err(SendError::Begin)
    }

    async fn begin_stored(
        self: Arc<Self>,
        new: NewTurn,
        workflow: WorkflowId,
    ) -> Result<TurnStream, BeginTurnError> {
        self.store.begin_turn(&new).await?;
        let live = Arc::new(LiveTurn::new(new.turn));
        live.publish(TurnEvent::Started {
            user_message_id: new.turn.user_message_id,
            assistant_message_id: new.turn.assistant_message_id,
        });
        let stream = live.watch();
        self.register(&live);
        let runner = self.clone();
        self.answers.spawn_on(async move { runner.answer(live, workflow, new.content).await }, &self.runtime);
        Ok(stream)
    }

    fn register(&self, live: &Arc<LiveTurn>) {
        let mut running = self.running_turns();
        if let (true, TurnState::Running { lease }) = (running.is_empty(), live.turn.state) {
            self.renewed_until(lease.until);
        }
        running.insert(live.turn.id, live.clone());
        drop(running);
        if self.breaking_off.load(Ordering::SeqCst) {
            live.break_off();
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

    fn new_turn(&self, session_id: SessionId) -> Turn {
        let now = self.clock.now();
        Turn {
            id: TurnId::from_uuid(self.entropy.uuid(now)),
            session_id,
            user_message_id: MessageId::from_uuid(self.entropy.uuid(now)),
            assistant_message_id: MessageId::from_uuid(self.entropy.uuid(now)),
            generation: 1,
            started_at: now,
            state: TurnState::Running { lease: Lease { owner: self.replica, until: self.lease_end(now) } },
        }
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

    /// Refuses new turns from now on.
    pub(crate) fn begin_drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
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
                live.break_off();
            }
            if tokio::time::timeout(LAST_WRITES, self.answers.wait()).await.is_err() {
                tracing::warn!("some turns could not be stored; their leases will run out");
            }
        }
        self.stopped.cancel();
        self.background.close();
        self.background.wait().await;
    }
}
