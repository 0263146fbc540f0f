//! A visitor's chat session.

use thiserror::Error;

use crate::Timestamp;
use crate::id::{SessionId, WidgetId};
use crate::token::SecretHash;

/// A visitor's label, made up by the page: 1 to 128 printable characters.
///
/// It groups statistics. It never opens a session and never brings back history, because anybody can send
/// anybody's label (CVE-2026-4263).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VisitorId(String);

/// The text cannot be a visitor's label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be 1 to 128 printable characters")]
pub struct VisitorIdError;

impl VisitorId {
    /// Checks length and that no control characters are in it.
    pub fn parse(input: &str) -> Result<Self, VisitorIdError> {
        let fits = !input.trim().is_empty()
            && input.len() <= 128 * 4
            && input.chars().count() <= 128
            && !input.chars().any(char::is_control);
        if fits { Ok(Self(input.to_owned())) } else { Err(VisitorIdError) }
    }

    /// The label.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for VisitorId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Pages put e-mail addresses here, so the label is personal data.
        f.write_str("VisitorId")
    }
}

/// A conversation between one visitor and a widget's agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatSession {
    /// The session's id.
    pub id: SessionId,
    /// The widget it belongs to; it survives the rotation of the widget's token.
    pub widget_id: WidgetId,
    /// The visitor's self-asserted label.
    pub visitor_id: Option<VisitorId>,
    /// Hash of the session's secret; a session made with one can be used only with it.
    pub secret_hash: Option<SecretHash>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl ChatSession {
    /// Whether someone who presents `secret` may use the session as one of `widget_id`.
    pub fn opens_to(&self, widget_id: WidgetId, secret: Option<&SecretHash>) -> bool {
        let secret_fits = match (&self.secret_hash, secret) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(given)) => own.matches(given),
        };
        self.widget_id == widget_id && secret_fits
    }
}
