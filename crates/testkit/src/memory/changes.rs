//! Wake-ups in memory: each change wakes every stream that was asked for before it.

use chatloom_ports::store::turns::{TurnChange, TurnChanges};
use futures::stream::{self, StreamExt};
use tokio::sync::watch;

/// Whom to wake, one bell for each kind of change.
#[derive(Default)]
pub(super) struct Changes {
    logs: watch::Sender<()>,
    stops: watch::Sender<()>,
}

impl Changes {
    /// Wakes everybody.
    pub(super) fn ring(&self, change: TurnChange) {
        match change {
            TurnChange::Logs => self.logs.send_replace(()),
            TurnChange::Stops => self.stops.send_replace(()),
        }
    }

    /// What changes from now on, until the stores are dropped.
    pub(super) fn listen(&self) -> TurnChanges {
        let logs = rings(self.logs.subscribe(), TurnChange::Logs);
        stream::select(logs, rings(self.stops.subscribe(), TurnChange::Stops)).boxed()
    }
}

fn rings(bell: watch::Receiver<()>, change: TurnChange) -> TurnChanges {
    let rings = stream::unfold(bell, move |mut bell| async move {
        bell.changed().await.ok()?;
        Some((change, bell))
    });
    rings.boxed()
}
