//! What a team decides over its widgets' visitors: how they prove who they are, and that their conversations are erased.

use std::sync::Arc;

use async_trait::async_trait;
use chatloom_domain::audit::{Actor, AuditAction, AuditObject, AuditRecord};
use chatloom_domain::feedback::{RatedAnswer, Rating};
use chatloom_domain::id::{MessageId, WidgetId};
use chatloom_domain::proof::VisitorSubject;
use chatloom_domain::session::{SessionsOf, VisitorId};
use chatloom_domain::team::TeamMember;
use chatloom_domain::token::{Grace, IdentitySecret};
use chatloom_ports::dashboard::visitors::{
    ErasureCommand, IdentitySecretState, VisitorAdministration, VisitorAdministrationError,
};
use chatloom_ports::environment::{Clock, Entropy};
use chatloom_ports::store::{IdentityStore, SessionStore, WidgetStore};

use crate::audit;
use crate::retention::CHUNK;
use crate::sealing::IdentitySealingKeys;

/// How much feedback is shown at once: each comes with an answer, which may be long.
const FEEDBACK_PAGE: u32 = 50;

pub(crate) struct VisitorRecords {
    pub(crate) widgets: Arc<dyn WidgetStore>,
    pub(crate) identities: Arc<dyn IdentityStore>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) keys: IdentitySealingKeys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl VisitorRecords {
    /// Makes sure that the widget is one of the member's team: sessions know only their widget.
    async fn find_widget(
        &self,
        member: &TeamMember,
        widget: WidgetId,
    ) -> Result<(), VisitorAdministrationError> {
        let found = self.widgets.find_widget(member.team_id, widget).await?;
        found.map(|_| ()).ok_or(VisitorAdministrationError::WidgetNotFound)
    }

    fn record(&self, actor: &Actor, widget: WidgetId, action: AuditAction) -> AuditRecord {
        let (now, object) = (self.clock.now(), AuditObject::Widget(widget));
        AuditRecord::of(audit::entry(self.entropy.as_ref(), actor, now, action, object))
    }
}

#[async_trait]
impl VisitorAdministration for VisitorRecords {
    async fn rotate_identity_secret(
        &self,
        actor: &Actor,
        widget: WidgetId,
        grace_seconds: Option<i64>,
    ) -> Result<IdentitySecret, VisitorAdministrationError> {
        let grace = grace_seconds.map(Grace::parse).transpose();
        let grace = grace.map_err(VisitorAdministrationError::Grace)?.unwrap_or_default();
        let now = self.clock.now();
        let secret = IdentitySecret::new(self.entropy.secret());
        let sealed = self.keys.seal(widget, &secret);
        let previous_until = grace.end(now);
        let (team, record) =
            (actor.member.team_id, self.record(actor, widget, AuditAction::IdentitySecretRotated));
        let rotated = self
            .identities
            .rotate_identity_secret(team, widget, &sealed, previous_until, now, &record)
            .await?;
        if rotated { Ok(secret) } else { Err(VisitorAdministrationError::WidgetNotFound) }
    }

    async fn identity_secret(
        &self,
        member: &TeamMember,
        widget: WidgetId,
    ) -> Result<IdentitySecretState, VisitorAdministrationError> {
        self.find_widget(member, widget).await?;
        let found = self.identities.find_identity_secrets(member.team_id, widget).await?;
        let stored = found.ok_or(VisitorAdministrationError::NoIdentitySecret)?;
        let now = self.clock.now();
        let previous_until = stored.previous.map(|previous| previous.until).filter(|until| now < *until);
        Ok(IdentitySecretState { made_at: stored.made_at, previous_until })
    }

    async fn feedback(
        &self,
        member: &TeamMember,
        widget: WidgetId,
        rating: Option<Rating>,
        before: Option<MessageId>,
    ) -> Result<Vec<RatedAnswer>, VisitorAdministrationError> {
        self.find_widget(member, widget).await?;
        Ok(self.sessions.list_feedback(widget, rating, before, FEEDBACK_PAGE).await?)
    }

    async fn erase(
        &self,
        actor: &Actor,
        widget: WidgetId,
        command: ErasureCommand,
    ) -> Result<u64, VisitorAdministrationError> {
        let whose = match command {
            ErasureCommand::Session(id) => SessionsOf::Session(id),
            ErasureCommand::Visitor(label) => {
                let label = VisitorId::parse(&label).map_err(VisitorAdministrationError::VisitorId)?;
                SessionsOf::Visitor(label)
            }
            ErasureCommand::Subject(name) => {
                let name = VisitorSubject::parse(&name).map_err(VisitorAdministrationError::Subject)?;
                SessionsOf::Subject(name)
            }
        };
        self.find_widget(&actor.member, widget).await?;
        let record = self.record(actor, widget, AuditAction::VisitorErased);
        let (mut erased, mut told) = (0, record.entries());
        loop {
            let chunk = self.sessions.erase_sessions(widget, &whose, CHUNK, told).await?;
            // It is told once, with the first that goes.
            told = &[];
            erased += chunk;
            if chunk < u64::from(CHUNK) {
                return Ok(erased);
            }
        }
    }
}
