//! Streams that break off and go on, on the replica that runs the turn or on another: nothing is lost, nothing doubled.

use std::time::{Duration, Instant};

use chatloom_testkit::model_server::{Gate, Reply};
use reqwest::Method;

use crate::world::{Answer, DatabaseKind, Event, Events, Replicas, Visitor, spoken};

on_both_databases!(
    a_running_turn_is_watched_live_on_any_replica,
    a_stream_that_is_cut_after_every_event_tells_each_of_them_once,
    an_ended_turn_is_told_from_any_position,
    a_position_that_cannot_be_is_refused_and_nothing_else_happens,
    a_retried_turn_is_told_from_its_new_beginning,
);

/// Enough pieces that a cut falls in front of, between and behind them, each long enough to be an event of its own.
const PIECES: [&str; 6] = [
    "This is the first of six pieces, each of which is longer than what is held back for a moment. ",
    "This is the second of six pieces, each of which is longer than what is held back for a moment. ",
    "This is the third of six pieces, each of which is longer than what is held back for a moment. ",
    "This is the fourth of six pieces, each of which is longer than what is held back for a moment. ",
    "This is the fifth of six pieces, each of which is longer than what is held back for a moment. ",
    "This is the last of six pieces, each of which is longer than what is held back for a moment.",
];

async fn a_running_turn_is_watched_live_on_any_replica(kind: DatabaseKind) {
    let replicas = Replicas::start(kind).await;
    let [here, there] = replicas.visitor().await;
    let gates = [Gate::new(), Gate::new()];
    let reply = Reply::text(["One, ", "two, ", "three."]).hold_after(1, &gates[0]).hold_after(2, &gates[1]);
    replicas.model.queue(reply);
    let mut events = here.ask("Count").await;
    let start = events.next().await.unwrap();
    events.until("token").await;

    let mut watched = Events::of(there.watch(start.turn(), None).await);
    assert_eq!(watched.next().await.unwrap(), start);
    assert_eq!(watched.until("token").await.data["content"], "One, ");
    for (gate, piece) in gates.iter().zip(["two, ", "three."]) {
        gate.release();
        let released = Instant::now();
        assert_eq!(watched.until("token").await.data["content"], piece);
        // Flushed after 0.3 s, and then seen after half a second even if no wake-up came.
        assert!(released.elapsed() < Duration::from_millis(1500), "it took {:?}", released.elapsed());
    }
    assert_eq!(watched.until("done").await, events.until("done").await);
    assert_eq!(watched.next().await, None);
    replicas.stop().await;
}

async fn a_stream_that_is_cut_after_every_event_tells_each_of_them_once(kind: DatabaseKind) {
    let replicas = Replicas::start(kind).await;
    let [here, there] = replicas.visitor().await;
    replicas.model.queue(Reply::text(PIECES).paced(Duration::from_millis(150)));
    let mut whole = here.ask("Go on").await;
    let start = whole.next().await.unwrap();
    let turn = start.turn().to_owned();

    // One event, and gone: first from the one, then from the other.
    let cut = async {
        let mut seen: Vec<Event> = Vec::new();
        while !seen.last().is_some_and(Event::is_terminal) {
            let visitor = if seen.len().is_multiple_of(2) { &there } else { &here };
            let after = seen.last().map(|event| event.id.as_str());
            let event = Events::of(visitor.watch(&turn, after).await).next().await;
            seen.extend(event);
        }
        seen
    };
    let (rest, seen) = tokio::join!(whole.rest(), cut);
    let told: Vec<_> = std::iter::once(start.clone()).chain(rest).collect();
    assert_eq!(seen, told);
    assert_eq!(spoken(&seen), PIECES.concat());

    // Afterwards every cut is resumed on either replica.
    for visitor in [&here, &there] {
        for cut in 1..told.len() {
            let rest = Events::of(visitor.watch(&turn, Some(&told[cut - 1].id)).await).rest().await;
            assert_eq!(rest, told[cut..], "after {}", told[cut - 1].id);
        }
    }
    assert_eq!(replicas.model.requests().len(), 1);
    replicas.stop().await;
}

async fn an_ended_turn_is_told_from_any_position(kind: DatabaseKind) {
    let replicas = Replicas::start(kind).await;
    let [here, there] = replicas.visitor().await;
    let told = here.ask("Hello").await.rest().await;
    let (turn, last) = (told[0].turn(), told.last().unwrap());
    assert_eq!(last.name, "done");
    for visitor in [&here, &there] {
        assert_eq!(Events::of(visitor.watch(turn, None).await).rest().await, told);
        assert_eq!(Events::of(visitor.watch(turn, Some(&format!("{turn}:1:0"))).await).rest().await, told);
        for over in [last.id.clone(), format!("{turn}:1:4294967295")] {
            let reply = Answer::read(visitor.watch(turn, Some(&over)).await).await;
            assert_eq!(reply.status, 204, "after {over}");
        }
        // The header wins; without it the query counts.
        let path = format!("/turns/{turn}/events?after={}", told[0].id);
        let by_query = visitor.request(Method::GET, &path);
        assert_eq!(Events::of(by_query.send().await.unwrap()).rest().await, told[1..]);
        let by_both = visitor.request(Method::GET, &path).header("last-event-id", &told[1].id);
        assert_eq!(Events::of(by_both.send().await.unwrap()).rest().await, told[2..]);
    }
    replicas.stop().await;
}

async fn a_position_that_cannot_be_is_refused_and_nothing_else_happens(kind: DatabaseKind) {
    let replicas = Replicas::start(kind).await;
    let [here, there] = replicas.visitor().await;
    let told = here.ask("Hello").await.rest().await;
    let turn = told[0].turn();
    let other_turn = here.ask("And again").await.rest().await[0].id.clone();
    let numbers = ["1:-1", "-1:1", "1:4294967296", "1:9223372036854775808", "1", "1:1:1", "1:01", ""];
    let numbers = numbers.map(|numbers| format!("{turn}:{numbers}"));
    let words = ["garbage", "*", "1", "\u{fc}:1:1"].map(str::to_owned);
    for position in [words.as_slice(), &numbers, &[other_turn, "x".repeat(7000)]].concat() {
        let answer = Answer::read(there.watch(turn, Some(&position)).await).await;
        answer.expect_error(400, "invalid_field");
    }
    let newline = format!("/turns/{turn}/events?after={turn}:1:1%0Adata:x");
    let answer = Answer::of(there.request(Method::GET, &newline)).await;
    answer.expect_error(400, "invalid_field");
    let answer = Answer::read(there.watch("00000000-0000-7000-8000-000000000000", None).await).await;
    answer.expect_error(404, "turn_not_found");
    // Somebody else's session does not have the turn.
    let [_, stranger] = replicas.visitor().await;
    Answer::read(stranger.watch(turn, None).await).await.expect_error(404, "turn_not_found");
    stranger.stop(turn).await.expect_error(404, "turn_not_found");
    Answer::read(stranger.retry(turn).await).await.expect_error(404, "turn_not_found");
    replicas.stop().await;
}

async fn a_retried_turn_is_told_from_its_new_beginning(kind: DatabaseKind) {
    let replicas = Replicas::start(kind).await;
    let [here, there] = replicas.visitor().await;
    replicas.model.queue(Reply::text(["Old ", "words"]).finish(None));
    let before = here.ask("Tell me").await.rest().await;
    let turn = before[0].turn().to_owned();
    assert_eq!(before.last().unwrap().data["code"], "answer_interrupted");
    assert_eq!(here.history().await[1]["turnId"], turn.as_str());

    let gate = Gate::new();
    replicas.model.queue(Reply::text(["New ", "words"]).hold_after(1, &gate));
    let mut again = Events::of(there.retry(&turn).await);
    let start = again.next().await.unwrap();
    assert_eq!((start.turn(), start.generation(), &start.data), (turn.as_str(), 2, &before[0].data));
    refused_while_running(&here, &turn).await;

    // Whoever knows only the old generation begins anew, on any replica, while it runs and afterwards.
    let old = &before[1].id;
    let mut while_running = Events::of(here.watch(&turn, Some(old)).await);
    assert_eq!(while_running.next().await.unwrap(), start);
    gate.release();
    let told: Vec<_> = std::iter::once(start.clone()).chain(again.rest().await).collect();
    assert_eq!((spoken(&told).as_str(), told.last().unwrap().name.as_str()), ("New words", "done"));
    assert_eq!(while_running.rest().await, told[1..]);
    for visitor in [&here, &there] {
        assert_eq!(Events::of(visitor.watch(&turn, Some(old)).await).rest().await, told);
        let answer = Answer::read(visitor.retry(&turn).await).await;
        answer.expect_error(409, "turn_not_retryable");
    }
    let history = there.history().await;
    assert_eq!((history.len(), &history[1]["content"]), (2, &told.last().unwrap().data["content"]));
    replicas.stop().await;
}

async fn refused_while_running(visitor: &Visitor, turn: &str) {
    let refused = Answer::read(visitor.retry(turn).await).await.expect_error(409, "turn_running");
    assert_eq!(refused["turnId"], turn);
}
