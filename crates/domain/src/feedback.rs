//! What a visitor thinks of an answer.

use std::fmt;

use thiserror::Error;

use crate::Timestamp;
use crate::id::{MessageId, SessionId};

/// Whether an answer helped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rating {
    /// It did.
    Good,
    /// It did not.
    Bad,
}

impl Rating {
    /// The name that the API and the databases use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
        }
    }

    /// Reads the name back.
    pub fn parse(input: &str) -> Option<Self> {
        match input {
            "good" => Some(Self::Good),
            "bad" => Some(Self::Bad),
            _ => None,
        }
    }
}

/// Why, in the visitor's words: 1 to 1,000 characters after trimming, without NUL.
#[derive(Clone, PartialEq, Eq)]
pub struct FeedbackReason(String);

/// Why feedback was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FeedbackError {
    /// The rating is none.
    #[error("must be good, bad or null")]
    Rating,
    /// There is nothing that the reason could be for.
    #[error("must not be given without a rating")]
    ReasonWithoutRating,
    /// More than [`FeedbackReason::MAX_CHARS`] characters.
    #[error("must be at most 1000 characters")]
    ReasonTooLong,
    /// PostgreSQL cannot store NUL in a text, and no visitor types it.
    #[error("must not contain NUL")]
    ReasonNul,
}

impl FeedbackError {
    /// The field that was refused, as the API spells it.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Rating => "rating",
            Self::ReasonWithoutRating | Self::ReasonTooLong | Self::ReasonNul => "reason",
        }
    }
}

impl FeedbackReason {
    /// The longest reason, in Unicode scalar values.
    pub const MAX_CHARS: usize = 1_000;

    /// Trims and checks the text; `None` where nothing is left of it.
    pub fn parse(input: &str) -> Result<Option<Self>, FeedbackError> {
        let text = input.trim();
        if text.chars().count() > Self::MAX_CHARS {
            return Err(FeedbackError::ReasonTooLong);
        }
        if text.contains('\0') {
            return Err(FeedbackError::ReasonNul);
        }
        Ok((!text.is_empty()).then(|| Self(text.to_owned())))
    }

    /// The text, trimmed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for FeedbackReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What visitors write must not reach a log through a debug print.
        f.write_str("FeedbackReason")
    }
}

/// What a visitor thinks of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// Whether it helped.
    pub rating: Rating,
    /// Why.
    pub reason: Option<FeedbackReason>,
    /// When the visitor said so.
    pub given_at: Timestamp,
}

impl Feedback {
    /// Checks what a visitor says now; `None` where they take back what they said.
    pub fn parse(
        rating: Option<&str>,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Self>, FeedbackError> {
        let rating = rating.map(|rating| Rating::parse(rating).ok_or(FeedbackError::Rating)).transpose()?;
        let reason = reason.map(FeedbackReason::parse).transpose()?.flatten();
        match (rating, reason) {
            (Some(rating), reason) => Ok(Some(Self { rating, reason, given_at: now })),
            (None, Some(_)) => Err(FeedbackError::ReasonWithoutRating),
            (None, None) => Ok(None),
        }
    }
}

/// An answer of which a visitor said what they think.
#[derive(Clone, PartialEq, Eq)]
pub struct RatedAnswer {
    /// The answer.
    pub message_id: MessageId,
    /// Where it was given.
    pub session_id: SessionId,
    /// What the visitor thinks of it.
    pub feedback: Feedback,
    /// The answer's text; empty where the model gave none.
    pub content: String,
    /// When the answer was begun.
    pub answered_at: Timestamp,
}

impl fmt::Debug for RatedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RatedAnswer")
            .field("message_id", &self.message_id)
            .field("session_id", &self.session_id)
            .field("feedback", &self.feedback)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(rating: Option<&str>, reason: Option<&str>) -> Result<Option<Feedback>, FeedbackError> {
        Feedback::parse(rating, reason, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_rating_may_have_a_reason() {
        let long = "é".repeat(1_000);
        for (reason, expected) in [
            (None, None),
            (Some(""), None),
            (Some(" \n"), None),
            (Some("  Too\nlong "), Some("Too\nlong")),
            (Some(&*long), Some(&*long)),
        ] {
            let feedback = parse(Some("bad"), reason).unwrap().unwrap();
            assert_eq!(feedback.rating, Rating::Bad);
            assert_eq!(feedback.reason.as_ref().map(FeedbackReason::as_str), expected);
        }
        assert_eq!(parse(Some("good"), None).unwrap().unwrap().rating, Rating::Good);
    }

    #[test]
    fn without_a_rating_there_is_nothing() {
        assert_eq!(parse(None, None), Ok(None));
        assert_eq!(parse(None, Some("  ")), Ok(None));
        assert_eq!(parse(None, Some("x")), Err(FeedbackError::ReasonWithoutRating));
    }

    #[test]
    fn what_breaks_a_rule_is_refused_and_its_field_named() {
        for rating in ["", "Good", "great", "null", " good"] {
            assert_eq!(parse(Some(rating), None), Err(FeedbackError::Rating));
        }
        assert_eq!(parse(Some("bad"), Some(&"x".repeat(1_001))), Err(FeedbackError::ReasonTooLong));
        assert_eq!(parse(Some("bad"), Some("a\0b")), Err(FeedbackError::ReasonNul));
        assert_eq!((FeedbackError::Rating.field(), FeedbackError::ReasonNul.field()), ("rating", "reason"));
    }

    #[test]
    fn a_reason_is_not_printed() {
        let feedback = parse(Some("bad"), Some("CANARY")).unwrap();
        assert!(!format!("{feedback:?}").contains("CANARY"));
    }
}
