//! Erases conversations that have been kept for as long as their widget's rule says, and what erasures leave behind.
//!
//! Each replica does it. A chunk is one transaction and skips what others are just doing something with, so it does not
//! matter who comes first, nor where somebody was when they were killed.

use std::sync::Arc;
use std::time::Duration;

use chatloom_ports::environment::Clock;
use chatloom_ports::store::{SessionStore, StoreError};
use tokio::runtime::Handle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How many sessions go in one transaction, which others may have to wait for.
pub(crate) const CHUNK: u32 = 100;

/// How often conversations are looked for that have been kept for long enough. A rule counts days.
const SWEEP_EVERY: Duration = Duration::from_mins(5);

/// How often the files are cleaned of what was erased.
const CLEAN_EVERY: Duration = Duration::from_secs(5);

/// Left to others between two chunks, so that a long sweep holds nobody up.
const BREATH: Duration = Duration::from_millis(50);

/// How long the end of the process waits for a chunk that is just being erased.
const LAST_CHUNK: Duration = Duration::from_millis(500);

/// The task that erases.
pub(crate) struct Retention {
    task: TaskTracker,
    stopped: CancellationToken,
}

impl Retention {
    /// Begins at once: what became too old while nobody ran should wait no longer.
    pub(crate) fn start(sessions: Arc<dyn SessionStore>, clock: Arc<dyn Clock>, runtime: &Handle) -> Self {
        let (task, stopped) = (TaskTracker::new(), CancellationToken::new());
        let sweeper = Sweeper { sessions, clock, stopped: stopped.clone() };
        task.spawn_on(sweeper.run(), runtime);
        task.close();
        Self { task, stopped }
    }

    /// Erases nothing more but the chunk that it is at.
    pub(crate) fn stop(&self) {
        self.stopped.cancel();
    }

    /// Waits for the end of that chunk, though not for ever.
    pub(crate) async fn stopped(&self) {
        if tokio::time::timeout(LAST_CHUNK, self.task.wait()).await.is_err() {
            tracing::warn!("an erasure still waits for the database");
        }
    }
}

struct Sweeper {
    sessions: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    stopped: CancellationToken,
}

impl Sweeper {
    async fn run(self) {
        let mut ticks = interval(CLEAN_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sweep_at = Instant::now();
        loop {
            tokio::select! {
                () = self.stopped.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if Instant::now() >= sweep_at {
                sweep_at = Instant::now() + SWEEP_EVERY;
                report(self.sweep().await, "could not erase outdated conversations");
            }
            report(self.sessions.remove_traces().await, "could not remove the traces of what was erased");
        }
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        let mut erased = 0;
        while !self.stopped.is_cancelled() {
            let chunk = self.sessions.erase_outdated_sessions(self.clock.now(), CHUNK).await?;
            erased += chunk;
            if chunk < u64::from(CHUNK) {
                break;
            }
            // What is gone from the tables should not wait for the end of a long sweep to be gone from the files.
            self.sessions.remove_traces().await?;
            sleep(BREATH).await;
        }
        if erased > 0 {
            tracing::info!(sessions = erased, "erased conversations that were kept for long enough");
        }
        Ok(())
    }
}

/// Tells the operator what failed; the next round tries again.
fn report<T>(done: Result<T, StoreError>, what: &'static str) {
    if let Err(error) = done {
        tracing::error!(error = &error as &dyn std::error::Error, "{what}");
    }
}
