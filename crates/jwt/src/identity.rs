//! Checks tokens of identity providers (RFC 7519, RFC 8725): asymmetric signatures only, with keys from configured
//! addresses.
//!
//! It shares nothing with the check of our own tokens, so neither kind can pass for the other.

mod claims;
mod key_cache;
mod key_set;
mod object;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chatloom_domain::Timestamp;
use chatloom_domain::id::TeamId;
use chatloom_domain::identity::Issuer;
use chatloom_domain::team::{PersonName, Role};
use chatloom_ports::identity::{ExternalIdentity, IdentityError, IdentityProviders, KeySetSource};
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, DecodingKey};

use claims::checked;
use key_cache::KeyCache;
use object::Object;

/// Providers put much into their tokens, but a header of HTTP has to hold them.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The longest name of a key that is looked for.
const MAX_KEY_ID_BYTES: usize = 256;

/// Header fields that name another key or ask for another reading (RFC 7515, section 4.1; RFC 7797; RFC 7516). None of
/// them is ever followed, and a token that has one was made for somebody else or by somebody else.
const REFUSED_FIELDS: [&str; 8] = ["jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"];

/// An asymmetric signature algorithm (RFC 7518, section 3.1; RFC 8037, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigningAlgorithm(pub(crate) Algorithm);

impl SigningAlgorithm {
    /// What a provider may use that nothing is configured for.
    pub const DEFAULT: [Self; 3] = [Self(Algorithm::RS256), Self(Algorithm::ES256), Self(Algorithm::EdDSA)];

    /// All of them, by the names that tokens and settings use.
    pub const NAMES: [&str; 9] =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

    /// Reads a name. Symmetric algorithms and `none` are no names of these.
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.contains(&name).then(|| name.parse().ok().map(Self)).flatten()
    }
}

/// What an operator says about one identity provider.
#[derive(Debug, Clone)]
pub struct IdentityProviderConfig {
    /// What it is called in the settings; stands in for a last name that the provider does not tell.
    pub name: PersonName,
    /// The exact `iss` of its tokens.
    pub issuer: Issuer,
    /// The exact and only `aud` of tokens that are meant for us.
    pub audience: String,
    /// Where its key set is. The caller vouches for the scheme: https, or http on the same machine.
    pub jwks_url: String,
    /// The algorithms that it may sign with.
    pub algorithms: Vec<SigningAlgorithm>,
    /// The claim that lists what the person belongs to.
    pub teams_claim: String,
    /// What each value of that claim stands for. Values that are not here stand for nothing.
    pub teams: BTreeMap<String, (TeamId, Role)>,
    /// How long a dashboard session may last before the provider has to be asked again.
    pub session_lifetime: SignedDuration,
}

/// All configured providers, with the keys that were fetched from them.
pub struct IdentityVerifier {
    providers: BTreeMap<Issuer, Provider>,
    source: Arc<dyn KeySetSource>,
}

struct Provider {
    config: IdentityProviderConfig,
    keys: KeyCache,
}

impl IdentityVerifier {
    /// A verifier for these providers; of two with the same issuer the last one counts. Nothing is fetched yet: a
    /// provider that is down stops no start-up.
    pub fn new(
        configs: impl IntoIterator<Item = IdentityProviderConfig>,
        source: Arc<dyn KeySetSource>,
    ) -> Self {
        let provider = |config: IdentityProviderConfig| {
            let keys = KeyCache::new(&config);
            (config.issuer.clone(), Provider { config, keys })
        };
        Self { providers: configs.into_iter().map(provider).collect(), source }
    }
}

#[async_trait]
impl IdentityProviders for IdentityVerifier {
    async fn verify(&self, token: &str, now: Timestamp) -> Result<ExternalIdentity, IdentityError> {
        let token = Token::read(token).ok_or(IdentityError::Invalid)?;
        // Before the signature only the issuer is looked at, and it decides nothing but who has to have signed.
        let issuer = token.claims.text("iss").and_then(|iss| Issuer::parse(iss).ok());
        let provider = issuer.and_then(|issuer| self.providers.get(&issuer)).ok_or(IdentityError::Invalid)?;
        if !provider.config.algorithms.contains(&SigningAlgorithm(token.algorithm)) {
            return Err(IdentityError::Invalid);
        }
        let key = provider.keys.find(&token.key_id, token.algorithm, self.source.as_ref(), now).await?;
        if !token.is_signed_with(&key) {
            return Err(IdentityError::Invalid);
        }
        checked(&token.claims, &provider.config, now).ok_or(IdentityError::Invalid)
    }
}

/// A token whose parts could be read, and nothing more.
struct Token<'a> {
    algorithm: Algorithm,
    key_id: String,
    claims: Object,
    message: &'a str,
    signature: &'a str,
}

impl<'a> Token<'a> {
    fn read(token: &'a str) -> Option<Self> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        // A fourth segment would stand in the payload, whose alphabet has no full stop.
        let object = |segment: &str| Object::parse(&URL_SAFE_NO_PAD.decode(segment).ok()?);
        let (header, claims) = (object(header)?, object(payload)?);
        let is_jwt = header.get("typ").is_none_or(|typ| {
            // RFC 7519, section 5.1, and RFC 9068, section 2.1.
            let typ = typ.as_str().unwrap_or_default();
            typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("at+jwt")
        });
        if !is_jwt || REFUSED_FIELDS.iter().any(|field| header.get(field).is_some()) {
            return None;
        }
        let algorithm = SigningAlgorithm::parse(header.text("alg")?)?.0;
        let key_id = header.text("kid").filter(|kid| (1..=MAX_KEY_ID_BYTES).contains(&kid.len()))?.to_owned();
        Some(Self { algorithm, key_id, claims, message, signature })
    }

    fn is_signed_with(&self, key: &DecodingKey) -> bool {
        let verdict =
            jsonwebtoken::crypto::verify(self.signature, self.message.as_bytes(), key, self.algorithm);
        verdict.unwrap_or(false)
    }
}
