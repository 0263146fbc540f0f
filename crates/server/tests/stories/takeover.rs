//! Replicas that die or freeze in mid-answer: another one ends their turns, and those who watch hear of it.

use std::time::{Duration, Instant};

use chatloom_testkit::model_server::{Gate, ModelServer, Reply};
use nix::sys::signal::Signal;
use serde_json::json;

use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Client, Dashboard, Database, DatabaseKind, Event, Events, Process, Visitor,
    eventually, process_settings,
};

on_both_databases!(a_viewer_of_a_killed_replica_hears_the_end_on_another);

/// A lease and a sweep: within this time a turn is ended after its replica was last heard of.
const TAKEOVER: Duration = Duration::from_secs(10);

/// How far the terminal event of a takeover is from the last event that was stored, so that it cannot be taken for text
/// that a viewer saw and nobody stored.
const GAP: u32 = 65_536;

/// A process with a visitor in the middle of an answer, of which the first piece is stored.
struct Scene {
    database: Database,
    model: ModelServer,
    process: Process,
    visitor: Visitor,
    events: Events,
    seen: Vec<Event>,
    gate: Gate,
}

impl Scene {
    async fn set(kind: DatabaseKind) -> Self {
        let (database, model) = (Database::create(kind).await, ModelServer::start().await);
        let mut process = Process::start(&process_settings(&database, &model));
        let client = process.client().await;
        let dashboard = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
        let widget = dashboard.create_widget_answered_by("openai").await;
        let visitor = Visitor::arrive(&client, &dashboard.embed_token(&widget).await).await;
        let gate = Gate::new();
        model.queue(Reply::text(["Half ", "and half."]).hold_after(1, &gate));
        let mut events = visitor.ask("Go on").await;
        let seen = vec![events.next().await.unwrap(), events.next().await.unwrap()];
        eventually("the first piece is stored", async || {
            (visitor.history().await.last()?["content"] == "Half ").then_some(())
        })
        .await;
        Self { database, model, process, visitor, events, seen, gate }
    }

    /// One more process on the same database.
    async fn another_process(&self) -> (Process, Client) {
        let mut process = Process::start(&process_settings(&self.database, &self.model));
        let client = process.client().await;
        (process, client)
    }

    /// The error event that must be all that comes after what was seen.
    fn assert_is_end(&self, rest: &[Event]) {
        let [end] = rest else { panic!("more than an end: {rest:?}") };
        assert_eq!((&end.data["code"], &end.data["retryable"]), (&json!("answer_interrupted"), &json!(true)));
        assert_eq!(end.id, format!("{}:1:{}", self.seen[1].turn(), 2 + GAP));
    }
}

/// The history has the question and one answer, which is what was stored of it.
async fn assert_is_kept(visitor: &Visitor) {
    let history = visitor.history().await;
    assert_eq!(history.len(), 2);
    assert_eq!((&history[0]["content"], &history[1]["content"]), (&json!("Go on"), &json!("Half ")));
    assert_eq!(history[1]["status"], "interrupted");
}

/// On SQLite the other replica is the next process on the file.
async fn a_viewer_of_a_killed_replica_hears_the_end_on_another(kind: DatabaseKind) {
    let mut scene = Scene::set(kind).await;
    scene.process.signal(Signal::SIGKILL);
    let died = Instant::now();
    scene.process.ended().await;
    assert_eq!(scene.events.next().await, None);

    let (_process, client) = scene.another_process().await;
    let visitor = scene.visitor.at(&client);
    let (turn, last) = (scene.seen[0].turn(), &scene.seen[1].id);
    let rest = Events::of(visitor.watch(turn, Some(last)).await).rest().await;
    assert!(died.elapsed() < TAKEOVER, "it took {:?}", died.elapsed());
    scene.assert_is_end(&rest);
    // From the beginning it is what was stored, and the same end; after the end there is nothing.
    let told = Events::of(visitor.watch(turn, None).await).rest().await;
    assert_eq!(told, [scene.seen.clone(), rest.clone()].concat());
    assert_eq!(visitor.watch(turn, Some(&rest[0].id)).await.status(), 204);
    assert_is_kept(&visitor).await;

    // The visitor may have it answered again.
    scene.model.queue(Reply::text(["All of it"]));
    let again = Events::of(visitor.retry(turn).await).rest().await;
    assert_eq!(again.last().unwrap().data["content"], "All of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_freezes_loses_its_turn_and_writes_nothing_when_it_wakes() {
    let mut scene = Scene::set(DatabaseKind::Postgres).await;
    let (_process, client) = scene.another_process().await;
    let there = scene.visitor.at(&client);
    let turn = scene.seen[0].turn().to_owned();
    let mut watched = Events::of(there.watch(&turn, None).await);
    assert_eq!([watched.next().await.unwrap(), watched.next().await.unwrap()], scene.seen[..]);

    scene.process.signal(Signal::SIGSTOP);
    let froze = Instant::now();
    let rest = watched.rest().await;
    assert!(froze.elapsed() < TAKEOVER, "it took {:?}", froze.elapsed());
    scene.assert_is_end(&rest);
    assert_is_kept(&there).await;

    // The frozen one wakes with an answer that goes on, and finds that it is not its any more.
    scene.gate.release();
    scene.process.signal(Signal::SIGCONT);
    scene.process.logged("taken away").await;
    let after = [scene.seen.clone(), scene.events.rest().await].concat();
    assert_eq!(after.last().unwrap().data["code"], "answer_interrupted");
    for visitor in [&scene.visitor, &there] {
        assert_is_kept(visitor).await;
        let told = Events::of(visitor.watch(&turn, Some(&scene.seen[1].id)).await).rest().await;
        assert_eq!(told, rest);
    }
    assert_eq!(scene.visitor.ask("And now?").await.rest().await.last().unwrap().name, "done");
}
