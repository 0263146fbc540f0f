//! Changing the secret: what still counts, and what no longer does.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chatloom_domain::Timestamp;
use chatloom_domain::id::{AuthSessionId, UserId};
use chatloom_jwt::JwtSigner;
use chatloom_ports::environment::{AccessClaims, AccessTokenSigner};
use chatloom_ports::secret_ring::SecretRing;
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::Value;
use uuid::Uuid;

const K1: &[u8] = b"f3Jq9vXw2LrT8mZk5NcB7dHs4GyP6aUe";
const K2: &[u8] = b"8f1d3a9b07c64e52b1f09d7ac3e85642";
const K3: &[u8] = b"tVnP1m0v8+9E4eWc3s0xJg6lC2RmZk1y";
const ISSUER: &str = "https://chat.example.com";

fn signer(current: &[u8], previous: &[&[u8]]) -> JwtSigner {
    JwtSigner::new(&SecretRing::new(current, previous).unwrap(), ISSUER)
}

fn now() -> Timestamp {
    Timestamp::from_second(1_771_322_400).unwrap()
}

fn claims() -> AccessClaims {
    AccessClaims {
        user_id: UserId::from_uuid(Uuid::from_u128(7)),
        session_id: AuthSessionId::from_uuid(Uuid::from_u128(9)),
        issued_at: now(),
        expires_at: now() + SignedDuration::from_hours(12),
    }
}

fn header_of(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

/// Puts another header on a token and signs it with any key.
fn signed_again(token: &str, header: &str, key: &[u8]) -> String {
    let payload = token.split('.').nth(1).unwrap();
    let message = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header));
    let key = EncodingKey::from_secret(key);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

#[test]
fn the_header_names_the_key_and_nothing_else() {
    let token = signer(K1, &[]).sign(&claims()).unwrap();
    let header = header_of(&token);
    let kid = header["kid"].as_str().unwrap();
    assert_eq!(header, serde_json::json!({ "typ": "JWT", "alg": "HS256", "kid": kid }));
    assert_eq!(kid.len(), 11, "64 bits in base64url");
    assert_ne!(header_of(&signer(K2, &[]).sign(&claims()).unwrap())["kid"], kid);
    // Another replica gives the key the same name.
    assert_eq!(header_of(&signer(K1, &[K3]).sign(&claims()).unwrap())["kid"], kid);
}

#[test]
fn every_key_of_the_ring_checks_and_only_the_current_one_signs() {
    let ring = signer(K3, &[K2, K1]);
    for key in [K1, K2, K3] {
        let token = signer(key, &[]).sign(&claims()).unwrap();
        assert_eq!(ring.verify(&token, now()), Ok(claims()));
    }
    let token = ring.sign(&claims()).unwrap();
    assert_eq!(signer(K3, &[]).verify(&token, now()), Ok(claims()));
    assert!(signer(K2, &[K1]).verify(&token, now()).is_err());
}

#[test]
fn a_token_counts_only_under_the_key_that_it_names() {
    let ring = signer(K3, &[K2]);
    let token = ring.sign(&claims()).unwrap();
    let named = header_of(&token).to_string();
    assert_eq!(named.len(), r#"{"typ":"JWT","alg":"HS256","kid":"0123456789a"}"#.len());
    let header =
        String::from_utf8(URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap();
    assert!(ring.verify(&signed_again(&token, &header, K3), now()).is_ok());
    assert!(ring.verify(&signed_again(&token, &header, K2), now()).is_err());
}

#[test]
fn tokens_from_before_keys_had_names_count_under_every_key_of_the_ring() {
    let token = signer(K1, &[]).sign(&claims()).unwrap();
    let nameless = r#"{"typ":"JWT","alg":"HS256"}"#;
    let ring = signer(K2, &[K1]);
    for key in [K1, K2] {
        assert_eq!(ring.verify(&signed_again(&token, nameless, key), now()), Ok(claims()));
    }
    assert!(ring.verify(&signed_again(&token, nameless, K3), now()).is_err());
}
