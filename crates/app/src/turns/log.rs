//! A turn's log in memory, which its viewers read at their own pace.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chatloom_domain::id::TurnId;
use chatloom_domain::turn::{EventId, LoggedEvent, TurnEvent};
use chatloom_ports::visitor::{StreamedEvent, TurnStream};
use futures::stream;
use tokio::sync::watch;

/// How many events a viewer takes at a time, so that a long log is not copied whole for a slow reader.
const BATCH: usize = 64;

/// An event with its place in the log.
#[derive(Clone)]
struct Entry {
    seq: u32,
    event: Arc<TurnEvent>,
}

/// How far a log has come, to wake viewers.
#[derive(Clone, Copy)]
struct Tail {
    length: usize,
    /// Nothing more will come.
    is_closed: bool,
}

/// The events of one generation of a turn, in order and each once.
pub(super) struct EventLog {
    pub(super) turn_id: TurnId,
    pub(super) generation: u32,
    entries: Mutex<Vec<Entry>>,
    tail: watch::Sender<Tail>,
}

impl EventLog {
    pub(super) fn new(turn_id: TurnId, generation: u32) -> Self {
        let tail = watch::Sender::new(Tail { length: 0, is_closed: false });
        Self { turn_id, generation, entries: Mutex::default(), tail }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        // The log is only ever appended to, so a panic elsewhere cannot leave it half changed.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends an event after the last one and wakes the viewers. A terminal event closes the log.
    pub(super) fn publish(&self, event: TurnEvent) {
        let mut entries = self.entries();
        let seq = next_seq(&entries);
        self.append(&mut entries, seq, event);
    }

    /// Appends those events that are new here.
    pub(super) fn extend(&self, events: Vec<LoggedEvent>) {
        let mut entries = self.entries();
        for LoggedEvent { seq, event } in events {
            if seq >= next_seq(&entries) {
                self.append(&mut entries, seq, event);
            }
        }
    }

    fn append(&self, entries: &mut Vec<Entry>, seq: u32, event: TurnEvent) {
        let is_last = event.is_terminal();
        entries.push(Entry { seq, event: Arc::new(event) });
        self.tail.send_modify(|tail| {
            tail.length = entries.len();
            // A log that was closed stays closed, whatever still comes.
            tail.is_closed |= is_last;
        });
    }

    /// Ends the viewers' streams where they are; without a terminal event they know that they should look again.
    pub(super) fn close(&self) {
        self.tail.send_modify(|tail| tail.is_closed = true);
    }

    /// The event that [`EventLog::publish`] would append now, with its sequence number.
    pub(super) fn next_logged(&self, event: TurnEvent) -> LoggedEvent {
        LoggedEvent { seq: next_seq(&self.entries()), event }
    }

    /// The number of the last event; 0 for none.
    pub(super) fn last_seq(&self) -> u32 {
        self.entries().last().map_or(0, |entry| entry.seq)
    }

    /// The events from the `index`th on, as the store takes them.
    pub(super) fn logged_from(&self, index: usize) -> Vec<LoggedEvent> {
        let logged = |entry: &Entry| LoggedEvent { seq: entry.seq, event: TurnEvent::clone(&entry.event) };
        self.entries().iter().skip(index).map(logged).collect()
    }

    /// All text so far.
    pub(super) fn text(&self) -> String {
        let entries = self.entries();
        let pieces = entries.iter().filter_map(|entry| match &*entry.event {
            TurnEvent::Text(piece) => Some(piece.as_str()),
            _ => None,
        });
        pieces.collect()
    }

    /// Whether anybody is watching.
    pub(super) fn is_watched(&self) -> bool {
        self.tail.receiver_count() > 0
    }

    /// All events after the one with the number `seq`, to the terminal one.
    pub(super) fn watch(self: &Arc<Self>, seq: u32) -> TurnStream {
        let tail = self.tail.subscribe();
        let read = self.entries().partition_point(|entry| entry.seq <= seq);
        let viewer = Viewer { log: self.clone(), tail, read, seq, batch: VecDeque::new() };
        Box::pin(stream::unfold(viewer, Viewer::next))
    }
}

fn next_seq(entries: &[Entry]) -> u32 {
    // The answer's size limit keeps a log far below 2^32 events.
    entries.last().map_or(1, |last| last.seq.saturating_add(1))
}

/// One viewer's place in the log.
struct Viewer {
    log: Arc<EventLog>,
    tail: watch::Receiver<Tail>,
    /// How many entries were taken.
    read: usize,
    /// What the viewer has seen, which may be more than there is yet.
    seq: u32,
    batch: VecDeque<Entry>,
}

impl Viewer {
    async fn next(mut self) -> Option<(StreamedEvent, Self)> {
        loop {
            while let Some(Entry { seq, event }) = self.batch.pop_front() {
                if seq > self.seq {
                    let id = EventId { turn_id: self.log.turn_id, generation: self.log.generation, seq };
                    return Some((StreamedEvent { id, event }, self));
                }
            }
            // The tail is marked as seen before the log is read: what is appended in between wakes again.
            let tail = *self.tail.borrow_and_update();
            if self.read < tail.length {
                self.batch.extend(self.log.entries().iter().skip(self.read).take(BATCH).cloned());
                self.read += self.batch.len();
            } else if tail.is_closed {
                return None;
            } else {
                // The sender lives in `log`, which this viewer holds, so waiting cannot fail.
                self.tail.changed().await.ok()?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chatloom_domain::Timestamp;
    use chatloom_domain::turn::TurnFailure;
    use chatloom_testkit::sample;
    use futures::{FutureExt, StreamExt};

    use super::*;

    fn log(pieces: &[&str]) -> Arc<EventLog> {
        let log = Arc::new(EventLog::new(sample::turn_id(1), 1));
        for piece in pieces {
            log.publish(TurnEvent::Text((*piece).to_owned()));
        }
        log
    }

    fn end() -> TurnEvent {
        TurnEvent::Broken { failure: TurnFailure::AnswerInterrupted, at: Timestamp::UNIX_EPOCH }
    }

    fn seqs(stream: TurnStream) -> Option<Vec<u32>> {
        stream.map(|event| event.id.seq).collect().now_or_never()
    }

    #[test]
    fn a_viewer_gets_what_follows_its_position_and_nothing_twice() {
        let log = log(&["a", "b"]);
        log.publish(end());
        for (after, expected) in [(0, vec![1, 2, 3]), (1, vec![2, 3]), (3, vec![]), (9, vec![])] {
            assert_eq!(seqs(log.watch(after)), Some(expected), "after {after}");
        }
    }

    #[test]
    fn a_viewer_that_is_ahead_of_the_log_waits_for_what_it_has_not_seen() {
        let log = log(&["a"]);
        let stream = log.watch(3);
        for seq in 2..=4 {
            log.extend(vec![LoggedEvent { seq, event: TurnEvent::Text("x".into()) }]);
        }
        log.publish(end());
        assert_eq!(seqs(stream), Some(vec![4, 5]));
    }

    #[test]
    fn events_that_are_known_are_not_taken_again_and_gaps_are_kept() {
        let log = log(&["a", "b"]);
        let again = LoggedEvent { seq: 2, event: TurnEvent::Text("b".into()) };
        log.extend(vec![again, LoggedEvent::after_loss(2, end())]);
        assert_eq!(seqs(log.watch(0)), Some(vec![1, 2, 65_538]));
    }

    #[test]
    fn a_closed_log_ends_without_a_terminal_event() {
        let log = log(&["a"]);
        let stream = log.watch(0);
        assert!(log.is_watched());
        log.close();
        log.extend(vec![LoggedEvent { seq: 2, event: TurnEvent::Text("late".into()) }]);
        assert_eq!(seqs(stream), Some(vec![1, 2]));
        assert!(!log.is_watched());
    }
}
