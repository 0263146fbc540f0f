//! Driven ports to identity providers: who vouches for a person, and where their keys come from.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::id::TeamId;
use chatloom_domain::identity::{Issuer, Subject};
use chatloom_domain::team::{Email, PersonName, Role};
use thiserror::Error;

/// A person as an identity provider vouches for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalIdentity {
    /// Who vouches.
    pub issuer: Issuer,
    /// The person's name there, which nobody else ever gets.
    pub subject: Subject,
    /// An address to show. It proves nothing: no user of ours is found by it.
    pub email: Option<Email>,
    /// First name.
    pub first_name: PersonName,
    /// Last name.
    pub last_name: PersonName,
    /// The teams that the provider puts the person in, each with the highest of the roles that it gives there. None is
    /// a team that the operator has not named for this provider.
    pub roles: BTreeMap<TeamId, Role>,
    /// When the provider said all this (`iat`).
    pub issued_at: Timestamp,
    /// When a dashboard session that is begun now ends, whatever renews it.
    pub session_ends_at: Timestamp,
}

/// Why nobody is vouched for.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// The token is not one of a configured provider, or not valid now. Deliberately without a reason: callers answer
    /// all alike.
    #[error("the identity provider's token is not valid")]
    Invalid,
    /// The provider's keys cannot be fetched, so nobody can tell. Trying again in a minute may help.
    #[error("the identity provider's keys are not available")]
    Unavailable(#[source] KeySetError),
}

/// Checks tokens of the identity providers that the operator has configured.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait IdentityProviders: Send + Sync {
    /// Checks a signed JWT (RFC 7519) of a provider.
    ///
    /// MUST choose the provider by `iss` alone, accept only the asymmetric algorithms that are configured for it and
    /// only keys from its configured address, and refuse a token that lacks `iss`, `aud`, `sub`, `iat` or `exp`, has a
    /// claim of a wrong type or twice, is meant for anybody else too, or is made to live longer than a day. Leeway is
    /// at most 30 seconds.
    async fn verify(&self, token: &str, now: Timestamp) -> Result<ExternalIdentity, IdentityError>;
}

/// A key set could not be fetched.
#[derive(Debug, Error)]
#[error("could not fetch a key set")]
pub struct KeySetError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Fetches key sets.
#[async_trait]
pub trait KeySetSource: Send + Sync {
    /// The document at an address that the operator has configured.
    ///
    /// MUST follow no redirect, give up after a few seconds, take no status but 200, and read at most 256 KiB.
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, KeySetError>;
}
