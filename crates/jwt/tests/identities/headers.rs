//! Headers and signatures: no field of a token chooses its key, and no symmetric algorithm comes near a public one.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chatloom_jwt::SigningAlgorithm;
use chatloom_testkit::identity_provider::KeyPair;
use chatloom_testkit::identity_provider::keys::{ED25519, P256, P384, RSA_1, RSA_2, RSA_WEAK};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use crate::provider::{Provider, claims};

/// A token signed with any bytes as an HMAC key.
fn symmetric(header: &Value, key: &[u8]) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims().to_string())
    );
    let key = EncodingKey::from_secret(key);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

#[tokio::test]
async fn every_asymmetric_algorithm_is_accepted_where_it_is_allowed() {
    let mut tried = Vec::new();
    for key in [
        RSA_1,
        RSA_1.with_algorithm("RS384"),
        RSA_1.with_algorithm("RS512"),
        RSA_1.with_algorithm("PS256"),
        RSA_1.with_algorithm("PS384"),
        RSA_1.with_algorithm("PS512"),
        P256,
        P384,
        ED25519,
    ] {
        let token = key.sign(&claims());
        assert!(Provider::allowing(&[key.algorithm], &[key]).verify(&token).await.is_ok(), "{key:?}");
        let others: Vec<_> =
            SigningAlgorithm::NAMES.into_iter().filter(|name| *name != key.algorithm).collect();
        Provider::allowing(&others, &[key]).refuses(&token, key.algorithm).await;
        tried.push(key.algorithm);
    }
    assert_eq!(tried, SigningAlgorithm::NAMES);
}

#[test]
fn symmetric_algorithms_and_none_cannot_be_configured() {
    for name in ["HS256", "HS384", "HS512", "none", "None", "", "rs256", "ES512"] {
        assert!(SigningAlgorithm::parse(name).is_none(), "{name}");
    }
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let provider = Provider::with_keys(&[RSA_1, P256, ED25519]);
    for key in [RSA_1, P256, ED25519] {
        let jwk = key.jwk();
        let secrets = [
            jwk.to_string().into_bytes(),
            jwk["n"].as_str().unwrap_or_default().as_bytes().to_vec(),
            URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap_or_default()).unwrap(),
            URL_SAFE_NO_PAD.decode(jwk["x"].as_str().unwrap_or_default()).unwrap(),
            Vec::new(),
        ];
        for secret in secrets {
            for alg in ["HS256", key.algorithm] {
                let header = json!({ "typ": "JWT", "alg": alg, "kid": key.id });
                provider.refuses(&symmetric(&header, &secret), alg).await;
            }
        }
    }
}

#[tokio::test]
async fn a_symmetric_key_in_the_set_is_no_key() {
    let provider = Provider::with_keys(&[]);
    let secret = URL_SAFE_NO_PAD.encode([7; 32]);
    let set = json!({ "keys": [{ "kty": "oct", "kid": "oct", "alg": "HS256", "k": secret }] });
    provider.published.publish_text(&set.to_string());
    let header = json!({ "typ": "JWT", "alg": "HS256", "kid": "oct" });
    provider.refuses(&symmetric(&header, &[7; 32]), "oct").await;
}

#[tokio::test]
async fn every_other_header_is_refused() {
    let provider = Provider::with_keys(&[ED25519, RSA_1]);
    let eve = RSA_2.named(ED25519.id).jwk();
    let mut refused = 0;
    for header in [
        json!({ "typ": "JWT", "alg": "none", "kid": "ed25519" }),
        json!({ "typ": "JWT", "alg": "None", "kid": "ed25519" }),
        json!({ "typ": "JWT", "alg": "", "kid": "ed25519" }),
        json!({ "typ": "JWT", "alg": "eddsa", "kid": "ed25519" }),
        json!({ "typ": "JWT", "alg": "RS256", "kid": "ed25519" }),
        json!({ "typ": "JWT", "alg": "ES256", "kid": "ed25519" }),
        json!({ "typ": "JWT", "alg": ["EdDSA"], "kid": "ed25519" }),
        json!({ "typ": "JWT", "alg": null, "kid": "ed25519" }),
        json!({ "typ": "JWT", "kid": "ed25519" }),
        json!({ "typ": "JWT", "alg": "EdDSA" }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": "" }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": null }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": ["ed25519"] }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": "rsa-1" }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": "ED25519" }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": "../../dev/null" }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": "x' OR '1'='1" }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": "x".repeat(10_000) }),
        json!({ "typ": "secevent+jwt", "alg": "EdDSA", "kid": "ed25519" }),
        json!({ "typ": ["JWT"], "alg": "EdDSA", "kid": "ed25519" }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": "ed25519", "jwk": eve }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": "ed25519", "jku": "https://eve.example/jwks" }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": "ed25519", "jku": null }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": "ed25519", "x5u": "https://eve.example/cert" }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": "ed25519", "x5c": ["AA=="] }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": "ed25519", "crit": ["exp"] }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": "ed25519", "crit": [] }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": "ed25519", "b64": false }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": "ed25519", "zip": "DEF" }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": "ed25519", "enc": "A256GCM" }),
        json!([]),
        json!(null),
        json!("EdDSA"),
    ] {
        let token = ED25519.sign_texts(&header.to_string(), &claims().to_string());
        provider.refuses(&token, &header.to_string()).await;
        refused += 1;
    }
    for header in ["", "not JSON", r#"{"alg":"EdDSA","kid":"ed25519","kid":"ed25519"}"#, "{"] {
        provider.refuses(&ED25519.sign_texts(header, &claims().to_string()), header).await;
        refused += 1;
    }
    assert_eq!(refused, 37);
    for typ in ["jwt", "JWT", "at+jwt", "AT+JWT"] {
        let header = json!({ "typ": typ, "alg": "EdDSA", "kid": "ed25519", "x5t": "abc" }).to_string();
        let token = ED25519.sign_texts(&header, &claims().to_string());
        assert!(provider.verify(&token).await.is_ok(), "{typ}");
    }
}

#[tokio::test]
async fn a_change_of_any_single_character_is_refused() {
    let provider = Provider::with_keys(&[ED25519]);
    let token = ED25519.sign(&claims());
    for (at, original) in token.char_indices() {
        for replacement in ['A', '.'] {
            if replacement != original {
                let mut mutant = token.clone();
                mutant.replace_range(at..=at, &replacement.to_string());
                provider.refuses(&mutant, "one changed character").await;
            }
        }
    }
}

#[tokio::test]
async fn segments_and_spellings_that_differ_are_refused() {
    let provider = Provider::with_keys(&[ED25519]);
    let token = ED25519.sign(&claims());
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("a token has three segments") };
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for mutant in [
        String::new(),
        "..".to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!(".{payload}.{signature}"),
        format!("{payload}.{header}.{signature}"),
        format!("{token}."),
        format!("{token}.{signature}"),
        format!("{header}.{payload}.{payload}.{signature}"),
        format!("{token}="),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}.{}", STANDARD.encode(&bytes)),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{token}{}", "A".repeat(20_000)),
    ] {
        provider.refuses(&mutant, "other segments").await;
    }
}

#[tokio::test]
async fn another_key_of_the_same_name_is_refused() {
    let forged = |key: KeyPair, id| key.named(id).sign(&claims());
    Provider::with_keys(&[RSA_1]).refuses(&forged(RSA_2, RSA_1.id), "another RSA key").await;
    Provider::with_keys(&[P256]).refuses(&forged(ED25519, P256.id), "another kind of key").await;
    Provider::with_keys(&[P384]).refuses(&forged(P256, P384.id), "another curve").await;
    Provider::with_keys(&[RSA_WEAK]).refuses(&forged(RSA_WEAK, RSA_WEAK.id), "1024 bits").await;
}
