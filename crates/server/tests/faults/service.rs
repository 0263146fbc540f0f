//! The service that the faults are played to, and visitors who ask.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use chatloom_app::{Application, Dependencies, LoadLimits, TurnLimits};
use chatloom_domain::audit::Actor;
use chatloom_domain::team::Permission;
use chatloom_domain::workflow::{AgentInput, FallbackInput, ProviderName};
use chatloom_http::{HttpConfig, Services};
use chatloom_jwt::{IdentityVerifier, JwtSigner, VisitorProofs};
use chatloom_llm::{HttpClient, HttpClientConfig, ProviderConfig, ProviderKind};
use chatloom_ports::chat_model::Providers;
use chatloom_ports::dashboard::{CreateWidgetCommand, CreateWorkflowCommand, Credentials, RulesInput};
use chatloom_ports::secret_ring::SecretRing;
use chatloom_server::environment::{OsEntropy, SystemClock};
use chatloom_testkit::model_server::ModelServer;
use chatloom_testkit::{MemoryStores, sample};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::fault::{CANARY, Fault};
use crate::seen::Seen;

/// How long a model may take to its first word here, and how long it may be silent afterwards.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// How long a turn may take here.
pub(crate) const WHOLE_TURN: Duration = Duration::from_secs(3);

/// The longest answer here.
pub(crate) const ANSWER_BYTES: usize = 64 * 1024;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
const SECRET: &[u8] = b"f3Jq9vXw2LrT8mZk5NcB7dHs4GyP6aUe";

/// The running service, with one widget for each fault.
pub(crate) struct Service {
    app: Application,
    base_url: String,
    handle: ServerHandle,
    serving: JoinSet<std::io::Result<()>>,
    client: reqwest::Client,
    /// The embed token of each fault's widget.
    tokens: Vec<(String, String)>,
    /// Answers for every provider that cannot.
    _fallback: ModelServer,
}

impl Service {
    pub(crate) async fn start(faults: &[Fault]) -> Self {
        let fallback = ModelServer::start().await;
        let app = application(faults, &fallback);
        let actor = first_admin(&app).await;
        let mut tokens = Vec::new();
        for (number, fault) in faults.iter().enumerate() {
            tokens.push((fault.name.clone(), create_widget(&app, &actor, number, fault).await));
        }
        let (server, base_url) = serve(&app);
        let handle = server.handle();
        let mut serving = JoinSet::new();
        serving.spawn(server);
        Self { app, base_url, handle, serving, client: browser(), tokens, _fallback: fallback }
    }

    /// A visitor with a session at the widget of the fault.
    pub(crate) async fn visitor(&self, fault: &str) -> Visitor<'_> {
        let (_, token) = self.tokens.iter().find(|(name, _)| name == fault).unwrap();
        let sessions = format!("{}/api/widget-chat/sessions", self.base_url);
        let opened = self.client.post(&sessions).json(&json!({ "token": token })).send().await.unwrap();
        let opened: Value = opened.json().await.unwrap();
        let messages = format!("{sessions}/{}/messages", opened["sessionId"].as_str().unwrap());
        Visitor { service: self, token, messages }
    }

    pub(crate) async fn stop(mut self) {
        self.app.drain(Duration::ZERO).await;
        self.handle.stop(true).await;
        self.serving.join_next().await.unwrap().unwrap().unwrap();
    }
}

/// Somebody at a widget.
pub(crate) struct Visitor<'s> {
    service: &'s Service,
    token: &'s str,
    messages: String,
}

impl Visitor<'_> {
    /// Asks, and reads the reply to its end.
    pub(crate) async fn ask(&self, question: &str) -> Seen {
        let body = json!({ "content": question, "token": self.token });
        let reply = self.service.client.post(&self.messages).json(&body).send().await.unwrap();
        let status = reply.status().as_u16();
        let retry_after = reply.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        Seen { status, retry_after, body: reply.text().await.unwrap() }
    }

    pub(crate) async fn history(&self) -> Value {
        let request = self.service.client.get(&self.messages).header("x-widget-token", self.token);
        request.send().await.unwrap().json().await.unwrap()
    }
}

fn application(faults: &[Fault], fallback: &ModelServer) -> Application {
    let client = HttpClientConfig { system_proxy: false, ..HttpClientConfig::default() };
    let client = HttpClient::new(&client).unwrap();
    let connect = |kind: ProviderKind, base_url: &str| {
        let key = format!("sk-{CANARY}").into();
        kind.connect(ProviderConfig::new(base_url.parse().unwrap(), Some(key)), &client).unwrap()
    };
    let numbered = faults.iter().enumerate();
    let mut providers: Vec<_> =
        numbered.map(|(n, fault)| (provider(n), connect(fault.kind, &fault.base_url))).collect();
    providers.push((name("spare"), connect(ProviderKind::OpenAi, &fallback.openai_base_url())));
    let secrets = SecretRing::of(SECRET);
    Application::start(Dependencies {
        stores: MemoryStores::new().stores(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy::new()),
        signer: Arc::new(JwtSigner::new(&secrets, "http://chat.example.com")),
        identities: Arc::new(IdentityVerifier::new([], Arc::new(client))),
        proofs: Arc::new(VisitorProofs::new()),
        providers: Providers::new(providers),
        secrets,
        limits: TurnLimits {
            first_token: PATIENCE,
            silence: PATIENCE,
            whole_turn: WHOLE_TURN,
            answer_bytes: ANSWER_BYTES,
            ..TurnLimits::default()
        },
        require_allowed_domains: false,
        load: LoadLimits::default(),
        runtime: tokio::runtime::Handle::current(),
    })
}

/// Each fault has a provider of its own, and so a circuit breaker of its own.
fn provider(number: usize) -> ProviderName {
    name(&format!("provider-{number}"))
}

fn name(text: &str) -> ProviderName {
    ProviderName::parse(text).unwrap()
}

async fn first_admin(app: &Application) -> Actor {
    app.create_first_admin(EMAIL, PASSWORD).await.unwrap();
    let (user, token) = app.access.log_in(EMAIL, PASSWORD, None, sample::caller()).await.unwrap();
    let team = user.memberships[0].team_id;
    let member = app.access.authorize(&Credentials(token.0), team, Permission::Build).await.unwrap();
    Actor { member, caller: sample::caller() }
}

/// Makes a widget that is answered through the fault's provider, and gives its embed token.
async fn create_widget(app: &Application, actor: &Actor, number: usize, fault: &Fault) -> String {
    let fallback = || FallbackInput { provider: "spare".to_owned(), model: "spare".to_owned() };
    let agent = AgentInput {
        instructions: "Be brief.".to_owned(),
        provider: provider(number).as_str().to_owned(),
        model: "test-model".to_owned(),
        temperature: None,
        max_output_tokens: None,
        history_messages: None,
        fallback: fault.has_fallback.then(fallback),
    };
    let command = CreateWorkflowCommand { name: "Support".to_owned(), agent };
    let workflow = app.workflows.create(actor, command).await.unwrap();
    let command = CreateWidgetCommand {
        name: "Support Chat".to_owned(),
        workflow_id: workflow.id,
        customization: [].into(),
        allowed_domains: Vec::new(),
        rules: RulesInput::default(),
    };
    let widget = app.widgets.create(actor, command).await.unwrap();
    app.widgets.embed_token(&actor.member, widget.id).await.unwrap().reveal().to_owned()
}

fn serve(app: &Application) -> (actix_web::dev::Server, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let services = Services {
        access: app.access.clone(),
        audit: app.audit.clone(),
        widgets: app.widgets.clone(),
        workflows: app.workflows.clone(),
        visitor_administration: app.visitor_administration.clone(),
        budgets: app.budgets.clone(),
        visitors: app.visitors.clone(),
        readiness: app.readiness.clone(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy::new()),
        demo: None,
    };
    let config = HttpConfig {
        public_url: base_url.parse().unwrap(),
        public_rate_limit_per_minute: 0,
        trusted_proxies: 0,
        keep_alive: Duration::from_secs(15),
        body_timeout: Duration::from_secs(10),
        stalled_reader_timeout: Duration::from_secs(30),
        unanswered_timeout: Duration::from_secs(75),
        max_connections: 1000,
        workers: 2,
    };
    (chatloom_http::serve(listener, services, config).unwrap(), base_url)
}

fn browser() -> reqwest::Client {
    #[expect(clippy::disallowed_methods, reason = "this client stands for browsers, not for the service")]
    reqwest::Client::builder().no_proxy().build().unwrap()
}
