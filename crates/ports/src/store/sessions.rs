//! Chat sessions and their messages.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::id::{MessageId, SessionId};
use chatloom_domain::message::Message;
use chatloom_domain::session::ChatSession;
use thiserror::Error;

use super::StoreError;

/// Why a session could not be opened.
#[derive(Debug, Error)]
pub enum OpenSessionError {
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
    async fn open_session(&self, session: &ChatSession, widget_version: i64) -> Result<(), OpenSessionError>;

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

    /// Erases a session with its messages, turns and events; a running turn can write nothing afterwards.
    /// Statistics stay, and what a running turn has reserved of the budgets counts as spent: nobody will know better.
    /// Gives `false` when there is no such session.
    async fn erase_session(&self, id: SessionId) -> Result<bool, StoreError>;

    /// Deletes up to `limit` sessions that were opened before `opened_before` and have no message; gives their number.
    /// Statistics stay. A session that takes its first message at the same time is left alone, or the message is refused.
    async fn purge_empty_sessions(&self, opened_before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
