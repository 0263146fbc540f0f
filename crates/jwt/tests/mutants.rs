//! Tokens that differ from a good one in a single way, and none of which may be accepted.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chatloom_domain::Timestamp;
use chatloom_domain::id::{AuthSessionId, UserId};
use chatloom_jwt::JwtSigner;
use chatloom_ports::environment::{AccessClaims, AccessTokenSigner};
use chatloom_ports::secret_ring::SecretRing;
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use uuid::Uuid;

const SECRET: &[u8] = b"f3Jq9vXw2LrT8mZk5NcB7dHs4GyP6aUe";
const ISSUER: &str = "https://chat.example.com";
const ISSUED_AT: i64 = 1_771_322_400;

fn now() -> Timestamp {
    Timestamp::from_second(ISSUED_AT).unwrap()
}

fn signer() -> JwtSigner {
    JwtSigner::new(&SecretRing::of(SECRET), ISSUER)
}

fn good_claims() -> AccessClaims {
    AccessClaims {
        user_id: UserId::from_uuid(Uuid::from_u128(7)),
        session_id: AuthSessionId::from_uuid(Uuid::from_u128(9)),
        issued_at: now(),
        expires_at: now() + SignedDuration::from_hours(12),
    }
}

fn good_token() -> String {
    signer().sign(&good_claims()).unwrap()
}

/// The payload of the good token, to be bent by a test.
fn good_payload() -> Value {
    let token = good_token();
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// Signs any header and payload, given as texts so that they need not be good JSON, with the right key.
fn forge(header: &str, payload: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let key = EncodingKey::from_secret(SECRET);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

/// The header of the good token, which names its key.
fn good_header() -> String {
    let token = good_token();
    String::from_utf8(URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

fn refused(token: &str, why: &str) {
    assert!(signer().verify(token, now()).is_err(), "accepted a token with {why}: {token}");
}

#[test]
fn a_signed_token_says_what_was_signed() {
    assert_eq!(signer().verify(&good_token(), now()), Ok(good_claims()));
}

#[test]
fn the_forge_of_these_tests_makes_acceptable_tokens() {
    let token = forge(&good_header(), &good_payload().to_string());
    assert_eq!(signer().verify(&token, now()), Ok(good_claims()));
}

#[test]
fn a_change_of_any_single_character_is_refused() {
    let token = good_token();
    for (at, original) in token.char_indices() {
        for replacement in ['A', 'B', 'w', '-', '_', '+', '/', '=', '.', ' '] {
            if replacement != original {
                let mut mutant = token.clone();
                mutant.replace_range(at..=at, &replacement.to_string());
                refused(&mutant, "one changed character");
            }
        }
    }
}

#[test]
fn segments_that_are_missing_added_swapped_or_empty_are_refused() {
    let token = good_token();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("a token has three segments") };
    for mutant in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{payload}.{header}.{signature}"),
        format!("{header}.{signature}.{payload}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{header}.{payload}.{payload}.{signature}"),
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("Bearer {token}"),
        token.to_uppercase(),
    ] {
        refused(&mutant, "other segments");
    }
}

#[test]
fn a_second_spelling_of_the_same_bytes_is_refused() {
    let token = good_token();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    refused(&format!("{message}.{signature}="), "padding");
    refused(&format!("{message}.{}", STANDARD.encode(&bytes)), "the other alphabet");

    // 32 bytes leave two unused bits in the last of 43 characters; only zeros are canonical.
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = alphabet.iter().position(|letter| *letter == *signature.as_bytes().last().unwrap()).unwrap();
    for unused_bits in 1..4 {
        let twin = char::from(alphabet[last + unused_bits]);
        refused(&format!("{message}.{}{twin}", &signature[..42]), "trailing bits");
    }
}

#[test]
fn every_other_algorithm_type_and_header_field_is_refused() {
    let payload = good_payload().to_string();
    for header in [
        r#"{"typ":"JWT","alg":"none"}"#,
        r#"{"typ":"JWT","alg":"None"}"#,
        r#"{"typ":"JWT","alg":""}"#,
        r#"{"typ":"JWT","alg":"hs256"}"#,
        r#"{"typ":"JWT","alg":"HS384"}"#,
        r#"{"typ":"JWT","alg":"HS512"}"#,
        r#"{"typ":"JWT","alg":"RS256"}"#,
        r#"{"typ":"JWT","alg":"ES256"}"#,
        r#"{"typ":"JWT","alg":["HS256"]}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"HS256"}"#,
        r#"{"typ":"at+jwt","alg":"HS256"}"#,
        r#"{"typ":"jwt","alg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"typ":"JWT","alg":"HS256","alg":"none"}"#,
        r#"{"typ":"JWT","alg":"HS256","cty":"JWT"}"#,
        r#"{"typ":"JWT","alg":"HS256","jwk":{"kty":"oct","k":"AA"}}"#,
        r#"{"typ":"JWT","alg":"HS256","jku":"https://attacker.example/keys"}"#,
        r#"{"typ":"JWT","alg":"HS256","x5u":"https://attacker.example/cert"}"#,
        r#"{"typ":"JWT","alg":"HS256","x5c":["AA=="]}"#,
        r#"{"typ":"JWT","alg":"HS256","crit":["exp"]}"#,
        r#"{"typ":"JWT","alg":"HS256","kid":"../../dev/null"}"#,
        r#"{"typ":"JWT","alg":"HS256","kid":["a"]}"#,
        r#"{"typ":"JWT","alg":"HS256","kid":""}"#,
        r#"{"typ":"JWT","alg":"HS256","kid":null}"#,
        r#"{"typ":"JWT","alg":"HS256","kid":"0000000000000000"}"#,
        r#"{"typ": "JWT","alg":"HS256"}"#,
        r#"{"typ":"JWT","alg":"HS256","b64":false}"#,
        r#"{"typ":"JWT","alg":"HS256","zip":"DEF"}"#,
        "{}",
        "[]",
        "null",
        "",
        "not JSON",
    ] {
        refused(&forge(header, &payload), header);
    }
}

#[test]
fn unsigned_tokens_are_refused() {
    let token = good_token();
    let payload = token.split('.').nth(1).unwrap();
    let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"none"}"#);
    refused(&format!("{header}.{payload}."), "no signature");
    refused(&format!("{header}.{payload}"), "no signature segment");
}

#[test]
fn every_claim_is_required() {
    for claim in ["sub", "sid", "iss", "aud", "iat", "nbf", "exp"] {
        let mut payload = good_payload();
        payload.as_object_mut().unwrap().remove(claim).unwrap();
        refused(&forge(&good_header(), &payload.to_string()), &format!("no {claim}"));
    }
}

#[test]
fn every_claim_has_one_type() {
    let strange = [
        Value::Null,
        json!(true),
        json!([]),
        json!({}),
        json!(""),
        json!("1771322400"),
        json!(1.5),
        json!(1e300),
        json!(-1),
        json!(0),
        json!(u64::MAX),
        json!(i64::MIN),
        json!([ISSUER]),
    ];
    for claim in ["sub", "sid", "iss", "aud", "exp", "iat", "nbf"] {
        for value in &strange {
            // The distant past is a time like any other for a token's beginning.
            let begins_early =
                (claim == "iat" || claim == "nbf") && (*value == json!(0) || *value == json!(-1));
            if !begins_early {
                let mut payload = good_payload();
                payload[claim] = value.clone();
                refused(&forge(&good_header(), &payload.to_string()), &format!("{claim} = {value}"));
            }
        }
    }
}

#[test]
fn issuer_and_audience_must_be_ours_and_alone() {
    let good = good_payload();
    let audience = good["aud"].clone();
    for (claim, value) in [
        ("iss", json!("https://chat.example.com/")),
        ("iss", json!("https://attacker.example")),
        ("aud", json!("https://chat.example.com")),
        ("aud", json!([audience])),
        ("aud", json!([audience, "another"])),
    ] {
        let mut payload = good.clone();
        payload[claim] = value;
        refused(&forge(&good_header(), &payload.to_string()), &format!("another {claim}"));
    }
}

#[test]
fn a_claim_given_twice_is_refused() {
    let payload = good_payload().to_string();
    for extra in [r#""exp":4000000000"#, r#""sub":"00000000-0000-0000-0000-000000000001""#, r#""aud":"x""#] {
        let doubled = payload.replacen('{', &format!("{{{extra},"), 1);
        refused(&forge(&good_header(), &doubled), "a claim given twice");
        let doubled = format!("{},{extra}}}", payload.trim_end_matches('}'));
        refused(&forge(&good_header(), &doubled), "a claim given twice");
    }
}

#[test]
fn payloads_that_are_no_objects_are_refused() {
    for payload in ["", "null", "[]", "1", "\"text\"", "{", "not JSON", "\u{0}"] {
        refused(&forge(&good_header(), payload), "another payload");
    }
}

#[test]
fn another_key_or_a_giant_token_is_refused() {
    let other = JwtSigner::new(&SecretRing::of(b"another-key-of-thirty-two-bytes!"), ISSUER);
    refused(&other.sign(&good_claims()).unwrap(), "another key");
    let mut payload = good_payload();
    payload["padding"] = json!("x".repeat(4096));
    refused(&forge(&good_header(), &payload.to_string()), "4 KiB of padding");
}

#[test]
fn a06_times_count_with_thirty_seconds_of_leeway_at_both_ends() {
    let token = good_token();
    let verify_at = |at: Timestamp| signer().verify(&token, at).is_ok();
    let seconds = SignedDuration::from_secs;
    let end = good_claims().expires_at;
    assert!(verify_at(end - seconds(1)));
    assert!(verify_at(end));
    assert!(verify_at(end + seconds(30)));
    assert!(!verify_at(end + seconds(31)));
    assert!(verify_at(now() - seconds(30)));
    assert!(!verify_at(now() - seconds(31)));
    assert!(!verify_at(Timestamp::MIN));
    assert!(!verify_at(Timestamp::MAX));
}

#[test]
fn a_token_that_begins_later_than_it_was_issued_waits() {
    let mut payload = good_payload();
    payload["nbf"] = json!(ISSUED_AT + 3600);
    refused(&forge(&good_header(), &payload.to_string()), "nbf in an hour");
}
