//! The real clock and the operating system's randomness, behind the ports that tests replace.

use std::sync::Mutex;

use chatloom_domain::Timestamp;
use chatloom_ports::environment::{Clock, Entropy};
use jiff::{RoundMode, TimestampRound, Unit};
use uuid::{ContextV7, Uuid};

/// The system's clock, cut to microseconds.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let now = Timestamp::now();
        cut_to_microseconds(now)
    }
}

fn cut_to_microseconds(time: Timestamp) -> Timestamp {
    // Rounding down cannot leave the calendar that the time is in.
    time.round(TimestampRound::new().smallest(Unit::Microsecond).mode(RoundMode::Trunc)).unwrap_or(time)
}

/// The operating system's generator.
pub struct OsEntropy {
    /// Counts within a millisecond, so that ids of one process sort in the order in which they were made.
    sequence: Mutex<ContextV7>,
}

impl OsEntropy {
    /// A new sequence of ids.
    pub const fn new() -> Self {
        Self { sequence: Mutex::new(ContextV7::new()) }
    }
}

impl Default for OsEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl Entropy for OsEntropy {
    fn secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        #[expect(clippy::disallowed_methods, reason = "this is the source of randomness")]
        #[expect(
            clippy::expect_used,
            reason = "without randomness no secret may be made; there is nothing to go on with"
        )]
        getrandom::fill(&mut secret).expect("the operating system gives random bytes");
        secret
    }

    fn uuid(&self, now: Timestamp) -> Uuid {
        // Times before 1970 do not occur; the clock's nanoseconds are never negative after it.
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
        Uuid::new_v7(uuid::Timestamp::from_unix(&self.sequence, seconds, nanoseconds))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_clock_has_no_more_than_microseconds() {
        let fine = Timestamp::new(1_771_322_400, 123_456_789).unwrap();
        assert_eq!(cut_to_microseconds(fine).subsec_nanosecond(), 123_456_000);
        assert_eq!(SystemClock.now().subsec_nanosecond() % 1_000, 0);
    }

    #[test]
    fn ids_carry_their_time_and_sort_in_the_order_of_their_making() {
        let entropy = OsEntropy::new();
        let now = Timestamp::new(1_771_322_400, 123_456_000).unwrap();
        let ids: Vec<Uuid> = (0..5_000).map(|_| entropy.uuid(now)).collect();
        assert!(ids.is_sorted());
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        let (seconds, _) = ids[0].get_timestamp().unwrap().to_unix();
        assert_eq!(seconds, 1_771_322_400);
        assert_eq!(ids[0].get_version_num(), 7);
    }

    #[test]
    fn ids_keep_their_order_when_the_clock_steps_back() {
        let entropy = OsEntropy::new();
        let now = Timestamp::new(1_771_322_400, 0).unwrap();
        let first = entropy.uuid(now);
        assert!(first < entropy.uuid(now - jiff::SignedDuration::from_secs(5)));
    }

    #[test]
    fn secrets_differ() {
        let entropy = OsEntropy::new();
        assert_ne!(entropy.secret(), entropy.secret());
    }
}
