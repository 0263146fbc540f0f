//! Hashing and checking passwords with Argon2id (RFC 9106).

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use chatloom_ports::environment::Entropy;
use thiserror::Error;
use tokio::sync::Semaphore;

/// How many hashes may be computed at once: each takes 19 MiB and tens of milliseconds, and sign-in is open to all.
const CONCURRENT_HASHES: usize = 2;

/// How long a sign-in waits for its turn.
const WAIT: Duration = Duration::from_secs(3);

/// The hash of no password in use, checked for unknown users so that they take as long as known ones.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Y2hhdGxvb20tbm9ib2R5$Vd6vN1XnG4n7pXhJ3f0pH2m2rB1sYB6n1Ck0qkS1O2E";

/// Why a password could not be hashed or checked.
#[derive(Debug, Error)]
pub(crate) enum PasswordError {
    /// Too many sign-ins at once.
    #[error("too many passwords are being checked")]
    Busy,
    /// The hash function failed, or a stored hash is not one.
    #[error("could not hash a password")]
    Hash(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Hashes and checks passwords, a few at a time, off the async threads.
#[derive(Clone)]
pub(crate) struct Passwords {
    permits: Arc<Semaphore>,
    entropy: Arc<dyn Entropy>,
}

impl Passwords {
    pub(crate) fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self { permits: Arc::new(Semaphore::new(CONCURRENT_HASHES)), entropy }
    }

    /// The password's hash in PHC string format, with a new salt.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let salt = self.entropy.secret();
        let password = password.to_owned();
        self.off_thread(move || {
            let hash = hasher()?.hash_password_with_salt(password.as_bytes(), &salt[..16]);
            Ok(hash.map_err(|e| PasswordError::Hash(e.into()))?.to_string())
        })
        .await
    }

    /// Whether the password is the one of `hash`; `None` is a user who is not there, and never matches.
    pub(crate) async fn matches(&self, password: &str, hash: Option<String>) -> Result<bool, PasswordError> {
        let password = password.to_owned();
        self.off_thread(move || {
            let hasher = hasher()?;
            check(hash.as_deref(), |hash| hasher.verify_password(password.as_bytes(), hash).is_ok())
        })
        .await
    }

    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let acquired = tokio::time::timeout(WAIT, self.permits.clone().acquire_owned()).await;
        let Ok(Ok(_permit)) = acquired else { return Err(PasswordError::Busy) };
        tokio::task::spawn_blocking(work).await.map_err(|e| PasswordError::Hash(e.into()))?
    }
}

/// Computes one hash, with the cost that stands in the stored one; for a user who is not there, the dummy's.
fn check(hash: Option<&str>, compute: impl FnOnce(&PasswordHash) -> bool) -> Result<bool, PasswordError> {
    let stored = PasswordHash::new(hash.unwrap_or(NOBODY)).map_err(|e| PasswordError::Hash(e.into()))?;
    Ok(compute(&stored) && hash.is_some())
}

/// The parameters that OWASP's password storage page recommends first: 19 MiB, two passes, one lane.
fn hasher() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|e| PasswordError::Hash(e.into()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use chatloom_testkit::SeededEntropy;

    use super::*;

    fn passwords() -> Passwords {
        Passwords::new(Arc::new(SeededEntropy::new(1)))
    }

    /// What the time of a hash depends on: algorithm, version, memory, passes, lanes, and the length of the result.
    fn cost(hash: &PasswordHash) -> String {
        let length = hash.hash.map(|output| output.len());
        format!("{} {:?} {} {length:?}", hash.algorithm, hash.version, hash.params)
    }

    #[tokio::test]
    async fn an_unknown_user_costs_one_hash_of_the_same_parameters_as_a_known_one() {
        let known = passwords().hash("correct horse").await.unwrap();
        let mut costs = Vec::new();
        for hash in [Some(known.as_str()), None] {
            let mut computed = Vec::new();
            let outcome = check(hash, |stored| {
                computed.push(cost(stored));
                false
            });
            assert!(!outcome.unwrap());
            assert_eq!(computed.len(), 1);
            costs.append(&mut computed);
        }
        assert_eq!(costs[0], costs[1]);
        assert_eq!(costs[0], "argon2id Some(19) m=19456,t=2,p=1 Some(32)");
    }

    #[tokio::test]
    async fn nobody_has_the_dummys_password() {
        assert!(!check(None, |_| true).unwrap());
        let hash = passwords().hash("correct horse").await.unwrap();
        assert!(passwords().matches("correct horse", Some(hash.clone())).await.unwrap());
        assert!(!passwords().matches("correct horse ", Some(hash)).await.unwrap());
        assert!(!passwords().matches("correct horse", None).await.unwrap());
    }
}
