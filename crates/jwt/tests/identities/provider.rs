//! One provider whose key set is in memory, so that time and fetches are the test's.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::identity::Issuer;
use chatloom_domain::team::{PersonName, Role};
use chatloom_jwt::{IdentityProviderConfig, IdentityVerifier, SigningAlgorithm};
use chatloom_ports::identity::{
    ExternalIdentity, IdentityError, IdentityProviders, KeySetError, KeySetSource,
};
use chatloom_testkit::identity_provider::{KeyPair, key_set};
use chatloom_testkit::sample;
use jiff::SignedDuration;
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://login.acme.example";
pub(crate) const AUDIENCE: &str = "chatloom";
pub(crate) const JWKS_URL: &str = "https://login.acme.example/jwks.json";
pub(crate) const ISSUED_AT: i64 = 1_771_322_400;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(ISSUED_AT + seconds).unwrap()
}

/// What the key set's address answers, and how often it was asked.
#[derive(Default)]
pub(crate) struct Published {
    document: Mutex<Option<String>>,
    fetches: AtomicUsize,
}

impl Published {
    /// From now on these keys.
    pub(crate) fn publish(&self, keys: &[KeyPair]) {
        self.publish_text(&key_set(keys).to_string());
    }

    /// From now on this text.
    pub(crate) fn publish_text(&self, document: &str) {
        *self.document.lock().unwrap() = Some(document.to_owned());
    }

    /// From now on nothing.
    pub(crate) fn go_down(&self) {
        *self.document.lock().unwrap() = None;
    }

    pub(crate) fn fetches(&self) -> usize {
        self.fetches.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl KeySetSource for Published {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, KeySetError> {
        // Nothing that a token says may change the address.
        assert_eq!(url, JWKS_URL);
        self.fetches.fetch_add(1, Ordering::Relaxed);
        let document = self.document.lock().unwrap().clone();
        document.map(String::into_bytes).ok_or_else(|| KeySetError("connection refused".into()))
    }
}

pub(crate) struct Provider {
    pub(crate) published: Arc<Published>,
    verifier: IdentityVerifier,
}

impl Provider {
    /// A provider with these keys, which may use every algorithm.
    pub(crate) fn with_keys(keys: &[KeyPair]) -> Self {
        Self::allowing(&SigningAlgorithm::NAMES, keys)
    }

    /// A provider with these keys, which may use these algorithms.
    pub(crate) fn allowing(algorithms: &[&str], keys: &[KeyPair]) -> Self {
        let published = Arc::new(Published::default());
        published.publish(keys);
        let verifier = IdentityVerifier::new([config(algorithms)], published.clone());
        Self { published, verifier }
    }

    pub(crate) async fn verify_at(
        &self,
        token: &str,
        seconds: i64,
    ) -> Result<ExternalIdentity, IdentityError> {
        self.verifier.verify(token, at(seconds)).await
    }

    pub(crate) async fn verify(&self, token: &str) -> Result<ExternalIdentity, IdentityError> {
        self.verify_at(token, 0).await
    }

    /// Fails if the token is accepted, or refused for another reason than itself.
    pub(crate) async fn refuses(&self, token: &str, why: &str) {
        let verdict = self.verify(token).await;
        assert!(matches!(verdict, Err(IdentityError::Invalid)), "{why}: {verdict:?}");
    }
}

fn config(algorithms: &[&str]) -> IdentityProviderConfig {
    let algorithms = algorithms.iter().map(|name| SigningAlgorithm::parse(name).unwrap());
    let teams = [
        ("readers", (sample::team_id(1), Role::Viewer)),
        ("builders", (sample::team_id(1), Role::Builder)),
        ("owners", (sample::team_id(2), Role::Admin)),
    ];
    IdentityProviderConfig {
        name: PersonName::parse("acme").unwrap(),
        issuer: Issuer::parse(ISSUER).unwrap(),
        audience: AUDIENCE.to_owned(),
        jwks_url: JWKS_URL.to_owned(),
        algorithms: algorithms.collect(),
        teams_claim: "groups".to_owned(),
        teams: teams.map(|(value, grant)| (value.to_owned(), grant)).into_iter().collect::<BTreeMap<_, _>>(),
        session_lifetime: SignedDuration::from_mins(60),
    }
}

/// Claims that are good for an hour.
pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ada",
        "iat": ISSUED_AT,
        "nbf": ISSUED_AT,
        "exp": ISSUED_AT + 3600,
        "email": "Ada@acme.example",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "groups": ["builders", "unknown to us"],
    })
}
