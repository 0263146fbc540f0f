//! SIGTERM: no new turns, running ones may end, the rest is stored, and nothing is lost.

use chatloom_testkit::model_server::{Gate, ModelServer, Reply};
use nix::sys::signal::Signal;
use serde_json::json;

use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Client, Dashboard, Database, DatabaseKind, Process, Visitor,
    settings,
};

on_both_databases!(
    a_running_answer_is_finished_before_the_process_ends,
    an_answer_that_takes_too_long_is_broken_off_and_stored,
    a_second_signal_ends_the_wait,
);

/// A server in a process of its own, and a visitor in the middle of an answer that waits at the gate.
struct Scene {
    database: Database,
    model: ModelServer,
    process: Process,
    client: Client,
    visitor: Visitor,
    gate: Gate,
}

impl Scene {
    async fn set(kind: DatabaseKind, drain_seconds: &str) -> Self {
        let (database, model) = (Database::create(kind).await, ModelServer::start().await);
        let mut process = start(&database, &model, drain_seconds);
        let client = process.client().await;
        let dashboard = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
        let widget = dashboard.create_widget_answered_by("openai").await;
        let visitor = Visitor::arrive(&client, &dashboard.embed_token(&widget).await).await;
        let gate = Gate::new();
        model.queue(Reply::text(["Half ", "and half."]).hold_after(1, &gate));
        Self { database, model, process, client, visitor, gate }
    }
}

fn start(database: &Database, model: &ModelServer, drain_seconds: &str) -> Process {
    let mut settings = settings(database, model);
    settings.insert("LOG_FORMAT", "json".to_owned());
    settings.insert("DRAIN_SECONDS", drain_seconds.to_owned());
    Process::start(&settings)
}

async fn a_running_answer_is_finished_before_the_process_ends(kind: DatabaseKind) {
    let mut scene = Scene::set(kind, "60").await;
    let mut events = scene.visitor.ask("Go on").await;
    events.until("token").await;
    scene.client.get("/readyz").await.expect(200);

    scene.process.signal(Signal::SIGTERM);
    scene.process.logged("no new turns").await;
    scene.client.get("/readyz").await.expect(503);
    scene.client.get("/healthz").await.expect(200);
    let refused = Answer::read(scene.visitor.send("One more").await).await;
    assert!(refused.header("retry-after").is_some());
    refused.expect_error(503, "draining");

    scene.gate.release();
    assert_eq!(events.until("done").await.data["content"], "Half and half.");
    assert!(events.next().await.is_none());
    assert_eq!(scene.process.ended().await.code(), Some(0), "{}", scene.process.log());
}

async fn an_answer_that_takes_too_long_is_broken_off_and_stored(kind: DatabaseKind) {
    let mut scene = Scene::set(kind, "0").await;
    let mut events = scene.visitor.ask("Go on").await;
    events.until("token").await;
    scene.process.signal(Signal::SIGTERM);
    assert_eq!(events.until("error").await.data["code"], "answer_interrupted");
    assert_eq!(scene.process.ended().await.code(), Some(0), "{}", scene.process.log());
    the_half_answer_is_there_after_a_restart(scene).await;
}

async fn a_second_signal_ends_the_wait(kind: DatabaseKind) {
    let mut scene = Scene::set(kind, "3600").await;
    let mut events = scene.visitor.ask("Go on").await;
    events.until("token").await;
    scene.process.signal(Signal::SIGTERM);
    scene.process.logged("no new turns").await;
    scene.process.signal(Signal::SIGINT);
    assert_eq!(scene.process.ended().await.code(), Some(0), "{}", scene.process.log());
    the_half_answer_is_there_after_a_restart(scene).await;
}

async fn the_half_answer_is_there_after_a_restart(scene: Scene) {
    let mut next = start(&scene.database, &scene.model, "0");
    let visitor = scene.visitor.at(&next.client().await);
    let answer = visitor.last_message().await;
    assert_eq!((&answer["content"], &answer["status"]), (&json!("Half "), &json!("interrupted")));
}
