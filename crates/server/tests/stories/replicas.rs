//! Two servers on one PostgreSQL database: neither knows the other, and nobody can tell them apart.

use std::collections::BTreeMap;

use chatloom_server::RunningServer;
use chatloom_testkit::model_server::{Gate, ModelServer, Reply};
use reqwest::Method;

use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Client, Dashboard, Database, DatabaseKind, Visitor, eventually, settings,
    start,
};

/// Two servers that were started at the same moment on an empty database.
struct Replicas {
    servers: [RunningServer; 2],
    clients: [Client; 2],
    model: ModelServer,
    _database: Database,
}

impl Replicas {
    async fn start() -> Self {
        let (database, model) = (Database::create(DatabaseKind::Postgres).await, ModelServer::start().await);
        let mut settings: BTreeMap<_, _> = settings(&database, &model);
        // Behind one balancer they have one public address, which is also the issuer of their sign-ins.
        settings.insert("APP_BASE_URL", "http://chat.example.com".to_owned());
        let (one, other) = tokio::join!(start(&settings), start(&settings));
        let clients = [&one, &other].map(|server| Client::new(&format!("http://{}", server.addr())));
        Self { servers: [one, other], clients, model, _database: database }
    }

    async fn stop(self) {
        for server in self.servers {
            server.stop().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_replica_writes_the_other_knows_at_once() {
    let replicas = Replicas::start().await;
    let [one, other] = &replicas.clients;
    let dashboard = Dashboard::sign_in(one, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let there = dashboard.at(other);
    let widget = dashboard.create_widget_answered_by("openai").await;
    let token = there.embed_token(&widget).await;
    let visitor = Visitor::arrive(other, &token).await;
    visitor.ask("Hello").await.until("done").await;
    let visitor = visitor.at(one);
    assert_eq!(visitor.history().await.len(), 2);

    there.call(Method::POST, &format!("/widgets/{widget}/regenerate-token"), None).await.expect(200);
    let answer = one.get(&format!("/api/widget-chat/init/{token}")).await;
    answer.expect_error(401, "invalid_token");
    replicas.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_of_one_replica_is_seen_and_respected_by_the_other() {
    let replicas = Replicas::start().await;
    let [one, other] = &replicas.clients;
    let dashboard = Dashboard::sign_in(one, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let visitor = Visitor::arrive(one, &dashboard.embed_token(&widget).await).await;
    let gate = Gate::new();
    replicas.model.queue(Reply::text(["Half ", "and half."]).hold_after(1, &gate));
    let mut events = visitor.ask("Go on").await;
    events.until("token").await;

    let visitor = visitor.at(other);
    assert_eq!(visitor.send("Me too").await.status(), 409);
    eventually("the other replica shows the text so far", async || {
        let last = visitor.history().await.pop()?;
        (last["content"] == "Half " && last["status"] == "streaming").then_some(())
    })
    .await;
    gate.release();
    assert_eq!(events.until("done").await.data["content"], "Half and half.");
    assert_eq!(visitor.last_message().await["content"], "Half and half.");
    replicas.stop().await;
}
