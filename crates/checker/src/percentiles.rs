//! Times, sorted when somebody asks.

use std::time::Duration;

/// Measured times.
#[derive(Debug, Clone, Default)]
pub struct Times {
    taken: Vec<Duration>,
}

impl Times {
    /// Adds one.
    pub fn add(&mut self, time: Duration) {
        self.taken.push(time);
    }

    /// Adds all of another's.
    pub fn extend(&mut self, other: Self) {
        self.taken.extend(other.taken);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.taken.len()
    }

    /// The time that so many of a hundred do not exceed; zero of none.
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.taken.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_times() {
        let mut times = Times::default();
        assert_eq!(times.percentile(99), Duration::ZERO);
        (1..=200).rev().for_each(|milliseconds| times.add(Duration::from_millis(milliseconds)));
        assert_eq!([0, 50, 99, 100].map(|percent| times.percentile(percent).as_millis()), [1, 100, 198, 200]);
        assert_eq!(times.count(), 200);
    }
}
