//! Failing models: asked again before the first word only, left alone when they fail too often, and replaced.

use std::time::Duration;

use chatloom_domain::message::MessageStatus;
use chatloom_domain::turn::{TurnEvent, TurnFailure};
use chatloom_domain::workflow::{AgentInput, FallbackInput};
use chatloom_ports::chat_model::ModelErrorClass as Class;
use chatloom_ports::dashboard::UpdateWorkflowCommand;
use chatloom_ports::visitor::VisitorError;

use crate::app::{World, agent, events, text_of};

const OVERLOADED: Class = Class::Overloaded { retry_after: None };

impl World {
    async fn ask(&self, question: &str) -> Vec<TurnEvent> {
        let session = self.open().await;
        events(self.send(&session, question).await.unwrap()).await
    }

    async fn add_fallback(&self) {
        let fallback = Some(FallbackInput { provider: "fed".into(), model: "spare".into() });
        let agent = Some(AgentInput { fallback, ..agent() });
        let command = UpdateWorkflowCommand { agent, name: None };
        self.app.workflows.update(&self.actor, self.workflow.id, command).await.unwrap();
    }

    /// Lets the model fail so often that nobody asks it any more.
    async fn open_circuit(&self) {
        self.model.refuse_next(Class::Quota);
        self.ask("Are you there?").await;
    }
}

fn failure(events: &[TurnEvent]) -> Option<TurnFailure> {
    match events.last() {
        Some(TurnEvent::Broken { failure, .. }) => Some(*failure),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_fails_in_passing_is_asked_again_until_it_answers() {
    for class in [OVERLOADED, Class::Upstream, Class::Connect, Class::Truncated] {
        let world = World::new().await;
        world.model.refuse_next(class);
        let feed = world.model.feed_next();
        feed.fail(class);
        world.model.answer_next(&["Here I am"]);
        let began = tokio::time::Instant::now();
        let seen = world.ask("Hello?").await;
        assert_eq!((text_of(&seen).as_str(), failure(&seen)), ("Here I am", None), "{class:?}");
        assert!(began.elapsed() < Duration::from_millis(750 + 100), "the waits are short");
        assert_eq!(world.model.asked().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_is_asked_three_times_at_most() {
    let world = World::new().await;
    world.model.refuse_from_now_on(Class::Upstream);
    assert_eq!(failure(&world.ask("Hello?").await), Some(TurnFailure::ModelUnavailable));
    assert_eq!(world.model.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn after_the_first_word_nothing_is_asked_again() {
    let world = World::new().await;
    world.add_fallback().await;
    let feed = world.model.feed_next();
    feed.text("Well");
    feed.fail(Class::Upstream);
    assert_eq!(failure(&world.ask("Hello?").await), Some(TurnFailure::AnswerInterrupted));
    assert_eq!(world.model.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_names_a_wait_is_waited_for_once() {
    let world = World::new().await;
    let limited = Class::RateLimited { retry_after: Some(Duration::from_secs(8)) };
    world.model.refuse_next(limited);
    world.model.answer_next(&["Thanks for waiting"]);
    let began = tokio::time::Instant::now();
    assert_eq!(text_of(&world.ask("Hello?").await), "Thanks for waiting");
    assert!((8_000..8_350).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());

    world.model.refuse_from_now_on(limited);
    assert_eq!(failure(&world.ask("Hello?").await), Some(TurnFailure::ModelOverloaded));
    assert_eq!(world.model.asked().len(), 4, "two questions, one retry each");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_nobody_would_wait_for_is_not_waited_for() {
    let world = World::new().await;
    world.model.refuse_next(Class::RateLimited { retry_after: Some(Duration::from_secs(11)) });
    assert_eq!(failure(&world.ask("Hello?").await), Some(TurnFailure::ModelOverloaded));
    assert_eq!(world.model.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn refusals_that_will_not_change_are_not_tried_again() {
    for class in [Class::Auth, Class::BadRequest, Class::NotFound, Class::ContextLength, Class::Protocol] {
        let world = World::new().await;
        world.model.refuse_from_now_on(class);
        assert!(failure(&world.ask("Hello?").await).is_some(), "{class:?}");
        assert_eq!(world.model.asked().len(), 1, "{class:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_not_made_worse_by_retries() {
    let world = World::new().await;
    world.model.refuse_from_now_on(Class::Upstream);
    let mut failed = 0;
    loop {
        let session = world.open().await;
        match world.send(&session, "Hello?").await {
            Ok(stream) => assert!(failure(&events(stream).await).is_some()),
            Err(refused) => {
                assert!(matches!(refused, VisitorError::ModelUnavailable { retry_after }
                    if retry_after <= Duration::from_secs(10)));
                assert!(world.transcript(session.id).await.is_empty(), "nothing is stored");
                break;
            }
        }
        failed += 1;
    }
    let asked = world.model.asked().len();
    assert!((20..=32).contains(&asked), "{asked} requests for {failed} questions before nobody asks");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_left_alone_is_probed_after_a_while_and_trusted_again() {
    let world = World::new().await;
    world.open_circuit().await;
    let session = world.open().await;
    assert!(matches!(world.send(&session, "Now?").await.err(), Some(VisitorError::ModelUnavailable { .. })));
    tokio::time::sleep(Duration::from_secs(10)).await;
    let feed = world.model.feed_next();
    let probe = world.send(&session, "And now?").await.unwrap();
    crate::app::eventually("the probe is under way", async || world.model.asked().len() == 2).await;
    let other = world.open().await;
    assert!(matches!(world.send(&other, "Me too").await.err(), Some(VisitorError::ModelUnavailable { .. })));
    feed.text("Yes");
    feed.finish(chatloom_ports::chat_model::ModelFinish::Stop);
    drop(feed);
    assert_eq!(text_of(&events(probe).await), "Yes");
    world.model.answer_next(&["You too"]);
    assert_eq!(text_of(&events(world.send(&other, "Me too").await.unwrap()).await), "You too");
}

#[tokio::test(start_paused = true)]
async fn the_fallback_answers_when_the_model_cannot() {
    let world = World::new().await;
    world.add_fallback().await;
    for class in [Class::Auth, Class::ContextLength, Class::Quota] {
        world.model.refuse_next(class);
        world.model.answer_next(&["From the spare"]);
        assert_eq!(text_of(&world.ask("Hello?").await), "From the spare", "{class:?}");
    }
    assert_eq!(world.model.asked()[..2], ["fed-1", "spare"]);
}

#[tokio::test(start_paused = true)]
async fn while_a_model_is_left_alone_its_fallback_is_asked_at_once() {
    let world = World::new().await;
    world.open_circuit().await;
    world.add_fallback().await;
    world.model.answer_next(&["From the spare"]);
    assert_eq!(text_of(&world.ask("Hello?").await), "From the spare");
    assert_eq!(world.model.asked(), ["fed-1", "spare"]);
}

#[tokio::test(start_paused = true)]
async fn when_the_fallback_fails_too_the_turn_has_failed() {
    let world = World::new().await;
    world.add_fallback().await;
    world.model.refuse_from_now_on(Class::Auth);
    let session = world.open().await;
    let seen = events(world.send(&session, "Hello?").await.unwrap()).await;
    assert_eq!(failure(&seen), Some(TurnFailure::ModelUnavailable));
    assert_eq!(world.history(&session).await[1].status, MessageStatus::Failed);
    assert_eq!(world.model.asked(), ["fed-1", "spare"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_wait_for_the_next_attempt() {
    let world = World::new().await;
    let session = world.open().await;
    world.model.refuse_next(Class::RateLimited { retry_after: Some(Duration::from_secs(9)) });
    let stream = world.send(&session, "Hello?").await.unwrap();
    crate::app::eventually("the first attempt has failed", async || world.model.asked().len() == 1).await;
    let turn = world.history(&session).await[1].turn_id.unwrap();
    let began = tokio::time::Instant::now();
    world.app.visitors.stop_turn(world.request(&session), turn).await.unwrap();
    assert_eq!(failure(&events(stream).await), None);
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_repetition_finds_its_turn_although_the_model_is_left_alone() {
    let world = World::new().await;
    let session = world.open().await;
    world.model.refuse_next(Class::Quota);
    let message = |text| world.message(&session, text, Some("key"));
    let first = events(world.app.visitors.send(message("Hello?")).await.unwrap().events).await;
    let again = events(world.app.visitors.send(message("Hello?")).await.unwrap().events).await;
    assert_eq!(again, first);
    let reused = world.app.visitors.send(message("Something else")).await.err();
    assert!(matches!(reused, Some(VisitorError::KeyReused)));
    let new = world.send(&session, "Something else").await.err();
    assert!(matches!(new, Some(VisitorError::ModelUnavailable { .. })));
}
