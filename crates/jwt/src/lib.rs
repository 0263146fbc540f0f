//! Signs and checks the dashboard's JWTs (RFC 7519) with HS256 and nothing else.
//!
//! A token is a handle to a session in the database, so everything here decides only whether a token is one that
//! this installation wrote and that is valid at a given time. Rights are looked up elsewhere, on every request.

mod claims;

use chatloom_domain::Timestamp;
use chatloom_ports::environment::{AccessClaims, AccessTokenSigner, InvalidAccessToken, SigningError};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};

use crate::claims::Claims;

/// The first segment of every token that we write: `{"typ":"JWT","alg":"HS256"}`.
///
/// Only this exact segment is accepted. That decides at one stroke over `alg`, over `typ`, and over every header
/// field that could point at another key (`jwk`, `jku`, `x5u`, `x5c`, `kid`) or ask for more (`crit`), and leaves
/// no second spelling of a valid token.
const HEADER_SEGMENT: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9";

/// Our tokens have about 400 bytes; anything much longer is refused before it is decoded.
const MAX_TOKEN_BYTES: usize = 2048;

/// Signs and checks access tokens with one symmetric key.
pub struct JwtSigner {
    signing_key: EncodingKey,
    checking_key: DecodingKey,
    validation: Validation,
    issuer: String,
}

impl JwtSigner {
    /// A signer for the key and the name of this installation, which becomes `iss`.
    ///
    /// The caller vouches for the key: at least 32 random bytes (RFC 7518, section 3.2).
    pub fn new(secret: &[u8], issuer: &str) -> Self {
        Self {
            signing_key: EncodingKey::from_secret(secret),
            checking_key: DecodingKey::from_secret(secret),
            validation: signature_only(),
            issuer: issuer.to_owned(),
        }
    }
}

/// Lets the library check the signature and the algorithm, and leaves the claims to [`Claims::check`].
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
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing_key)
            .map_err(|error| SigningError(Box::new(error)))
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, InvalidAccessToken> {
        let header = token.split('.').next();
        if token.len() > MAX_TOKEN_BYTES || header != Some(HEADER_SEGMENT) {
            return Err(InvalidAccessToken);
        }
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.checking_key, &self.validation)
            .map_err(|_| InvalidAccessToken)?;
        decoded.claims.check(&self.issuer, now).ok_or(InvalidAccessToken)
    }
}
