//! Credentials of the public side: the embed token of a widget, the secret of a chat session, and the key with which a
//! site signs who its visitors are.
//!
//! All are 256 random bits written as text that a scanner can recognise and that garbage cannot imitate, so
//! a malformed one is refused without asking a store. Stores know the first two by their SHA-256 only.

mod credential;
mod grace;

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

use credential::Scheme;
pub use grace::{Grace, GraceError, TokenSlot, WidgetTokens};

/// `clw`: Chatloom widget. The underscore keeps the token one word for a double click.
const EMBED_TOKEN: Scheme = Scheme { prefix: "clw_" };
/// `cls`: Chatloom session. It differs from the widget's prefix so that neither is taken for the other.
const SESSION_SECRET: Scheme = Scheme { prefix: "cls_" };
/// `cli`: Chatloom identity.
const IDENTITY_SECRET: Scheme = Scheme { prefix: "cli_" };

/// The public token that a host page uses to embed a widget: `clw_`, 43 base62 characters (256 bits) and 6
/// base62 characters of CRC-32 over all that precedes them; 53 bytes of ASCII in all.
///
/// It identifies a widget and gives the right to start chats, nothing else. There is no `Display`, and
/// `Debug` prints the type's name only: whoever wants the text says [`EmbedToken::reveal`].
#[derive(Clone, PartialEq, Eq)]
pub struct EmbedToken(String);

impl EmbedToken {
    /// Writes 32 bytes from a cryptographic random source as a token.
    pub fn new(random: [u8; 32]) -> Self {
        Self(EMBED_TOKEN.write(&random))
    }

    /// Accepts exactly the texts that [`EmbedToken::new`] can produce. The length is looked at first, so a
    /// hostile megabyte costs nothing.
    pub fn parse(text: &str) -> Result<Self, EmbedTokenError> {
        if EMBED_TOKEN.accepts(text) { Ok(Self(text.to_owned())) } else { Err(EmbedTokenError) }
    }

    /// The text itself, for the embed code and the wire; never for a log.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The name under which stores know this token.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for EmbedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmbedToken")
    }
}

/// The text is no embed token. It says no more, because every caller answers every cause in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("malformed embed token")]
pub struct EmbedTokenError;

/// SHA-256 of an embed token's text. A store finds a widget by it through a unique index, so that no secret
/// is ever compared character by character and a leaked table opens no widget.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Takes a hash back from a store.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes for a store.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash")
    }
}

/// The secret that proves a visitor began a session: `cls_` and the same body as an [`EmbedToken`], 53 bytes
/// of ASCII.
///
/// It is shown once, when the session is made. It has no equality: what is presented and what is stored meet
/// as [`SecretHash`]es, in constant time.
#[derive(Clone)]
pub struct SessionSecret(String);

impl SessionSecret {
    /// Writes 32 bytes from a cryptographic random source as a secret.
    pub fn new(random: [u8; 32]) -> Self {
        Self(SESSION_SECRET.write(&random))
    }

    /// Accepts exactly the texts that [`SessionSecret::new`] can produce.
    pub fn parse(text: &str) -> Result<Self, SessionSecretError> {
        if SESSION_SECRET.accepts(text) { Ok(Self(text.to_owned())) } else { Err(SessionSecretError) }
    }

    /// The text itself, for the one answer that hands it out; never for a log or a URL.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What a store keeps of this secret.
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret")
    }
}

/// The text is no session secret; to a caller that is the same as a wrong one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("malformed session secret")]
pub struct SessionSecretError;

/// SHA-256 of a session secret's text. Every comparison, `==` too, takes the same time for all inputs; both
/// sides are digests of one length, so no prefix or empty value can pass (CVE-2024-21491 is what happens
/// otherwise).
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Takes a hash back from a store.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes for a store.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both come from the same secret.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other)
    }
}

impl Eq for SecretHash {}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash")
    }
}

/// The secret with which a site signs who its visitors are: `cli_` and the same body as an [`EmbedToken`], 53 bytes of
/// ASCII. The text's bytes are the key of HMAC-SHA256.
///
/// Whoever has it can be any of the widget's proven visitors, so it is shown once and stored encrypted. It has no
/// equality: nobody presents it, it only checks signatures.
#[derive(Clone)]
pub struct IdentitySecret(String);

impl IdentitySecret {
    /// Writes 32 bytes from a cryptographic random source as a secret.
    pub fn new(random: [u8; 32]) -> Self {
        Self(IDENTITY_SECRET.write(&random))
    }

    /// Accepts exactly the texts that [`IdentitySecret::new`] can produce.
    pub fn parse(text: &str) -> Result<Self, IdentitySecretError> {
        if IDENTITY_SECRET.accepts(text) { Ok(Self(text.to_owned())) } else { Err(IdentitySecretError) }
    }

    /// The text itself, for the one answer that hands it out and for checking signatures; never for a log.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdentitySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentitySecret")
    }
}

/// The text is no identity secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("malformed identity secret")]
pub struct IdentitySecretError;
