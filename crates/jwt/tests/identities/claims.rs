//! What claims mean, and which are refused.

use std::collections::BTreeMap;

use chatloom_domain::team::Role;
use chatloom_testkit::identity_provider::keys::ED25519;
use chatloom_testkit::sample;
use serde_json::{Value, json};

use crate::provider::{AUDIENCE, ISSUED_AT, ISSUER, Provider, at, claims};

fn provider() -> Provider {
    Provider::with_keys(&[ED25519])
}

/// The good claims with one of them replaced.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

#[tokio::test]
async fn a_good_token_says_who_it_is() {
    let identity = provider().verify(&ED25519.sign(&claims())).await.unwrap();
    assert_eq!((identity.issuer.as_str(), identity.subject.as_str()), (ISSUER, "ada"));
    assert_eq!(identity.email.unwrap().as_str(), "ada@acme.example");
    assert_eq!((identity.first_name.as_str(), identity.last_name.as_str()), ("Ada", "Lovelace"));
    assert_eq!(identity.roles, BTreeMap::from([(sample::team_id(1), Role::Builder)]));
    assert_eq!((identity.issued_at, identity.session_ends_at), (at(0), at(3600)));
}

#[tokio::test]
async fn every_required_claim_must_be_there() {
    for claim in ["iss", "aud", "sub", "iat", "exp"] {
        provider().refuses(&ED25519.sign(&without(claim)), claim).await;
    }
    assert!(provider().verify(&ED25519.sign(&without("nbf"))).await.is_ok());
}

#[tokio::test]
async fn every_claim_has_one_type() {
    let strange = [
        json!(true),
        json!([]),
        json!({}),
        json!(""),
        json!("1771322400"),
        json!(1.5),
        json!(1e300),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!([ISSUER]),
        json!([AUDIENCE, AUDIENCE]),
        Value::Null,
    ];
    let provider = provider();
    let mut refused = 0;
    for claim in ["iss", "aud", "iat", "exp", "nbf"] {
        for value in &strange {
            // The distant past is a time like any other for a token's beginning.
            if claim != "nbf" || *value != json!(-1) && *value != json!(i64::MIN) {
                provider.refuses(&ED25519.sign(&with(claim, value.clone())), claim).await;
                refused += 1;
            }
        }
    }
    let no_subjects =
        [json!(1), json!(null), json!(["ada"]), json!(""), json!("a\u{0}"), json!("x".repeat(256))];
    for subject in no_subjects {
        provider.refuses(&ED25519.sign(&with("sub", subject)), "sub").await;
        refused += 1;
    }
    for claim in ["email", "given_name", "family_name", "name"] {
        for value in [json!(1), json!(true), json!(["x"]), json!({})] {
            provider.refuses(&ED25519.sign(&with(claim, value)), claim).await;
            refused += 1;
        }
    }
    for groups in
        [json!(1), json!(true), json!({ "builders": "ADMIN" }), json!(["builders", 1]), json!([["x"]])]
    {
        provider.refuses(&ED25519.sign(&with("groups", groups)), "groups").await;
        refused += 1;
    }
    assert!(refused > 85, "{refused}");
}

#[tokio::test]
async fn issuer_and_audience_are_exactly_ours() {
    let provider = provider();
    for (claim, value) in [
        ("iss", json!("https://login.acme.example/")),
        ("iss", json!("https://LOGIN.acme.example")),
        ("iss", json!("https://login.other.example")),
        ("aud", json!("chatloom-dashboard")),
        ("aud", json!("Chatloom")),
        ("aud", json!([AUDIENCE, "another"])),
        ("aud", json!(["another", AUDIENCE])),
    ] {
        provider.refuses(&ED25519.sign(&with(claim, value)), claim).await;
    }
    assert!(provider.verify(&ED25519.sign(&with("aud", json!([AUDIENCE])))).await.is_ok());
}

#[tokio::test]
async fn a_claim_given_twice_is_refused() {
    let good = claims().to_string();
    for extra in [r#""exp":4000000000"#, r#""sub":"eve""#, r#""groups":["owners"]"#, r#""x":1,"x":1"#] {
        let header = ED25519.header().to_string();
        let first = good.replacen('{', &format!("{{{extra},"), 1);
        let last = format!("{},{extra}}}", good.trim_end_matches('}'));
        for doubled in [first, last] {
            provider().refuses(&ED25519.sign_texts(&header, &doubled), extra).await;
        }
    }
}

#[tokio::test]
async fn times_count_with_thirty_seconds_of_leeway_at_both_ends() {
    let provider = provider();
    let token = ED25519.sign(&claims());
    for (seconds, counts) in [(-31, false), (-30, true), (3600, true), (3630, true), (3631, false)] {
        assert_eq!(provider.verify_at(&token, seconds).await.is_ok(), counts, "{seconds}");
    }
    let later = ED25519.sign(&with("nbf", json!(ISSUED_AT + 100)));
    for (seconds, counts) in [(0, false), (69, false), (70, true)] {
        assert_eq!(provider.verify_at(&later, seconds).await.is_ok(), counts, "{seconds}");
    }
}

#[tokio::test]
async fn a_token_lives_a_day_at_most() {
    let provider = provider();
    let lasting = |seconds: i64| ED25519.sign(&with("exp", json!(ISSUED_AT + seconds)));
    assert!(provider.verify(&lasting(24 * 3600)).await.is_ok());
    provider.refuses(&lasting(24 * 3600 + 1), "more than a day").await;
    provider.refuses(&lasting(0), "no time at all").await;
    provider.refuses(&lasting(-10), "less than no time").await;
}

#[tokio::test]
async fn the_claim_of_teams_gives_what_the_settings_say_and_nothing_else() {
    let provider = provider();
    let (one, two) = (sample::team_id(1), sample::team_id(2));
    for (groups, expected) in [
        (json!([]), BTreeMap::new()),
        (json!(null), BTreeMap::new()),
        (json!("owners"), BTreeMap::from([(two, Role::Admin)])),
        (json!(["builders", "readers"]), BTreeMap::from([(one, Role::Builder)])),
        (json!(["readers", "owners"]), BTreeMap::from([(one, Role::Viewer), (two, Role::Admin)])),
        (json!(["ADMIN", one.to_string(), "Owners", " owners"]), BTreeMap::new()),
    ] {
        let identity = provider.verify(&ED25519.sign(&with("groups", groups.clone()))).await.unwrap();
        assert_eq!(identity.roles, expected, "{groups}");
    }
    assert!(provider.verify(&ED25519.sign(&without("groups"))).await.unwrap().roles.is_empty());
}

#[tokio::test]
async fn names_and_address_are_for_show_and_may_be_missing() {
    let provider = provider();
    let nameless = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": ISSUED_AT, "exp": ISSUED_AT + 60,
    });
    let shown = async |changes: Value| {
        let mut claims = nameless.clone();
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let identity = provider.verify(&ED25519.sign(&claims)).await.unwrap();
        let email = identity.email.map(|email| email.as_str().to_owned());
        (format!("{} {}", identity.first_name.as_str(), identity.last_name.as_str()), email)
    };
    assert_eq!(shown(json!({})).await, ("Guest acme".to_owned(), None));
    assert_eq!(shown(json!({ "name": "Ada L." })).await.0, "Ada L. acme");
    assert_eq!(shown(json!({ "name": "Ada L.", "given_name": "Ada" })).await.0, "Ada acme");
    assert_eq!(shown(json!({ "given_name": "x".repeat(200) })).await.0, "Guest acme");
    assert_eq!(shown(json!({ "email": "no address" })).await.1, None);
    assert_eq!(shown(json!({ "email": "a@b.c", "email_verified": false })).await.1, None);
    assert_eq!(shown(json!({ "email": "a@b.c", "email_verified": true })).await.1.unwrap(), "a@b.c");
}
