//! Key sets (RFC 7517): the public keys that can check signatures, and nothing else of what a set may hold.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// A provider has one key or a few; a set of more is a mistake, and would make each look-up slow.
const MAX_KEYS: usize = 100;

/// The sizes of an RSA modulus in bytes that are accepted: 2048 bits at least (RFC 7518, section 3.3), and no more than
/// can be checked quickly.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// The document is no key set.
#[derive(Debug, Error)]
pub(super) enum KeySetFault {
    #[error("the document is no JSON Web Key Set")]
    Malformed(#[source] serde_json::Error),
    #[error("the key set has more than 100 keys")]
    TooMany,
}

/// The usable keys of a set.
#[derive(Default)]
pub(super) struct KeySet(Vec<Key>);

struct Key {
    id: String,
    /// What its kind can do.
    algorithms: &'static [Algorithm],
    /// What it is restricted to, if it is.
    only: Option<Algorithm>,
    public: DecodingKey,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a set. Keys that are not for signatures, of other kinds, too weak or malformed are left out, as RFC 7517
    /// section 5 wants it.
    pub(super) fn parse(document: &[u8]) -> Result<Self, KeySetFault> {
        let Document { keys } = serde_json::from_slice(document).map_err(KeySetFault::Malformed)?;
        if keys.len() > MAX_KEYS {
            return Err(KeySetFault::TooMany);
        }
        let keys = keys.into_iter().filter_map(|key| Key::of(&serde_json::from_value(key).ok()?));
        Ok(Self(keys.collect()))
    }

    /// The key of this name that can check this algorithm.
    pub(super) fn find(&self, id: &str, algorithm: Algorithm) -> Option<&DecodingKey> {
        let fits = |key: &&Key| {
            key.id == id
                && key.algorithms.contains(&algorithm)
                && key.only.is_none_or(|only| only == algorithm)
        };
        self.0.iter().find(fits).map(|key| &key.public)
    }
}

impl Key {
    fn of(jwk: &Jwk) -> Option<Self> {
        let common = &jwk.common;
        let may_sign = common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
        let may_verify = |operations: &Vec<KeyOperations>| operations.contains(&KeyOperations::Verify);
        if !may_sign || !common.key_operations.as_ref().is_none_or(may_verify) {
            return None;
        }
        let only = match common.key_algorithm {
            None => None,
            Some(algorithm) => Some(Algorithm::try_from(algorithm).ok()?),
        };
        let algorithms = algorithms_of(&jwk.algorithm)?;
        let public = DecodingKey::from_jwk(jwk).ok()?;
        Some(Self { id: common.key_id.clone()?, algorithms, only, public })
    }
}

/// What a key can be used for, if its parameters have the sizes that its kind asks for. The library checks these late
/// or never.
fn algorithms_of(parameters: &AlgorithmParameters) -> Option<&'static [Algorithm]> {
    let size = |text: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some((bytes.len(), bytes.iter().skip_while(|byte| **byte == 0).count()))
    };
    let is_exactly = |text: &str, bytes: usize| size(text).is_some_and(|(length, _)| length == bytes);
    match parameters {
        AlgorithmParameters::RSA(rsa) => {
            let (_, significant) = size(&rsa.n)?;
            RSA_BYTES.contains(&significant).then_some(&[
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ])
        }
        AlgorithmParameters::EllipticCurve(point) => {
            let (bytes, algorithms): (_, &[Algorithm]) = match point.curve {
                EllipticCurve::P256 => (32, &[Algorithm::ES256]),
                EllipticCurve::P384 => (48, &[Algorithm::ES384]),
                _ => return None,
            };
            (is_exactly(&point.x, bytes) && is_exactly(&point.y, bytes)).then_some(algorithms)
        }
        AlgorithmParameters::OctetKeyPair(pair) => {
            let is_key = pair.curve == EllipticCurve::Ed25519 && is_exactly(&pair.x, 32);
            is_key.then_some(&[Algorithm::EdDSA])
        }
        _ => None,
    }
}
