//! Merges a model's pieces of text, so that fast models do not cost a log entry and a frame per token.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time between two pieces that are sent, unless there is enough text. A piece waits for the rest of it, so
/// one that comes after a pause does not wait at all.
const SPACING: Duration = Duration::from_millis(30);

/// How much text is worth sending on its own, in bytes.
const ENOUGH_BYTES: usize = 64;

/// Collects pieces of text until they are due.
#[derive(Default)]
pub(super) struct Pieces {
    waiting: String,
    due_at: Option<Instant>,
    sent_at: Option<Instant>,
}

impl Pieces {
    /// Takes a piece; gives text that is due now.
    pub(super) fn push(&mut self, piece: &str, now: Instant) -> Option<String> {
        self.waiting.push_str(piece);
        let due_at = self.sent_at.map_or(now, |sent_at| sent_at + SPACING);
        if due_at <= now || self.waiting.len() >= ENOUGH_BYTES {
            return self.take(now);
        }
        self.due_at = Some(due_at);
        None
    }

    /// When the waiting text is due; `None` when nothing waits.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.due_at
    }

    /// Takes the waiting text, due or not.
    pub(super) fn take(&mut self, now: Instant) -> Option<String> {
        self.due_at = None;
        if self.waiting.is_empty() {
            return None;
        }
        self.sent_at = Some(now);
        Some(std::mem::take(&mut self.waiting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_goes_out_at_once_and_those_close_behind_it_are_merged() {
        let mut pieces = Pieces::default();
        let now = Instant::now();
        assert_eq!(pieces.push("He", now).as_deref(), Some("He"));
        assert_eq!(pieces.push("llo", now + SPACING / 3), None);
        assert_eq!(pieces.due_at(), Some(now + SPACING), "the wait counts from what was sent last");
        assert_eq!(pieces.push(" there", now + SPACING / 2), None);
        assert_eq!(pieces.due_at(), Some(now + SPACING));
        let due = now + SPACING;
        assert_eq!(pieces.take(due).as_deref(), Some("llo there"));
        assert_eq!((pieces.take(due), pieces.due_at()), (None, None));
        assert_eq!(pieces.push("After a pause", due + SPACING).as_deref(), Some("After a pause"));
    }

    #[test]
    fn enough_text_goes_out_without_waiting() {
        let mut pieces = Pieces::default();
        let now = Instant::now();
        pieces.push("a", now);
        assert_eq!(pieces.push(&"b".repeat(63), now), None);
        assert_eq!(pieces.push("c", now).map(|text| text.len()), Some(64));
    }
}
