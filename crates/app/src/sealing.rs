//! Encrypts embed tokens at rest, so that a read-only leak of the database does not spend every team's budget.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use chatloom_domain::id::WidgetId;
use chatloom_domain::token::EmbedToken;
use chatloom_ports::environment::Entropy;
use chatloom_ports::secret_ring::SecretRing;
use chatloom_ports::store::widgets::StoredToken;
use thiserror::Error;

const NONCE_BYTES: usize = 24;

/// The purpose under which the keys are derived from the installation's secrets.
const LABEL: &str = "chatloom embed token v1";

/// The stored token was encrypted with a secret that is not in the ring, for another widget, or is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the stored embed token cannot be decrypted")]
pub(crate) struct Unreadable;

/// Encrypts embed tokens with the current key and decrypts them with any key of the ring, each bound to its widget.
#[derive(Clone)]
pub(crate) struct SealingKeys {
    current: Key,
    /// The current one first.
    all: Arc<[Key]>,
    entropy: Arc<dyn Entropy>,
}

impl SealingKeys {
    /// Derives the keys from the installation's secrets.
    pub(crate) fn derive(secrets: &SecretRing, entropy: Arc<dyn Entropy>) -> Self {
        let all = secrets.derive_all(LABEL).into_iter().map(Key::from).collect();
        Self { current: Key::from(secrets.derive(LABEL)), all, entropy }
    }

    /// The token as it is stored: its hash, and a random nonce followed by the encrypted text.
    pub(crate) fn seal(&self, widget: WidgetId, token: &EmbedToken) -> StoredToken {
        // A nonce of 192 bits may be drawn at random for as long as the key lives.
        let mut nonce = XNonce::default();
        nonce.copy_from_slice(&self.entropy.secret()[..NONCE_BYTES]);
        let bound_to = widget.as_uuid().into_bytes();
        let payload = Payload { msg: token.reveal().as_bytes(), aad: &bound_to };
        // Encrypting in memory fails only for texts of many gigabytes; an empty text is never readable again.
        let text = XChaCha20Poly1305::new(&self.current).encrypt(&nonce, payload).unwrap_or_default();
        StoredToken { hash: token.hash(), sealed: [nonce.as_slice(), &text].concat() }
    }

    /// Reads a stored token back.
    pub(crate) fn open(&self, widget: WidgetId, sealed: &[u8]) -> Result<EmbedToken, Unreadable> {
        let (nonce, text) = sealed.split_at_checked(NONCE_BYTES).ok_or(Unreadable)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| Unreadable)?;
        let bound_to = widget.as_uuid().into_bytes();
        // The cipher authenticates, so no wrong key yields a text.
        let decrypt = |key| {
            let payload = Payload { msg: text, aad: &bound_to };
            XChaCha20Poly1305::new(key).decrypt(&nonce, payload).ok()
        };
        let plain = self.all.iter().find_map(decrypt).ok_or(Unreadable)?;
        let plain = String::from_utf8(plain).map_err(|_| Unreadable)?;
        EmbedToken::parse(&plain).map_err(|_| Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use chatloom_testkit::entropy::SeededEntropy;
    use uuid::Uuid;

    use super::*;

    fn keys(secrets: &SecretRing) -> SealingKeys {
        SealingKeys::derive(secrets, Arc::new(SeededEntropy::new(1)))
    }

    #[test]
    fn a_sealed_token_opens_only_with_its_key_and_for_its_widget() {
        let key = keys(&SecretRing::of(&[1; 32]));
        let widget = WidgetId::from_uuid(Uuid::from_u128(1));
        let token = EmbedToken::new([7; 32]);
        let stored = key.seal(widget, &token);
        assert!(stored.hash == token.hash());
        assert_eq!(key.open(widget, &stored.sealed).unwrap().reveal(), token.reveal());

        let other_widget = WidgetId::from_uuid(Uuid::from_u128(2));
        assert_eq!(key.open(other_widget, &stored.sealed).err(), Some(Unreadable));
        let other_key = keys(&SecretRing::of(&[2; 32]));
        assert_eq!(other_key.open(widget, &stored.sealed).err(), Some(Unreadable));
        assert_eq!(key.open(widget, b"short").err(), Some(Unreadable));
    }

    #[test]
    fn after_a_rotation_old_tokens_open_and_new_ones_need_the_new_key() {
        let (old, new) = (keys(&SecretRing::of(&[1; 32])), keys(&SecretRing::of(&[2; 32])));
        let both = keys(&SecretRing::new(&[2; 32], &[&[1; 32]]).unwrap());
        let widget = WidgetId::from_uuid(Uuid::from_u128(1));
        let token = EmbedToken::new([7; 32]);
        assert_eq!(both.open(widget, &old.seal(widget, &token).sealed).unwrap().reveal(), token.reveal());
        let stored = both.seal(widget, &token);
        assert_eq!(new.open(widget, &stored.sealed).unwrap().reveal(), token.reveal());
        assert_eq!(old.open(widget, &stored.sealed).err(), Some(Unreadable));
    }
}
