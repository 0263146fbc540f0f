//! Chance that is the same in every run.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use chatloom_domain::Timestamp;
use chatloom_ports::environment::Entropy;
use uuid::Uuid;

/// The odd number that `SplitMix64` adds at each step (Steele, Lea and Flood, 2014).
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// Repeatable bytes and UUIDs: the same seed gives the same sequence. Never for anything but tests.
#[derive(Debug)]
pub struct SeededEntropy {
    state: AtomicU64,
    uuids: AtomicU32,
}

impl SeededEntropy {
    /// A sequence of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed), uuids: AtomicU32::new(0) }
    }

    /// The next number of the `SplitMix64` sequence.
    fn next(&self) -> u64 {
        let mut word = self.state.fetch_add(GOLDEN_GAMMA, Ordering::Relaxed).wrapping_add(GOLDEN_GAMMA);
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

impl Default for SeededEntropy {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Entropy for SeededEntropy {
    fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_exact_mut(8) {
            chunk.copy_from_slice(&self.next().to_be_bytes());
        }
        bytes
    }

    /// The counter stands before the random bits, so that later calls sort after earlier ones.
    fn uuid(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.as_millisecond()).expect("version 7 begins in 1970");
        let count = self.uuids.fetch_add(1, Ordering::Relaxed);
        let mut random = [0; 10];
        // The first three bytes stay zero: version and variant take bits of the first and the third.
        random[3..7].copy_from_slice(&count.to_be_bytes());
        random[7..].copy_from_slice(&self.next().to_be_bytes()[..3]);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_seed_names_one_sequence() {
        let draw = |seed| {
            let entropy = SeededEntropy::new(seed);
            (entropy.secret(), entropy.uuid(sample::at(0)), entropy.secret())
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_ne!(draw(7).0, draw(7).2);
    }

    #[test]
    fn uuids_are_of_version_7_carry_their_time_and_increase() {
        let entropy = SeededEntropy::default();
        let uuids: Vec<_> = (0..1_000).map(|_| entropy.uuid(sample::at(0))).collect();
        assert!(uuids.is_sorted_by(|a, b| a < b));
        assert!(entropy.uuid(sample::at(1)) > uuids[999]);
        assert_eq!(uuids[0].get_version_num(), 7);
        let (seconds, nanos) = uuids[0].get_timestamp().unwrap().to_unix();
        assert_eq!(i64::try_from(seconds).unwrap(), sample::at(0).as_second());
        assert_eq!(nanos / 1_000_000, 589);
    }
}
