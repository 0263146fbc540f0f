//! A running turn's log in memory, which its viewers read at their own pace.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use chatloom_domain::turn::{EventId, LoggedEvent, Turn, TurnEvent};
use chatloom_ports::visitor::{StreamedEvent, TurnStream};
use futures::stream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How many events a viewer takes at a time, so that a long log is not copied whole for a slow reader.
const BATCH: usize = 64;

/// A running turn. Event `n` of the log has the sequence number `n + 1`.
pub(super) struct LiveTurn {
    pub(super) turn: Turn,
    log: Mutex<Vec<Arc<TurnEvent>>>,
    /// The log's length, to wake viewers.
    length: watch::Sender<usize>,
    /// How many events are stored. Whoever holds the lock is the only one who writes the turn's log.
    pub(super) stored: Arc<tokio::sync::Mutex<usize>>,
    broken_off: CancellationToken,
}

impl LiveTurn {
    pub(super) fn new(turn: Turn) -> Self {
        Self {
            turn,
            log: Mutex::default(),
            length: watch::Sender::new(0),
            stored: Arc::default(),
            broken_off: CancellationToken::new(),
        }
    }

    fn log(&self) -> std::sync::MutexGuard<'_, Vec<Arc<TurnEvent>>> {
        // The log is only ever appended to, so a panic elsewhere cannot leave it half changed.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends an event and wakes the viewers.
    pub(super) fn publish(&self, event: TurnEvent) {
        let mut log = self.log();
        log.push(Arc::new(event));
        self.length.send_replace(log.len());
    }

    /// The event that [`LiveTurn::publish`] would append now, with its sequence number.
    pub(super) fn next_logged(&self, event: TurnEvent) -> LoggedEvent {
        LoggedEvent { seq: seq_of(self.log().len()), event }
    }

    /// The events from `index` on, as the store takes them.
    pub(super) fn logged_from(&self, index: usize) -> Vec<LoggedEvent> {
        let log = self.log();
        let events = log.iter().enumerate().skip(index);
        events.map(|(at, event)| LoggedEvent { seq: seq_of(at), event: TurnEvent::clone(event) }).collect()
    }

    /// All text so far.
    pub(super) fn text(&self) -> String {
        let log = self.log();
        let pieces = log.iter().filter_map(|event| match &**event {
            TurnEvent::Text(piece) => Some(piece.as_str()),
            _ => None,
        });
        pieces.collect()
    }

    /// Asks the answer to end now.
    pub(super) fn break_off(&self) {
        self.broken_off.cancel();
    }

    /// Waits until the answer is asked to end.
    pub(super) fn broken_off(&self) -> impl Future<Output = ()> + '_ {
        self.broken_off.cancelled()
    }

    /// All events from the first on, ending with the terminal one.
    pub(super) fn watch(self: &Arc<Self>) -> TurnStream {
        let viewer =
            Viewer { live: self.clone(), length: self.length.subscribe(), read: 0, batch: VecDeque::new() };
        Box::pin(stream::unfold(viewer, Viewer::next))
    }
}

fn seq_of(index: usize) -> u32 {
    // The answer's size limit keeps a log far below 2^32 events.
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

/// One viewer's place in the log.
struct Viewer {
    live: Arc<LiveTurn>,
    length: watch::Receiver<usize>,
    read: usize,
    batch: VecDeque<Arc<TurnEvent>>,
}

impl Viewer {
    async fn next(mut self) -> Option<(StreamedEvent, Self)> {
        loop {
            if let Some(event) = self.batch.pop_front() {
                self.read += 1;
                let id = EventId {
                    turn_id: self.live.turn.id,
                    generation: self.live.turn.generation,
                    seq: seq_of(self.read - 1),
                };
                return Some((StreamedEvent { id, event }, self));
            }
            // The length is marked as seen before the log is read: what is appended in between wakes again.
            let length = *self.length.borrow_and_update();
            if self.read < length {
                self.batch.extend(self.live.log().iter().skip(self.read).take(BATCH).cloned());
            } else if self.ended() {
                return None;
            } else {
                // The sender lives in `live`, which this viewer holds, so waiting cannot fail.
                self.length.changed().await.ok()?;
            }
        }
    }

    fn ended(&self) -> bool {
        self.live.log().last().is_some_and(|event| event.is_terminal())
    }
}
