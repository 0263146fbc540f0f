//! Chat sessions and their messages.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::AuditEntry;
use chatloom_domain::feedback::{Feedback, RatedAnswer, Rating};
use chatloom_domain::id::{ChallengeId, MessageId, SessionId, WidgetId};
use chatloom_domain::message::Message;
use chatloom_domain::proof::VisitorSubject;
use chatloom_domain::session::{ChatSession, SessionSummary, SessionsOf};
use thiserror::Error;

use super::StoreError;

/// A bot check's challenge that a session is opened with, and that opens no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpentChallenge {
    /// The challenge.
    pub id: ChallengeId,
    /// When it expires; until then it must be remembered.
    pub expires_at: Timestamp,
}

/// Why a session could not be opened.
#[derive(Debug, Error)]
pub enum OpenSessionError {
    /// A session was opened with the challenge already; nothing was written.
    #[error("the challenge has been spent")]
    ChallengeSpent,
    /// The widget is no longer as it was when the request was admitted; nothing was written.
    #[error("the widget has changed")]
    WidgetChanged,
    /// The store failed.
    #[error("could not open a session")]
    Store(#[source] StoreError),
}

impl From<StoreError> for OpenSessionError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Chat sessions and their messages.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Stores a new session and counts it in the widget's statistics of the UTC day.
    /// MUST be refused with `WidgetChanged`, writing nothing, unless the widget is there, active, and of
    /// `widget_version`.
    /// With a challenge, MUST be refused with `ChallengeSpent`, writing nothing, if a session was opened with it
    /// before; of many at once exactly one is opened. A session that is refused spends nothing.
    async fn open_session(
        &self,
        session: &ChatSession,
        widget_version: i64,
        spent: Option<SpentChallenge>,
    ) -> Result<(), OpenSessionError>;

    /// Forgets spent challenges whose `expires_at` is before `expired_before`, and MUST keep the others; gives the
    /// number of the forgotten.
    async fn prune_spent_challenges(&self, expired_before: Timestamp) -> Result<u64, StoreError>;

    /// Finds a session.
    async fn find_session(&self, id: SessionId) -> Result<Option<ChatSession>, StoreError>;

    /// The newest `limit` messages of a session that stand before the message `before` (all, if `None`; none, if
    /// `before` is not a message of the session), oldest first.
    ///
    /// The agent's message of a running turn MUST be among them, with the text that the turn's log holds so far.
    async fn list_messages(
        &self,
        session: SessionId,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError>;

    /// Sets what the visitor thinks of an answer of the session, in the place of what they said before; `None` takes it
    /// away. A turn that runs again forgets it (see `TurnStore::retry_turn`).
    ///
    /// MUST give `false`, writing nothing, unless the message is an answer of the session that is not being written.
    async fn set_feedback(
        &self,
        session: SessionId,
        message: MessageId,
        feedback: Option<Feedback>,
    ) -> Result<bool, StoreError>;

    /// The answers of a widget of which visitors said what they think, of the given rating or of both, that of which it
    /// was said last first (by when that was, then by id, descending): up to `limit` of those that come after the message
    /// `before` (all, if `None`; none, if nothing was said of it, or if it is not of the widget).
    async fn list_feedback(
        &self,
        widget: WidgetId,
        rating: Option<Rating>,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<Vec<RatedAnswer>, StoreError>;

    /// Erases a session with its messages, turns and events; a running turn can write nothing afterwards.
    /// Statistics stay, and what a running turn has reserved of the budgets counts as spent: nobody will know better.
    /// Gives `false` when there is no such session.
    async fn erase_session(&self, id: SessionId) -> Result<bool, StoreError>;

    /// The sessions of a widget that `subject` opened with a proof, that which was written to last first (by when that
    /// was, then by id, descending): up to `limit` of those that come after the session `before` (all, if `None`; none,
    /// if `before` is not one of them).
    ///
    /// MUST NOT give a session that was opened without a proof, whatever its label.
    async fn list_proven_sessions(
        &self,
        widget: WidgetId,
        subject: &VisitorSubject,
        before: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<SessionSummary>, StoreError>;

    /// Erases up to `limit` sessions of a widget, in order of their ids and as [`SessionStore::erase_session`] does, and
    /// gives their number. A self-asserted label MUST NOT name sessions of a proven visitor of the same name, nor the
    /// other way round. MUST write `told` into the audit log in the same transaction if, and only if, a session was erased.
    async fn erase_sessions(
        &self,
        widget: WidgetId,
        whose: &SessionsOf,
        limit: u32,
        told: &[AuditEntry],
    ) -> Result<u64, StoreError>;

    /// Erases up to `limit` sessions that have been kept for longer than their widget's rule says (see
    /// `WidgetRules::retention`), counted from the visitor's last message, or from the opening of a session without any,
    /// to `now`. Gives their number; statistics stay.
    ///
    /// MUST leave sessions alone that have a running turn, and those that somebody else is just writing to; of many
    /// callers at once each session MUST be counted by one.
    async fn erase_outdated_sessions(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Removes what erased conversations have left in the files of the database beside its tables, such as in a
    /// write-ahead log, as far as the database lets us. Gives `false` if somebody was in the way and it is to be tried
    /// again; does nothing if nothing was erased since it last succeeded.
    async fn remove_traces(&self) -> Result<bool, StoreError>;

    /// Deletes up to `limit` sessions that were opened before `opened_before` and have no message; gives their number.
    /// Statistics stay. A session that takes its first message at the same time is left alone, or the message is refused.
    async fn purge_empty_sessions(&self, opened_before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
