//! E: a token that was given up, and a widget that was, end at once and everywhere.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chatloom_testkit::model_server::{Gate, Reply};
use futures::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::{Three, init, regenerate};
use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Dashboard, DatabaseKind, Events, Replicas, Visitor, World,
    eventually,
};

on_both_databases!(
    e04_a_regenerated_token_ends_the_old_one_on_every_route,
    e08_a_token_with_grace_goes_on_until_the_next_rotation,
    a_widget_that_is_switched_off_or_deleted_ends_its_running_turns,
);

async fn e04_a_regenerated_token_ends_the_old_one_on_every_route(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let old = dashboard.embed_token(&widget).await;
    let visitor = Visitor::arrive(&world.client, &old).await;
    let turn = visitor.ask("Before").await.until("done").await.turn().to_owned();
    let new = regenerate(&dashboard, &widget).await;

    init(&world.client, &old).await.expect_error(401, "invalid_token");
    world.client.get(&format!("/api/widget-chat/init/{old}")).await.expect_error(401, "invalid_token");
    let open = world.client.request(Method::POST, "/api/widget-chat/sessions");
    Answer::of(open.json(&json!({ "token": old }))).await.expect_error(401, "invalid_token");
    Answer::read(visitor.send("After").await).await.expect_error(401, "invalid_token");
    Answer::read(visitor.watch(&turn, None).await).await.expect_error(401, "invalid_token");
    Answer::read(visitor.retry(&turn).await).await.expect_error(401, "invalid_token");
    visitor.stop(&turn).await.expect_error(401, "invalid_token");
    let history = visitor.request(Method::GET, "/messages");
    Answer::of(history).await.expect_error(401, "invalid_token");
    visitor.erase().await.expect_error(401, "invalid_token");

    let visitor = visitor.with_token(&new);
    assert_eq!(visitor.history().await.len(), 2);
    assert_eq!(visitor.ask("After").await.rest().await.last().unwrap().name, "done");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e05_no_replica_accepts_a_token_after_it_was_regenerated() {
    const REQUESTS: usize = 10_000;
    const LOOPS: usize = 12;
    let three = Three::start().await;
    let widget = three.dashboard.create_widget_answered_by("openai").await;
    let old = three.dashboard.embed_token(&widget).await;
    let (is_regenerated, accepted, counted) =
        (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let visitors = (0..LOOPS).map(|number| {
        let client = &three.clients[number % three.clients.len()];
        let (old, is_regenerated, accepted, counted) = (&old, &is_regenerated, &accepted, &counted);
        async move {
            let mut before = 0_usize;
            while counted.load(Ordering::SeqCst) < REQUESTS {
                // Read before the request is sent: only those that are sent after the answer count.
                let is_after = is_regenerated.load(Ordering::SeqCst);
                let status = init(client, old).await.status.as_u16();
                assert!([200, 401].contains(&status), "{status}");
                before += usize::from(!is_after && status == 200);
                counted.fetch_add(usize::from(is_after), Ordering::SeqCst);
                accepted.fetch_add(usize::from(is_after && status == 200), Ordering::SeqCst);
            }
            before
        }
    });
    let owner = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        regenerate(&three.dashboard, &widget).await;
        is_regenerated.store(true, Ordering::SeqCst);
    };
    let (before, ()) = tokio::join!(join_all(visitors), owner);
    assert!(before.iter().all(|accepted| *accepted > 0), "the token was in use: {before:?}");
    assert_eq!((accepted.load(Ordering::SeqCst), counted.load(Ordering::SeqCst) >= REQUESTS), (0, true));
}

/// A write that was under way when the token changed must not bring it back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e07_streams_that_run_while_tokens_change_bring_no_token_back() {
    let three = Three::start().await;
    let widget = three.dashboard.create_widget_answered_by("openai").await;
    let mut token = three.dashboard.embed_token(&widget).await;
    let gate = Gate::new();
    for _ in 0..50 {
        three.model.queue(Reply::text(["Half ", "and half."]).hold_after(1, &gate));
    }
    let token_of_the_visitors = token.clone();
    let asked = (0..50).map(async |number: usize| {
        let client = &three.clients[number % 3];
        let mut events = Visitor::arrive(client, &token_of_the_visitors).await.ask("Go on").await;
        events.until("token").await;
        events
    });
    let streams = join_all(asked).await;
    let mut ended = Vec::new();
    for _ in 0..100 {
        ended.push(std::mem::replace(&mut token, regenerate(&three.dashboard, &widget).await));
    }
    gate.release();
    for events in join_all(streams.into_iter().map(Events::rest)).await {
        assert_eq!(events.last().unwrap().name, "done");
    }
    for client in &three.clients {
        for old in &ended {
            assert_eq!(init(client, old).await.status, 401);
        }
        assert_eq!(init(client, &token).await.status, 200);
    }
}

/// Times with a clock that stands still are tried with the use cases; here the grace runs out by itself.
async fn e08_a_token_with_grace_goes_on_until_the_next_rotation(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let path = format!("/widgets/{widget}/regenerate-token");
    let rotate = async |seconds: i64| {
        let answer = dashboard.post(&path, &json!({ "graceSeconds": seconds })).await.expect(200);
        assert_eq!(answer["previousTokenValidUntil"].is_string(), seconds > 0, "{answer}");
        answer["token"].as_str().unwrap().to_owned()
    };
    let first = dashboard.embed_token(&widget).await;
    let visitor = Visitor::arrive(&world.client, &first).await;
    let second = rotate(3600).await;
    for token in [&first, &second] {
        init(&world.client, token).await.expect(200);
    }
    assert_eq!(visitor.ask("Still me").await.rest().await.last().unwrap().name, "done");

    // Never more than two slots.
    let third = rotate(2).await;
    init(&world.client, &first).await.expect_error(401, "invalid_token");
    init(&world.client, &third).await.expect(200);
    eventually("the second token's time is over", async || {
        (init(&world.client, &second).await.status == 401).then_some(())
    })
    .await;
    let tokens = dashboard.get(&format!("/widgets/{widget}/tokens")).await.expect(200);
    assert_eq!(tokens["previous"], json!(null));

    for bad in [-1, 604_801] {
        let answer = dashboard.post(&path, &json!({ "graceSeconds": bad })).await;
        let body = answer.expect_error(400, "invalid_field");
        assert_eq!(body["message"], "graceSeconds must be from 0 to 604800 seconds");
    }
    assert_eq!(dashboard.embed_token(&widget).await, third);
    world.stop().await;
}

async fn a_widget_that_is_switched_off_or_deleted_ends_its_running_turns(kind: DatabaseKind) {
    let replicas = Replicas::start(kind).await;
    let [one, other] = &replicas.clients;
    let dashboard = Dashboard::sign_in(one, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    for is_deleted in [false, true] {
        let widget = dashboard.create_widget_answered_by("openai").await;
        let visitor = Visitor::arrive(one, &dashboard.embed_token(&widget).await).await;
        let gate = Gate::new();
        replicas.model.queue(Reply::text(["Half ", "and half."]).hold_after(1, &gate));
        let mut events = visitor.ask("Go on").await;
        let turn = events.until("token").await.turn().to_owned();
        let mut watched = Events::of(visitor.at(other).watch(&turn, None).await);
        watched.until("token").await;

        let path = format!("/widgets/{widget}");
        if is_deleted {
            dashboard.at(other).delete(&path).await.expect(204);
        } else {
            dashboard.at(other).put(&path, &json!({ "active": false })).await.expect(200);
        }
        let gone = Instant::now();
        for end in [events.until("error").await, watched.until("error").await] {
            assert_eq!((&end.data["code"], &end.data["retryable"]), (&json!("widget_gone"), &json!(false)));
        }
        assert!(gone.elapsed() < Duration::from_secs(2), "it took {:?}", gone.elapsed());
        assert_eq!((events.next().await, watched.next().await), (None, None));
        if !is_deleted {
            dashboard.put(&path, &json!({ "active": true })).await.expect(200);
            let last = visitor.last_message().await;
            assert_eq!((&last["content"], &last["status"]), (&json!("Half "), &json!("interrupted")));
        }
    }
    replicas.stop().await;
}
