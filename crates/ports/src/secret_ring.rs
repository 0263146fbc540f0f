//! The installation's secrets: the one that signs and seals, and earlier ones that only check and open.
//!
//! Adapters and use cases do not use a secret for two purposes: whoever needs a key of their own derives it under a
//! label that nobody else uses.

use std::fmt;
use std::sync::Arc;

use hkdf::Hkdf;
use sha2::Sha256;
use thiserror::Error;

/// A key that was derived for one purpose.
pub type DerivedKey = [u8; 32];

/// One secret for everything new, and those that were used before it, so that what was signed or sealed under them
/// still counts. Clones share the secrets; `Debug` shows none.
#[derive(Clone)]
pub struct SecretRing {
    /// The current one first. Never empty.
    secrets: Arc<[Box<[u8]>]>,
}

/// A secret is in the ring twice. Then one of them is not the secret that somebody thinks it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the same secret is given more than once")]
pub struct DuplicateSecret;

impl SecretRing {
    /// A ring of a current secret and earlier ones, newest first. The caller vouches for each: at least 32 random
    /// bytes (RFC 7518, section 3.2).
    pub fn new(current: &[u8], previous: &[&[u8]]) -> Result<Self, DuplicateSecret> {
        let secrets: Vec<&[u8]> = std::iter::once(current).chain(previous.iter().copied()).collect();
        let is_repeated = |(index, secret): (usize, &&[u8])| secrets[..index].contains(secret);
        if secrets.iter().enumerate().any(is_repeated) {
            return Err(DuplicateSecret);
        }
        Ok(Self { secrets: secrets.into_iter().map(Box::from).collect() })
    }

    /// A ring of one secret.
    pub fn of(current: &[u8]) -> Self {
        Self { secrets: Arc::new([Box::from(current)]) }
    }

    /// The secret for everything new.
    pub fn current(&self) -> &[u8] {
        &self.secrets[0]
    }

    /// All secrets, the current one first.
    pub fn all(&self) -> impl Iterator<Item = &[u8]> {
        self.secrets.iter().map(AsRef::as_ref)
    }

    /// The current key for a purpose: HKDF-SHA256 (RFC 5869) of the current secret, with the label as `info`. Labels
    /// are constants that end in a version, such as `chatloom embed token v1`.
    pub fn derive(&self, label: &str) -> DerivedKey {
        derived(self.current(), label)
    }

    /// The keys for a purpose from all secrets, the current one first: what [`SecretRing::derive`] gave before the
    /// secret was changed is among them.
    pub fn derive_all(&self, label: &str) -> Vec<DerivedKey> {
        self.all().map(|secret| derived(secret, label)).collect()
    }
}

impl fmt::Debug for SecretRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretRing")
    }
}

fn derived(secret: &[u8], label: &str) -> DerivedKey {
    let mut key = DerivedKey::default();
    let outcome = Hkdf::<Sha256>::new(None, secret).expand(label.as_bytes(), &mut key);
    debug_assert!(outcome.is_ok(), "32 bytes are within the limit of HKDF-SHA256");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stays_the_same_when_its_secret_becomes_a_previous_one() {
        let before = SecretRing::of(&[1; 32]);
        let after = SecretRing::new(&[2; 32], &[&[1; 32]]).unwrap();
        assert_eq!(after.derive_all("a v1"), [after.derive("a v1"), before.derive("a v1")]);
        assert_eq!(after.all().collect::<Vec<_>>(), [&[2; 32], &[1; 32]]);
    }

    #[test]
    fn purposes_and_secrets_have_different_keys() {
        let ring = SecretRing::new(&[1; 32], &[&[2; 32]]).unwrap();
        let keys = [ring.derive_all("a v1"), ring.derive_all("b v1")].concat();
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(key));
            assert!(!ring.all().any(|secret| secret == key));
        }
    }

    #[test]
    fn a_secret_that_is_given_twice_is_refused() {
        assert_eq!(SecretRing::new(&[1; 32], &[&[1; 32]]).err(), Some(DuplicateSecret));
        assert_eq!(SecretRing::new(&[1; 32], &[&[2; 32], &[2; 32]]).err(), Some(DuplicateSecret));
    }

    #[test]
    fn debug_shows_no_byte_of_it() {
        assert_eq!(format!("{:?}", SecretRing::of(b"f3Jq9vXw2LrT8mZk5NcB7dHs4GyP6aUe")), "SecretRing");
    }
}
