//! Solutions of bot checks: one spelling each, and no text that upsets the parser.

#![expect(clippy::unwrap_used, reason = "what a test needs is there, or the test fails")]

use chatloom_domain::Timestamp;
use chatloom_domain::bot_check::{Challenge, FIELD_BYTES, Solution, SolutionError};
use chatloom_domain::id::{ChallengeId, WidgetId};
use proptest::prelude::*;
use uuid::Uuid;

const MAC: [u8; 32] = [0xa5; 32];

fn challenge() -> Challenge {
    let now = Timestamp::from_microsecond(1_773_480_413_589_793).unwrap();
    let (id, widget) = (Uuid::from_u128(0x0102), Uuid::from_u128(0x0304));
    Challenge::issue(ChallengeId::from_uuid(id), WidgetId::from_uuid(widget), 3, now)
}

/// The first number that solves the challenge.
fn solved() -> String {
    let text = challenge().text(&MAC);
    let texts = (0_u64..).map(|number| format!("{text}.{number}"));
    let mut solutions = texts.filter(|text| Solution::parse(text).unwrap().proves_work());
    solutions.next().unwrap()
}

#[test]
fn a_challenge_ends_five_whole_minutes_later() {
    let end = challenge().expires_at;
    assert_eq!(end.as_microsecond(), 1_773_480_713_000_000);
    assert!(challenge().has_expired(end));
    assert!(!challenge().has_expired(Timestamp::from_microsecond(end.as_microsecond() - 1).unwrap()));
}

#[test]
fn the_text_has_every_field_at_its_place() {
    let expected = concat!(
        "01",
        "00000000000000000000000000000102",
        "00000000000000000000000000000304",
        "0000000069b52b09",
        "03",
    );
    assert_eq!(challenge().text(&MAC), format!("{expected}{}", "a5".repeat(32)));
    assert_eq!(expected.len(), 2 * FIELD_BYTES);
}

#[test]
fn a_solution_comes_back_as_it_was_written() {
    let solution = Solution::parse(&solved()).unwrap();
    assert_eq!((*solution.challenge(), *solution.mac()), (challenge(), MAC));
    assert!(solution.proves_work());
    assert_eq!(format!("{solution:?}"), "Solution");
    let largest = format!("{}.{}", challenge().text(&MAC), u64::MAX);
    assert!(Solution::parse(&largest).is_ok());
}

/// The bits are counted in the whole hash: of ten thousand numbers about one in eight has three.
#[test]
fn the_difficulty_is_the_number_of_leading_zero_bits() {
    let text = challenge().text(&MAC);
    let solves = |number: &u32| Solution::parse(&format!("{text}.{number}")).unwrap().proves_work();
    let count = (0..10_000).filter(solves).count();
    assert!((1_100..1_400).contains(&count), "{count}");
    for (difficulty, expected) in [(0, 1_000), (255, 0)] {
        let text = Challenge { difficulty, ..challenge() }.text(&MAC);
        let solves = |number: &u32| Solution::parse(&format!("{text}.{number}")).unwrap().proves_work();
        assert_eq!((0..1_000).filter(solves).count(), expected);
    }
}

#[test]
fn every_other_spelling_is_refused() {
    let text = challenge().text(&MAC);
    let (upper, short, long) = (text.to_uppercase(), &text[1..], format!("0{text}"));
    let other_form = format!("02{}", &text[2..]);
    let far_future = format!("{}7fffffffffffffff{}", &text[..66], &text[82..]);
    let bad = [
        String::new(),
        ".".into(),
        text.clone(),
        format!("{text}."),
        format!("{text}.01"),
        format!("{text}.+1"),
        format!("{text}.-1"),
        format!("{text}. 1"),
        format!("{text}.1 "),
        format!("{text}.1.1"),
        format!("{text}.1e3"),
        format!("{text}.18446744073709551616"),
        format!("{text}.\u{661}"),
        format!("{upper}.1"),
        format!("{short}.1"),
        format!("{long}.1"),
        format!("{other_form}.1"),
        format!("{far_future}.1"),
        format!("{text}.{}", "1".repeat(1 << 20)),
    ];
    for text in bad {
        assert_eq!(Solution::parse(&text).err(), Some(SolutionError), "{text:.200}");
    }
}

proptest! {
    #![proptest_config(super::config())]

    /// Whatever the text is, there is an answer; and what is taken is what would be written.
    #[test]
    fn parsing_is_total(text in any::<String>()) {
        prop_assert_eq!(Solution::parse(&text).err(), Some(SolutionError));
    }

    #[test]
    fn what_is_taken_has_one_spelling(fields in "[0-9a-f]{148}", number in "[0-9]{1,22}") {
        let text = format!("01{}.{number}", &fields[2..]);
        if let Ok(solution) = Solution::parse(&text) {
            let number: u64 = number.parse().unwrap();
            prop_assert_eq!(format!("{}.{number}", solution.challenge().text(solution.mac())), text);
        }
    }

    #[test]
    fn a_damaged_solution_is_refused_or_another_one(at in 0..150_usize, byte in any::<u8>()) {
        let good = solved();
        let mut bytes = good.clone().into_bytes();
        let at = at.min(bytes.len() - 1);
        bytes[at] = byte;
        let damaged = String::from_utf8_lossy(&bytes).into_owned();
        let is_another = Solution::parse(&damaged).is_ok_and(|read| read != Solution::parse(&good).unwrap());
        prop_assert!(is_another || damaged == good || Solution::parse(&damaged).is_err());
    }
}
