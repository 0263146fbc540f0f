//! Signs and checks the dashboard's JWTs (RFC 7519) with HS256 and nothing else; and, apart from that, checks those of
//! identity providers ([`IdentityVerifier`]) and visitors' proofs of identity ([`VisitorProofs`]).
//!
//! A token of ours is a handle to a session in the database, so everything here decides only whether a token is one that
//! this installation wrote and that is valid at a given time. Rights are looked up elsewhere, on every request.

mod claims;
mod identity;
mod keys;
mod proofs;

use chatloom_domain::Timestamp;
use chatloom_ports::environment::{AccessClaims, AccessTokenSigner, InvalidAccessToken, SigningError};
use chatloom_ports::secret_ring::SecretRing;
use jsonwebtoken::{Algorithm, Validation};

pub use identity::{IdentityProviderConfig, IdentityVerifier, SigningAlgorithm};
pub use proofs::VisitorProofs;

use crate::claims::Claims;
use crate::keys::Keys;

/// Our tokens have about 450 bytes; anything much longer is refused before it is decoded.
const MAX_TOKEN_BYTES: usize = 2048;

/// Signs access tokens with the current secret, and checks them with every secret of the ring.
pub struct JwtSigner {
    keys: Keys,
    validation: Validation,
    issuer: String,
}

impl JwtSigner {
    /// A signer for the secrets and the name of this installation, which becomes `iss`.
    pub fn new(secrets: &SecretRing, issuer: &str) -> Self {
        Self { keys: Keys::of(secrets), validation: signature_only(), issuer: issuer.to_owned() }
    }
}

/// Lets the library check the signature and the algorithm, and leaves the claims to us.
///
/// The library's own claim checks read the system's clock, skip claims that are absent, and before 10.3 also those
/// of a wrong type (CVE-2026-25537).
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

impl AccessTokenSigner for JwtSigner {
    fn sign(&self, claims: &AccessClaims) -> Result<String, SigningError> {
        let claims = Claims::of(claims, &self.issuer);
        let (header, key) = self.keys.signing();
        jsonwebtoken::encode(header, &claims, key).map_err(|error| SigningError(Box::new(error)))
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, InvalidAccessToken> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(InvalidAccessToken);
        }
        let header = token.split('.').next().unwrap_or_default();
        let decode = |key| jsonwebtoken::decode::<Claims>(token, key, &self.validation).ok();
        let decoded = self.keys.checking(header).find_map(decode).ok_or(InvalidAccessToken)?;
        decoded.claims.check(&self.issuer, now).ok_or(InvalidAccessToken)
    }
}
