//! Driving ports of the public side: what visitors do through a widget, and whether the service is ready.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::budget::{MessageQuota, ReachedQuota};
use chatloom_domain::customization::Data;
use chatloom_domain::feedback::FeedbackError;
use chatloom_domain::id::{MessageId, SessionId, TurnId};
use chatloom_domain::message::{Message, MessageContentError};
use chatloom_domain::origin::Source;
use chatloom_domain::page_context::PageContextError;
use chatloom_domain::session::{SessionSummary, VisitorIdError};
use chatloom_domain::token::{EmbedToken, SessionSecret};
use chatloom_domain::turn::{EventId, IdempotencyKeyError, TurnEvent};
use chatloom_domain::widget::Widget;
use futures_core::Stream;
use thiserror::Error;

use crate::store::StoreError;

/// What every visitor's request presents, not looked at yet. It has no `Debug`, so it cannot slip into a log.
#[derive(Clone)]
pub struct VisitorRequest {
    /// The embed token's text.
    pub token: String,
    /// Where it says it comes from.
    pub source: Source,
    /// The proof of who the visitor is, not looked at yet.
    pub identity: Option<String>,
}

/// A visitor's request for one session.
#[derive(Clone)]
pub struct SessionRequest {
    /// Token and source.
    pub visitor: VisitorRequest,
    /// The session.
    pub session_id: SessionId,
    /// The session's secret, not looked at yet.
    pub secret: Option<String>,
}

/// A session to be opened.
#[derive(Clone)]
pub struct OpenSessionCommand {
    /// Token and source.
    pub visitor: VisitorRequest,
    /// The page's label for the visitor.
    pub visitor_id: Option<String>,
    /// Whether the session is to have a secret.
    pub with_secret: bool,
    /// The solution of a bot check, not looked at yet. Only widgets with the check look at it.
    pub bot_check: Option<String>,
}

/// A bot check's challenge on its way to a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedChallenge {
    /// Its text. The solution is this text, a full stop, and a decimal number.
    pub text: String,
    /// How many leading bits of the solution's SHA-256 must be zero.
    pub difficulty: u8,
    /// From when on it opens nothing.
    pub expires_at: Timestamp,
}

/// A session that was opened.
#[derive(Clone)]
pub struct OpenedSession {
    /// The session's id, made by the server.
    pub id: SessionId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its secret, if it has one. It is shown this once.
    pub secret: Option<SessionSecret>,
}

/// A message to be sent.
#[derive(Clone)]
pub struct SendCommand {
    /// Token, source and session.
    pub session: SessionRequest,
    /// What the visitor wrote, not looked at yet.
    pub content: String,
    /// What the page says of itself, not looked at yet.
    pub context: Option<Data>,
    /// The sender's key for this message, not looked at yet.
    pub idempotency_key: Option<String>,
}

/// What a visitor thinks of an answer, not looked at yet.
#[derive(Clone)]
pub struct FeedbackCommand {
    /// Token, source and session.
    pub session: SessionRequest,
    /// The answer.
    pub message: MessageId,
    /// Whether it helped; `None` takes back what was said before.
    pub rating: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Why a visitor's request is refused. The order of the first six is the order of the checks.
#[derive(Debug, Error)]
pub enum VisitorError {
    /// The embed token is malformed, unknown, or was rotated out.
    #[error("the embed token is not valid")]
    InvalidToken,
    /// The widget is deleted or switched off.
    #[error("the widget is deleted or switched off")]
    WidgetGone,
    /// The page's site may not embed the widget, or the widget has no hosted page.
    #[error("the widget is not allowed on this site")]
    OriginNotAllowed,
    /// The proof of who the visitor is does not count: malformed, expired, or not signed with the widget's secret.
    #[error("the visitor's identity is not proven")]
    IdentityInvalid,
    /// Only visitors who prove who they are may do this.
    #[error("the visitor must prove who they are")]
    IdentityRequired,
    /// The widget demands a solved bot check before a session, and none was given.
    #[error("the widget demands a bot check")]
    BotCheckRequired,
    /// The solution is none, or its challenge is not ours, of another widget, expired or spent: callers answer all
    /// alike.
    #[error("the bot check is not solved")]
    BotCheckFailed,
    /// The session is unknown, of another widget, or was asked for with a wrong secret: callers answer all alike.
    #[error("there is no such session")]
    SessionNotFound,
    /// `visitorId` breaks its rule.
    #[error("visitorId {0}")]
    VisitorId(VisitorIdError),
    /// `content` breaks its rule.
    #[error("content {0}")]
    Content(MessageContentError),
    /// `context` breaks its rule.
    #[error("context {0}")]
    Context(PageContextError),
    /// `Idempotency-Key` breaks its rule.
    #[error("Idempotency-Key {0}")]
    IdempotencyKey(IdempotencyKeyError),
    /// The key was used for another message of the session.
    #[error("the key was used for another message of the session")]
    KeyReused,
    /// The session's last question is still being answered.
    #[error("turn {0} of the session is still running")]
    TurnRunning(TurnId),
    /// There is no such turn of the session.
    #[error("there is no such turn")]
    TurnNotFound,
    /// There is no such answer in the session, or it is still being written.
    #[error("there is no such answer")]
    MessageNotFound,
    /// `rating` or `reason` breaks its rule.
    #[error("{} {}", .0.field(), .0)]
    Feedback(FeedbackError),
    /// The turn has its answer, or is not the session's newest.
    #[error("the turn cannot be run again")]
    NotRetryable,
    /// The model has failed too often just now; nothing was stored.
    #[error("the model has failed too often just now")]
    ModelUnavailable {
        /// When it may be asked again.
        retry_after: Duration,
    },
    /// Session, visitor or widget has sent too much just now; nothing was stored.
    #[error("too many messages or sessions just now")]
    RateLimited(SpentAllowance),
    /// A daily budget has no room for one more turn; nothing was stored.
    #[error("a daily budget is used up")]
    QuotaReached {
        /// Which one.
        quota: ReachedQuota,
        /// When it may be worth trying again.
        retry_after: Duration,
    },
    /// Too many answers are being written; nothing was stored.
    #[error("too many answers are being written just now")]
    Busy,
    /// The service is about to stop and takes no new turns.
    #[error("the service is about to stop")]
    Draining,
    /// The store failed.
    #[error("could not read or write a conversation")]
    Store(#[source] StoreError),
}

impl From<StoreError> for VisitorError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// An allowance per minute that has nothing left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpentAllowance {
    /// Requests in a minute.
    pub limit: u32,
    /// Until the next one is taken.
    pub retry_after: Duration,
    /// When as many as `limit` may come at once again.
    pub whole_at: Timestamp,
}

/// One event of a turn on its way to a viewer.
#[derive(Debug, Clone)]
pub struct StreamedEvent {
    /// The event's name for good.
    pub id: EventId,
    /// What happened.
    pub event: Arc<TurnEvent>,
}

/// A turn's events from its first one on, or from where a viewer wants to go on. Dropping it does not touch the turn.
///
/// A terminal event is the last one. A stream that ends without one means that the viewer should look again.
pub type TurnStream = Pin<Box<dyn Stream<Item = StreamedEvent> + Send>>;

/// A turn that answers a message.
pub struct AnsweringTurn {
    /// Its events.
    pub events: TurnStream,
    /// How many messages are left today, where that is limited; `None` where nothing was begun.
    pub quota: Option<MessageQuota>,
}

impl From<TurnStream> for AnsweringTurn {
    fn from(events: TurnStream) -> Self {
        Self { events, quota: None }
    }
}

/// What visitors do through a widget. Every method checks token, widget, origin, identity and session, in this order.
///
/// A proof that is presented and does not count is refused by every method but [`VisitorChat::initialize`], which has no
/// use for it. Where a widget demands a proof, a session that was opened with one opens to its secret as well.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait VisitorChat: Send + Sync {
    /// The widget as a page needs it when it loads.
    async fn initialize(&self, request: VisitorRequest) -> Result<Widget, VisitorError>;

    /// The widget whose hosted page is asked for, by whoever has the token: the request comes from no page that counts.
    async fn hosted_page(&self, token: String) -> Result<Widget, VisitorError>;

    /// A challenge for the widget's bot check. Widgets without the check give one too: it may be switched on before
    /// the session is opened.
    async fn issue_challenge(&self, request: VisitorRequest) -> Result<IssuedChallenge, VisitorError>;

    /// Opens a session. A widget with the bot check demands a solution, which opens one session only.
    async fn open_session(&self, command: OpenSessionCommand) -> Result<OpenedSession, VisitorError>;

    /// The proven visitor's sessions of the widget, that which was written to last first: up to 50 that come after the
    /// session `before`.
    async fn sessions(
        &self,
        request: VisitorRequest,
        before: Option<SessionId>,
    ) -> Result<Vec<SessionSummary>, VisitorError>;

    /// The newest 200 messages before `before`, oldest first.
    async fn history(
        &self,
        request: SessionRequest,
        before: Option<MessageId>,
    ) -> Result<Vec<Message>, VisitorError>;

    /// Stores the message and begins the turn that answers it. When this returns, the message is safe, and the
    /// turn goes on whether or not anybody watches. A message with a known key is not stored again: the stream is that
    /// of the turn which it began.
    async fn send(&self, command: SendCommand) -> Result<AnsweringTurn, VisitorError>;

    /// Shows a turn of the session after `position`; from its first event without one, or if the position is in an
    /// older generation. `None` when nothing is to come: the log is gone, or the position is at its end.
    async fn watch_turn(
        &self,
        request: SessionRequest,
        turn: TurnId,
        position: Option<EventId>,
    ) -> Result<Option<TurnStream>, VisitorError>;

    /// Asks a turn of the session to stop, wherever it runs; within a second it ends with what it has, as a whole answer
    /// that was stopped. Nothing happens to a turn that has ended.
    async fn stop_turn(&self, request: SessionRequest, turn: TurnId) -> Result<(), VisitorError>;

    /// Runs the session's newest turn again, if it has no answer, and shows it from its new beginning.
    async fn retry_turn(&self, request: SessionRequest, turn: TurnId) -> Result<AnsweringTurn, VisitorError>;

    /// Notes what the visitor thinks of an answer of the session that is not being written any more.
    async fn give_feedback(&self, command: FeedbackCommand) -> Result<(), VisitorError>;

    /// Erases the conversation. A widget that has come to demand proofs still lets a conversation be erased that was begun
    /// without one.
    async fn erase_session(&self, request: SessionRequest) -> Result<(), VisitorError>;
}

/// Why the service should get no traffic.
#[derive(Debug, Error)]
pub enum NotReady {
    /// It is about to stop.
    #[error("the service is about to stop")]
    Draining,
    /// The store does not answer.
    #[error("the store does not answer")]
    Store(#[source] StoreError),
}

/// Whether the service can be used.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Makes a round trip to the store.
    async fn check(&self) -> Result<(), NotReady>;
}

/// The demonstration page's widget, on installations that have one.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DemoSite: Send + Sync {
    /// The widget's current embed token; `None` when somebody deleted the widget.
    async fn embed_token(&self) -> Result<Option<EmbedToken>, StoreError>;
}
