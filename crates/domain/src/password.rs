//! What a new password must be like.

use thiserror::Error;

use crate::team::Email;

/// Passwords may have 8 to 128 characters of any kind, and are never altered (NIST SP 800-63B, section 3.1.1.2).
const CHARS: std::ops::RangeInclusive<usize> = 8..=128;

/// A password that somebody is about to use. It has no `Debug`, so it cannot slip into a log.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPassword(String);

/// What is wrong with a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NewPasswordError {
    /// Too short or too long.
    #[error("must have 8 to 128 characters")]
    Length,
    /// It is the user's sign-in name, in whatever case.
    #[error("must not be the e-mail address")]
    Email,
    /// It is the one that was there before.
    #[error("must differ from the current password")]
    Unchanged,
}

impl NewPassword {
    /// Takes the text as it is, as the password of the user with this address.
    pub fn parse(input: &str, email: &Email) -> Result<Self, NewPasswordError> {
        if !CHARS.contains(&input.chars().count()) {
            return Err(NewPasswordError::Length);
        }
        if input.trim().to_lowercase() == email.as_str() {
            return Err(NewPasswordError::Email);
        }
        Ok(Self(input.to_owned()))
    }

    /// The password.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_8_to_128_characters_and_is_not_the_address() {
        let email = Email::parse("ada@example.com").unwrap();
        let parse =
            |input: &str| NewPassword::parse(input, &email).map(|password| password.reveal().to_owned());
        for good in ["12345678", " spaces are kept ", "🔑🔑🔑🔑🔑🔑🔑🔑", &"x".repeat(128), "ada@example.co"]
        {
            assert_eq!(parse(good).as_deref(), Ok(good));
        }
        for bad in ["", "1234567", "🔑🔑", &"x".repeat(129)] {
            assert_eq!(parse(bad), Err(NewPasswordError::Length));
        }
        for bad in ["ada@example.com", "ADA@Example.com", " ada@example.com"] {
            assert_eq!(parse(bad), Err(NewPasswordError::Email));
        }
    }
}
