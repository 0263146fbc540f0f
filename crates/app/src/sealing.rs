//! Encrypts embed tokens and identity secrets at rest, so that a read-only leak of the database neither spends every
//! team's budget nor lets anybody be any of their visitors.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use chatloom_domain::id::WidgetId;
use chatloom_domain::token::{EmbedToken, IdentitySecret};
use chatloom_ports::environment::Entropy;
use chatloom_ports::secret_ring::SecretRing;
use chatloom_ports::store::widgets::StoredToken;
use thiserror::Error;

const NONCE_BYTES: usize = 24;

/// The purposes under which the keys are derived from the installation's secrets.
const EMBED_TOKENS: &str = "chatloom embed token v1";
const IDENTITY_SECRETS: &str = "chatloom identity secret v1";

/// What is stored was encrypted with a secret that is not in the ring, for another widget, or is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("what is stored cannot be decrypted")]
pub(crate) struct Unreadable;

/// Encrypts texts with the current key of a purpose and decrypts them with any, each bound to its widget.
#[derive(Clone)]
struct Cipher {
    current: Key,
    /// The current one first.
    all: Arc<[Key]>,
    entropy: Arc<dyn Entropy>,
}

impl Cipher {
    fn derive(secrets: &SecretRing, purpose: &str, entropy: Arc<dyn Entropy>) -> Self {
        let all = secrets.derive_all(purpose).into_iter().map(Key::from).collect();
        Self { current: Key::from(secrets.derive(purpose)), all, entropy }
    }

    /// A random nonce followed by the encrypted text.
    fn seal(&self, widget: WidgetId, text: &str) -> Vec<u8> {
        // A nonce of 192 bits may be drawn at random for as long as the key lives.
        let mut nonce = XNonce::default();
        nonce.copy_from_slice(&self.entropy.secret()[..NONCE_BYTES]);
        let bound_to = widget.as_uuid().into_bytes();
        let payload = Payload { msg: text.as_bytes(), aad: &bound_to };
        // Encrypting in memory fails only for texts of many gigabytes; an empty text is never readable again.
        let text = XChaCha20Poly1305::new(&self.current).encrypt(&nonce, payload).unwrap_or_default();
        [nonce.as_slice(), &text].concat()
    }

    fn open(&self, widget: WidgetId, sealed: &[u8]) -> Result<String, Unreadable> {
        let (nonce, text) = sealed.split_at_checked(NONCE_BYTES).ok_or(Unreadable)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| Unreadable)?;
        let bound_to = widget.as_uuid().into_bytes();
        // The cipher authenticates, so no wrong key yields a text.
        let decrypt = |key| {
            let payload = Payload { msg: text, aad: &bound_to };
            XChaCha20Poly1305::new(key).decrypt(&nonce, payload).ok()
        };
        let plain = self.all.iter().find_map(decrypt).ok_or(Unreadable)?;
        String::from_utf8(plain).map_err(|_| Unreadable)
    }
}

/// Encrypts and decrypts embed tokens.
#[derive(Clone)]
pub(crate) struct SealingKeys(Cipher);

impl SealingKeys {
    /// Derives the keys from the installation's secrets.
    pub(crate) fn derive(secrets: &SecretRing, entropy: Arc<dyn Entropy>) -> Self {
        Self(Cipher::derive(secrets, EMBED_TOKENS, entropy))
    }

    /// The token as it is stored: its hash, and the encrypted text.
    pub(crate) fn seal(&self, widget: WidgetId, token: &EmbedToken) -> StoredToken {
        StoredToken { hash: token.hash(), sealed: self.0.seal(widget, token.reveal()) }
    }

    /// Reads a stored token back.
    pub(crate) fn open(&self, widget: WidgetId, sealed: &[u8]) -> Result<EmbedToken, Unreadable> {
        EmbedToken::parse(&self.0.open(widget, sealed)?).map_err(|_| Unreadable)
    }
}

/// Encrypts and decrypts identity secrets.
#[derive(Clone)]
pub(crate) struct IdentitySealingKeys(Cipher);

impl IdentitySealingKeys {
    /// Derives the keys from the installation's secrets.
    pub(crate) fn derive(secrets: &SecretRing, entropy: Arc<dyn Entropy>) -> Self {
        Self(Cipher::derive(secrets, IDENTITY_SECRETS, entropy))
    }

    /// The secret as it is stored.
    pub(crate) fn seal(&self, widget: WidgetId, secret: &IdentitySecret) -> Vec<u8> {
        self.0.seal(widget, secret.reveal())
    }

    /// Reads a stored secret back.
    pub(crate) fn open(&self, widget: WidgetId, sealed: &[u8]) -> Result<IdentitySecret, Unreadable> {
        IdentitySecret::parse(&self.0.open(widget, sealed)?).map_err(|_| Unreadable)
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
    #[test]
    fn a_sealed_identity_secret_opens_for_its_widget_and_with_its_own_keys_alone() {
        let (ring, entropy) = (SecretRing::of(&[1; 32]), Arc::new(SeededEntropy::new(1)));
        let keys = IdentitySealingKeys::derive(&ring, entropy.clone());
        let widget = WidgetId::from_uuid(Uuid::from_u128(1));
        let secret = IdentitySecret::new([7; 32]);
        let sealed = keys.seal(widget, &secret);
        assert_eq!(keys.open(widget, &sealed).unwrap().reveal(), secret.reveal());
        assert!(keys.open(WidgetId::from_uuid(Uuid::from_u128(2)), &sealed).is_err());
        let other = IdentitySealingKeys::derive(&SecretRing::of(&[2; 32]), entropy);
        assert!(other.open(widget, &sealed).is_err());
        // The embed token's key is another one of the same ring.
        assert!(SealingKeys::derive(&ring, Arc::new(SeededEntropy::new(1))).0.open(widget, &sealed).is_err());
    }
}
