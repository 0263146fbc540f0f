//! The application over stores in memory, with one team, one workflow and one widget.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chatloom_app::{Application, Dependencies, LoadLimits, TurnLimits};
use chatloom_domain::Timestamp;
use chatloom_domain::audit::Actor;
use chatloom_domain::id::{MessageId, SessionId, TeamId, WidgetId};
use chatloom_domain::identity::{Issuer, Subject};
use chatloom_domain::message::Message;
use chatloom_domain::origin::{Origin, Source};
use chatloom_domain::proof::VisitorSubject;
use chatloom_domain::team::{Permission, PersonName, Role, TeamMember, TeamName};
use chatloom_domain::token::IdentitySecret;
use chatloom_domain::turn::TurnEvent;
use chatloom_domain::widget::Widget;
use chatloom_domain::workflow::{AgentInput, ProviderName, Workflow};
use chatloom_ports::chat_model::{ChatModel, Providers};
use chatloom_ports::dashboard::{CreateWidgetCommand, CreateWorkflowCommand, Credentials, RulesInput};
use chatloom_ports::environment::{
    AccessClaims, AccessTokenSigner, Clock, InvalidAccessToken, InvalidIdentity, ProofVerifier, SigningError,
};
use chatloom_ports::identity::{ExternalIdentity, IdentityError, IdentityProviders, KeySetError};
use chatloom_ports::secret_ring::SecretRing;
use chatloom_ports::visitor::{
    OpenSessionCommand, OpenedSession, SendCommand, SessionRequest, TurnStream, VisitorError, VisitorRequest,
};
use chatloom_testkit::contract::Seed;
use chatloom_testkit::{FixedClock, MemoryStores, SeededEntropy, sample};
use futures::StreamExt;
use jiff::SignedDuration;

use crate::model::FedModel;

pub(crate) const EMAIL: &str = "ada@example.com";
pub(crate) const PASSWORD: &str = "correct horse";

/// Writes the claims as they are: what signatures are worth is tested where they are made.
struct PlainSigner;

impl AccessTokenSigner for PlainSigner {
    fn sign(&self, claims: &AccessClaims) -> Result<String, SigningError> {
        let (user, session) = (claims.user_id.as_uuid(), claims.session_id.as_uuid());
        Ok(format!("{user} {session} {} {}", claims.issued_at, claims.expires_at))
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, InvalidAccessToken> {
        use chatloom_domain::id::{AuthSessionId, UserId};
        let parts: Vec<_> = token.split(' ').collect();
        let &[user, session, issued_at, expires_at] = parts.as_slice() else {
            return Err(InvalidAccessToken);
        };
        let claims = AccessClaims {
            user_id: UserId::from_uuid(user.parse().map_err(|_| InvalidAccessToken)?),
            session_id: AuthSessionId::from_uuid(session.parse().map_err(|_| InvalidAccessToken)?),
            issued_at: issued_at.parse().map_err(|_| InvalidAccessToken)?,
            expires_at: expires_at.parse().map_err(|_| InvalidAccessToken)?,
        };
        if claims.expires_at <= now { Err(InvalidAccessToken) } else { Ok(claims) }
    }
}

/// Believes what it is told: `SUBJECT ISSUED_AT TEAM ROLE`, without the last two for nobody's member, or `away` for a
/// provider that cannot be asked. What tokens are worth is tested where they are checked.
struct PlainProvider;

/// How long the plain provider lets a session last.
pub(crate) const EXTERNAL_SESSION: SignedDuration = SignedDuration::from_mins(90);

#[async_trait]
impl IdentityProviders for PlainProvider {
    async fn verify(&self, token: &str, now: Timestamp) -> Result<ExternalIdentity, IdentityError> {
        if token == "away" {
            return Err(IdentityError::Unavailable(KeySetError("connection refused".into())));
        }
        let parts: Vec<_> = token.split(' ').collect();
        let (subject, issued_at, roles) = match parts.as_slice() {
            [subject, issued_at] => (subject, issued_at, BTreeMap::new()),
            [subject, issued_at, team, role] => {
                let team = TeamId::from_uuid(team.parse().unwrap());
                (subject, issued_at, BTreeMap::from([(team, Role::parse(role).unwrap())]))
            }
            _ => return Err(IdentityError::Invalid),
        };
        Ok(ExternalIdentity {
            issuer: Issuer::parse("https://login.example.com").unwrap(),
            subject: Subject::parse(subject).unwrap(),
            email: None,
            first_name: PersonName::parse("Ada").unwrap(),
            last_name: PersonName::parse("Lovelace").unwrap(),
            roles,
            issued_at: issued_at.parse().unwrap(),
            session_ends_at: now + EXTERNAL_SESSION,
        })
    }
}

/// Takes `secret|widget|subject|end` for a proof: what signatures are worth is tested where they are checked.
struct PlainProofs;

impl ProofVerifier for PlainProofs {
    fn is_well_formed(&self, proof: &str) -> bool {
        proof.split('|').count() == 4
    }

    fn verify(
        &self,
        proof: &str,
        secret: &IdentitySecret,
        widget: WidgetId,
        now: Timestamp,
    ) -> Result<VisitorSubject, InvalidIdentity> {
        let parts: Vec<_> = proof.split('|').collect();
        let ends_at: Timestamp = parts[3].parse().map_err(|_| InvalidIdentity)?;
        let is_good = parts[0] == secret.reveal() && parts[1] == widget.to_string() && now < ends_at;
        if is_good {
            VisitorSubject::parse(parts[2]).map_err(|_| InvalidIdentity)
        } else {
            Err(InvalidIdentity)
        }
    }
}

/// A proof as [`PlainProofs`] takes it, good for ten minutes.
pub(crate) fn proof(world: &World, secret: &IdentitySecret, subject: &str) -> String {
    let ends_at = world.clock.now() + SignedDuration::from_mins(10);
    format!("{}|{}|{subject}|{ends_at}", secret.reveal(), world.widget.id)
}

pub(crate) struct World {
    pub(crate) app: Application,
    pub(crate) stores: MemoryStores,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) model: FedModel,
    pub(crate) member: TeamMember,
    /// The member as somebody who changes something.
    pub(crate) actor: Actor,
    pub(crate) widget: Widget,
    pub(crate) workflow: Workflow,
    pub(crate) token: String,
}

pub(crate) fn agent() -> AgentInput {
    AgentInput {
        instructions: "Be kind.".into(),
        provider: "fed".into(),
        model: "fed-1".into(),
        temperature: None,
        max_output_tokens: None,
        history_messages: None,
        fallback: None,
    }
}

pub(crate) fn application(stores: &MemoryStores, clock: &Arc<FixedClock>, model: &FedModel) -> Application {
    application_with(stores, clock, model, SecretRing::of(&[7; 32]))
}

/// The application under other secrets.
pub(crate) fn application_with(
    stores: &MemoryStores,
    clock: &Arc<FixedClock>,
    model: &FedModel,
    secrets: SecretRing,
) -> Application {
    Application::start(Dependencies { secrets, ..dependencies(stores, clock, model) })
}

pub(crate) fn dependencies(stores: &MemoryStores, clock: &Arc<FixedClock>, model: &FedModel) -> Dependencies {
    let provider: Arc<dyn ChatModel> = Arc::new(model.clone());
    Dependencies {
        stores: stores.stores(),
        clock: clock.clone(),
        entropy: Arc::new(SeededEntropy::new(u64::from(clock.now().subsec_nanosecond().unsigned_abs()))),
        signer: Arc::new(PlainSigner),
        identities: Arc::new(PlainProvider),
        proofs: Arc::new(PlainProofs),
        providers: Providers::new([(ProviderName::parse("fed").unwrap(), provider)]),
        secrets: SecretRing::of(&[7; 32]),
        limits: TurnLimits::default(),
        require_allowed_domains: false,
        load: LoadLimits::default(),
        runtime: tokio::runtime::Handle::current(),
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with_domains(&[]).await
    }

    pub(crate) async fn with_domains(domains: &[&str]) -> Self {
        let (stores, clock, model) =
            (MemoryStores::new(), Arc::new(FixedClock::default()), FedModel::default());
        let app = application(&stores, &clock, &model);
        assert!(app.create_first_admin(EMAIL, PASSWORD).await.unwrap());
        let (user, token) = app.access.log_in(EMAIL, PASSWORD, None, sample::caller()).await.unwrap();
        let team = user.memberships[0].team_id;
        let member = app.access.authorize(&Credentials(token.0), team, Permission::Build).await.unwrap();
        assert_eq!(member.role, Role::Admin);
        let actor = Actor { member, caller: sample::caller() };
        stores
            .add_team(stranger().member.team_id, &TeamName::parse("Strangers").unwrap(), sample::at(0))
            .await;
        let command = CreateWorkflowCommand { name: "Support".into(), agent: agent() };
        let workflow = app.workflows.create(&actor, command).await.unwrap();
        let command = CreateWidgetCommand {
            name: "Shop".into(),
            workflow_id: workflow.id,
            customization: BTreeMap::new(),
            allowed_domains: domains.iter().map(|&domain| domain.to_owned()).collect(),
            rules: RulesInput::default(),
        };
        let widget = app.widgets.create(&actor, command).await.unwrap();
        let token = app.widgets.embed_token(&member, widget.id).await.unwrap().reveal().to_owned();
        Self { app, stores, clock, model, member, actor, widget, workflow, token }
    }

    pub(crate) fn visitor(&self, origin: Option<&str>) -> VisitorRequest {
        let page = origin.map(|origin| Source::Page(Origin::parse(origin).unwrap()));
        let source = page.unwrap_or(Source::Unnamed);
        VisitorRequest { token: self.token.clone(), source, identity: None }
    }

    pub(crate) async fn open(&self) -> OpenedSession {
        let command = OpenSessionCommand {
            visitor: self.visitor(None),
            visitor_id: None,
            with_secret: true,
            bot_check: None,
        };
        self.app.visitors.open_session(command).await.unwrap()
    }

    pub(crate) fn request(&self, session: &OpenedSession) -> SessionRequest {
        let secret = session.secret.as_ref().map(|secret| secret.reveal().to_owned());
        SessionRequest { visitor: self.visitor(None), session_id: session.id, secret }
    }

    pub(crate) async fn send(&self, session: &OpenedSession, text: &str) -> Result<TurnStream, VisitorError> {
        self.app.visitors.send(self.message(session, text, None)).await.map(|turn| turn.events)
    }

    pub(crate) fn message(&self, session: &OpenedSession, text: &str, key: Option<&str>) -> SendCommand {
        SendCommand {
            session: self.request(session),
            content: text.to_owned(),
            context: None,
            idempotency_key: key.map(str::to_owned),
        }
    }

    pub(crate) async fn history(&self, session: &OpenedSession) -> Vec<Message> {
        self.history_before(session, None).await
    }

    pub(crate) async fn history_before(
        &self,
        session: &OpenedSession,
        before: Option<MessageId>,
    ) -> Vec<Message> {
        self.app.visitors.history(self.request(session), before).await.unwrap()
    }

    /// The session's messages as `(author, status, content)`, read from the store.
    pub(crate) async fn transcript(&self, session: SessionId) -> Vec<(String, String, String)> {
        let messages = self.stores.stores().sessions.list_messages(session, None, 200).await.unwrap();
        let plain = messages.into_iter().map(|message| {
            (message.author.as_str().to_owned(), message.status.as_str().to_owned(), message.content)
        });
        plain.collect()
    }
}

/// All events to the end of the stream.
pub(crate) async fn events(stream: TurnStream) -> Vec<TurnEvent> {
    stream.map(|event| TurnEvent::clone(&event.event)).collect().await
}

/// Waits, in the runtime's own time, until the condition holds.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..1000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("did not happen: {what}");
}

/// The text of the pieces.
pub(crate) fn text_of(events: &[TurnEvent]) -> String {
    let pieces = events.iter().filter_map(|event| match event {
        TurnEvent::Text(piece) => Some(piece.as_str()),
        _ => None,
    });
    pieces.collect()
}

/// The member with another role.
pub(crate) fn as_role(actor: Actor, role: Role) -> Actor {
    Actor { member: TeamMember { role, ..actor.member }, ..actor }
}

/// A member of a team that owns nothing.
pub(crate) fn stranger() -> Actor {
    let member = TeamMember { user_id: sample::user_id(99), team_id: sample::team_id(99), role: Role::Admin };
    Actor { member, caller: sample::caller() }
}
