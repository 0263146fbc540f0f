//! Those who come back see each event once, on any replica; what is sent twice is one message; stop and retry.

use std::time::Duration;

use chatloom_app::Application;
use chatloom_domain::id::TurnId;
use chatloom_domain::message::MessageStatus;
use chatloom_domain::turn::{EventId, FinishReason, TurnEvent};
use chatloom_ports::chat_model::{ModelErrorClass, ModelFinish};
use chatloom_ports::visitor::{OpenedSession, StreamedEvent, TurnStream, VisitorError};
use chatloom_testkit::sample;
use futures::StreamExt;
use jiff::SignedDuration;

use crate::app::{World, application, events, eventually, text_of};
use crate::model::Feed;

impl World {
    /// Another replica on the same stores.
    fn replica(&self) -> Application {
        application(&self.stores, &self.clock, &self.model)
    }

    /// A turn in mid-answer, and its stream from the start on.
    async fn answering(&self, pieces: &[&str]) -> (OpenedSession, Feed, TurnStream) {
        let session = self.open().await;
        let feed = self.model.feed_next();
        let stream = self.send(&session, "Well?").await.unwrap();
        for piece in pieces {
            feed.text(piece);
        }
        (session, feed, stream)
    }

    async fn turn_of(&self, session: &OpenedSession) -> TurnId {
        self.history(session).await[1].turn_id.unwrap()
    }

    async fn watch(
        &self,
        app: &Application,
        session: &OpenedSession,
        turn: TurnId,
        position: Option<EventId>,
    ) -> Option<TurnStream> {
        app.visitors.watch_turn(self.request(session), turn, position).await.unwrap()
    }
}

async fn all(stream: TurnStream) -> Vec<StreamedEvent> {
    stream.collect().await
}

fn ids(events: &[StreamedEvent]) -> Vec<(u32, u32)> {
    events.iter().map(|event| (event.id.generation, event.id.seq)).collect()
}

fn text(events: &[StreamedEvent]) -> String {
    let events: Vec<_> = events.iter().map(|event| TurnEvent::clone(&event.event)).collect();
    text_of(&events)
}

/// Long pieces, each of which is an event of its own.
fn pieces(count: u8) -> Vec<String> {
    (0..count).map(|n| char::from(b'a' + n).to_string().repeat(64)).collect()
}

#[tokio::test(start_paused = true)]
async fn from_every_position_of_a_finished_turn_the_rest_is_replayed_on_any_replica() {
    let world = World::new().await;
    let other = world.replica();
    let session = world.open().await;
    let pieces = pieces(5);
    world.model.answer_next(&pieces.iter().map(String::as_str).collect::<Vec<_>>());
    let whole = all(world.send(&session, "Well?").await.unwrap()).await;
    let turn = whole[0].id.turn_id;
    for app in [&world.app, &other] {
        for (index, event) in whole.iter().enumerate() {
            let rest = match world.watch(app, &session, turn, Some(event.id)).await {
                Some(stream) => all(stream).await,
                None => Vec::new(),
            };
            assert_eq!(ids(&rest), ids(&whole[index + 1..]));
            let same = |(a, b): (&StreamedEvent, &StreamedEvent)| a.event == b.event;
            assert!(rest.iter().zip(&whole[index + 1..]).all(same));
        }
        let again = all(world.watch(app, &session, turn, None).await.unwrap()).await;
        assert_eq!(ids(&again), ids(&whole));
    }
}

#[tokio::test(start_paused = true)]
async fn a_running_turn_is_replayed_and_then_followed_on_its_own_replica_and_on_another() {
    let world = World::new().await;
    let other = world.replica();
    let pieces = pieces(6);
    let (session, feed, stream) = world.answering(&[&pieces[0], &pieces[1]]).await;
    eventually("both are stored", async || world.history(&session).await[1].content.len() == 128).await;
    let turn = world.turn_of(&session).await;
    let position = Some(EventId { turn_id: turn, generation: 1, seq: 2 });
    let here = world.watch(&world.app, &session, turn, position).await.unwrap();
    let there = world.watch(&other, &session, turn, position).await.unwrap();
    let too = world.watch(&other, &session, turn, None).await.unwrap();
    for piece in &pieces[2..] {
        feed.text(piece);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    feed.finish(ModelFinish::Stop);
    drop(feed);
    let (whole, here, there, too) = (all(stream).await, all(here).await, all(there).await, all(too).await);
    assert_eq!(text(&whole), pieces.concat());
    assert_eq!((ids(&here), text(&here)), (ids(&whole[2..]), pieces[1..].concat()));
    assert_eq!((ids(&there), text(&there)), (ids(&whole[2..]), pieces[1..].concat()));
    assert_eq!(ids(&too), ids(&whole));
    assert!(matches!(&*there.last().unwrap().event, TurnEvent::Completed { content, .. }
        if **content == *pieces.concat()));
}

#[tokio::test(start_paused = true)]
async fn a_viewer_elsewhere_hears_of_new_text_within_a_second_and_a_half() {
    let world = World::new().await;
    let other = world.replica();
    let (session, feed, _stream) = world.answering(&["First. "]).await;
    let turn = world.turn_of(&session).await;
    let mut there = world.watch(&other, &session, turn, None).await.unwrap();
    for _ in 0..2 {
        there.next().await.unwrap();
    }
    let said_at = tokio::time::Instant::now();
    feed.text("Second.");
    there.next().await.unwrap();
    assert!(said_at.elapsed() < Duration::from_millis(1500));
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_saw_more_than_was_stored_still_hears_of_the_end() {
    let world = World::new().await;
    let other = world.replica();
    let (session, feed, _stream) = world.answering(&["Stored."]).await;
    eventually("it is stored", async || world.history(&session).await[1].content == "Stored.").await;
    let turn = world.turn_of(&session).await;
    let lost = Some(EventId { turn_id: turn, generation: 1, seq: 7 });
    let watching = world.watch(&other, &session, turn, lost).await.unwrap();
    world.clock.advance(SignedDuration::from_secs(60));
    let third = world.replica();
    let seen = all(watching).await;
    assert!(matches!(*seen[0].event, TurnEvent::Broken { .. }), "and nothing before it");
    let late = all(world.watch(&third, &session, turn, lost).await.unwrap()).await;
    assert_eq!(ids(&late), ids(&seen));
    assert!(world.watch(&third, &session, turn, Some(late[0].id)).await.is_none(), "nothing is to come");
    drop(feed);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_to_come_when_the_log_is_gone() {
    let world = World::new().await;
    let session = world.open().await;
    world.model.answer_next(&["Hello"]);
    let whole = all(world.send(&session, "Hi").await.unwrap()).await;
    world.clock.advance(SignedDuration::from_hours(25));
    let ended_before = world.clock.advance(SignedDuration::ZERO) - SignedDuration::from_hours(24);
    assert_eq!(world.stores.stores().turns.prune_events(ended_before, 10).await.unwrap(), 1);
    for position in [None, Some(whole[0].id), Some(whole[2].id)] {
        assert!(world.watch(&world.app, &session, whole[0].id.turn_id, position).await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_is_shown_stopped_and_retried_only_in_its_own_session() {
    let world = World::new().await;
    let (session, _feed, _stream) = world.answering(&["Mine"]).await;
    let stranger = world.open().await;
    let turn = world.turn_of(&session).await;
    for (session, turn) in [(&stranger, turn), (&session, sample::turn_id(99))] {
        let (visitors, request) = (&world.app.visitors, || world.request(session));
        let watched = visitors.watch_turn(request(), turn, None).await;
        assert!(matches!(watched.err(), Some(VisitorError::TurnNotFound)));
        let stopped = visitors.stop_turn(request(), turn).await;
        assert!(matches!(stopped.err(), Some(VisitorError::TurnNotFound)));
        let retried = visitors.retry_turn(request(), turn).await;
        assert!(matches!(retried.err(), Some(VisitorError::TurnNotFound)));
    }
    assert_eq!(world.history(&session).await[1].status, MessageStatus::Streaming);
}

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
    let first = world.app.visitors.send(message()).await.unwrap();
    feed.text("Only ");
    let (here, there) = (world.app.visitors.send(message()).await, other.visitors.send(message()).await);
    feed.text("once");
    feed.finish(ModelFinish::Stop);
    drop(feed);
    let first = all(first).await;
    for again in [here, there, world.app.visitors.send(message()).await, other.visitors.send(message()).await]
    {
        let again = all(again.unwrap()).await;
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
    let first = events(world.app.visitors.send(message()).await.unwrap()).await;
    world.clock.advance(SignedDuration::from_hours(48));
    let later = world.clock.advance(SignedDuration::ZERO);
    world.stores.stores().turns.prune_events(later, 10).await.unwrap();
    let again = events(world.app.visitors.send(message()).await.unwrap()).await;
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
    let again = world.app.visitors.retry_turn(world.request(&session), turn).await.unwrap();
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
    let again = world.app.visitors.retry_turn(world.request(&session), turn).await.unwrap();
    assert!(matches!(events(again).await.last(), Some(TurnEvent::Broken { .. })));
    let history = world.history(&session).await;
    assert_eq!((history[1].content.as_str(), history[1].status), ("Half", MessageStatus::Interrupted));
    assert_eq!(history[1].turn_id, Some(turn), "and it can be tried once more");
}

#[tokio::test(start_paused = true)]
async fn a_drain_sends_away_those_who_watch_turns_of_other_replicas() {
    let world = World::new().await;
    let other = world.replica();
    let (session, feed, stream) = world.answering(&["Hello"]).await;
    let turn = world.turn_of(&session).await;
    let there = world.watch(&other, &session, turn, None).await.unwrap();
    other.begin_drain();
    let seen = tokio::time::timeout(Duration::from_secs(1), all(there)).await.unwrap();
    assert!(!seen.iter().any(|event| event.event.is_terminal()), "no terminal event: look again");
    let refused = other.visitors.watch_turn(world.request(&session), turn, None).await;
    assert!(matches!(refused.err(), Some(VisitorError::Draining)));
    feed.finish(ModelFinish::Stop);
    drop(feed);
    assert!(matches!(
        events(stream).await.last(),
        Some(TurnEvent::Completed { .. } | TurnEvent::Broken { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_living_replicas_may_renew_their_leases_before_anybody_sweeps() {
    let world = World::new().await;
    let (session, feed, stream) = world.answering(&["I am"]).await;
    eventually("it is stored", async || world.history(&session).await[1].content == "I am").await;
    let idle = world.replica();
    world.stores.set_unavailable(true);
    for _ in 0..12 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.clock.advance(SignedDuration::from_secs(1));
    }
    world.stores.set_unavailable(false);
    tokio::time::sleep(Duration::from_secs(5)).await;
    feed.text(" still here");
    feed.finish(ModelFinish::Stop);
    drop(feed);
    assert!(matches!(events(stream).await.last(), Some(TurnEvent::Completed { .. })));
    idle.drain(Duration::ZERO).await;
}
