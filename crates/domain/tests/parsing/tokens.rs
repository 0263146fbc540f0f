//! Embed tokens and session secrets.

use std::collections::HashSet;

use chatloom_domain::token::{EmbedToken, SecretHash, SessionSecret, TokenHash};
use proptest::prelude::*;

const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Every text that differs from `text` in one character, with `letters` and some strangers as replacements.
fn single_character_changes(text: &str, letters: &str) -> Vec<String> {
    let mut changes = Vec::new();
    for (index, original) in text.char_indices() {
        for replacement in letters.chars().chain(['_', '-', ' ', '\0', 'é', 'а']) {
            if replacement != original {
                let rest = &text[index + original.len_utf8()..];
                changes.push(format!("{}{replacement}{rest}", &text[..index]));
            }
        }
    }
    changes
}

#[test]
fn a_token_has_the_documented_shape() {
    let token = EmbedToken::new([7; 32]);
    assert_eq!(token.reveal().len(), 4 + 43 + 6);
    assert!(token.reveal().starts_with("clw_"));
    assert!(token.reveal()[4..].chars().all(|c| ALPHABET.contains(c)));
}

#[test]
fn the_text_of_given_bytes_never_changes() {
    // Tokens stand in the pages of customers, so a changed encoding would break every embed at once.
    let ascending: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    assert_eq!(EmbedToken::new([0; 32]).reveal(), "clw_00000000000000000000000000000000000000000003lUuAz");
    assert_eq!(EmbedToken::new(ascending).reveal(), "clw_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf4764vB");
    assert_eq!(
        SessionSecret::new([0xff; 32]).reveal(),
        "cls_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp12S0knK"
    );
}

#[test]
fn every_change_of_a_single_character_is_refused() {
    let text = EmbedToken::new(*b"a fixed token for single changes").reveal().to_owned();
    for change in single_character_changes(&text, ALPHABET) {
        assert!(EmbedToken::parse(&change).is_err(), "{change:?}");
    }
}

#[test]
fn texts_that_are_no_token_are_refused() {
    let text = EmbedToken::new([7; 32]).reveal().to_owned();
    let hostile = [
        String::new(),
        "clw_".to_owned(),
        text[..52].to_owned(),
        text[1..].to_owned(),
        format!("{text}0"),
        format!(" {text}"),
        format!("{text}\n"),
        format!("{text}\0"),
        text.to_uppercase(),
        text.to_lowercase(),
        text.replacen("clw_", "cls_", 1),
        text.replacen("clw_", "clw-", 1),
        text.replacen("clw_", "ｃｌ_", 1),
        text.replacen('c', "с", 1),
        "clw_' OR '1'='1' --'; DROP TABLE widgets; -- 0000000000".to_owned(),
        "0".repeat(53),
        "z".repeat(1_000_000),
        text.repeat(20_000),
    ];
    for text in hostile {
        assert!(EmbedToken::parse(&text).is_err(), "{:?}", text.get(..60));
    }
}

#[test]
fn a_token_is_no_secret_and_a_secret_is_no_token() {
    assert!(SessionSecret::parse(EmbedToken::new([7; 32]).reveal()).is_err());
    assert!(EmbedToken::parse(SessionSecret::new([7; 32]).reveal()).is_err());
}

#[test]
fn debug_output_shows_nothing_but_the_type() {
    let token = EmbedToken::new([7; 32]);
    let secret = SessionSecret::new([7; 32]);
    assert_eq!(format!("{token:?} {:?}", token.hash()), "EmbedToken TokenHash");
    assert_eq!(format!("{secret:?} {:?}", secret.hash()), "SessionSecret SecretHash");
    let refused = EmbedToken::parse("clw_something").unwrap_err();
    assert_eq!(format!("{refused} {refused:?}"), "malformed embed token EmbedTokenError");
}

#[test]
fn the_hash_is_the_sha_256_of_the_text() {
    let expected = "d4b8ae450d7b63e56062988ece859ea13006df728ddf956df9428eddc766002c";
    let hash = EmbedToken::new([0; 32]).hash();
    let hex = hash.as_bytes().map(|byte| format!("{byte:02x}")).concat();
    assert_eq!(hex, expected);
    assert_eq!(TokenHash::from_bytes(*hash.as_bytes()), hash);
}

#[test]
fn a_secret_matches_its_own_hash_and_no_other() {
    let stored = SecretHash::from_bytes(*SessionSecret::new([1; 32]).hash().as_bytes());
    assert!(stored.matches(&SessionSecret::new([1; 32]).hash()));
    assert!(!stored.matches(&SessionSecret::new([2; 32]).hash()));
    for bit in 0..256 {
        let mut bytes = *stored.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(!stored.matches(&SecretHash::from_bytes(bytes)));
    }
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn what_is_written_can_be_read(random: [u8; 32]) {
        let token = EmbedToken::new(random);
        prop_assert_eq!(EmbedToken::parse(token.reveal()), Ok(token));
        let secret = SessionSecret::new(random);
        prop_assert!(SessionSecret::parse(secret.reveal()).is_ok());
    }

    #[test]
    fn different_bytes_give_different_tokens(
        randoms in prop::collection::hash_set(any::<[u8; 32]>(), 2..20),
    ) {
        let tokens = randoms.iter().map(|bytes| EmbedToken::new(*bytes));
        let texts: HashSet<_> = tokens.map(|token| token.reveal().to_owned()).collect();
        prop_assert_eq!(texts.len(), randoms.len());
    }

    #[test]
    fn a_changed_character_anywhere_is_refused(
        random: [u8; 32],
        index in 0..53_usize,
        letter in "[0-9A-Za-z]",
    ) {
        let mut text = EmbedToken::new(random).reveal().to_owned();
        prop_assume!(!text[index..].starts_with(&letter));
        text.replace_range(index..=index, &letter);
        prop_assert!(EmbedToken::parse(&text).is_err());
    }

    #[test]
    fn two_neighbours_cannot_change_places(random: [u8; 32], index in 0..52_usize) {
        let mut bytes = EmbedToken::new(random).reveal().as_bytes().to_vec();
        prop_assume!(bytes[index] != bytes[index + 1]);
        bytes.swap(index, index + 1);
        let text = String::from_utf8(bytes).unwrap();
        prop_assert!(EmbedToken::parse(&text).is_err());
    }

    #[test]
    fn garbage_is_refused_without_a_panic(text in any::<String>(), shaped in "clw_[0-9A-Za-z]{49}") {
        prop_assert!(EmbedToken::parse(&text).is_err());
        prop_assert!(SessionSecret::parse(&text).is_err());
        prop_assert!(EmbedToken::parse(&shaped).is_err());
    }
}
