//! Embed tokens and session secrets.

use chatloom_domain::token::{EmbedToken, SessionSecret};
use chatloom_http::fuzzing::bearer;

/// Prefix, 43 characters of body and 6 of checksum.
const TOKEN_BYTES: usize = 53;

/// Any bytes as a text, and the first 34 bytes as 256 random bits and a change of one character.
///
/// What a parser accepts has the one length and prefix, is shown as it was given, and is not both kinds at once. What is
/// made is accepted, and no longer once a character of it is another. Nothing is shown by `Debug`.
pub fn tokens(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    accepted_is_shown_unchanged(&text);
    if let Some(presented) = bearer(data) {
        accepted_is_shown_unchanged(&presented);
    }
    if let Some((random, rest)) = data.split_first_chunk::<32>()
        && let [at, other, ..] = rest
    {
        made_is_accepted_and_bent_is_not(*random, usize::from(*at) % TOKEN_BYTES, *other);
    }
}

fn accepted_is_shown_unchanged(text: &str) {
    let (token, secret) = (EmbedToken::parse(text), SessionSecret::parse(text));
    assert!(token.is_err() || secret.is_err(), "both kinds at once");
    let shown = [
        ("clw_", token.as_ref().map(EmbedToken::reveal).ok()),
        ("cls_", secret.as_ref().map(SessionSecret::reveal).ok()),
    ];
    for (prefix, shown) in shown {
        let Some(shown) = shown else { continue };
        assert!(shown == text && text.len() == TOKEN_BYTES && text.starts_with(prefix));
        assert!(text.bytes().skip(4).all(|byte| byte.is_ascii_alphanumeric()));
    }
    let debug = format!("{token:?} {secret:?}");
    assert!(text.len() < TOKEN_BYTES || !debug.contains(text), "Debug shows a credential");
}

fn made_is_accepted_and_bent_is_not(random: [u8; 32], at: usize, other: u8) {
    let (token, secret) = (EmbedToken::new(random), SessionSecret::new(random));
    assert_eq!(EmbedToken::parse(token.reveal()).map(|parsed| parsed.hash()), Ok(token.hash()));
    assert!(SessionSecret::parse(secret.reveal()).is_ok_and(|parsed| parsed.hash().matches(&secret.hash())));
    for text in [token.reveal(), secret.reveal()] {
        let mut bent = text.as_bytes().to_vec();
        let original = std::mem::replace(&mut bent[at], other);
        let bent = String::from_utf8_lossy(&bent);
        let is_accepted = EmbedToken::parse(&bent).is_ok() || SessionSecret::parse(&bent).is_ok();
        assert_eq!(is_accepted, original == other, "{bent}");
    }
}
