//! Chance that can be repeated: the same seed gives the same choices.

/// A stream of random numbers (`SplitMix64`), fit for choosing and not for secrets.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The stream of one purpose under a seed. Streams of different purposes do not disturb each other, so one client
    /// more or less leaves the choices of all others as they are.
    pub fn of(seed: u64, purpose: &str) -> Self {
        // FNV-1a: any function would do that tells purposes apart.
        let mixed = purpose.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |state, byte| {
            (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self { state: mixed }
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number from 0 up to, not including, `bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The bias of the remainder is of no interest for bounds this small.
        self.draw().checked_rem(bound).unwrap_or(0)
    }

    /// An index into something of this length.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// A number from `least` to `most`, both included.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    /// True in so many cases out of a hundred.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// One of these; a stream cannot choose from nothing, so the first choice stands apart.
    pub fn pick<T: Copy>(&mut self, first: T, others: &[T]) -> T {
        match self.index(others.len() + 1) {
            0 => first,
            number => others[number - 1],
        }
    }

    /// Brings things into a random order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for end in (1..things.len()).rev() {
            things.swap(end, self.index(end + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(mut random: Random) -> Vec<u64> {
        (0..8).map(|_| random.draw()).collect()
    }

    #[test]
    fn a_seed_and_a_purpose_give_the_same_choices_again() {
        assert_eq!(draws(Random::of(7, "client 1")), draws(Random::of(7, "client 1")));
        assert_ne!(draws(Random::of(7, "client 1")), draws(Random::of(7, "client 2")));
        assert_ne!(draws(Random::of(7, "client 1")), draws(Random::of(8, "client 1")));
    }

    #[test]
    fn numbers_stay_within_their_bounds_and_reach_both() {
        let mut random = Random::of(1, "bounds");
        let drawn: Vec<u64> = (0..200).map(|_| random.between(3, 6)).collect();
        assert!(drawn.iter().all(|number| (3..=6).contains(number)));
        assert!((3..=6).all(|number| drawn.contains(&number)));
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn a_shuffle_keeps_everything() {
        let mut things: Vec<u32> = (0..20).collect();
        Random::of(1, "shuffle").shuffle(&mut things);
        assert_ne!(things, (0..20).collect::<Vec<_>>());
        things.sort_unstable();
        assert_eq!(things, (0..20).collect::<Vec<_>>());
    }
}
