//! Merges a model's pieces of text, so that fast models do not cost a log entry and a frame per token.

use std::time::Duration;

use tokio::time::Instant;

/// How long a piece may wait for the next one.
const MAX_WAIT: Duration = Duration::from_millis(30);

/// How much text is worth sending on its own, in bytes.
const ENOUGH_BYTES: usize = 64;

/// Collects pieces of text until they are due. The very first piece is due at once.
#[derive(Default)]
pub(super) struct Pieces {
    waiting: String,
    due_at: Option<Instant>,
    first_is_out: bool,
}

impl Pieces {
    /// Takes a piece; gives text that is due now.
    pub(super) fn push(&mut self, piece: &str, now: Instant) -> Option<String> {
        self.waiting.push_str(piece);
        if !self.first_is_out || self.waiting.len() >= ENOUGH_BYTES {
            return self.take();
        }
        self.due_at.get_or_insert(now + MAX_WAIT);
        None
    }

    /// When the waiting text is due; `None` when nothing waits.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.due_at
    }

    /// Takes the waiting text, due or not.
    pub(super) fn take(&mut self) -> Option<String> {
        self.due_at = None;
        if self.waiting.is_empty() {
            return None;
        }
        self.first_is_out = true;
        Some(std::mem::take(&mut self.waiting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_piece_goes_out_at_once_and_later_ones_are_merged() {
        let mut pieces = Pieces::default();
        let now = Instant::now();
        assert_eq!(pieces.push("He", now).as_deref(), Some("He"));
        assert_eq!(pieces.push("llo", now), None);
        assert_eq!(pieces.due_at(), Some(now + MAX_WAIT));
        assert_eq!(pieces.push(" there", now + MAX_WAIT / 2), None);
        assert_eq!(pieces.due_at(), Some(now + MAX_WAIT), "the wait counts from the first waiting piece");
        assert_eq!(pieces.take().as_deref(), Some("llo there"));
        assert_eq!((pieces.take(), pieces.due_at()), (None, None));
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
