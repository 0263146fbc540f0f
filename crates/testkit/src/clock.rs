//! A clock that moves only when a test moves it.

use std::sync::{Mutex, PoisonError};

use chatloom_domain::Timestamp;
use chatloom_ports::environment::Clock;
use jiff::SignedDuration;

use crate::sample;

/// A clock that stands still until it is set or advanced; it always shows whole microseconds.
///
/// Share it as an `Arc`: one handle for the code under test, one for the test that moves it.
#[derive(Debug)]
pub struct FixedClock(Mutex<Timestamp>);

impl FixedClock {
    /// A clock that shows `time`, cut to microseconds.
    pub fn new(time: Timestamp) -> Self {
        Self(Mutex::new(to_microseconds(time)))
    }

    /// Sets the clock, back in time too; cut to microseconds.
    pub fn set(&self, time: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = to_microseconds(time);
    }

    /// Moves the clock and gives the time that it shows then.
    pub fn advance(&self, by: SignedDuration) -> Timestamp {
        let mut time = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *time = to_microseconds(*time + by);
        *time
    }
}

impl Default for FixedClock {
    /// Starts at [`sample::at`]`(0)`, the origin of all sample values.
    fn default() -> Self {
        Self::new(sample::at(0))
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn to_microseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).expect("fewer digits leave the range as it is")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stands_still_until_it_is_moved() {
        let clock = FixedClock::default();
        assert_eq!(clock.now(), sample::at(0));
        assert_eq!(clock.advance(SignedDuration::from_secs(5)), sample::at(5));
        assert_eq!(clock.now(), sample::at(5));
        clock.set(sample::at(-5));
        assert_eq!(clock.now(), sample::at(-5));
    }

    #[test]
    fn times_are_cut_to_whole_microseconds() {
        let clock = FixedClock::new(Timestamp::new(1, 999_999_999).unwrap());
        assert_eq!(clock.now(), Timestamp::new(1, 999_999_000).unwrap());
        assert_eq!(clock.advance(SignedDuration::from_nanos(1_500)), Timestamp::new(2, 0).unwrap());
    }
}
