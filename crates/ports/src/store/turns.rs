//! Turns and their sequence-numbered logs.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::id::{ReplicaId, SessionId, TurnId, WidgetId, WorkflowId};
use chatloom_domain::message::{Message, MessageContent};
use chatloom_domain::turn::{LoggedEvent, Turn};
use chatloom_domain::workflow::Workflow;
use thiserror::Error;

use super::StoreError;

/// A visitor's message and the turn that is to answer it.
#[derive(Debug, Clone)]
pub struct NewTurn {
    /// The turn, in state `Running`.
    pub turn: Turn,
    /// The widget that the request was admitted to.
    pub widget_id: WidgetId,
    /// The version of the widget that the request was admitted to.
    pub widget_version: i64,
    /// What the visitor wrote.
    pub content: MessageContent,
}

/// Why a turn could not begin. Nothing was written.
#[derive(Debug, Error)]
pub enum BeginTurnError {
    /// Another turn of the session is running.
    #[error("turn {0} of the session is still running")]
    TurnRunning(TurnId),
    /// There is no such session of the widget.
    #[error("there is no such session")]
    SessionNotFound,
    /// The widget is no longer as it was when the request was admitted.
    #[error("the widget has changed")]
    WidgetChanged,
    /// The store failed.
    #[error("could not begin a turn")]
    Store(#[source] StoreError),
}

impl From<StoreError> for BeginTurnError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// New events of one running turn.
#[derive(Debug, Clone)]
pub struct TurnAppend {
    /// The turn.
    pub turn_id: TurnId,
    /// The generation that the writer owns.
    pub generation: u32,
    /// The events, in order, following what is already in the log; may be empty to renew the lease only.
    pub events: Vec<LoggedEvent>,
}

/// The end of a turn.
#[derive(Debug, Clone)]
pub struct TurnEnd {
    /// The turn in its terminal state; its generation is the one that the writer owns.
    pub turn: Turn,
    /// The replica that ran it.
    pub owner: ReplicaId,
    /// The text of the agent's message: whole, partial or empty, as the state says.
    pub content: String,
    /// The events that are not in the log yet, the terminal one last.
    pub events: Vec<LoggedEvent>,
}

/// What a turn's model needs to know.
#[derive(Debug, Clone)]
pub struct TurnContext {
    /// The workflow as it is now; `None` when it is gone.
    pub workflow: Option<Workflow>,
    /// The newest messages of the session before the turn's own, oldest first, complete and interrupted ones
    /// with text only.
    pub history: Vec<Message>,
}

/// Turns and their logs.
///
/// A write that names a turn's owner and generation MUST have no effect unless the turn is running under both:
/// that fence is what keeps a replica that lost its lease from writing.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait TurnStore: Send + Sync {
    /// Stores the visitor's message, an empty agent's message in status `streaming`, and the running turn, and
    /// counts the visitor's message in the widget's statistics of the UTC day, all or nothing.
    ///
    /// MUST check, in the same transaction, that the session is one of the widget, that the widget is there,
    /// active and of `widget_version`, and that the session has no running turn: of two callers at once exactly
    /// one succeeds. Messages take the session's next two sequence numbers.
    async fn begin_turn(&self, new: &NewTurn) -> Result<(), BeginTurnError>;

    /// The workflow and up to `history_limit` messages before the turn's own.
    async fn load_turn_context(
        &self,
        session: SessionId,
        turn: TurnId,
        workflow: WorkflowId,
        history_limit: u32,
    ) -> Result<TurnContext, StoreError>;

    /// Appends to the logs of many running turns of `owner` and sets all their leases to `lease_until`, in one
    /// transaction. Gives the turns that are no longer running under `owner` and the given generation; nothing
    /// MUST be written for those.
    ///
    /// A caller that was given an error cannot know whether its events were stored. It appends again, beginning with
    /// the same event and followed by whatever has come since, here or in [`TurnStore::finish_turn`]; that MUST
    /// replace what the first attempt stored.
    async fn append_events(
        &self,
        owner: ReplicaId,
        lease_until: Timestamp,
        appends: &[TurnAppend],
    ) -> Result<Vec<TurnId>, StoreError>;

    /// Ends a running turn: writes the state, the agent's message, the last events and the statistics (tokens, and
    /// the agent's message if it has text), and lets the session take a new turn.
    /// MUST give `false` and write nothing when the turn is no longer running under the owner and generation, but
    /// MUST give `true`, and write nothing, when it is already in exactly this terminal state of this generation:
    /// then an earlier attempt was stored whose caller was not told.
    async fn finish_turn(&self, end: &TurnEnd) -> Result<bool, StoreError>;

    /// Breaks off up to `limit` running turns whose lease ended at or before `now` (see `Turn::expire`): the text in
    /// the log becomes the agent's message, and a terminal event follows it in the log. Gives their ids.
    /// A turn that cannot be read MUST NOT keep the others running; it is an error only if none was broken off.
    async fn interrupt_expired_turns(&self, now: Timestamp, limit: u32) -> Result<Vec<TurnId>, StoreError>;

    /// Deletes the logs of turns that ended before `ended_before`; gives the number of turns.
    async fn prune_events(&self, ended_before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
