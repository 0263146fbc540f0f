//! Turns that are stopped, sent twice, or run again.

use std::time::Duration;

use chatloom_domain::message::MessageStatus;
use chatloom_domain::turn::{FinishReason, TurnEvent};
use chatloom_ports::chat_model::{ModelErrorClass, ModelFinish};
use chatloom_ports::visitor::VisitorError;
use jiff::SignedDuration;

use crate::app::{World, events, eventually, text_of};
use crate::resuming::{all, ids, text};

#[tokio::test(start_paused = true)]
async fn a_stop_from_any_replica_ends_the_turn_within_a_second_and_keeps_what_there_is() {
    let world = World::new().await;
    let other = world.replica();
    for app in [&world.app, &other] {
        let (session, feed, stream) = world.answering(&["As far as "]).await;
        let turn = world.turn_of(&session).await;
        let asked_at = tokio::time::Instant::now();
        app.visitors.stop_turn(world.request(&session), turn).await.unwrap();
        let seen = events(stream).await;
        assert!(asked_at.elapsed() <= Duration::from_secs(1));
        let Some(TurnEvent::Completed { content, finish_reason, usage, .. }) = seen.last() else {
            panic!("a stopped answer is an answer")
        };
        assert_eq!((&**content, *finish_reason), ("As far as ", FinishReason::Stopped));
        assert!(usage.output > 0);
        assert!(feed.is_cancelled(), "the provider is told");
        let history = world.history(&session).await;
        assert_eq!((history[1].content.as_str(), history[1].status), ("As far as ", MessageStatus::Complete));
        app.visitors.stop_turn(world.request(&session), turn).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_sent_again_under_its_key_is_the_same_turn_running_or_ended() {
    let world = World::new().await;
    let other = world.replica();
    let session = world.open().await;
    let feed = world.model.feed_next();
    let message = || world.message(&session, "Once", Some("key-1"));
    let first = world.app.visitors.send(message()).await.unwrap().events;
    feed.text("Only ");
    let (here, there) = (world.app.visitors.send(message()).await, other.visitors.send(message()).await);
    feed.text("once");
    feed.finish(ModelFinish::Stop);
    drop(feed);
    let first = all(first).await;
    for again in [here, there, world.app.visitors.send(message()).await, other.visitors.send(message()).await]
    {
        let again = all(again.unwrap().events).await;
        assert_eq!((ids(&again), text(&again)), (ids(&first), "Only once".to_owned()));
    }
    assert_eq!(world.history(&session).await.len(), 2);
    assert_eq!(world.model.asked().len(), 1);

    let changed = world.app.visitors.send(world.message(&session, "Twice", Some("key-1"))).await;
    assert!(matches!(changed.err(), Some(VisitorError::KeyReused)));
    let key = "k".repeat(256);
    let refused = world.app.visitors.send(world.message(&session, "Once", Some(&key))).await;
    assert!(matches!(refused.err(), Some(VisitorError::IdempotencyKey(_))));
}

#[tokio::test(start_paused = true)]
async fn a_message_sent_again_after_its_log_is_gone_is_told_from_the_message() {
    let world = World::new().await;
    let session = world.open().await;
    let message = || world.message(&session, "Once", Some("key-1"));
    world.model.answer_next(&["Hello ", "again"]);
    let first = events(world.app.visitors.send(message()).await.unwrap().events).await;
    world.clock.advance(SignedDuration::from_hours(48));
    let later = world.clock.advance(SignedDuration::ZERO);
    world.stores.stores().turns.prune_events(later, 10).await.unwrap();
    let again = events(world.app.visitors.send(message()).await.unwrap().events).await;
    assert_eq!((again.first(), again.last()), (first.first(), first.last()));
    assert_eq!(text_of(&again), "Hello again");
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_turn_is_run_again_as_the_next_generation() {
    let world = World::new().await;
    let (session, feed, stream) = world.answering(&["Half"]).await;
    feed.fail(ModelErrorClass::Upstream);
    drop(feed);
    let broken = all(stream).await;
    let turn = broken[0].id.turn_id;
    assert_eq!(world.history(&session).await[1].turn_id, Some(turn));

    world.model.answer_next(&["The whole answer"]);
    let again = world.app.visitors.retry_turn(world.request(&session), turn).await.unwrap().events;
    let again = all(again).await;
    assert_eq!((again[0].id.turn_id, again[0].id.generation, again[0].id.seq), (turn, 2, 1));
    assert_eq!(again[0].event, broken[0].event, "the messages are the same");
    assert_eq!(text(&again), "The whole answer");
    assert_eq!(world.model.last_conversation(), ["Well?"]);
    let history = world.history(&session).await;
    assert_eq!(history.len(), 2);
    assert_eq!(
        (history[1].content.as_str(), history[1].status),
        ("The whole answer", MessageStatus::Complete)
    );

    let behind = world.watch(&world.app, &session, turn, Some(broken[1].id)).await.unwrap();
    assert_eq!(ids(&all(behind).await), ids(&again), "an old position is shown the new generation whole");
    let refused = world.app.visitors.retry_turn(world.request(&session), turn).await;
    assert!(matches!(refused.err(), Some(VisitorError::NotRetryable)));
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_says_nothing_leaves_what_there_was() {
    let world = World::new().await;
    let (session, feed, stream) = world.answering(&["Half"]).await;
    feed.fail(ModelErrorClass::Upstream);
    drop(feed);
    let turn = all(stream).await[0].id.turn_id;
    world.model.refuse_from_now_on(ModelErrorClass::Auth);
    let again = world.app.visitors.retry_turn(world.request(&session), turn).await.unwrap().events;
    assert!(matches!(events(again).await.last(), Some(TurnEvent::Broken { .. })));
    let history = world.history(&session).await;
    assert_eq!((history[1].content.as_str(), history[1].status), ("Half", MessageStatus::Interrupted));
    assert_eq!(history[1].turn_id, Some(turn), "and it can be tried once more");
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_was_taken_away_and_is_run_again_here_goes_on_after_its_first_run_has_ended() {
    let world = World::new().await;
    let (session, old_feed, old_stream) = world.answering(&["Half"]).await;
    eventually("it is stored", async || world.history(&session).await[1].content == "Half").await;
    let turn = world.turn_of(&session).await;
    world.clock.advance(SignedDuration::from_secs(60));
    let taken = world.stores.stores().turns;
    let now = world.clock.advance(SignedDuration::ZERO);
    assert_eq!(taken.interrupt_expired_turns(now, 10).await.unwrap(), [turn]);

    let feed = world.model.feed_next();
    let stream = world.app.visitors.retry_turn(world.request(&session), turn).await.unwrap().events;
    assert!(matches!(events(old_stream).await.last(), Some(TurnEvent::Broken { .. })));
    assert!(old_feed.is_cancelled(), "its model is told at once");
    feed.text("The whole");
    eventually("the new run is flushed", async || world.history(&session).await[1].content == "The whole")
        .await;
    feed.finish(ModelFinish::Stop);
    drop(feed);
    assert_eq!(text(&all(stream).await), "The whole");
    assert_eq!(world.history(&session).await[1].status, MessageStatus::Complete);
}
