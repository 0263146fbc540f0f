//! The bot check: a challenge that only this service can make, and a number that takes a browser some work to find.
//!
//! The work is the price of a session. Nobody else is asked, nothing is asked of the visitor, and nothing is stored
//! before a challenge is spent. Who may make challenges is the use cases' affair, who hold the key; here is their form.

mod hex;

use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

use crate::Timestamp;
use crate::id::{ChallengeId, WidgetId};

/// The first byte of every challenge: the form of what follows.
const FORM: u8 = 1;

/// Bytes of a challenge's fields: the form, id, widget, expiry and difficulty, each of a fixed width.
pub const FIELD_BYTES: usize = 1 + 16 + 16 + 8 + 1;

/// Bytes of the code that proves a challenge to be ours.
pub const MAC_BYTES: usize = 32;

/// Characters of a challenge's text, two for each byte of fields and code.
const CHALLENGE_CHARS: usize = 2 * (FIELD_BYTES + MAC_BYTES);

/// The most digits of a number below 2^64.
const NUMBER_DIGITS: usize = 20;

/// What one browser has to solve once, for one widget, in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    /// Different for every challenge; what a store remembers of a spent one.
    pub id: ChallengeId,
    /// The widget whose session it opens.
    pub widget_id: WidgetId,
    /// From when on it opens nothing, in whole seconds.
    pub expires_at: Timestamp,
    /// How many leading bits of the solution's hash must be zero. Each takes twice the work.
    pub difficulty: u8,
}

impl Challenge {
    /// How long a challenge may be solved: long enough to write a first message meanwhile, short enough that solutions
    /// are not worth hoarding.
    pub const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

    /// A new challenge.
    pub fn issue(id: ChallengeId, widget_id: WidgetId, difficulty: u8, now: Timestamp) -> Self {
        let end = now.checked_add(Self::LIFETIME).unwrap_or(Timestamp::MAX);
        let expires_at = Timestamp::from_second(end.as_second()).unwrap_or(Timestamp::MAX);
        Self { id, widget_id, expires_at, difficulty }
    }

    /// Whether it has expired at `now`.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }

    /// The fields for the code over them. Each has its width and its place, so that no two challenges have the same
    /// bytes and no byte can move from one field to the next (CVE-2025-68113).
    pub fn to_bytes(&self) -> [u8; FIELD_BYTES] {
        let mut bytes = [0; FIELD_BYTES];
        bytes[0] = FORM;
        bytes[1..17].copy_from_slice(self.id.as_uuid().as_bytes());
        bytes[17..33].copy_from_slice(self.widget_id.as_uuid().as_bytes());
        bytes[33..41].copy_from_slice(&self.expires_at.as_second().to_be_bytes());
        bytes[41] = self.difficulty;
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&form, rest) = bytes.split_first()?;
        let (id, rest) = rest.split_first_chunk()?;
        let (widget, rest) = rest.split_first_chunk()?;
        let (seconds, rest) = rest.split_first_chunk()?;
        let &[difficulty] = rest else { return None };
        let challenge = Self {
            id: ChallengeId::from_uuid(Uuid::from_bytes(*id)),
            widget_id: WidgetId::from_uuid(Uuid::from_bytes(*widget)),
            expires_at: Timestamp::from_second(i64::from_be_bytes(*seconds)).ok()?,
            difficulty,
        };
        (form == FORM).then_some(challenge)
    }

    /// The challenge as browsers get it: its fields and their code as 148 hexadecimal digits.
    pub fn text(&self, mac: &[u8; MAC_BYTES]) -> String {
        hex::write(&[&self.to_bytes()[..], mac].concat())
    }
}

/// What a browser hands in: a challenge and the number that it has found. Whether the challenge is one of ours, still
/// open and of the right widget is not known yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Solution {
    challenge: Challenge,
    mac: [u8; MAC_BYTES],
    text: String,
}

/// The text is no solution of any challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be a challenge, a full stop and a number")]
pub struct SolutionError;

impl Solution {
    /// Reads `<challenge>.<number>`: 148 lower-case hexadecimal digits, and a decimal number below 2^64 without leading
    /// zeros. The length is looked at first, so garbage costs nothing; and a solution has one spelling only.
    pub fn parse(text: &str) -> Result<Self, SolutionError> {
        if text.len() > CHALLENGE_CHARS + 1 + NUMBER_DIGITS {
            return Err(SolutionError);
        }
        let (challenge, number) = text.split_once('.').ok_or(SolutionError)?;
        if number.parse::<u64>().map(|value| value.to_string()).as_deref() != Ok(number) {
            return Err(SolutionError);
        }
        let bytes: [u8; FIELD_BYTES + MAC_BYTES] = hex::read(challenge).ok_or(SolutionError)?;
        let (fields, mac) = bytes.split_last_chunk().ok_or(SolutionError)?;
        let challenge = Challenge::from_bytes(fields).ok_or(SolutionError)?;
        Ok(Self { challenge, mac: *mac, text: text.to_owned() })
    }

    /// The challenge that it claims to solve.
    pub fn challenge(&self) -> &Challenge {
        &self.challenge
    }

    /// The code that is to prove the challenge ours.
    pub fn mac(&self) -> &[u8; MAC_BYTES] {
        &self.mac
    }

    /// Whether SHA-256 of the whole text begins with as many zero bits as the challenge demands.
    pub fn proves_work(&self) -> bool {
        let hash: [u8; 32] = Sha256::digest(self.text.as_bytes()).into();
        let zero_bytes = hash.iter().take_while(|&&byte| byte == 0).count();
        let next = hash.get(zero_bytes).map_or(0, |byte| byte.leading_zeros());
        zero_bytes * 8 + next as usize >= usize::from(self.challenge.difficulty)
    }
}

impl std::fmt::Debug for Solution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Solution")
    }
}
