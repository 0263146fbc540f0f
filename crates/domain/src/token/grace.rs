//! What is known of a widget's tokens beside their texts, and how long one may go on after its successor was made.

use std::time::Duration;

use thiserror::Error;

use crate::Timestamp;

/// How long a credential is accepted after another has taken its place: at most 7 days.
///
/// A token that leaked must end at once, which is why nothing is the default. A site that cannot be changed at the same
/// moment gets some time; more than a week would make two tokens the rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grace(u32);

/// The number of seconds is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be from 0 to {} seconds", Grace::MAX_SECONDS)]
pub struct GraceError;

impl Grace {
    /// Seven days.
    pub const MAX_SECONDS: u32 = 7 * 24 * 3600;

    /// Checks the range.
    pub fn parse(seconds: i64) -> Result<Self, GraceError> {
        match u32::try_from(seconds) {
            Ok(seconds) if seconds <= Self::MAX_SECONDS => Ok(Self(seconds)),
            _ => Err(GraceError),
        }
    }

    /// When it ends; `None` where there is none.
    pub fn end(self, now: Timestamp) -> Option<Timestamp> {
        if self.0 == 0 {
            return None;
        }
        now.checked_add(Duration::from_secs(self.0.into())).ok()
    }
}

/// How a token stands to its widget.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenSlot {
    /// Until when it is accepted; `None` for the current token.
    pub valid_until: Option<Timestamp>,
    /// When it was last used, about a minute behind.
    pub last_used_at: Option<Timestamp>,
}

impl TokenSlot {
    /// Whether the token is accepted.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.valid_until.is_none_or(|end| now < end)
    }
}

/// A widget's embed tokens, without their texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WidgetTokens {
    /// When the current token was made; `None` for tokens from before this was kept.
    pub made_at: Option<Timestamp>,
    /// The current token.
    pub current: TokenSlot,
    /// The one before, if it was given a time to go on; that time may be over.
    pub previous: Option<TokenSlot>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grace_has_at_most_a_week_and_none_ends_nothing_later() {
        let now = Timestamp::UNIX_EPOCH;
        let week = i64::from(Grace::MAX_SECONDS);
        assert_eq!(Grace::parse(0).unwrap().end(now), None);
        assert_eq!(Grace::parse(week).unwrap().end(now), Timestamp::from_second(week).ok());
        for seconds in [-1, week + 1, i64::MIN, i64::MAX] {
            assert_eq!(Grace::parse(seconds), Err(GraceError), "{seconds}");
        }
    }

    #[test]
    fn a_token_is_accepted_before_its_end_and_not_at_it() {
        let end = Timestamp::from_second(60).unwrap();
        let slot = TokenSlot { valid_until: Some(end), last_used_at: None };
        assert!(slot.is_valid(Timestamp::from_second(59).unwrap()));
        assert!(!slot.is_valid(end));
        assert!(TokenSlot::default().is_valid(Timestamp::MAX));
    }
}
