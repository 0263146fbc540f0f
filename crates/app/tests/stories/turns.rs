//! A turn is stored before anybody hears of it, outlives its viewers, and always ends.

use std::time::Duration;

use chatloom_domain::message::MessageStatus;
use chatloom_domain::turn::{FinishReason, TurnEvent, TurnFailure};
use chatloom_domain::usage::TokenUsage;
use chatloom_ports::chat_model::{ModelErrorClass, ModelEvent, ModelFinish};
use chatloom_ports::dashboard::UpdateWorkflowCommand;
use chatloom_ports::visitor::VisitorError;
use futures::StreamExt;
use jiff::SignedDuration;

use crate::app::{World, agent, application, events, eventually, text_of};

#[tokio::test(start_paused = true)]
async fn an_answer_streams_in_pieces_that_add_up_and_is_stored_whole() {
    let world = World::new().await;
    let session = world.open().await;
    world.model.answer_next(&["Hel", "lo", ", visitor", "!"]);
    let mut stream = world.send(&session, " Hi there ").await.unwrap();
    let first = stream.next().await.unwrap();
    assert_eq!((first.id.generation, first.id.seq), (1, 1));
    let TurnEvent::Started { user_message_id, assistant_message_id } = *first.event else {
        panic!("the first event is the start")
    };
    let rest = events(stream).await;
    assert_eq!(text_of(&rest), "Hello, visitor!");
    let TurnEvent::Completed { assistant_message_id: done, content, finish_reason, usage, .. } =
        rest.last().unwrap()
    else {
        panic!("the last event is the end")
    };
    assert_eq!((*done, &**content), (assistant_message_id, "Hello, visitor!"));
    assert_eq!((*finish_reason, *usage), (FinishReason::Stop, TokenUsage { input: 11, output: 7 }));

    let history = world.history(&session).await;
    let plain: Vec<_> = history.iter().map(|message| (message.id, message.content.as_str())).collect();
    assert_eq!(plain, [(user_message_id, "Hi there"), (assistant_message_id, "Hello, visitor!")]);
    assert!(history.iter().all(|message| message.status == MessageStatus::Complete));

    let stats = world.app.widgets.stats(&world.member, world.widget.id).await.unwrap();
    assert_eq!((stats.total_sessions, stats.total_messages, stats.active_sessions_today), (1, 2, 1));
    assert_eq!(stats.token_usage, TokenUsage { input: 11, output: 7 });
}

#[tokio::test(start_paused = true)]
async fn the_message_is_stored_before_the_model_says_anything() {
    let world = World::new().await;
    let session = world.open().await;
    let feed = world.model.feed_next();
    let _stream = world.send(&session, "Hello?").await.unwrap();
    let expected = [("user", "complete", "Hello?"), ("assistant", "streaming", "")]
        .map(|(author, status, text)| (author.to_owned(), status.to_owned(), text.to_owned()));
    assert_eq!(world.transcript(session.id).await, expected);
    drop(feed);
}

#[tokio::test(start_paused = true)]
async fn a_visitor_who_leaves_in_mid_answer_finds_the_whole_answer() {
    let world = World::new().await;
    let session = world.open().await;
    let feed = world.model.feed_next();
    let mut stream = world.send(&session, "Tell me").await.unwrap();
    feed.text("Once upon");
    stream.next().await.unwrap();
    stream.next().await.unwrap();
    drop(stream);
    eventually("the text so far is in the history", async || {
        world.history(&session).await[1].content == "Once upon"
    })
    .await;
    feed.text(" a time");
    feed.finish(ModelFinish::Stop);
    eventually("the answer is whole", async || {
        world.history(&session).await[1].status == MessageStatus::Complete
    })
    .await;
    assert_eq!(world.history(&session).await[1].content, "Once upon a time");
}

#[tokio::test(start_paused = true)]
async fn each_way_of_failing_ends_the_turn_with_its_code() {
    use ModelErrorClass as Class;
    use TurnFailure as Failure;
    let table = [
        (Class::Auth, Failure::ModelUnavailable),
        (Class::NotFound, Failure::ModelUnavailable),
        (Class::BadRequest, Failure::ModelUnavailable),
        (Class::Connect, Failure::ModelUnavailable),
        (Class::Protocol, Failure::ModelUnavailable),
        (Class::Upstream, Failure::ModelUnavailable),
        (Class::Quota, Failure::ModelOverloaded),
        (Class::RateLimited { retry_after: None }, Failure::ModelOverloaded),
        (Class::Overloaded { retry_after: None }, Failure::ModelOverloaded),
        (Class::ContextLength, Failure::ConversationTooLong),
        (Class::Truncated, Failure::AnswerInterrupted),
    ];
    for (class, expected) in table {
        let world = World::new().await;
        let session = world.open().await;
        let feed = world.model.feed_next();
        feed.text("Half an");
        feed.fail(class);
        let cut = events(world.send(&session, "Hi").await.unwrap()).await;
        let Some(TurnEvent::Broken { failure, .. }) = cut.last() else { panic!("{class:?} breaks") };
        assert_eq!(*failure, Failure::AnswerInterrupted, "{class:?} after text");
        let history = world.history(&session).await;
        assert_eq!((history[1].status, history[1].content.as_str()), (MessageStatus::Interrupted, "Half an"));

        world.model.refuse_from_now_on(class);
        let refused = events(world.send(&session, "Again").await.unwrap()).await;
        let Some(TurnEvent::Broken { failure, .. }) = refused.last() else { panic!("{class:?} breaks") };
        assert_eq!(*failure, expected, "{class:?}");
        assert_eq!(world.history(&session).await[3].status, MessageStatus::Failed, "{class:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_just_ends_is_never_taken_for_a_whole_answer() {
    let world = World::new().await;
    let session = world.open().await;
    let feed = world.model.feed_next();
    feed.text("The answer is");
    drop(feed);
    let seen = events(world.send(&session, "Well?").await.unwrap()).await;
    assert!(matches!(seen.last(), Some(TurnEvent::Broken { failure: TurnFailure::AnswerInterrupted, .. })));
    assert_eq!(world.history(&session).await[1].status, MessageStatus::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_never_begins_and_one_that_falls_silent_are_given_up() {
    for text in [None, Some("Let me think")] {
        let world = World::new().await;
        let session = world.open().await;
        let feed = world.model.feed_next();
        if let Some(text) = text {
            feed.text(text);
        }
        let began = tokio::time::Instant::now();
        let seen = events(world.send(&session, "Well?").await.unwrap()).await;
        assert!(matches!(seen.last(), Some(TurnEvent::Broken { failure: TurnFailure::TurnTimedOut, .. })));
        let expected = if text.is_some() { 60 } else { 30 };
        assert_eq!(began.elapsed().as_secs(), expected);
        assert_eq!(text_of(&seen), text.unwrap_or_default());
        assert!(feed.is_cancelled(), "the provider is told");
    }
}

#[tokio::test(start_paused = true)]
async fn reasoning_counts_as_progress_and_the_whole_turn_has_a_deadline() {
    let world = World::new().await;
    let session = world.open().await;
    let feed = world.model.feed_next();
    let stream = world.send(&session, "Think hard").await.unwrap();
    let began = tokio::time::Instant::now();
    let thinking = async {
        while !feed.is_cancelled() {
            tokio::time::sleep(Duration::from_secs(25)).await;
            if !feed.is_cancelled() {
                feed.event(ModelEvent::Reasoning);
            }
        }
    };
    let (seen, ()) = tokio::join!(events(stream), thinking);
    assert!(matches!(seen.last(), Some(TurnEvent::Broken { failure: TurnFailure::TurnTimedOut, .. })));
    assert!((600..626).contains(&began.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_stays_open_after_the_end_does_not_hold_the_answer_back() {
    let world = World::new().await;
    let session = world.open().await;
    let feed = world.model.feed_next();
    feed.text("Done");
    feed.finish(ModelFinish::Length);
    let began = tokio::time::Instant::now();
    let seen = events(world.send(&session, "Well?").await.unwrap()).await;
    let Some(TurnEvent::Completed { finish_reason, usage, .. }) = seen.last() else { panic!("it is whole") };
    assert_eq!(*finish_reason, FinishReason::Length);
    assert!(usage.input > 0 && usage.output > 0, "usage that nobody reported is estimated");
    assert!(began.elapsed() <= Duration::from_secs(3));
    drop(feed);
}

#[tokio::test(start_paused = true)]
async fn an_endless_answer_is_broken_off() {
    let world = World::new().await;
    let session = world.open().await;
    let feed = world.model.feed_next();
    for _ in 0..300 {
        feed.text(&"x".repeat(1024));
    }
    let seen = events(world.send(&session, "Talk").await.unwrap()).await;
    assert!(matches!(seen.last(), Some(TurnEvent::Broken { failure: TurnFailure::AnswerInterrupted, .. })));
    assert_eq!(world.history(&session).await[1].content.len(), 256 * 1024);
}

#[tokio::test(start_paused = true)]
async fn what_a_database_cannot_store_is_replaced_before_anybody_sees_it() {
    let world = World::new().await;
    let session = world.open().await;
    world.model.answer_next(&["a\0b", "\0"]);
    let seen = events(world.send(&session, "NUL?").await.unwrap()).await;
    assert_eq!(text_of(&seen), "a\u{fffd}b\u{fffd}");
    assert_eq!(world.history(&session).await[1].content, text_of(&seen));
}

#[tokio::test(start_paused = true)]
async fn a_session_answers_one_question_at_a_time() {
    let world = World::new().await;
    let session = world.open().await;
    let feed = world.model.feed_next();
    let mut first = world.send(&session, "One").await.unwrap();
    let running = first.next().await.unwrap().id.turn_id;
    let refused = world.send(&session, "Two").await.err();
    assert!(matches!(refused, Some(VisitorError::TurnRunning(id)) if id == running));
    feed.text("1");
    feed.finish(ModelFinish::Stop);
    drop(feed);
    events(first).await;
    world.model.answer_next(&["2"]);
    assert_eq!(text_of(&events(world.send(&session, "Two").await.unwrap()).await), "2");
    assert_eq!(world.model.last_conversation(), ["One", "1", "Two"]);
}

#[tokio::test(start_paused = true)]
async fn the_model_sees_the_workflows_number_of_earlier_messages() {
    let world = World::new().await;
    let session = world.open().await;
    let short = chatloom_domain::workflow::AgentInput { history_messages: Some(2), ..agent() };
    let command = UpdateWorkflowCommand { agent: Some(short), name: None };
    world.app.workflows.update(&world.actor, world.workflow.id, command).await.unwrap();
    for number in ["1", "2", "3"] {
        world.model.answer_next(&["ok ", number]);
        events(world.send(&session, number).await.unwrap()).await;
    }
    assert_eq!(world.model.last_conversation(), ["2", "ok 2", "3"]);
}

#[tokio::test(start_paused = true)]
async fn a_session_erased_in_mid_answer_stays_erased() {
    let world = World::new().await;
    let session = world.open().await;
    let feed = world.model.feed_next();
    let stream = world.send(&session, "Secret").await.unwrap();
    feed.text("I will tell");
    world.app.visitors.erase_session(world.request(&session)).await.unwrap();
    let seen = events(stream).await;
    assert!(matches!(seen.last(), Some(TurnEvent::Broken { .. })));
    assert!(feed.is_cancelled());
    assert!(world.transcript(session.id).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dead_replicas_turn_is_interrupted_by_another_and_the_dead_one_writes_nothing_more() {
    let world = World::new().await;
    let session = world.open().await;
    let feed = world.model.feed_next();
    let stream = world.send(&session, "Hello?").await.unwrap();
    feed.text("I am");
    eventually("the text is flushed", async || world.history(&session).await[1].content == "I am").await;

    // The first replica is cut off from time: its lease runs out while it believes to be well.
    world.clock.advance(SignedDuration::from_secs(60));
    let other = application(&world.stores, &world.clock, &world.model);
    eventually("the turn is ended", async || {
        world.history(&session).await[1].status == MessageStatus::Interrupted
    })
    .await;
    feed.text(" back from the dead");
    feed.finish(ModelFinish::Stop);
    let seen = events(stream).await;
    assert!(matches!(seen.last(), Some(TurnEvent::Broken { .. })));
    let history = world.history(&session).await;
    assert_eq!((history[1].status, history[1].content.as_str()), (MessageStatus::Interrupted, "I am"));
    other.drain(Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_refuses_new_turns_lets_running_ones_end_and_stores_the_rest() {
    let world = World::new().await;
    let (quick, slow) = (world.open().await, world.open().await);
    let quick_feed = world.model.feed_next();
    let _quick_stream = world.send(&quick, "Quick").await.unwrap();
    let slow_feed = world.model.feed_next();
    let slow_stream = world.send(&slow, "Slow").await.unwrap();
    slow_feed.text("As far as");
    world.app.begin_drain();
    assert!(world.app.readiness.check().await.is_err());
    assert!(matches!(world.send(&quick, "More").await.err(), Some(VisitorError::Draining)));
    quick_feed.text("Done");
    quick_feed.finish(ModelFinish::Stop);
    drop(quick_feed);
    let began = tokio::time::Instant::now();
    world.app.drain(Duration::from_secs(25)).await;
    assert_eq!(began.elapsed().as_secs(), 25);
    assert_eq!(world.transcript(quick.id).await[1].1, "complete");
    let interrupted = ("assistant".to_owned(), "interrupted".to_owned(), "As far as".to_owned());
    assert_eq!(world.transcript(slow.id).await[1], interrupted);
    assert!(matches!(events(slow_stream).await.last(), Some(TurnEvent::Broken { .. })));
    let stats = world.app.widgets.stats(&world.member, world.widget.id).await.unwrap();
    assert!(stats.token_usage.output >= 2, "what was delivered is counted, broken off or not");
}

#[tokio::test(start_paused = true)]
async fn a_turn_survives_a_database_that_is_away_for_a_while() {
    let world = World::new().await;
    let session = world.open().await;
    let feed = world.model.feed_next();
    let stream = world.send(&session, "Hold on").await.unwrap();
    feed.text("I am");
    eventually("the text is flushed", async || world.history(&session).await[1].content == "I am").await;
    world.stores.set_unavailable(true);
    feed.text(" still");
    // Longer than a lease: when the database is back, nobody may take the turn for a dead replica's.
    for _ in 0..12 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.clock.advance(SignedDuration::from_secs(1));
    }
    world.stores.set_unavailable(false);
    tokio::time::sleep(Duration::from_secs(3)).await;
    feed.text(" here");
    feed.finish(ModelFinish::Stop);
    let seen = events(stream).await;
    assert!(matches!(seen.last(), Some(TurnEvent::Completed { .. })));
    assert_eq!(world.history(&session).await[1].content, "I am still here");
}

#[tokio::test(start_paused = true)]
async fn one_failed_write_after_a_quiet_time_breaks_nothing_off() {
    let world = World::new().await;
    let session = world.open().await;
    for (number, question) in ["One", "Two"].into_iter().enumerate() {
        let feed = world.model.feed_next();
        let stream = world.send(&session, question).await.unwrap();
        world.stores.set_unavailable(true);
        feed.text("Here");
        tokio::time::sleep(Duration::from_millis(400)).await;
        world.stores.set_unavailable(false);
        feed.finish(ModelFinish::Stop);
        drop(feed);
        assert!(matches!(events(stream).await.last(), Some(TurnEvent::Completed { .. })), "turn {number}");
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_answering_costs_one_answer_and_not_the_session() {
    let world = World::new().await;
    let session = world.open().await;
    world.model.panic_next();
    let seen = events(world.send(&session, "Boom").await.unwrap()).await;
    assert!(matches!(seen.last(), Some(TurnEvent::Broken { failure: TurnFailure::AnswerInterrupted, .. })));
    world.model.answer_next(&["Fine again"]);
    assert_eq!(text_of(&events(world.send(&session, "And now?").await.unwrap()).await), "Fine again");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_could_not_be_stored_is_not_taken() {
    let world = World::new().await;
    let session = world.open().await;
    world.stores.set_unavailable(true);
    assert!(matches!(world.send(&session, "Lost?").await.err(), Some(VisitorError::Store(_))));
    world.stores.set_unavailable(false);
    assert!(world.transcript(session.id).await.is_empty());
    assert!(world.model.requests.lock().unwrap().is_empty(), "the model was not asked");
}
