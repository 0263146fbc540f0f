//! Visitors' proofs of identity: those that libraries write are accepted, and those that differ in one way are not.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chatloom_domain::Timestamp;
use chatloom_domain::id::WidgetId;
use chatloom_domain::token::IdentitySecret;
use chatloom_jwt::VisitorProofs;
use chatloom_ports::environment::ProofVerifier;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use uuid::Uuid;

const NOW: i64 = 1_771_322_400;
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn widget() -> WidgetId {
    WidgetId::from_uuid(Uuid::from_u128(0xabc))
}

fn secret() -> IdentitySecret {
    IdentitySecret::new([7; 32])
}

fn claims() -> Value {
    json!({ "sub": "user-7", "aud": widget().to_string(), "exp": NOW + 600 })
}

/// Signs any header and payload, given as texts so that they need not be good JSON.
fn forge_with(secret: &[u8], algorithm: Algorithm, header: &str, payload: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let key = EncodingKey::from_secret(secret);
    format!("{message}.{}", jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap())
}

fn forge(header: &str, payload: &str) -> String {
    forge_with(secret().reveal().as_bytes(), Algorithm::HS256, header, payload)
}

fn good() -> String {
    forge(HEADER, &claims().to_string())
}

/// The good claims with one more or another one.
fn with(name: &str, value: Value) -> String {
    let mut claims = claims();
    claims[name] = value;
    forge(HEADER, &claims.to_string())
}

fn verify(proof: &str) -> Option<String> {
    let now = Timestamp::from_second(NOW).unwrap();
    let verified = VisitorProofs::new().verify(proof, &secret(), widget(), now);
    verified.ok().map(|subject| subject.as_str().to_owned())
}

#[track_caller]
fn refused(proof: &str, why: &str) {
    assert_eq!(verify(proof), None, "accepted a proof with {why}: {proof}");
}

#[test]
fn headers_that_libraries_write_are_accepted() {
    for header in [
        HEADER,
        r#"{"typ":"JWT","alg":"HS256"}"#,
        r#"{"alg":"HS256"}"#,
        r#"{ "alg" : "HS256" , "typ" : "JWT" }"#,
        r#"{"alg":"HS256","kid":"1","typ":"JWT"}"#,
    ] {
        assert_eq!(verify(&forge(header, &claims().to_string())).as_deref(), Some("user-7"), "{header}");
    }
}

#[test]
fn headers_that_say_anything_else_are_refused() {
    for header in [
        "",
        "null",
        "[]",
        "{}",
        "\"HS256\"",
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"HS384"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":""}"#,
        r#"{"alg":null}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"JWE"}"#,
        r#"{"alg":"HS256","typ":null}"#,
        r#"{"alg":"HS256","kid":7}"#,
        r#"{"alg":"HS256","crit":["exp"]}"#,
        r#"{"alg":"HS256","b64":false}"#,
        r#"{"alg":"HS256","zip":"DEF"}"#,
        r#"{"alg":"HS256","jku":"https://evil.example"}"#,
        r#"{"alg":"HS256","x5c":[]}"#,
        r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AA"}}"#,
        r#"{"ALG":"HS256"}"#,
        r#"{"alg":"HS256"}x"#,
    ] {
        refused(&forge(header, &claims().to_string()), header);
    }
}

#[test]
fn another_key_or_algorithm_is_refused() {
    let payload = claims().to_string();
    let own = secret();
    let own = own.reveal().as_bytes();
    let upper = secret().reveal().to_uppercase();
    for key in [&b""[..], b"0", &own[..52], &own[1..], &[7; 32], upper.as_bytes()] {
        refused(&forge_with(key, Algorithm::HS256, HEADER, &payload), "another key");
    }
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        refused(&forge_with(own, algorithm, HEADER, &payload), "another algorithm behind the header");
    }
    let foreign = VisitorProofs::new().verify(
        &good(),
        &IdentitySecret::new([8; 32]),
        widget(),
        Timestamp::from_second(NOW).unwrap(),
    );
    assert!(foreign.is_err());
}

#[test]
fn a_change_of_any_single_character_is_refused() {
    let proof = good();
    assert_eq!(verify(&proof).as_deref(), Some("user-7"));
    for (at, original) in proof.char_indices() {
        for replacement in ['A', 'B', 'w', '-', '_', '+', '/', '=', '.', ' '] {
            if replacement != original {
                let mut mutant = proof.clone();
                mutant.replace_range(at..=at, &replacement.to_string());
                refused(&mutant, "one changed character");
            }
        }
    }
}

#[test]
fn signatures_that_are_empty_short_padded_or_in_another_spelling_are_refused() {
    let proof = good();
    let (message, signature) = proof.rsplit_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let hex = bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().concat();
    let zeros = URL_SAFE_NO_PAD.encode([0; 32]);
    let twice = URL_SAFE_NO_PAD.encode([&bytes[..], &bytes].concat());
    for other in [
        "",
        "A",
        &signature[..1],
        &signature[..signature.len() - 1],
        &format!("{signature}A"),
        &format!("{signature}="),
        &format!("{signature}=="),
        &STANDARD.encode(&bytes),
        &hex,
        &hex.to_lowercase(),
        &zeros,
        &twice,
        &URL_SAFE_NO_PAD.encode(&bytes[..31]),
    ] {
        refused(&format!("{message}.{other}"), "another signature");
    }
    for other in
        ["", ".", "..", "...", message, &format!("{message}."), &format!("{proof}."), &format!(".{proof}")]
    {
        refused(other, "other segments");
    }
    for other in [format!(" {proof}"), format!("{proof}\n"), format!("Bearer {proof}"), proof.to_uppercase()]
    {
        refused(&other, "something around it");
    }
    refused(&forge(HEADER, &json!({ "pad": "x".repeat(2048) }).to_string()), "too many bytes");
}

#[test]
fn every_claim_must_be_there_once_in_its_own_type() {
    for name in ["sub", "aud", "exp"] {
        let mut without = claims();
        without.as_object_mut().unwrap().remove(name);
        refused(&forge(HEADER, &without.to_string()), name);
        refused(&with(name, Value::Null), name);
    }
    let payload = claims().to_string();
    for again in [r#""sub":"eve""#, r#""exp":1771322500"#, r#""aud":"x""#] {
        refused(&forge(HEADER, &payload.replacen('{', &format!("{{{again},"), 1)), "a claim given twice");
    }
    for (name, value) in [
        ("sub", json!(7)),
        ("sub", json!("")),
        ("sub", json!(" ")),
        ("sub", json!("a\u{0}b")),
        ("sub", json!("a\nb")),
        ("sub", json!("x".repeat(129))),
        ("sub", json!(["user-7"])),
        ("aud", json!([widget().to_string()])),
        ("aud", json!(widget().to_string().to_uppercase())),
        ("aud", json!(format!(" {}", widget()))),
        ("aud", json!(Uuid::from_u128(1).to_string())),
        ("aud", json!("chatloom-dashboard")),
        ("exp", json!((NOW + 600).to_string())),
        ("exp", json!(1_771_323_000.5)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(i64::MIN)),
        ("iat", Value::Null),
        ("iat", json!("1771322400")),
        ("nbf", Value::Null),
        ("nbf", json!(1.5)),
    ] {
        refused(&with(name, value.clone()), &format!("{name} {value}"));
    }
    for payload in ["", "null", "[]", "7", "{", "{}"] {
        refused(&forge(HEADER, payload), payload);
    }
}

#[test]
fn what_else_a_proof_says_is_not_looked_at() {
    let more = [("iss", json!(7)), ("jti", Value::Null), ("name", json!("Ada")), ("role", json!("ADMIN"))];
    for (name, value) in more {
        assert_eq!(verify(&with(name, value)).as_deref(), Some("user-7"), "{name}");
    }
}

#[test]
fn a_proof_counts_for_an_hour_at_most_with_half_a_minute_for_clocks() {
    let cases = [
        (-31, None, None, false),
        (-30, None, None, true),
        (600, None, None, true),
        (3600, None, None, true),
        (3630, None, None, true),
        (3631, None, None, false),
        (86_400, None, None, false),
        // From when it was made there is no leeway: both times are the site's own.
        (3600, Some(0), None, true),
        (3601, Some(0), None, false),
        (600, Some(-3000), None, true),
        (600, Some(-3001), None, false),
        (3630, Some(30), None, true),
        (600, Some(31), None, false),
        (600, None, Some(30), true),
        (600, None, Some(31), false),
        (600, Some(-10), Some(-10), true),
    ];
    for (exp, iat, nbf, is_good) in cases {
        let mut claims = claims();
        claims["exp"] = json!(NOW + exp);
        for (name, at) in [("iat", iat), ("nbf", nbf)] {
            if let Some(at) = at {
                claims[name] = json!(NOW + at);
            }
        }
        assert_eq!(verify(&forge(HEADER, &claims.to_string())).is_some(), is_good, "{claims}");
    }
}
