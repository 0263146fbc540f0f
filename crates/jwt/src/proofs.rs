//! Proofs of who a visitor is, written by other people's servers with whatever library they have.
//!
//! Nothing is shared with the dashboard's tokens but the algorithm: other keys, another validator, other claims.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chatloom_domain::Timestamp;
use chatloom_domain::id::WidgetId;
use chatloom_domain::proof::VisitorSubject;
use chatloom_domain::token::IdentitySecret;
use chatloom_ports::environment::{InvalidIdentity, ProofVerifier};
use jiff::SignedDuration;
use jsonwebtoken::{DecodingKey, Validation};
use serde::{Deserialize, Deserializer};

use crate::signature_only;

/// A proof of these claims has some 250 bytes, one with a subject of 128 emoji some 1,000.
const MAX_PROOF_BYTES: usize = 2048;

/// How long a proof may count, from now and from when it was made: a page that was saved, or a log that leaked, is worth
/// nothing an hour later.
const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// How far the site's clock and ours may be apart.
const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// Checks proofs that are signed with HS256.
pub struct VisitorProofs {
    validation: Validation,
}

impl VisitorProofs {
    /// A verifier; the secrets come with each proof.
    pub fn new() -> Self {
        Self { validation: signature_only() }
    }
}

impl Default for VisitorProofs {
    fn default() -> Self {
        Self::new()
    }
}

/// All that a header may say. Libraries spell it in many ways, so unlike the dashboard's it is read, and whatever could
/// point at another key (`jwk`, `jku`, `x5u`, `x5c`) or ask for more (`crit`, `b64`, `zip`) is unknown and refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofHeader {
    alg: String,
    #[serde(default, deserialize_with = "present")]
    typ: Option<String>,
    /// Some libraries cannot leave it out. There is one key, so it is not looked at.
    #[serde(default, deserialize_with = "present", rename = "kid")]
    _kid: Option<String>,
}

/// What a proof must and may say; what else it says is not looked at.
#[derive(Deserialize)]
struct ProofClaims {
    sub: String,
    aud: String,
    exp: i64,
    #[serde(default, deserialize_with = "present")]
    iat: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<i64>,
}

/// A value that may be absent and, if it is not, has its type: null is no absence.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl ProofHeader {
    fn is_acceptable(segment: &str) -> bool {
        let bytes = URL_SAFE_NO_PAD.decode(segment).ok();
        let header = bytes.and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        header.is_some_and(|header| header.alg == "HS256" && header.typ.is_none_or(|typ| typ == "JWT"))
    }
}

impl ProofClaims {
    fn check(&self, widget: WidgetId, now: Timestamp) -> Option<VisitorSubject> {
        let expires_at = Timestamp::from_second(self.exp).ok()?;
        let issued_at = self.iat.map(Timestamp::from_second).transpose().ok()?;
        let not_before = self.nbf.map(Timestamp::from_second).transpose().ok()?;
        // Differences, not sums: a time at the edge of the calendar must not overflow.
        let over = now.duration_since(expires_at) > LEEWAY;
        let too_long = expires_at.duration_since(now) > LONGEST_LIFE + LEEWAY
            || issued_at.is_some_and(|issued_at| expires_at.duration_since(issued_at) > LONGEST_LIFE);
        let begun = [issued_at, not_before].iter().flatten().all(|at| at.duration_since(now) <= LEEWAY);
        let holds = self.aud == widget.to_string() && !over && !too_long && begun;
        holds.then(|| VisitorSubject::parse(&self.sub).ok()).flatten()
    }
}

impl ProofVerifier for VisitorProofs {
    fn is_well_formed(&self, proof: &str) -> bool {
        let mut segments = proof.split('.');
        let header = segments.next().unwrap_or_default();
        let rest = [segments.next(), segments.next()];
        proof.len() <= MAX_PROOF_BYTES
            && rest.iter().all(|segment| segment.is_some_and(|segment| !segment.is_empty()))
            && segments.next().is_none()
            && ProofHeader::is_acceptable(header)
    }

    fn verify(
        &self,
        proof: &str,
        secret: &IdentitySecret,
        widget: WidgetId,
        now: Timestamp,
    ) -> Result<VisitorSubject, InvalidIdentity> {
        if !self.is_well_formed(proof) {
            return Err(InvalidIdentity);
        }
        let key = DecodingKey::from_secret(secret.reveal().as_bytes());
        let decoded = jsonwebtoken::decode::<ProofClaims>(proof, &key, &self.validation)
            .map_err(|_| InvalidIdentity)?;
        decoded.claims.check(widget, now).ok_or(InvalidIdentity)
    }
}
