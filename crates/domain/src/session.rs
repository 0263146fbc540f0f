//! A visitor's chat session.

use thiserror::Error;

use crate::Timestamp;
use crate::id::{SessionId, WidgetId};
use crate::proof::VisitorSubject;
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
    /// Who proved to be the visitor when it was opened; `None` if nobody proved anything.
    pub subject: Option<VisitorSubject>,
    /// Hash of the session's secret; a session made with one can be used only with it.
    pub secret_hash: Option<SecretHash>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A proven visitor's session, as they find it again on another device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionSummary {
    /// The session's id.
    pub id: SessionId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its visitor last wrote, or opened it.
    pub last_active_at: Timestamp,
}

/// The sessions of a widget that are to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionsOf {
    /// This one.
    Session(SessionId),
    /// All with this self-asserted label.
    Visitor(VisitorId),
    /// All that this proven visitor opened.
    Subject(VisitorSubject),
}

impl ChatSession {
    /// Whether someone who presents `secret` and has proved to be `subject` may use the session as one of `widget_id`.
    ///
    /// A proven visitor's session opens to their proof or to its secret, and without a secret to the proof alone. It
    /// opens to nobody who proves to be another one, whatever secret they found in a shared browser. A session that was
    /// opened without a proof opens as if there were none: a proof never takes over what somebody may have begun under
    /// the visitor's name (the "pre-claimed address" of GHSA-rfh4-6ghv-m2rr).
    pub fn opens_to(
        &self,
        widget_id: WidgetId,
        secret: Option<&SecretHash>,
        subject: Option<&VisitorSubject>,
    ) -> bool {
        let opens_by_secret = match (&self.secret_hash, secret) {
            (None, _) => self.subject.is_none(),
            (Some(_), None) => false,
            (Some(own), Some(given)) => own.matches(given),
        };
        let opens = match (&self.subject, subject) {
            (Some(own), Some(proven)) => own == proven,
            (_, None) | (None, Some(_)) => opens_by_secret,
        };
        self.widget_id == widget_id && opens
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::token::SessionSecret;

    fn widget(n: u128) -> WidgetId {
        WidgetId::from_uuid(Uuid::from_u128(n))
    }

    fn subject(name: &str) -> VisitorSubject {
        VisitorSubject::parse(name).unwrap()
    }

    /// Who gets in: nobody in particular, with the secret, with another one, with a proof, with another's, with another's
    /// proof and the secret, with the proof and another secret.
    fn doors(subject_of_session: Option<&str>, has_secret: bool) -> [bool; 7] {
        let (own, other) = (SessionSecret::new([1; 32]).hash(), SessionSecret::new([2; 32]).hash());
        let session = ChatSession {
            id: SessionId::from_uuid(Uuid::from_u128(7)),
            widget_id: widget(1),
            visitor_id: Some(VisitorId::parse("ada").unwrap()),
            subject: subject_of_session.map(subject),
            secret_hash: has_secret.then_some(own),
            created_at: Timestamp::UNIX_EPOCH,
        };
        let (ada, eve) = (subject("ada"), subject("eve"));
        let callers = [
            (None, None),
            (Some(&own), None),
            (Some(&other), None),
            (None, Some(&ada)),
            (None, Some(&eve)),
            (Some(&own), Some(&eve)),
            (Some(&other), Some(&ada)),
        ];
        callers.map(|(secret, subject)| {
            assert!(!session.opens_to(widget(2), secret, subject), "another widget's");
            session.opens_to(widget(1), secret, subject)
        })
    }

    #[test]
    fn a_proven_session_opens_to_its_visitor_or_its_secret_and_never_to_another_visitor() {
        assert_eq!(doors(Some("ada"), true), [false, true, false, true, false, false, true]);
        assert_eq!(doors(Some("ada"), false), [false, false, false, true, false, false, true]);
    }

    #[test]
    fn a_proof_neither_opens_nor_closes_a_session_that_was_opened_without_one() {
        assert_eq!(doors(None, true), [false, true, false, false, false, true, false]);
        assert_eq!(doors(None, false), [true; 7]);
    }
}
