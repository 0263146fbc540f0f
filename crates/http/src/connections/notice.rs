//! The log's line on clients that found no place: one in a while, however many they are.

use std::sync::Mutex;
use std::time::{Duration, Instant};

const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Counts who was turned away since the last line.
#[derive(Default)]
pub(super) struct Notice(Mutex<State>);

#[derive(Default)]
struct State {
    count: u64,
    last_line: Option<Instant>,
}

impl Notice {
    /// Counts one more, and writes a line if the last one is old.
    pub(super) fn turned_away(&self, what: &'static str, most: usize) {
        if let Some(count) = self.due(Instant::now()) {
            tracing::warn!(count, most, "{what}");
        }
    }

    /// How many a line has to tell of, if it is time for one.
    fn due(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.count += 1;
        let is_due = state.last_line.is_none_or(|last| now.duration_since(last) >= BETWEEN_LINES);
        is_due.then(|| {
            state.last_line = Some(now);
            std::mem::take(&mut state.count)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_one_is_told_at_once_and_the_next_ones_together() {
        let notice = Notice::default();
        let start = Instant::now();
        assert_eq!(notice.due(start), Some(1));
        assert_eq!(notice.due(start + BETWEEN_LINES / 2), None);
        assert_eq!(notice.due(start + BETWEEN_LINES), Some(2));
        assert_eq!(notice.due(start + BETWEEN_LINES), None);
    }
}
