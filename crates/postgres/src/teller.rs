//! Telling other replicas that turns have changed.
//!
//! PostgreSQL makes the transactions that notify commit one after the other, each waiting for the disk, so an
//! ending turn does not notify in its own. What has been committed is told afterwards, and at once for all that came
//! together; what is not told because the process dies in between is read half a second later.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chatloom_ports::store::turns::TurnChange;
use diesel_async::SimpleAsyncConnection;
use tokio::sync::Mutex;

use crate::database::Database;

/// The time between two notifications of a kind. It bounds what a busy service costs those who listen.
const PAUSE: Duration = Duration::from_millis(20);

/// Tells of one kind of change.
#[derive(Default)]
pub(crate) struct Teller {
    /// Somebody is about to tell; what was committed until they do is told with it.
    is_due: AtomicBool,
    /// Held by the one who tells.
    telling: Mutex<()>,
}

impl Teller {
    /// Whether the caller has to see to it that [`Teller::tell`] runs.
    pub(crate) fn is_first(&self) -> bool {
        !self.is_due.swap(true, Ordering::AcqRel)
    }

    /// Notifies. A failure is nobody's business: what was committed is found without a wake-up, a little later.
    pub(crate) async fn tell(&self, database: &Database, change: TurnChange) {
        let _telling = self.telling.lock().await;
        let conn = database.checkout().await;
        // From here on a change may come too late for this notification and needs another.
        self.is_due.store(false, Ordering::Release);
        if let Ok(mut conn) = conn {
            let _: Result<(), _> = conn.batch_execute(notification(change)).await;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The statement that [`crate::listener`] hears.
const fn notification(change: TurnChange) -> &'static str {
    match change {
        TurnChange::Logs => "NOTIFY chatloom_turns, 'logs'",
        TurnChange::Stops => "NOTIFY chatloom_turns, 'stops'",
    }
}
