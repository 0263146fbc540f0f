//! Turns and their sequence-numbered logs.

use std::pin::Pin;

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::budget::{MessageQuota, ReachedQuota, Reservation, Shortage};
use chatloom_domain::id::{ReplicaId, SessionId, TurnId, WidgetId, WorkflowId};
use chatloom_domain::message::{Message, Question};
use chatloom_domain::turn::{Fingerprint, IdempotencyClaim, IdempotencyKey, Lease, LoggedEvent, Turn};
use chatloom_domain::workflow::Workflow;
use futures_core::Stream;
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
    /// What the visitor wrote, and what the page said of itself.
    pub question: Question,
    /// The key that the sender gave it, if any.
    pub claim: Option<IdempotencyClaim>,
    /// What it takes of the budgets of widget and team.
    pub reservation: Reservation,
}

/// Why a turn could not begin. Nothing was written.
#[derive(Debug, Error)]
pub enum BeginTurnError {
    /// The message is the repetition of one that began this turn.
    #[error("turn {0} was begun under the same key")]
    AlreadyBegun(TurnId),
    /// The key was used for another message of the session.
    #[error("the key was used for another message")]
    KeyReused,
    /// Another turn of the session is running.
    #[error("turn {0} of the session is still running")]
    TurnRunning(TurnId),
    /// There is no such session of the widget.
    #[error("there is no such session")]
    SessionNotFound,
    /// The widget is no longer as it was when the request was admitted.
    #[error("the widget has changed")]
    WidgetChanged,
    /// A daily budget has no room for the turn.
    #[error("a daily budget is used up")]
    QuotaReached(ReachedQuota),
    /// A daily budget of tokens applies, so the reservation has to be measured.
    #[error("tokens are limited and the reservation is a rough one")]
    NotMeasured {
        /// How many tokens there is room for.
        room: u64,
    },
    /// The store failed.
    #[error("could not begin a turn")]
    Store(#[source] StoreError),
}

impl From<StoreError> for BeginTurnError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Shortage> for BeginTurnError {
    fn from(shortage: Shortage) -> Self {
        match shortage {
            Shortage::Reached(quota) => Self::QuotaReached(quota),
            Shortage::NotMeasured { room } => Self::NotMeasured { room },
        }
    }
}

/// A turn that is to be run again.
#[derive(Debug, Clone, Copy)]
pub struct TurnRetry {
    /// The turn.
    pub turn_id: TurnId,
    /// The session that the request was admitted to.
    pub session_id: SessionId,
    /// The widget that the request was admitted to.
    pub widget_id: WidgetId,
    /// The version of the widget that the request was admitted to.
    pub widget_version: i64,
    /// Who is to run it.
    pub lease: Lease,
    /// What it takes of the budgets of widget and team.
    pub reservation: Reservation,
}

/// A turn that runs again.
#[derive(Debug, Clone)]
pub struct RetriedTurn {
    /// The turn in its new generation.
    pub turn: Turn,
    /// What the visitor wrote, and what the page said of itself.
    pub question: Question,
    /// How many messages are left after this one, where that is limited.
    pub quota: Option<MessageQuota>,
}

/// Why a turn could not be run again. Nothing was written.
#[derive(Debug, Error)]
pub enum RetryTurnError {
    /// There is no such turn of the session.
    #[error("there is no such turn")]
    TurnNotFound,
    /// A turn of the session, this or another one, is running.
    #[error("turn {0} of the session is still running")]
    TurnRunning(TurnId),
    /// The turn has its answer, or is not the session's newest.
    #[error("the turn cannot be run again")]
    NotRetryable,
    /// There is no such session of the widget.
    #[error("there is no such session")]
    SessionNotFound,
    /// The widget is no longer as it was when the request was admitted.
    #[error("the widget has changed")]
    WidgetChanged,
    /// A daily budget has no room for the turn.
    #[error("a daily budget is used up")]
    QuotaReached(ReachedQuota),
    /// A daily budget of tokens applies, so the reservation has to be measured.
    #[error("tokens are limited and the reservation is a rough one")]
    NotMeasured {
        /// How many tokens there is room for.
        room: u64,
    },
    /// The store failed.
    #[error("could not run a turn again")]
    Store(#[source] StoreError),
}

impl From<StoreError> for RetryTurnError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Shortage> for RetryTurnError {
    fn from(shortage: Shortage) -> Self {
        match shortage {
            Shortage::Reached(quota) => Self::QuotaReached(quota),
            Shortage::NotMeasured { room } => Self::NotMeasured { room },
        }
    }
}

/// What became of the request to stop a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopOutcome {
    /// The turn is running; its owner will find the request.
    Requested,
    /// The turn has ended.
    Ended,
    /// There is no such turn of the session.
    NotFound,
}

/// A turn with all that is stored of it.
#[derive(Debug, Clone)]
pub struct TurnLog {
    /// The turn in its current generation.
    pub turn: Turn,
    /// The log of the current generation from its first event, up to the terminal one if the turn has ended; empty when
    /// nothing is stored yet, or not any more.
    pub events: Vec<LoggedEvent>,
    /// The text of the agent's message as it is stored; that of a running turn is in the log.
    pub content: String,
}

/// A place in the log of one generation of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPosition {
    /// The turn.
    pub turn_id: TurnId,
    /// The generation.
    pub generation: u32,
    /// The last event that is known; 0 for none.
    pub seq: u32,
}

/// What a running turn's log holds after a position.
#[derive(Debug, Clone)]
pub struct RunningLog {
    /// The turn.
    pub turn_id: TurnId,
    /// The events after the position, in order; never a terminal one.
    pub events: Vec<LoggedEvent>,
}

/// What other replicas have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnChange {
    /// Logs have grown, or turns have ended.
    Logs,
    /// Somebody wants a turn to stop.
    Stops,
}

/// Wake-ups, not data: one may stand for many changes, come without any, or not come at all.
pub type TurnChanges = Pin<Box<dyn Stream<Item = TurnChange> + Send>>;

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
    /// Stores the visitor's message with what the page said of itself, an empty agent's message in status `streaming`, and the running turn, and
    /// counts the visitor's message in the widget's statistics of the UTC day, all or nothing.
    ///
    /// MUST check, in the same transaction, that the session is one of the widget, that no turn of the session was
    /// begun under the same key, that the widget is there, active and of `widget_version`, and that the session has no
    /// running turn: of two callers at once exactly one succeeds. A known key is told from a running turn: its
    /// repetition finds the turn that it began, running or not. Messages take the session's next two sequence numbers.
    ///
    /// MUST take one message and the reserved tokens from the day's budgets of widget and team in the same transaction, and
    /// be refused when either has no room: of many callers at once no more succeed than there is room for. A rough
    /// reservation MUST be refused where tokens are limited. All other refusals come before these. Gives how many messages
    /// are left after this one, where that is limited.
    async fn begin_turn(&self, new: &NewTurn) -> Result<Option<MessageQuota>, BeginTurnError>;

    /// The turn of the session that was begun under the key, and what it was begun with.
    async fn find_claimed(
        &self,
        session: SessionId,
        key: &IdempotencyKey,
    ) -> Result<Option<(TurnId, Fingerprint)>, StoreError>;

    /// Runs an interrupted or failed turn again (see `Turn::retry`): the generation rises by one, the agent's message
    /// is `streaming` again and keeps its stored text until the new generation ends, and requests to stop are
    /// forgotten, as is what the visitor thinks of that text. It takes from the budgets what a new turn takes.
    ///
    /// MUST check, in the same transaction and of two callers at once for exactly one, what
    /// [`TurnStore::begin_turn`] checks of session, widget and budgets, and that the turn is the session's newest.
    async fn retry_turn(&self, retry: &TurnRetry) -> Result<RetriedTurn, RetryTurnError>;

    /// What the turn of the session answers.
    async fn find_question(&self, session: SessionId, turn: TurnId) -> Result<Option<Question>, StoreError>;

    /// Notes that a running turn is to stop, for its owner to find, and wakes the other replicas.
    async fn request_stop(&self, session: SessionId, turn: TurnId) -> Result<StopOutcome, StoreError>;

    /// The running turns of `owner` that are to stop.
    async fn list_stop_requests(&self, owner: ReplicaId) -> Result<Vec<TurnId>, StoreError>;

    /// A turn of the session with its log.
    async fn find_turn_log(&self, session: SessionId, turn: TurnId) -> Result<Option<TurnLog>, StoreError>;

    /// What the logs of many running turns hold after the given positions. A turn that is not running under the
    /// position's generation MUST be left out: its log has a terminal event, or is gone.
    async fn read_running_logs(&self, positions: &[LogPosition]) -> Result<Vec<RunningLog>, StoreError>;

    /// What others write from now on. The stream ends only with the store.
    fn changes(&self) -> TurnChanges;

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
    /// the agent's message if it has text and none was counted before), and lets the session take a new turn.
    /// A generation that ends without any text leaves the text of an earlier one in the agent's message, which is then
    /// `interrupted`, or `complete` if the turn is completed, as one that was stopped is.
    /// The turn's reservation is given back to the budgets of the day that it was taken from, and the tokens that the turn
    /// used are counted there instead.
    /// MUST give `false` and write nothing when the turn is no longer running under the owner and generation, but
    /// MUST give `true`, and write nothing, when it is already in exactly this terminal state of this generation:
    /// then an earlier attempt was stored whose caller was not told.
    async fn finish_turn(&self, end: &TurnEnd) -> Result<bool, StoreError>;

    /// Breaks off up to `limit` running turns whose lease ended at or before `now` (see `Turn::expire`): the text in
    /// the log becomes the agent's message as with [`TurnStore::finish_turn`], and a terminal event follows it in the log
    /// (see `LoggedEvent::after_loss`). Gives their ids. Nobody knows what they used, so the budgets are told an estimate
    /// (see `Reservation::spent_by`).
    /// A turn that cannot be read MUST NOT keep the others running; it is an error only if none was broken off.
    async fn interrupt_expired_turns(&self, now: Timestamp, limit: u32) -> Result<Vec<TurnId>, StoreError>;

    /// Deletes the logs of turns that ended before `ended_before`; gives the number of turns.
    async fn prune_events(&self, ended_before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
