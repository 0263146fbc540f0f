//! A turn that runs here.

use std::sync::{Arc, OnceLock};

use chatloom_domain::id::WidgetId;
use chatloom_domain::turn::Turn;
use tokio_util::sync::CancellationToken;

use super::log::EventLog;

/// Why an answer is asked to end before the model has ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Somebody wants it to stop: what there is, is the answer.
    Stopped,
    /// It cannot go on here: the service stops, or the turn was taken away or erased.
    BrokenOff,
    /// The widget was switched off or deleted.
    WidgetGone,
}

/// A running turn.
pub(super) struct LiveTurn {
    pub(super) turn: Turn,
    pub(super) widget_id: WidgetId,
    pub(super) log: Arc<EventLog>,
    /// How many events are stored. Whoever holds the lock is the only one who writes the turn's log.
    pub(super) stored: Arc<tokio::sync::Mutex<usize>>,
    ending: OnceLock<Ending>,
    ended: CancellationToken,
}

impl LiveTurn {
    pub(super) fn new(turn: Turn, widget_id: WidgetId) -> Self {
        Self {
            turn,
            widget_id,
            log: Arc::new(EventLog::new(turn.id, turn.generation)),
            stored: Arc::default(),
            ending: OnceLock::new(),
            ended: CancellationToken::new(),
        }
    }

    /// Asks the answer to end now. The first reason counts.
    pub(super) fn end(&self, why: Ending) {
        let _ = self.ending.set(why);
        self.ended.cancel();
    }

    /// Waits until the answer is asked to end.
    pub(super) async fn ending(&self) -> Ending {
        self.ended.cancelled().await;
        self.ending.get().copied().unwrap_or(Ending::BrokenOff)
    }
}
