//! What visitors do through a widget. One guard stands in front of everything: token, widget, origin,
//! identity, session.

use std::sync::Arc;

use async_trait::async_trait;
use chatloom_domain::feedback::Feedback;
use chatloom_domain::id::{MessageId, SessionId, TurnId};
use chatloom_domain::message::{Message, MessageContent, Question};
use chatloom_domain::page_context::PageContext;
use chatloom_domain::proof::VisitorSubject;
use chatloom_domain::session::{ChatSession, SessionSummary, VisitorId};
use chatloom_domain::token::{EmbedToken, SessionSecret};
use chatloom_domain::turn::{EventId, Fingerprint, IdempotencyClaim, IdempotencyKey};
use chatloom_domain::widget::{AdmissionError, Widget};
use chatloom_ports::environment::{Clock, Entropy};
use chatloom_ports::store::sessions::OpenSessionError;
use chatloom_ports::store::turns::{BeginTurnError, RetryTurnError};
use chatloom_ports::store::widgets::TokenOwner;
use chatloom_ports::store::{SessionStore, StoreError};
use chatloom_ports::visitor::{
    AnsweringTurn, FeedbackCommand, IssuedChallenge, OpenSessionCommand, OpenedSession, SendCommand,
    SessionRequest, TurnStream, VisitorChat, VisitorError, VisitorRequest,
};

use crate::bot_check::BotChecks;
use crate::bursts::Bursts;
use crate::identity::Identities;
use crate::refusals::{contended, not_begun, not_retried, not_shown};
use crate::token_lookups::TokenLookups;
use crate::token_uses::TokenUses;
use crate::turns::{NewMessage, StartError, TurnRunner};

/// The most messages that one page of the history has.
const HISTORY_PAGE: u32 = 200;

/// The most sessions that one page of a proven visitor's has.
const SESSIONS_PAGE: u32 = 50;

/// How often a write is tried anew when the widget changes between its check and the write.
const ADMISSION_ATTEMPTS: usize = 4;

pub(crate) struct Visitors {
    pub(crate) tokens: TokenLookups,
    pub(crate) token_uses: TokenUses,
    pub(crate) bot_checks: BotChecks,
    pub(crate) identities: Identities,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) turns: Arc<TurnRunner>,
    pub(crate) bursts: Bursts,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// Whether a widget without a list of allowed domains is for no site instead of any.
    pub(crate) require_allowed_domains: bool,
}

impl Visitors {
    /// The widget that the request may use.
    async fn admit(&self, request: &VisitorRequest) -> Result<Widget, VisitorError> {
        self.admit_by(&request.token, |widget| widget.admit(&request.source)).await
    }

    /// The widget of the token, if `rule` lets it be used. A token with a wrong checksum is refused without a query.
    async fn admit_by(
        &self,
        token: &str,
        rule: impl FnOnce(&Widget) -> Result<(), AdmissionError> + Send,
    ) -> Result<Widget, VisitorError> {
        let token = EmbedToken::parse(token).map_err(|_| VisitorError::InvalidToken)?;
        let (now, hash) = (self.clock.now(), token.hash());
        let (widget, slot) = match self.tokens.find(&hash).await? {
            None => return Err(VisitorError::InvalidToken),
            Some(TokenOwner::Deleted) => return Err(VisitorError::WidgetGone),
            Some(TokenOwner::Widget(widget, slot)) => (*widget, slot),
        };
        if !slot.is_valid(now) {
            return Err(VisitorError::InvalidToken);
        }
        self.token_uses.note(hash, slot, now);
        match rule(&widget) {
            Ok(()) if self.require_allowed_domains && widget.allowed_domains.is_empty() => {
                Err(VisitorError::OriginNotAllowed)
            }
            Ok(()) => Ok(widget),
            Err(AdmissionError::Inactive) => Err(VisitorError::WidgetGone),
            Err(AdmissionError::OriginNotAllowed) => Err(VisitorError::OriginNotAllowed),
        }
    }

    /// The widget, and who the visitor has proved to be. A proof that does not count is worse than none: the page should
    /// hear of it.
    async fn admit_visitor(
        &self,
        request: &VisitorRequest,
    ) -> Result<(Widget, Option<VisitorSubject>), VisitorError> {
        let widget = self.admit(request).await?;
        let Some(proof) = &request.identity else {
            return Ok((widget, None));
        };
        let subject = self.identities.prove(&widget, proof).await?;
        Ok((widget, Some(subject.ok_or(VisitorError::IdentityInvalid)?)))
    }

    /// The widget and the session that the request may use. Whom the session belongs to is in its `subject`.
    async fn admit_to_session(
        &self,
        request: &SessionRequest,
    ) -> Result<(Widget, ChatSession), VisitorError> {
        let (widget, subject) = self.admit_visitor(&request.visitor).await?;
        let is_proven = subject.is_some();
        let opened = self.open_to(request, &widget, subject.as_ref()).await?;
        if !widget.rules.identity_required {
            return Ok((widget, opened.ok_or(VisitorError::SessionNotFound)?));
        }
        // Without a proof only the secret of a proven session is one. Whatever else is in the way is answered alike, so
        // that the answer tells nothing of the session.
        match opened.filter(|session| session.subject.is_some()) {
            Some(session) => Ok((widget, session)),
            None if is_proven => Err(VisitorError::SessionNotFound),
            None => Err(VisitorError::IdentityRequired),
        }
    }

    /// The session, if it opens to who asks.
    async fn open_to(
        &self,
        request: &SessionRequest,
        widget: &Widget,
        subject: Option<&VisitorSubject>,
    ) -> Result<Option<ChatSession>, StoreError> {
        let secret = request.secret.as_deref().and_then(|text| SessionSecret::parse(text).ok());
        let secret = secret.map(|secret| secret.hash());
        let found = self.sessions.find_session(request.session_id).await?;
        Ok(found.filter(|session| session.opens_to(widget.id, secret.as_ref(), subject)))
    }
}

#[async_trait]
impl VisitorChat for Visitors {
    async fn initialize(&self, request: VisitorRequest) -> Result<Widget, VisitorError> {
        self.admit(&request).await
    }

    async fn hosted_page(&self, token: String) -> Result<Widget, VisitorError> {
        self.admit_by(&token, Widget::admit_to_hosted_page).await
    }

    async fn issue_challenge(&self, request: VisitorRequest) -> Result<IssuedChallenge, VisitorError> {
        let widget = self.admit(&request).await?;
        Ok(self.bot_checks.issue(widget.id))
    }

    async fn open_session(&self, command: OpenSessionCommand) -> Result<OpenedSession, VisitorError> {
        let secret = command.with_secret.then(|| SessionSecret::new(self.entropy.secret()));
        for attempt in 0..ADMISSION_ATTEMPTS {
            let (widget, subject) = self.admit_visitor(&command.visitor).await?;
            if widget.rules.identity_required && subject.is_none() {
                return Err(VisitorError::IdentityRequired);
            }
            let visitor_id = command.visitor_id.as_deref().map(VisitorId::parse).transpose();
            let visitor_id = visitor_id.map_err(VisitorError::VisitorId)?;
            if attempt == 0 {
                self.bursts.count_session(widget.id)?;
            }
            let now = self.clock.now();
            let session = ChatSession {
                id: SessionId::from_uuid(self.entropy.uuid(now)),
                widget_id: widget.id,
                visitor_id,
                subject,
                secret_hash: secret.as_ref().map(SessionSecret::hash),
                created_at: now,
            };
            let spent = widget
                .rules
                .bot_check
                .then(|| self.bot_checks.judge(widget.id, command.bot_check.as_deref()))
                .transpose()?;
            match self.sessions.open_session(&session, widget.version, spent).await {
                Ok(()) => return Ok(OpenedSession { id: session.id, created_at: now, secret }),
                Err(OpenSessionError::WidgetChanged) => {}
                Err(OpenSessionError::ChallengeSpent) => return Err(VisitorError::BotCheckFailed),
                Err(OpenSessionError::Store(error)) => return Err(error.into()),
            }
        }
        Err(contended())
    }

    async fn sessions(
        &self,
        request: VisitorRequest,
        before: Option<SessionId>,
    ) -> Result<Vec<SessionSummary>, VisitorError> {
        let (widget, subject) = self.admit_visitor(&request).await?;
        let subject = subject.ok_or(VisitorError::IdentityRequired)?;
        Ok(self.sessions.list_proven_sessions(widget.id, &subject, before, SESSIONS_PAGE).await?)
    }

    async fn history(
        &self,
        request: SessionRequest,
        before: Option<MessageId>,
    ) -> Result<Vec<Message>, VisitorError> {
        let (_, session) = self.admit_to_session(&request).await?;
        Ok(self.sessions.list_messages(session.id, before, HISTORY_PAGE).await?)
    }

    async fn send(&self, command: SendCommand) -> Result<AnsweringTurn, VisitorError> {
        for attempt in 0..ADMISSION_ATTEMPTS {
            let (widget, session) = self.admit_to_session(&command.session).await?;
            let content = MessageContent::parse(&command.content).map_err(VisitorError::Content)?;
            let page = command.context.as_ref().map(PageContext::parse).transpose();
            let page = page.map_err(VisitorError::Context)?;
            let key = command.idempotency_key.as_deref().map(IdempotencyKey::parse).transpose();
            let key = key.map_err(VisitorError::IdempotencyKey)?;
            if attempt == 0 {
                self.bursts.count_message(&session)?;
            }
            let claim = key.map(|key| IdempotencyClaim { key, fingerprint: Fingerprint::of(&content) });
            let question = widget.rules.apply(Question { content, context: page });
            let message = NewMessage { widget: &widget, session: session.id, question, claim };
            match self.turns.begin(message).await {
                Ok(begun) => return Ok(begun),
                Err(StartError::Store(BeginTurnError::AlreadyBegun(turn))) => {
                    let events = self.turns.watch_again(&session, turn).await.map_err(not_shown)?;
                    return Ok(events.into());
                }
                Err(StartError::Store(BeginTurnError::WidgetChanged)) => {}
                Err(refused) => return Err(not_begun(refused, self.clock.now())),
            }
        }
        Err(contended())
    }

    async fn watch_turn(
        &self,
        request: SessionRequest,
        turn: TurnId,
        position: Option<EventId>,
    ) -> Result<Option<TurnStream>, VisitorError> {
        let (_, session) = self.admit_to_session(&request).await?;
        self.turns.watch(&session, turn, position).await.map_err(not_shown)
    }

    async fn stop_turn(&self, request: SessionRequest, turn: TurnId) -> Result<(), VisitorError> {
        let (_, session) = self.admit_to_session(&request).await?;
        self.turns.stop(session.id, turn).await.map_err(not_shown)
    }

    async fn retry_turn(&self, request: SessionRequest, turn: TurnId) -> Result<AnsweringTurn, VisitorError> {
        for attempt in 0..ADMISSION_ATTEMPTS {
            let (widget, session) = self.admit_to_session(&request).await?;
            if attempt == 0 {
                self.bursts.count_message(&session)?;
            }
            match self.turns.retry(&widget, session.id, turn).await {
                Ok(begun) => return Ok(begun),
                Err(StartError::Store(RetryTurnError::WidgetChanged)) => {}
                Err(refused) => return Err(not_retried(refused, self.clock.now())),
            }
        }
        Err(contended())
    }

    async fn give_feedback(&self, command: FeedbackCommand) -> Result<(), VisitorError> {
        let (_, session) = self.admit_to_session(&command.session).await?;
        let (rating, reason) = (command.rating.as_deref(), command.reason.as_deref());
        let feedback = Feedback::parse(rating, reason, self.clock.now()).map_err(VisitorError::Feedback)?;
        let is_set = self.sessions.set_feedback(session.id, command.message, feedback).await?;
        if is_set { Ok(()) } else { Err(VisitorError::MessageNotFound) }
    }

    async fn erase_session(&self, request: SessionRequest) -> Result<(), VisitorError> {
        let (widget, subject) = self.admit_visitor(&request.visitor).await?;
        // Without the rule that demands a proof: it must not keep anybody from erasing what they wrote before it.
        let opened = self.open_to(&request, &widget, subject.as_ref()).await?;
        let session = opened.ok_or(VisitorError::SessionNotFound)?;
        let erased = self.sessions.erase_session(session.id).await?;
        if erased { Ok(()) } else { Err(VisitorError::SessionNotFound) }
    }
}
