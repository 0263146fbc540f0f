//! Messages that are sent twice: by clients that did not hear the answer, and by two tabs at once.

use std::time::Duration;

use chatloom_testkit::model_server::{Gate, Reply};
use reqwest::StatusCode;
use tokio::task::JoinSet;

use crate::world::{Answer, DatabaseKind, Events, Replicas};

on_both_databases!(
    fifty_sends_with_one_key_are_one_turn_with_fifty_viewers,
    a_key_is_for_one_message_and_for_one_session,
    of_two_sends_at_once_one_is_taken_a_hundred_times_over,
);

async fn fifty_sends_with_one_key_are_one_turn_with_fifty_viewers(kind: DatabaseKind) {
    let replicas = Replicas::start(kind).await;
    let visitors = replicas.visitor().await;
    let pieces = ["Only ", "one ", "answer ", "for ", "everybody."];
    replicas.model.queue(Reply::text(pieces).paced(Duration::from_millis(100)));
    let mut sends = JoinSet::new();
    for number in 0..50 {
        let visitor = visitors[number % 2].clone();
        sends.spawn(async move { Events::of(visitor.send_as("key-1", "Hello").await).rest().await });
    }
    let mut streams = sends.join_all().await;
    // Whoever comes when all is over sees the same.
    for visitor in &visitors {
        streams.push(Events::of(visitor.send_as("key-1", "  Hello\n").await).rest().await);
    }
    assert_eq!(streams[0].last().unwrap().data["content"], pieces.concat());
    for stream in &streams {
        assert_eq!(stream, &streams[0]);
    }
    assert_eq!(replicas.model.requests().len(), 1);
    assert_eq!(visitors[1].history().await.len(), 2);
    replicas.stop().await;
}

async fn a_key_is_for_one_message_and_for_one_session(kind: DatabaseKind) {
    let replicas = Replicas::start(kind).await;
    let [here, there] = replicas.visitor().await;
    let first = Events::of(here.send_as("key-1", "Hello").await).rest().await;
    for visitor in [&here, &there] {
        let refused = Answer::read(visitor.send_as("key-1", "Something else").await).await;
        refused.expect_error(422, "idempotency_key_reused");
    }
    for key in ["", &"k".repeat(256), "k\u{e4}y", "two\twords"] {
        let refused = Answer::read(here.send_as(key, "Hello").await).await;
        refused.expect_error(400, "invalid_field");
    }
    let twice = here.message("Hello").header("idempotency-key", "a").header("idempotency-key", "b");
    Answer::of(twice).await.expect_error(400, "invalid_field");
    assert_eq!(here.history().await.len(), 2);

    let [stranger, _] = replicas.visitor().await;
    let other = Events::of(stranger.send_as("key-1", "Hello").await).rest().await;
    assert_ne!(other[0].turn(), first[0].turn());
    assert_eq!(replicas.model.requests().len(), 2);
    replicas.stop().await;
}

async fn of_two_sends_at_once_one_is_taken_a_hundred_times_over(kind: DatabaseKind) {
    const ROUNDS: usize = 100;
    let replicas = Replicas::start(kind).await;
    let [here, there] = replicas.visitor().await;
    for round in 0..ROUNDS {
        let gate = Gate::new();
        replicas.model.queue(Reply::text(["Ok"]).hold_after(0, &gate));
        let question = format!("Question {round}");
        let replies = tokio::join!(here.send(&question), there.send(&question));
        let (taken, refused) = match (replies.0.status(), replies.1.status()) {
            (StatusCode::OK, _) => (replies.0, replies.1),
            _ => (replies.1, replies.0),
        };
        let refused = Answer::read(refused).await.expect_error(409, "turn_running");
        gate.release();
        let told = Events::of(taken).rest().await;
        assert_eq!(refused["turnId"], told[0].turn(), "round {round}");
        assert_eq!(told.last().unwrap().data["content"], "Ok", "round {round}");
    }
    let history = there.history().await;
    assert_eq!(history.len(), 2 * ROUNDS);
    for (round, pair) in history.chunks(2).enumerate() {
        assert_eq!((&pair[0]["role"], &pair[1]["role"]), (&"user".into(), &"assistant".into()));
        assert_eq!(pair[0]["content"], format!("Question {round}"));
    }
    assert_eq!(replicas.model.requests().len(), ROUNDS);
    replicas.stop().await;
}
