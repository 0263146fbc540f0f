//! Fetching, keeping and changing keys.

use chatloom_ports::identity::IdentityError;
use chatloom_testkit::identity_provider::keys::{ED25519, P256, RSA_1};
use serde_json::{Value, json};

use crate::provider::{Provider, claims};

const MINUTE: i64 = 60;

/// Claims that are good for a day.
fn lasting() -> Value {
    let mut claims = claims();
    claims["exp"] = json!(claims["iat"].as_i64().unwrap() + 24 * 3600);
    claims
}

#[tokio::test]
async fn keys_are_fetched_once_and_kept() {
    let provider = Provider::with_keys(&[ED25519]);
    let token = ED25519.sign(&lasting());
    assert_eq!(provider.published.fetches(), 0, "nothing is fetched before it is needed");
    for second in 0..5 * MINUTE {
        assert!(provider.verify_at(&token, second).await.is_ok());
    }
    assert_eq!(provider.published.fetches(), 1);
    assert!(provider.verify_at(&token, 5 * MINUTE).await.is_ok());
    assert_eq!(provider.published.fetches(), 2);
}

#[tokio::test]
async fn a_new_key_is_found_and_a_withdrawn_one_dies() {
    let provider = Provider::with_keys(&[ED25519]);
    let (old, new) = (ED25519.sign(&lasting()), P256.sign(&lasting()));
    assert!(provider.verify_at(&old, 0).await.is_ok());
    provider.published.publish(&[ED25519, P256]);
    assert!(provider.verify_at(&new, MINUTE).await.is_ok());
    provider.published.publish(&[P256]);
    assert!(provider.verify_at(&old, MINUTE + 1).await.is_ok(), "it is known for five minutes more");
    assert!(matches!(provider.verify_at(&old, 6 * MINUTE).await, Err(IdentityError::Invalid)));
    assert!(provider.verify_at(&new, 6 * MINUTE).await.is_ok());
}

#[tokio::test]
async fn a_flood_of_unknown_names_is_one_fetch_a_minute() {
    let provider = Provider::with_keys(&[ED25519]);
    for second in 0..10 * MINUTE {
        for n in 0..3 {
            let header = json!({ "alg": "EdDSA", "kid": format!("made-up-{second}-{n}") }).to_string();
            // Not even signed: a name is all that it takes to ask.
            let token = ED25519.sign_texts(&header, &lasting().to_string());
            let verdict = provider.verify_at(&token, second).await;
            assert!(matches!(verdict, Err(IdentityError::Invalid)));
        }
    }
    assert_eq!(provider.published.fetches(), 10);
}

#[tokio::test]
async fn a_crowd_waits_for_one_fetch() {
    let provider = Provider::with_keys(&[ED25519]);
    let token = ED25519.sign(&lasting());
    let (a, b, c) = tokio::join!(provider.verify(&token), provider.verify(&token), provider.verify(&token));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(provider.published.fetches(), 1);
}

#[tokio::test]
async fn a_foreign_issuer_or_a_forbidden_algorithm_fetches_nothing() {
    let provider = Provider::allowing(&["EdDSA"], &[ED25519, RSA_1]);
    let mut foreign = claims();
    foreign["iss"] = json!("https://eve.example");
    provider.refuses(&ED25519.sign(&foreign), "a foreign issuer").await;
    provider.refuses(&RSA_1.sign(&claims()), "a forbidden algorithm").await;
    assert_eq!(provider.published.fetches(), 0);
}

#[tokio::test]
async fn an_outage_is_no_refusal_and_known_keys_outlast_it_for_an_hour() {
    let provider = Provider::with_keys(&[ED25519]);
    let token = ED25519.sign(&lasting());
    provider.published.go_down();
    for second in [0, 1, MINUTE] {
        let verdict = provider.verify_at(&token, second).await;
        assert!(matches!(verdict, Err(IdentityError::Unavailable(_))));
    }
    assert_eq!(provider.published.fetches(), 2);
    provider.published.publish(&[ED25519]);
    assert!(provider.verify_at(&token, 2 * MINUTE).await.is_ok());
    provider.published.go_down();
    assert!(provider.verify_at(&token, 61 * MINUTE).await.is_ok());
    assert!(matches!(provider.verify_at(&token, 62 * MINUTE).await, Err(IdentityError::Unavailable(_))));
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_stop_fetching() {
    let provider = Provider::with_keys(&[]);
    provider.refuses(&ED25519.sign(&lasting()), "no keys").await;
    provider.published.publish(&[ED25519]);
    assert!(provider.verify_at(&ED25519.sign(&lasting()), -20).await.is_ok());
}

#[tokio::test]
async fn what_is_no_key_set_is_an_outage() {
    let many = json!({ "keys": vec![ED25519.jwk(); 101] }).to_string();
    for document in ["", "null", "[]", "{}", r#"{"keys":{}}"#, "<html>", &many] {
        let provider = Provider::with_keys(&[]);
        provider.published.publish_text(document);
        let verdict = provider.verify(&ED25519.sign(&claims())).await;
        assert!(matches!(verdict, Err(IdentityError::Unavailable(_))), "{document:.40}");
    }
}

#[tokio::test]
async fn keys_that_are_not_fit_are_left_out_and_the_others_count() {
    let with = |name: &str, value: Value| {
        let mut jwk = ED25519.jwk();
        jwk[name] = value;
        jwk
    };
    let mut nameless = ED25519.jwk();
    nameless.as_object_mut().unwrap().remove("kid");
    let mut point = P256.named(ED25519.id).jwk();
    point["x"] = json!("AAAA");
    for unfit in [
        with("use", json!("enc")),
        with("use", json!(1)),
        with("key_ops", json!(["sign"])),
        with("alg", json!("RS256")),
        with("alg", json!("RSA-OAEP")),
        with("crv", json!("X25519")),
        with("crv", json!("P-256")),
        with("kty", json!("oct")),
        // Shorter than the library reads without looking.
        with("x", json!("AAAA")),
        with("x", json!("")),
        with("x", json!("not base64!")),
        with("kid", json!("another")),
        with("kid", json!(7)),
        nameless,
        point,
        json!(null),
        json!("text"),
        json!({}),
    ] {
        let provider = Provider::with_keys(&[]);
        provider.published.publish_text(&json!({ "keys": [unfit, P256.jwk()] }).to_string());
        provider.refuses(&ED25519.sign(&claims()), &unfit.to_string()).await;
        assert!(provider.verify(&P256.sign(&claims())).await.is_ok());
    }
    let bare = json!({ "kty": "OKP", "crv": "Ed25519", "kid": ED25519.id, "x": ED25519.jwk()["x"] });
    let provider = Provider::with_keys(&[]);
    provider.published.publish_text(&json!({ "keys": [bare], "more": 1 }).to_string());
    assert!(provider.verify(&ED25519.sign(&claims())).await.is_ok());
}
