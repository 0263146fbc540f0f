//! Encrypts embed tokens at rest, so that a read-only leak of the database does not spend every team's budget.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use chatloom_domain::id::WidgetId;
use chatloom_domain::token::EmbedToken;
use chatloom_ports::environment::Entropy;
use chatloom_ports::store::widgets::StoredToken;
use hkdf::Hkdf;
use sha2::Sha256;
use thiserror::Error;

const NONCE_BYTES: usize = 24;

/// The stored token was encrypted with another secret, for another widget, or is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the stored embed token cannot be decrypted")]
pub(crate) struct Unreadable;

/// Encrypts and decrypts embed tokens, each bound to its widget.
#[derive(Clone)]
pub(crate) struct SealingKey {
    key: Key,
    entropy: Arc<dyn Entropy>,
}

impl SealingKey {
    /// Derives the key from the installation's secret (HKDF-SHA256, RFC 5869).
    pub(crate) fn derive(secret: &[u8], entropy: Arc<dyn Entropy>) -> Self {
        let mut key = Key::default();
        let derived = Hkdf::<Sha256>::new(None, secret).expand(b"chatloom embed token v1", &mut key);
        debug_assert!(derived.is_ok(), "32 bytes are within the limit of HKDF-SHA256");
        Self { key, entropy }
    }

    /// The token as it is stored: its hash, and a random nonce followed by the encrypted text.
    pub(crate) fn seal(&self, widget: WidgetId, token: &EmbedToken) -> StoredToken {
        // A nonce of 192 bits may be drawn at random for as long as the key lives.
        let mut nonce = XNonce::default();
        nonce.copy_from_slice(&self.entropy.secret()[..NONCE_BYTES]);
        let bound_to = widget.as_uuid().into_bytes();
        let payload = Payload { msg: token.reveal().as_bytes(), aad: &bound_to };
        // Encrypting in memory fails only for texts of many gigabytes; an empty text is never readable again.
        let text = XChaCha20Poly1305::new(&self.key).encrypt(&nonce, payload).unwrap_or_default();
        StoredToken { hash: token.hash(), sealed: [nonce.as_slice(), &text].concat() }
    }

    /// Reads a stored token back.
    pub(crate) fn open(&self, widget: WidgetId, sealed: &[u8]) -> Result<EmbedToken, Unreadable> {
        let (nonce, text) = sealed.split_at_checked(NONCE_BYTES).ok_or(Unreadable)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| Unreadable)?;
        let bound_to = widget.as_uuid().into_bytes();
        let payload = Payload { msg: text, aad: &bound_to };
        let plain = XChaCha20Poly1305::new(&self.key).decrypt(&nonce, payload).map_err(|_| Unreadable)?;
        let plain = String::from_utf8(plain).map_err(|_| Unreadable)?;
        EmbedToken::parse(&plain).map_err(|_| Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use chatloom_testkit::entropy::SeededEntropy;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_sealed_token_opens_only_with_its_key_and_for_its_widget() {
        let entropy = Arc::new(SeededEntropy::new(1));
        let key = SealingKey::derive(&[1; 32], entropy.clone());
        let widget = WidgetId::from_uuid(Uuid::from_u128(1));
        let token = EmbedToken::new([7; 32]);
        let stored = key.seal(widget, &token);
        assert!(stored.hash == token.hash());
        assert_eq!(key.open(widget, &stored.sealed).unwrap().reveal(), token.reveal());

        let other_widget = WidgetId::from_uuid(Uuid::from_u128(2));
        assert_eq!(key.open(other_widget, &stored.sealed).err(), Some(Unreadable));
        let other_key = SealingKey::derive(&[2; 32], entropy);
        assert_eq!(other_key.open(widget, &stored.sealed).err(), Some(Unreadable));
        assert_eq!(key.open(widget, b"short").err(), Some(Unreadable));
    }
}
