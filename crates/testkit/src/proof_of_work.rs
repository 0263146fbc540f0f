//! Solves bot checks as a client does that is not our widget: from the public description alone.

use sha2::{Digest, Sha256};

/// `<challenge>.<number>` whose SHA-256 begins with `difficulty` zero bits, at most 32.
pub fn solve(challenge: &str, difficulty: u8) -> String {
    first_number(challenge, |zero_bits| zero_bits >= u32::from(difficulty))
}

/// `<challenge>.<number>` that is no solution: the hash has fewer zero bits.
pub fn fail(challenge: &str, difficulty: u8) -> String {
    first_number(challenge, |zero_bits| zero_bits < u32::from(difficulty))
}

fn first_number(challenge: &str, fits: impl Fn(u32) -> bool) -> String {
    let beginning = Sha256::new_with_prefix(format!("{challenge}."));
    let mut numbers = 0_u64..;
    let zero_bits = |number: &u64| {
        let hash: [u8; 32] = beginning.clone().chain_update(number.to_string()).finalize().into();
        u32::from_be_bytes(*hash.first_chunk().unwrap()).leading_zeros()
    };
    let number = numbers.find(|number| fits(zero_bits(number))).unwrap();
    format!("{challenge}.{number}")
}
