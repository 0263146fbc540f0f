//! The installation's secrets, and what makes one too weak to start with.

use std::fmt;

use secrecy::{ExposeSecret, SecretSlice};

use super::ConfigError;

/// RFC 7518, section 3.2: a key for HS256 has at least as many bits as its hash.
const MIN_BYTES: usize = 32;

/// A text over fewer different bytes than this was typed, not drawn: 32 random hexadecimal digits have 13.9 on
/// average, and fewer than eight in less than one of ten thousand draws.
const MIN_DIFFERENT_BYTES: usize = 8;

/// How many previous secrets there may be. Each is tried where the current one does not fit, and more than these are
/// secrets that somebody forgot to remove.
const MAX_PREVIOUS: usize = 4;

/// What example files and tutorials write where a secret belongs.
const EXAMPLES: &[&str] = &[
    "changeme",
    "change-me",
    "change_me",
    "example",
    "secret",
    "password",
    "your-",
    "your_",
    "default",
    "placeholder",
];

/// At least 32 bytes that look random.
#[derive(Clone)]
pub struct JwtSecret(SecretSlice<u8>);

impl JwtSecret {
    /// Checks a secret; the error says what is wrong and reads on after the setting's name.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let bytes = text.as_bytes();
        let lower_case = text.to_ascii_lowercase();
        if EXAMPLES.iter().any(|example| lower_case.contains(example)) {
            return Err(
                "is an example value; use 32 or more random bytes, such as `openssl rand -base64 48` prints",
            );
        }
        if bytes.len() < MIN_BYTES {
            return Err("must have at least 32 bytes, such as `openssl rand -base64 48` prints");
        }
        if different_bytes(bytes) < MIN_DIFFERENT_BYTES || is_repetition(bytes) || counts_up(bytes) {
            return Err("is too easy to guess; use random bytes, such as `openssl rand -base64 48` prints");
        }
        Ok(Self(bytes.to_vec().into()))
    }

    /// Reads the setting; only the embedded default may go without.
    pub(super) fn parse_setting(text: Option<&str>, embedded: bool) -> Result<Option<Self>, ConfigError> {
        match text {
            Some(text) => {
                Self::parse(text).map(Some).map_err(|problem| ConfigError::new("JWT_SECRET", problem))
            }
            None if embedded => Ok(None),
            None => Err(ConfigError::new(
                "JWT_SECRET",
                "must be set when DATABASE_URL is set: 32 or more random bytes",
            )),
        }
    }

    /// Reads the list of secrets that were used before `current`, newest first. They stand on one line, with commas or
    /// spaces between them, or each on a line of its own, where it may have commas and spaces itself.
    pub(super) fn parse_previous(text: &str, current: Option<&Self>) -> Result<Vec<Self>, ConfigError> {
        let refuse = |problem: String| Err(ConfigError::new("JWT_SECRET_PREVIOUS", problem));
        let by_lines = text.contains('\n');
        let is_separator = |c: char| if by_lines { c == '\n' } else { c == ',' || c.is_whitespace() };
        let texts = text.split(is_separator).map(str::trim).filter(|text| !text.is_empty());
        let mut secrets: Vec<Self> = Vec::new();
        for (text, number) in texts.zip(1..) {
            if number > MAX_PREVIOUS {
                return refuse(format!("must have at most {MAX_PREVIOUS} secrets"));
            }
            let secret = match Self::parse(text) {
                Ok(secret) => secret,
                Err(problem) => return refuse(format!("has a secret, number {number}, that {problem}")),
            };
            if current.into_iter().chain(&secrets).any(|other| other.expose() == secret.expose()) {
                return refuse(format!("has a secret, number {number}, that is given more than once"));
            }
            secrets.push(secret);
        }
        Ok(secrets)
    }

    /// The key's bytes.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for JwtSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JwtSecret")
    }
}

fn different_bytes(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    for byte in bytes {
        seen[usize::from(*byte)] = true;
    }
    seen.iter().filter(|seen| **seen).count()
}

/// Whether the text is a shorter one written twice or more, such as `abcdefgh` four times.
fn is_repetition(bytes: &[u8]) -> bool {
    (1..=bytes.len() / 2).any(|period| bytes.iter().zip(&bytes[period..]).all(|(one, other)| one == other))
}

/// Whether most bytes follow their predecessor in the alphabet or on the keyboard's row of digits.
fn counts_up(bytes: &[u8]) -> bool {
    let steps = bytes.windows(2).filter(|pair| pair[1].abs_diff(pair[0]) <= 1).count();
    steps * 2 > bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_secrets_of_every_spelling_are_taken() {
        for good in [
            "f3Jq9vXw2LrT8mZk5NcB7dHs4GyP6aUe",
            "8f1d3a9b07c64e52b1f09d7ac3e85642",
            "tVnP1m0v8+9E4eWc3s0xJg6lC2RmZk1yqH7uB5dYw8Q=",
            "correct horse battery staple, and 7 more words",
        ] {
            assert!(JwtSecret::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn weak_secrets_are_refused_whatever_their_length() {
        for weak in [
            "",
            "short-Zk5NcB7dHs4GyP6aUe",
            "changeme",
            "changeme-changeme-changeme-changeme",
            "my-super-SECRET-key-for-production-2026",
            "your-256-bit-key-goes-here-and-is-long",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "abababababababababababababababababababab",
            "kq3ZxW81kq3ZxW81kq3ZxW81kq3ZxW81",
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "00000000000000000000000000000000000001",
        ] {
            assert!(JwtSecret::parse(weak).is_err(), "{weak}");
        }
    }

    fn previous(text: &str) -> Result<Vec<String>, String> {
        let current = JwtSecret::parse("f3Jq9vXw2LrT8mZk5NcB7dHs4GyP6aUe").unwrap();
        let secrets = JwtSecret::parse_previous(text, Some(&current)).map_err(|error| error.to_string())?;
        let texts = secrets.iter().map(|secret| String::from_utf8(secret.expose().to_vec()).unwrap());
        Ok(texts.collect())
    }

    #[test]
    fn previous_secrets_stand_on_one_line_or_on_a_line_each() {
        let [one, two] = ["8f1d3a9b07c64e52b1f09d7ac3e85642", "tVnP1m0v8+9E4eWc3s0xJg6lC2RmZk1yqH7uB5dYw8Q="];
        let words = "correct horse battery staple, and 7 more words";
        assert_eq!(previous("").unwrap(), Vec::<String>::new());
        for text in [format!("{one},{two}"), format!(" {one} , {two}, "), format!("{one}\t{two}")] {
            assert_eq!(previous(&text).unwrap(), [one, two], "{text}");
        }
        assert_eq!(previous(&format!("{words}\r\n\n{one}\n")).unwrap(), [words, one]);
        assert_eq!(previous(&format!("{words}\n")).unwrap(), [words]);
    }

    #[test]
    fn every_previous_secret_is_checked_and_told_by_its_number() {
        let good = "8f1d3a9b07c64e52b1f09d7ac3e85642";
        let five: Vec<_> = ('a'..='e').map(|c| good.replace('8', &c.to_string())).collect();
        let cases = [
            (format!("{good} changeme"), "number 2, that is an example value"),
            ("short-Zk5NcB7dHs4GyP6aUe".to_owned(), "number 1, that must have at least 32 bytes"),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned(), "number 1, that is too easy to guess"),
            (format!("{good} {good}"), "number 2, that is given more than once"),
            ("f3Jq9vXw2LrT8mZk5NcB7dHs4GyP6aUe".to_owned(), "number 1, that is given more than once"),
            (five.join(","), "must have at most 4 secrets"),
        ];
        for (text, expected) in cases {
            let complaint = previous(&text).unwrap_err();
            assert!(complaint.starts_with("JWT_SECRET_PREVIOUS "), "{complaint}");
            assert!(complaint.contains(expected), "{complaint}");
            assert!(!complaint.contains("Zk5Nc") && !complaint.contains("8f1d"), "{complaint}");
        }
    }

    #[test]
    fn debug_shows_no_byte_of_it() {
        let secret = JwtSecret::parse("f3Jq9vXw2LrT8mZk5NcB7dHs4GyP6aUe").unwrap();
        assert_eq!(format!("{secret:?}"), "JwtSecret");
    }
}
