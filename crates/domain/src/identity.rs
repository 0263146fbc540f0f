//! People whom an identity provider vouches for, instead of a password of ours.

use std::fmt;

use thiserror::Error;

/// The most bytes of an issuer or a subject. OpenID Connect Core, section 2, allows a subject 255.
const MAX_BYTES: usize = 255;

/// The text names no issuer or subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must have 1 to 255 bytes and no control characters")]
pub struct ExternalNameError;

fn parse(input: &str) -> Result<String, ExternalNameError> {
    // Compared byte for byte with what tokens say, so nothing is trimmed or folded.
    let is_name = (1..=MAX_BYTES).contains(&input.len()) && !input.chars().any(char::is_control);
    if is_name { Ok(input.to_owned()) } else { Err(ExternalNameError) }
}

/// An identity provider, as it names itself in `iss` (RFC 7519, section 4.1.1): 1 to 255 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Issuer(String);

impl Issuer {
    /// Checks the name and keeps it as it is.
    pub fn parse(input: &str) -> Result<Self, ExternalNameError> {
        parse(input).map(Self)
    }

    /// The name as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A person, as their identity provider names them in `sub` (RFC 7519, section 4.1.2): 1 to 255 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(String);

impl Subject {
    /// Checks the name and keeps it as it is.
    pub fn parse(input: &str) -> Result<Self, ExternalNameError> {
        parse(input).map(Self)
    }

    /// The name as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may be an address or a name, and must not reach a log through a debug print.
        f.write_str("Subject")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_as_they_are_and_bounded() {
        for good in ["a", " Ada ", "auth0|5f7c8ec7c33c6c004bbafe82", "ä", &"x".repeat(255)] {
            assert_eq!(Subject::parse(good).unwrap().as_str(), good);
            assert_eq!(Issuer::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a\u{0}", "a\nb", &"x".repeat(256)] {
            assert_eq!(Subject::parse(bad), Err(ExternalNameError));
            assert_eq!(Issuer::parse(bad), Err(ExternalNameError));
        }
    }

    #[test]
    fn debug_shows_nobody() {
        assert_eq!(format!("{:?}", Subject::parse("ada@example.com").unwrap()), "Subject");
    }
}
