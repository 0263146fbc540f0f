//! What a turn reserves of the budgets before its model is asked.

use super::Day;
use crate::usage::estimate_tokens;

/// Tokens that a turn may use, taken from the budgets of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// The day that pays, which is that of the turn's beginning.
    pub day: Day,
    /// Tokens that go into the model.
    pub input: u64,
    /// The most tokens that may come out of it.
    pub output: u64,
    /// Whether these are upper bounds that hold for the request. A rough reservation is enough only while nobody limits
    /// tokens.
    pub is_measured: bool,
}

impl Reservation {
    /// The most tokens of an answer where tokens are limited and its agent sets no limit of its own.
    pub const DEFAULT_OUTPUT: u64 = 4_096;

    /// A guess from the question alone, which costs nothing to make.
    pub fn rough(day: Day, question: &str) -> Self {
        Self { day, input: estimate_tokens(question), output: Self::DEFAULT_OUTPUT, is_measured: false }
    }

    /// All tokens.
    pub const fn tokens(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// What a turn of which nobody knows what it used has probably used, by the text that is there.
    pub fn spent_by(&self, text: &str) -> u64 {
        self.input.saturating_add(self.output.min(estimate_tokens(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    #[test]
    fn a_lost_turn_has_spent_its_input_and_the_text_that_is_there() {
        let day = Day::of(Timestamp::UNIX_EPOCH);
        let reservation = Reservation { day, input: 100, output: 10, is_measured: true };
        assert_eq!(reservation.spent_by(""), 100);
        assert_eq!(reservation.spent_by("seven b"), 102);
        assert_eq!(reservation.spent_by(&"x".repeat(1_000)), reservation.tokens());
    }

    #[test]
    fn a_rough_reservation_is_not_measured() {
        let rough = Reservation::rough(Day::of(Timestamp::UNIX_EPOCH), "seven b");
        assert_eq!((rough.input, rough.tokens(), rough.is_measured), (2, 4_098, false));
    }
}
