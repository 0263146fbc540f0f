//! One provider's keys between two fetches.

use std::sync::{Mutex, PoisonError};

use chatloom_domain::Timestamp;
use chatloom_ports::identity::{IdentityError, KeySetError, KeySetSource};
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, DecodingKey};

use super::IdentityProviderConfig;
use super::key_set::KeySet;

/// The least time between two fetches, for whatever reason: nobody who makes up names of keys can make us ask more
/// often.
const BETWEEN_FETCHES: SignedDuration = SignedDuration::from_mins(1);

/// How old keys may be before they are fetched anew. A key that the provider has withdrawn counts for as long.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// How old keys may be while fetching fails: an hour's outage of the provider's key set signs nobody out.
const USABLE: SignedDuration = SignedDuration::from_hours(1);

/// The keys of one provider.
pub(super) struct KeyCache {
    provider: String,
    url: String,
    known: Mutex<Known>,
    /// Held by whoever fetches, so that a crowd waits for one fetch instead of making many.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    keys: KeySet,
    /// When they were fetched.
    as_of: Option<Timestamp>,
    /// When they were last asked for, with or without success.
    asked_at: Option<Timestamp>,
}

impl Known {
    fn find(
        &self,
        id: &str,
        algorithm: Algorithm,
        now: Timestamp,
        age: SignedDuration,
    ) -> Option<DecodingKey> {
        if !self.is_younger(now, age) {
            return None;
        }
        self.keys.find(id, algorithm).cloned()
    }

    fn is_younger(&self, now: Timestamp, age: SignedDuration) -> bool {
        self.as_of.is_some_and(|as_of| now.duration_since(as_of) < age)
    }

    /// A clock that was set back counts as time that has passed, or it could stop all fetches for long.
    fn may_ask(&self, now: Timestamp) -> bool {
        self.asked_at.is_none_or(|asked_at| {
            let elapsed = now.duration_since(asked_at);
            elapsed >= BETWEEN_FETCHES || elapsed.is_negative()
        })
    }
}

impl KeyCache {
    pub(super) fn new(config: &IdentityProviderConfig) -> Self {
        Self {
            provider: config.name.as_str().to_owned(),
            url: config.jwks_url.clone(),
            known: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// The key of this name for this algorithm. An unknown one is looked for at the provider, if nobody has just done
    /// so.
    pub(super) async fn find(
        &self,
        id: &str,
        algorithm: Algorithm,
        source: &dyn KeySetSource,
        now: Timestamp,
    ) -> Result<DecodingKey, IdentityError> {
        if let Some(key) = self.with_known(|known| known.find(id, algorithm, now, FRESH)) {
            return Ok(key);
        }
        let failure = self.refresh(source, now).await.err();
        self.with_known(|known| match known.find(id, algorithm, now, USABLE) {
            Some(key) => Ok(key),
            None if known.is_younger(now, USABLE) => Err(IdentityError::Invalid),
            None => Err(IdentityError::Unavailable(failure.unwrap_or_else(not_asked_again))),
        })
    }

    /// Fetches the keys, unless that was tried less than a minute ago.
    async fn refresh(&self, source: &dyn KeySetSource, now: Timestamp) -> Result<(), KeySetError> {
        let _only_one = self.fetching.lock().await;
        let is_due = self.with_known(|known| {
            let is_due = known.may_ask(now);
            if is_due {
                known.asked_at = Some(now);
            }
            is_due
        });
        if !is_due {
            return Ok(());
        }
        let fetched = source.fetch(&self.url).await;
        let parsed =
            fetched.and_then(|document| KeySet::parse(&document).map_err(|fault| KeySetError(fault.into())));
        match parsed {
            Ok(keys) => {
                self.with_known(|known| (known.keys, known.as_of) = (keys, Some(now)));
                Ok(())
            }
            Err(error) => {
                let provider = self.provider.as_str();
                tracing::warn!(provider, error = &error as &dyn std::error::Error, "cannot fetch a key set");
                Err(error)
            }
        }
    }

    fn with_known<T>(&self, work: impl FnOnce(&mut Known) -> T) -> T {
        // What is behind the lock is whole at any moment, so a panic of another thread has broken nothing.
        work(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn not_asked_again() -> KeySetError {
    KeySetError("the last attempt failed less than a minute ago".into())
}
