//! Visitors who prove who they are: the site's server signs their name with the widget's identity secret.

use thiserror::Error;

/// A visitor's proven name, `sub` of the proof: 1 to 128 printable characters.
///
/// It is the site's own id of the visitor. It has nothing to do with a [`VisitorId`](crate::session::VisitorId) of the
/// same text, which anybody can make up.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VisitorSubject(String);

/// The text cannot be a visitor's proven name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be 1 to 128 printable characters")]
pub struct VisitorSubjectError;

impl VisitorSubject {
    /// Checks length, that no control characters are in it, and that it is not all spaces. Nothing is trimmed: two
    /// spellings are two visitors.
    pub fn parse(input: &str) -> Result<Self, VisitorSubjectError> {
        let fits = !input.trim().is_empty()
            && input.len() <= 128 * 4
            && input.chars().count() <= 128
            && !input.chars().any(char::is_control);
        if fits { Ok(Self(input.to_owned())) } else { Err(VisitorSubjectError) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for VisitorSubject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Sites put e-mail addresses here, so the name is personal data.
        f.write_str("VisitorSubject")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proven_name_is_kept_as_it_is_or_refused() {
        for good in ["7", "user@example.com", " a b ", &"🙋".repeat(128)] {
            assert_eq!(VisitorSubject::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "  ", "a\u{7}b", "a\nb", "a\u{0}", &"x".repeat(129), &"x".repeat(100_000)] {
            assert_eq!(VisitorSubject::parse(bad), Err(VisitorSubjectError), "{bad:.20}");
        }
        assert_eq!(format!("{:?}", VisitorSubject::parse("ada").unwrap()), "VisitorSubject");
    }
}
