//! Those who come back see each event once, on any replica.

use std::time::Duration;

use chatloom_app::Application;
use chatloom_domain::id::TurnId;
use chatloom_domain::message::MessageStatus;
use chatloom_domain::turn::{EventId, TurnEvent};
use chatloom_ports::chat_model::ModelFinish;
use chatloom_ports::visitor::{OpenedSession, StreamedEvent, TurnStream, VisitorError};
use chatloom_testkit::sample;
use futures::StreamExt;
use jiff::SignedDuration;

use crate::app::{World, application, events, eventually, text_of};
use crate::model::Feed;

impl World {
    /// Another replica on the same stores.
    pub(crate) fn replica(&self) -> Application {
        application(&self.stores, &self.clock, &self.model)
    }

    /// A turn in mid-answer, and its stream from the start on.
    pub(crate) async fn answering(&self, pieces: &[&str]) -> (OpenedSession, Feed, TurnStream) {
        let session = self.open().await;
        let feed = self.model.feed_next();
        let stream = self.send(&session, "Well?").await.unwrap();
        for piece in pieces {
            feed.text(piece);
        }
        (session, feed, stream)
    }

    pub(crate) async fn turn_of(&self, session: &OpenedSession) -> TurnId {
        self.history(session).await[1].turn_id.unwrap()
    }

    pub(crate) async fn watch(
        &self,
        app: &Application,
        session: &OpenedSession,
        turn: TurnId,
        position: Option<EventId>,
    ) -> Option<TurnStream> {
        app.visitors.watch_turn(self.request(session), turn, position).await.unwrap()
    }
}

pub(crate) async fn all(stream: TurnStream) -> Vec<StreamedEvent> {
    stream.collect().await
}

pub(crate) fn ids(events: &[StreamedEvent]) -> Vec<(u32, u32)> {
    events.iter().map(|event| (event.id.generation, event.id.seq)).collect()
}

pub(crate) fn text(events: &[StreamedEvent]) -> String {
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
async fn a_turn_whose_replica_died_before_it_stored_anything_is_shown_from_its_start() {
    let world = World::new().await;
    let (session, feed, _stream) = world.answering(&[]).await;
    world.clock.advance(SignedDuration::from_secs(60));
    let other = world.replica();
    eventually("it is ended", async || world.history(&session).await[1].status == MessageStatus::Failed)
        .await;
    let turn = world.turn_of(&session).await;
    let seen = all(world.watch(&other, &session, turn, None).await.unwrap()).await;
    assert!(matches!(*seen[0].event, TurnEvent::Started { .. }));
    assert_eq!(ids(&seen), [(1, 1), (1, 65_536)]);
    let rest = all(world.watch(&other, &session, turn, Some(seen[0].id)).await.unwrap()).await;
    assert_eq!(ids(&rest), [(1, 65_536)]);
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
