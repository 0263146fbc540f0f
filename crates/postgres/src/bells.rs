//! Wake-ups within this process, one bell for each kind of change.

use chatloom_ports::store::turns::{TurnChange, TurnChanges};
use futures::stream::{self, StreamExt};
use tokio::sync::watch;

/// What the listener rings, and those who wait for it hear.
#[derive(Default)]
pub(crate) struct Bells {
    logs: watch::Sender<()>,
    stops: watch::Sender<()>,
}

impl Bells {
    /// Wakes everybody who waits for the change. However often it is rung before one looks, it is heard once.
    pub(crate) fn ring(&self, change: TurnChange) {
        match change {
            TurnChange::Logs => self.logs.send_replace(()),
            TurnChange::Stops => self.stops.send_replace(()),
        }
    }

    /// Wakes everybody: something may have been missed.
    pub(crate) fn ring_all(&self) {
        self.ring(TurnChange::Logs);
        self.ring(TurnChange::Stops);
    }

    /// What is rung from now on, until the bells are dropped.
    pub(crate) fn hear(&self) -> TurnChanges {
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
