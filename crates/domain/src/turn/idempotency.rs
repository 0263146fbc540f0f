//! The claim that makes a message that is sent twice one message (IETF draft "The Idempotency-Key HTTP Header Field").

use std::fmt;

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::message::MessageContent;

/// A key that the sender chose for one message of one session: 1 to 255 printable ASCII characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// The text cannot be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be 1 to 255 printable ASCII characters")]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    /// The longest key, in bytes.
    pub const MAX_BYTES: usize = 255;

    /// Checks length and alphabet.
    pub fn parse(input: &str) -> Result<Self, IdempotencyKeyError> {
        let fits = (1..=Self::MAX_BYTES).contains(&input.len());
        if fits && input.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            Ok(Self(input.to_owned()))
        } else {
            Err(IdempotencyKeyError)
        }
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whoever knows a key can see what was sent with it.
        f.write_str("IdempotencyKey")
    }
}

/// The SHA-256 of what a message says, by which a key's second use is told from its repetition. The embed token and
/// everything else around the message are left out: a repetition may come after the token was changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a message.
    pub fn of(content: &MessageContent) -> Self {
        Self(Sha256::digest(content.as_str()).into())
    }

    /// A stored fingerprint.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, as they are stored.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A short message could be found out from it.
        f.write_str("Fingerprint")
    }
}

/// What a message claims together with its turn: nobody else in the session may begin one under the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyClaim {
    /// The sender's key.
    pub key: IdempotencyKey,
    /// What it was used for.
    pub fingerprint: Fingerprint,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_1_to_255_printable_characters() {
        for good in ["k", "~ !", &"k".repeat(255)] {
            assert_eq!(IdempotencyKey::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", &"k".repeat(256), "a\nb", "a\0", "\u{7f}", "schlüssel"] {
            assert_eq!(IdempotencyKey::parse(bad), Err(IdempotencyKeyError), "{bad:?}");
        }
    }

    #[test]
    fn a_fingerprint_depends_on_the_trimmed_content_alone() {
        let of = |text: &str| Fingerprint::of(&MessageContent::parse(text).unwrap());
        assert_eq!(of("Hello"), of("  Hello\n"));
        assert_ne!(of("Hello"), of("hello"));
        assert_eq!(Fingerprint::from_bytes(*of("Hello").as_bytes()), of("Hello"));
    }
}
