//! Conversations that have been kept for long enough are erased by themselves, and running ones are not.

use std::time::Duration;

use chatloom_ports::dashboard::visitors::ErasureCommand;
use chatloom_ports::dashboard::{RulesInput, UpdateWidgetCommand};
use chatloom_ports::visitor::VisitorError;
use futures::StreamExt;
use jiff::SignedDuration;

use crate::app::{World, application, events, eventually};

/// A little longer than it takes until conversations are looked for again.
const NEXT_SWEEP: Duration = Duration::from_mins(6);

async fn keep_for(world: &World, days: Option<i64>) {
    let rules = RulesInput { retention_days: Some(days), ..RulesInput::default() };
    let command = UpdateWidgetCommand { rules, ..UpdateWidgetCommand::default() };
    world.app.widgets.update(&world.actor, world.widget.id, command).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_was_kept_for_long_enough_goes_and_what_is_newer_stays() {
    let world = World::new().await;
    keep_for(&world, Some(1)).await;
    let old = world.open().await;
    world.model.answer_next(&["ok"]);
    events(world.send(&old, "Forget me").await.unwrap()).await;
    world.clock.advance(SignedDuration::from_hours(12));
    let newer = world.open().await;
    world.clock.advance(SignedDuration::from_hours(13));
    tokio::time::sleep(NEXT_SWEEP).await;
    assert_eq!(world.transcript(old.id).await, []);
    assert!(world.history(&newer).await.is_empty());
    let gone = world.app.visitors.history(world.request(&old), None).await;
    assert!(matches!(gone, Err(VisitorError::SessionNotFound)));
    let stats = world.app.widgets.stats(&world.member, world.widget.id).await.unwrap();
    assert_eq!((stats.total_sessions, stats.total_messages), (2, 2), "totals stay");
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_where_nothing_was_said_of_it() {
    let world = World::new().await;
    keep_for(&world, None).await;
    let session = world.open().await;
    world.clock.advance(SignedDuration::from_hours(24 * 5_000));
    tokio::time::sleep(NEXT_SWEEP).await;
    assert!(world.history(&session).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_session_with_a_running_turn_waits_for_its_end() {
    let world = World::new().await;
    keep_for(&world, Some(1)).await;
    let session = world.open().await;
    let feed = world.model.feed_next();
    let _stream = world.send(&session, "Take your time").await.unwrap();
    world.clock.advance(SignedDuration::from_hours(48));
    // As long as it takes until conversations are looked for again; a model that is silent would be given up.
    for _ in 0..12 {
        feed.text(".");
        tokio::time::sleep(NEXT_SWEEP / 12).await;
    }
    assert_eq!(world.transcript(session.id).await.len(), 2);
    drop(feed);
    eventually("the turn has ended", async || world.transcript(session.id).await[1].1 != "streaming").await;
    tokio::time::sleep(NEXT_SWEEP).await;
    assert_eq!(world.transcript(session.id).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_start_after_a_long_time_sweeps_all_of_it_at_once() {
    let world = World::new().await;
    keep_for(&world, Some(1)).await;
    let mut old = Vec::new();
    for _ in 0..350 {
        old.push(world.open().await);
    }
    world.app.drain(Duration::ZERO).await;
    world.clock.advance(SignedDuration::from_hours(25));
    let again = application(&world.stores, &world.clock, &world.model);
    eventually("all are gone", async || {
        for session in &old {
            let found = world.stores.stores().sessions.find_session(session.id).await.unwrap();
            if found.is_some() {
                return false;
            }
        }
        true
    })
    .await;
    again.drain(Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn an_erased_running_turn_ends_and_writes_nothing_back() {
    let world = World::new().await;
    let session = world.open().await;
    let feed = world.model.feed_next();
    let mut stream = world.send(&session, "Forget me").await.unwrap();
    stream.next().await.unwrap();
    let administration = &world.app.visitor_administration;
    let command = ErasureCommand::Session(session.id);
    assert_eq!(administration.erase(&world.actor, world.widget.id, command).await.unwrap(), 1);
    // The turn hears of it at its next flush; its viewers see an end and its model's answer is dropped.
    let rest: Vec<_> = stream.collect().await;
    assert!(!rest.is_empty());
    drop(feed);
    assert_eq!(world.transcript(session.id).await, []);
    world.app.drain(Duration::from_secs(1)).await;
    assert_eq!(world.transcript(session.id).await, []);
}
