//! Time, chance, and signatures: what makes runs differ, behind ports so that tests can repeat them.

use chatloom_domain::Timestamp;
use chatloom_domain::id::{AuthSessionId, UserId, WidgetId};
use chatloom_domain::proof::VisitorSubject;
use chatloom_domain::token::IdentitySecret;
use thiserror::Error;

/// Tells the time.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The time now. MUST be cut to whole microseconds, so that a stored time equals the one that was given.
    fn now(&self) -> Timestamp;
}

/// Gives unpredictable bytes. Ids are made of them too (see [`Entropy::uuid`]).
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Entropy: Send + Sync {
    /// 256 bits for a secret. MUST come from the operating system's generator outside of tests.
    fn secret(&self) -> [u8; 32];

    /// A new UUID, version 7 (RFC 9562), whose time part is `now`. MUST be different at every call, and later
    /// calls of one process MUST sort after earlier ones for the same `now`.
    fn uuid(&self, now: Timestamp) -> uuid::Uuid;
}

/// What a dashboard JWT says. It is a handle: everything that gives a right is read from the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessClaims {
    /// Who it was made for (`sub`).
    pub user_id: UserId,
    /// The session it points at (`sid`).
    pub session_id: AuthSessionId,
    /// When it was made (`iat`, `nbf`), whole seconds.
    pub issued_at: Timestamp,
    /// When it ends (`exp`), whole seconds.
    pub expires_at: Timestamp,
}

/// The token is not one of ours, or not valid now. Deliberately without a reason: callers answer all alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("access token is not valid")]
pub struct InvalidAccessToken;

/// The token could not be signed.
#[derive(Debug, Error)]
#[error("could not sign an access token")]
pub struct SigningError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Signs and checks dashboard JWTs.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait AccessTokenSigner: Send + Sync {
    /// Signs the claims with the current key.
    fn sign(&self, claims: &AccessClaims) -> Result<String, SigningError>;

    /// Checks signature, algorithm, type, issuer, audience and times against `now`.
    ///
    /// MUST refuse a token that lacks any of the claims that [`AccessTokenSigner::sign`] writes, or has one of
    /// a wrong type (CVE-2026-25537). Leeway is at most 30 seconds.
    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, InvalidAccessToken>;
}

/// The proof is not one of the site's, or not valid now. Deliberately without a reason: callers answer all alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the proof of identity is not valid")]
pub struct InvalidIdentity;

/// Checks the proofs with which sites say who a visitor is.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait ProofVerifier: Send + Sync {
    /// Whether the text has the form of a proof. It says nothing of its worth; it keeps garbage from costing a query.
    fn is_well_formed(&self, proof: &str) -> bool;

    /// Gives the visitor that a proof for this widget names, if it is signed with `secret` and counts at `now`.
    ///
    /// MUST refuse a proof without an end, or one that ends more than an hour from now or from when it was made. Leeway
    /// is at most 30 seconds.
    fn verify(
        &self,
        proof: &str,
        secret: &IdentitySecret,
        widget: WidgetId,
        now: Timestamp,
    ) -> Result<VisitorSubject, InvalidIdentity>;
}
