//! Two servers on one PostgreSQL database: neither knows the other, and nobody can tell them apart.

use std::time::{Duration, Instant};

use chatloom_testkit::model_server::{Gate, Reply};
use reqwest::Method;

use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Dashboard, DatabaseKind, Events, Replicas, Visitor, eventually,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_replica_writes_the_other_knows_at_once() {
    let replicas = Replicas::start(DatabaseKind::Postgres).await;
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
    let replicas = Replicas::start(DatabaseKind::Postgres).await;
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

/// Cuts off those who listen for wake-ups, and raises an exception if there are not two of them.
const SILENCE_BOTH: &str = "DO $$ BEGIN
    IF (SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%chatloom_pings%') <> 2
    THEN RAISE EXCEPTION 'not everybody listens'; END IF;
END $$";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_arrive_in_time_even_when_nobody_is_woken() {
    let replicas = Replicas::start(DatabaseKind::Postgres).await;
    let [here, there] = replicas.visitor().await;
    let pieces = ["One, ", "two, ", "three, ", "four."];
    let gates = [Gate::new(), Gate::new(), Gate::new()];
    let reply =
        (1..).zip(&gates).fold(Reply::text(pieces), |reply, (after, gate)| reply.hold_after(after, gate));
    replicas.model.queue(reply);
    let mut events = here.ask("Count").await;
    let turn = events.until("token").await.turn().to_owned();
    let mut watched = Events::of(there.watch(&turn, None).await);
    watched.until("token").await;
    for (gate, piece) in gates.iter().zip(&pieces[1..]) {
        // They are back within ten seconds, to be cut off again.
        let asked = Instant::now();
        eventually("both listen", async || replicas.database.administer(SILENCE_BOTH).then_some(())).await;
        assert!(asked.elapsed() < Duration::from_secs(10), "it took {:?}", asked.elapsed());
        gate.release();
        let released = Instant::now();
        assert_eq!(watched.until("token").await.data["content"], *piece);
        assert!(released.elapsed() < Duration::from_millis(1500), "it took {:?}", released.elapsed());
    }
    assert_eq!(watched.until("done").await, events.until("done").await);
    replicas.stop().await;
}
