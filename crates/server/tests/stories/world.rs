//! What the stories are told in: a database, a model server, the service, and people who use it.

mod client;
mod dashboard;
mod database;
mod people;
mod process;
mod raw;
mod replicas;
mod sse;
mod visitor;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::{Duration, Instant};

use chatloom_server::RunningServer;
use chatloom_server::config::Invocation;
use chatloom_testkit::model_server::ModelServer;

pub(crate) use client::{Answer, Client};
pub(crate) use dashboard::Dashboard;
pub(crate) use database::{Database, DatabaseKind, files_contain};
pub(crate) use people::{Person, Team, cookie_of, log_in};
pub(crate) use process::Process;
pub(crate) use raw::RawConnection;
pub(crate) use replicas::{Fleet, Replicas};
pub(crate) use sse::{Event, Events, spoken};
pub(crate) use visitor::Visitor;

pub(crate) const ADMIN_EMAIL: &str = "ada@example.com";
pub(crate) const ADMIN_PASSWORD: &str = "correct horse battery";
pub(crate) const JWT_SECRET: &str = "f3Jq9vXw2LrT8mZk5NcB7dHs4GyP6aUe";

/// Settings of a server on the database and the model server; every key is set once.
pub(crate) fn settings(database: &Database, model: &ModelServer) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("PORT", "0".to_owned()),
        ("DATABASE_URL", database.url.clone()),
        ("JWT_SECRET", JWT_SECRET.to_owned()),
        ("ADMIN_EMAIL", ADMIN_EMAIL.to_owned()),
        ("ADMIN_PASSWORD", ADMIN_PASSWORD.to_owned()),
        ("OPENAI_API_KEY", "sk-openai-canary".to_owned()),
        ("OPENAI_BASE_URL", model.openai_base_url()),
        ("ANTHROPIC_API_KEY", "sk-anthropic-canary".to_owned()),
        ("ANTHROPIC_BASE_URL", model.base_url()),
        // Limits have tests of their own.
        ("PUBLIC_RATE_LIMIT_PER_MINUTE", "0".to_owned()),
        ("SESSION_RATE_LIMIT_PER_MINUTE", "0".to_owned()),
        ("VISITOR_RATE_LIMIT_PER_MINUTE", "0".to_owned()),
        ("WIDGET_RATE_LIMIT_PER_MINUTE", "0".to_owned()),
        ("MODEL_CONCURRENCY", "0".to_owned()),
    ])
}

/// Settings of one of several processes on the database, each of which can be restarted with the same ones.
pub(crate) fn process_settings(database: &Database, model: &ModelServer) -> BTreeMap<&'static str, String> {
    let mut settings = settings(database, model);
    settings.insert("LOG_FORMAT", "json".to_owned());
    // Behind one balancer all have one public address, which is also the issuer of their sign-ins.
    settings.insert("APP_BASE_URL", "http://chat.example.com".to_owned());
    settings
}

/// A server in this process, with everything that it talks to.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) model: ModelServer,
    pub(crate) database: Database,
    server: RunningServer,
}

impl World {
    pub(crate) async fn start(kind: DatabaseKind) -> Self {
        let database = Database::create(kind).await;
        let model = ModelServer::start().await;
        let server = start(&settings(&database, &model)).await;
        Self { client: Client::new(server.base_url()), model, database, server }
    }

    /// The first administrator, signed in.
    pub(crate) async fn dashboard(&self) -> Dashboard {
        Dashboard::sign_in(&self.client, ADMIN_EMAIL, ADMIN_PASSWORD).await
    }

    /// A visitor with a fresh session at a fresh widget, whose agent is asked through the provider.
    pub(crate) async fn visitor(&self, provider: &str) -> Visitor {
        let dashboard = self.dashboard().await;
        let widget = dashboard.create_widget_answered_by(provider).await;
        Visitor::arrive(&self.client, &dashboard.embed_token(&widget).await).await
    }

    pub(crate) async fn stop(self) {
        self.server.stop().await.unwrap();
    }
}

/// Starts a server in this process, through the same door as the binary.
pub(crate) async fn start(settings: &BTreeMap<&'static str, String>) -> RunningServer {
    let environment = |name: &str| settings.get(name).map(OsString::from);
    match Invocation::parse([], &environment).unwrap() {
        Invocation::Serve(config) => chatloom_server::start(*config).await.unwrap(),
        Invocation::Print(message) => panic!("{message}"),
    }
}

/// Asks until the answer is there. The bound is far beyond anything that is waited for; it only ends a test whose
/// condition never comes true.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let give_up = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < give_up, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
