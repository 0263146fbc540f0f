//! What visitors think of answers: who may say so, of what, and who reads it.

use chatloom_domain::feedback::{FeedbackError, FeedbackReason, Rating};
use chatloom_domain::id::MessageId;
use chatloom_ports::chat_model::ModelErrorClass;
use chatloom_ports::dashboard::visitors::VisitorAdministrationError;
use chatloom_ports::visitor::{FeedbackCommand, OpenedSession, VisitorError};
use chatloom_testkit::sample;
use jiff::SignedDuration;

use crate::app::{World, events, stranger};

async fn give(
    world: &World,
    session: &OpenedSession,
    message: MessageId,
    rating: Option<&str>,
    reason: Option<&str>,
) -> Result<(), VisitorError> {
    let (rating, reason) = (rating.map(str::to_owned), reason.map(str::to_owned));
    let command = FeedbackCommand { session: world.request(session), message, rating, reason };
    world.app.visitors.give_feedback(command).await
}

/// Asks, and gives the answer's id.
async fn answered(world: &World, session: &OpenedSession, text: &str) -> MessageId {
    world.model.answer_next(&[text]);
    events(world.send(session, "How?").await.unwrap()).await;
    world.history(session).await.pop().unwrap().id
}

/// The widget's feedback as rating, reason and answer.
async fn listed(world: &World, rating: Option<Rating>) -> Vec<(Rating, Option<String>, String)> {
    let admin = &world.app.visitor_administration;
    let rated = admin.feedback(&world.member, world.widget.id, rating, None).await.unwrap();
    let reason = |reason: &FeedbackReason| reason.as_str().to_owned();
    let plain = rated
        .into_iter()
        .map(|rated| (rated.feedback.rating, rated.feedback.reason.as_ref().map(reason), rated.content));
    plain.collect()
}

#[tokio::test(start_paused = true)]
async fn the_team_reads_what_a_visitor_thinks_of_an_answer_and_the_visitor_sees_their_rating() {
    let world = World::new().await;
    let session = world.open().await;
    let first = answered(&world, &session, "Like this.").await;
    let second = answered(&world, &session, "Or like that.").await;
    give(&world, &session, second, Some("good"), None).await.unwrap();
    world.clock.advance(SignedDuration::from_secs(1));
    give(&world, &session, first, Some("bad"), Some("  The link is dead. ")).await.unwrap();
    let bad = (Rating::Bad, Some("The link is dead.".to_owned()), "Like this.".to_owned());
    let good = (Rating::Good, None, "Or like that.".to_owned());
    assert_eq!(listed(&world, None).await, [bad, good.clone()]);
    assert_eq!(listed(&world, Some(Rating::Good)).await, [good]);
    let seen: Vec<_> = world.history(&session).await.iter().map(|message| message.feedback).collect();
    assert_eq!(seen, [None, Some(Rating::Bad), None, Some(Rating::Good)]);

    give(&world, &session, first, Some("good"), None).await.unwrap();
    give(&world, &session, second, None, None).await.unwrap();
    assert_eq!(listed(&world, None).await, [(Rating::Good, None, "Like this.".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn feedback_that_breaks_a_rule_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let session = world.open().await;
    let answer = answered(&world, &session, "Like this.").await;
    give(&world, &session, answer, Some("good"), Some("Nice")).await.unwrap();
    let long = "x".repeat(1_001);
    for (rating, reason, expected) in [
        (Some("great"), None, FeedbackError::Rating),
        (None, Some("Why"), FeedbackError::ReasonWithoutRating),
        (Some("bad"), Some(&*long), FeedbackError::ReasonTooLong),
        (Some("bad"), Some("\0"), FeedbackError::ReasonNul),
    ] {
        let refused = give(&world, &session, answer, rating, reason).await;
        assert!(matches!(&refused, Err(VisitorError::Feedback(error)) if *error == expected), "{refused:?}");
    }
    assert_eq!(listed(&world, None).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_answers_of_the_session_that_are_not_being_written_are_rated() {
    let world = World::new().await;
    let (session, other) = (world.open().await, world.open().await);
    let foreign = answered(&world, &other, "Theirs.").await;
    let question = world.history(&other).await[0].id;
    let feed = world.model.feed_next();
    let stream = world.send(&session, "How?").await.unwrap();
    feed.text("Li");
    let running = world.history(&session).await.pop().unwrap().id;
    for message in [foreign, running, sample::message_id(1)] {
        let refused = give(&world, &session, message, Some("good"), None).await;
        assert!(matches!(refused, Err(VisitorError::MessageNotFound)), "{refused:?}");
    }
    let refused = give(&world, &other, question, Some("good"), None).await;
    assert!(matches!(refused, Err(VisitorError::MessageNotFound)), "{refused:?}");
    feed.fail(ModelErrorClass::Truncated);
    events(stream).await;
    give(&world, &session, running, Some("bad"), None).await.unwrap();
    assert_eq!(listed(&world, None).await, [(Rating::Bad, None, "Li".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn nobody_else_rates_a_visitors_answers_and_nobody_else_reads_the_ratings() {
    let world = World::new().await;
    let session = world.open().await;
    let answer = answered(&world, &session, "Like this.").await;
    let mut request = world.request(&session);
    request.secret = None;
    let (rating, reason) = (Some("bad".to_owned()), None);
    let command = FeedbackCommand { session: request, message: answer, rating, reason };
    let refused = world.app.visitors.give_feedback(command).await;
    assert!(matches!(refused, Err(VisitorError::SessionNotFound)), "{refused:?}");
    give(&world, &session, answer, Some("good"), None).await.unwrap();

    let (admin, member) = (&world.app.visitor_administration, stranger().member);
    let refused = admin.feedback(&member, world.widget.id, None, None).await;
    assert!(matches!(refused, Err(VisitorAdministrationError::WidgetNotFound)), "{refused:?}");
    world.app.visitors.erase_session(world.request(&session)).await.unwrap();
    assert!(listed(&world, None).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_team_reads_fifty_at_a_time() {
    let world = World::new().await;
    let mut answers = Vec::new();
    for _ in 0..53 {
        let session = world.open().await;
        let answer = answered(&world, &session, "Yes.").await;
        give(&world, &session, answer, Some("good"), None).await.unwrap();
        world.clock.advance(SignedDuration::from_secs(10));
        answers.insert(0, answer);
    }
    let page = async |before| {
        let admin = &world.app.visitor_administration;
        let rated = admin.feedback(&world.member, world.widget.id, None, before).await.unwrap();
        rated.iter().map(|rated| rated.message_id).collect::<Vec<_>>()
    };
    assert_eq!(page(None).await, answers[..50]);
    assert_eq!(page(Some(answers[49])).await, answers[50..]);
}
