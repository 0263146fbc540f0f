//! Days as budgets and statistics count them.

use jiff::SignedDuration;

use crate::Timestamp;

/// A UTC day, named by its first moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Timestamp);

const SECONDS: i64 = 24 * 3600;

impl Day {
    /// The day of a moment.
    pub fn of(at: Timestamp) -> Self {
        // The first day that can be told has no beginning that can; no clock is there.
        let second = at.as_second();
        let second = if at.subsec_nanosecond() < 0 { second - 1 } else { second };
        Self(Timestamp::from_second(second - second.rem_euclid(SECONDS)).unwrap_or(at))
    }

    /// Its first moment.
    pub const fn start(self) -> Timestamp {
        self.0
    }

    /// The first moment of the next day.
    pub fn end(self) -> Timestamp {
        self.0.checked_add(SignedDuration::from_secs(SECONDS)).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_utc_and_ends_at_the_next() {
        let check = |at: &str, start: &str, end: &str| {
            let day = Day::of(at.parse().unwrap());
            assert_eq!((day.start().to_string().as_str(), day.end().to_string().as_str()), (start, end));
        };
        check("2026-03-14T09:26:53.589793Z", "2026-03-14T00:00:00Z", "2026-03-15T00:00:00Z");
        check("2026-03-14T23:59:59.999999Z", "2026-03-14T00:00:00Z", "2026-03-15T00:00:00Z");
        check("2026-03-15T00:00:00Z", "2026-03-15T00:00:00Z", "2026-03-16T00:00:00Z");
        check("1969-12-31T23:59:59.5Z", "1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z");
    }
}
