//! Visitors who prove who they are: what a proof opens, what it never opens, and widgets that demand one.

use chatloom_domain::id::SessionId;
use chatloom_domain::token::{Grace, IdentitySecret};
use chatloom_ports::dashboard::visitors::{ErasureCommand, VisitorAdministrationError};
use chatloom_ports::dashboard::{RulesInput, UpdateWidgetCommand};
use chatloom_ports::environment::Clock;
use chatloom_ports::visitor::{
    OpenSessionCommand, OpenedSession, SendCommand, SessionRequest, VisitorError, VisitorRequest,
};
use chatloom_testkit::sample;
use jiff::SignedDuration;

use crate::app::{World, events, proof, stranger};

async fn secret_of(world: &World, grace_seconds: Option<i64>) -> IdentitySecret {
    let administration = &world.app.visitor_administration;
    administration.rotate_identity_secret(&world.actor, world.widget.id, grace_seconds).await.unwrap()
}

fn presenting(world: &World, identity: Option<String>) -> VisitorRequest {
    VisitorRequest { identity, ..world.visitor(None) }
}

async fn open(
    world: &World,
    identity: Option<String>,
    label: Option<&str>,
    with_secret: bool,
) -> Result<OpenedSession, VisitorError> {
    let visitor = presenting(world, identity);
    let visitor_id = label.map(str::to_owned);
    let command = OpenSessionCommand { visitor, visitor_id, with_secret, bot_check: None };
    world.app.visitors.open_session(command).await
}

/// What the session's history is to who presents these; `Ok` if it opens.
async fn enter(
    world: &World,
    session: &OpenedSession,
    with_secret: bool,
    identity: Option<String>,
) -> Result<(), VisitorError> {
    let secret = session.secret.as_ref().filter(|_| with_secret).map(|secret| secret.reveal().to_owned());
    let request = SessionRequest { visitor: presenting(world, identity), session_id: session.id, secret };
    world.app.visitors.history(request, None).await.map(|_| ())
}

async fn listed(world: &World, identity: Option<String>) -> Result<Vec<SessionId>, VisitorError> {
    let sessions = world.app.visitors.sessions(presenting(world, identity), None).await?;
    Ok(sessions.into_iter().map(|session| session.id).collect())
}

async fn demand_identity(world: &World, identity_required: bool) {
    let rules = RulesInput { identity_required: Some(identity_required), ..RulesInput::default() };
    let command = UpdateWidgetCommand { rules, ..UpdateWidgetCommand::default() };
    world.app.widgets.update(&world.actor, world.widget.id, command).await.unwrap();
}

macro_rules! assert_refused {
    ($result:expr, $variant:ident) => {
        let refused = $result.err().expect("the request is refused");
        assert!(matches!(refused, VisitorError::$variant), "{refused:?}");
    };
}

#[tokio::test]
async fn a_proven_visitor_finds_their_conversations_on_every_device() {
    let world = World::new().await;
    let secret = secret_of(&world, None).await;
    let ada = || Some(proof(&world, &secret, "ada"));
    let with = open(&world, ada(), None, true).await.unwrap();
    let without = open(&world, ada(), Some("eve"), false).await.unwrap();
    for session in [&with, &without] {
        enter(&world, session, false, ada()).await.unwrap();
    }
    // Its own secret opens it as well; without one there is only the proof.
    enter(&world, &with, true, None).await.unwrap();
    assert_refused!(enter(&world, &with, false, None).await, SessionNotFound);
    assert_refused!(enter(&world, &without, false, None).await, SessionNotFound);
    assert_eq!(listed(&world, ada()).await.unwrap(), [without.id, with.id]);
    assert_refused!(listed(&world, None).await, IdentityRequired);
    assert_eq!(listed(&world, Some(proof(&world, &secret, "eve"))).await.unwrap(), []);
}

#[tokio::test]
async fn a_proof_opens_neither_another_visitors_session_nor_one_that_was_opened_without() {
    let world = World::new().await;
    let secret = secret_of(&world, None).await;
    let (ada, eve) = (|| Some(proof(&world, &secret, "ada")), || Some(proof(&world, &secret, "eve")));
    let proven = open(&world, ada(), None, true).await.unwrap();
    assert_refused!(enter(&world, &proven, false, eve()).await, SessionNotFound);
    // Somebody else who found the secret in a shared browser.
    assert_refused!(enter(&world, &proven, true, eve()).await, SessionNotFound);
    let claimed_before = open(&world, None, Some("ada"), true).await.unwrap();
    assert_refused!(enter(&world, &claimed_before, false, ada()).await, SessionNotFound);
    enter(&world, &claimed_before, true, ada()).await.unwrap();
    assert_eq!(listed(&world, ada()).await.unwrap(), [proven.id]);
}

#[tokio::test]
async fn a_proof_that_does_not_count_is_refused_wherever_it_is_presented() {
    let world = World::new().await;
    let session = world.open().await;
    // Before there is any secret there is nothing that could be proven.
    assert_refused!(enter(&world, &session, true, Some("a|b|c|d".into())).await, IdentityInvalid);
    let secret = secret_of(&world, None).await;
    let late = proof(&world, &secret, "ada");
    world.clock.advance(SignedDuration::from_mins(11));
    let foreign = proof(&world, &sample_secret(), "ada");
    let elsewhere = proof(&world, &secret, "ada").replace(&world.widget.id.to_string(), "another");
    for bad in [String::new(), "x".into(), late, foreign, elsewhere] {
        let with = || Some(bad.clone());
        assert_refused!(enter(&world, &session, true, with()).await, IdentityInvalid);
        assert_refused!(open(&world, with(), None, true).await, IdentityInvalid);
        assert_refused!(listed(&world, with()).await, IdentityInvalid);
        let request = SessionRequest { visitor: presenting(&world, with()), ..world.request(&session) };
        assert_refused!(world.app.visitors.erase_session(request).await, IdentityInvalid);
        // A page that only loads the widget proves nothing.
        world.app.visitors.initialize(presenting(&world, with())).await.unwrap();
    }
}

fn sample_secret() -> IdentitySecret {
    IdentitySecret::new([9; 32])
}

#[tokio::test]
async fn a_widget_that_demands_a_proof_opens_to_nobody_without() {
    let world = World::new().await;
    let secret = secret_of(&world, None).await;
    let ada = || Some(proof(&world, &secret, "ada"));
    let unproven = open(&world, None, Some("ada"), true).await.unwrap();
    let proven = open(&world, ada(), None, true).await.unwrap();
    demand_identity(&world, true).await;

    assert_refused!(open(&world, None, Some("ada"), true).await, IdentityRequired);
    let visitors = &world.app.visitors;
    let turn = sample::turn_id(1);
    let unknown = OpenedSession { id: sample::session_id(77), ..unproven.clone() };
    for session in [&unproven, &unknown] {
        let request = || world.request(session);
        let send =
            SendCommand { session: request(), content: "Hi".into(), context: None, idempotency_key: None };
        assert_refused!(visitors.history(request(), None).await, IdentityRequired);
        assert_refused!(visitors.send(send).await, IdentityRequired);
        assert_refused!(visitors.watch_turn(request(), turn, None).await, IdentityRequired);
        assert_refused!(visitors.stop_turn(request(), turn).await, IdentityRequired);
        assert_refused!(visitors.retry_turn(request(), turn).await, IdentityRequired);
    }
    // Not even with its secret and a proof: it is nobody's.
    assert_refused!(enter(&world, &unproven, true, ada()).await, SessionNotFound);
    assert_refused!(enter(&world, &proven, false, None).await, IdentityRequired);
    enter(&world, &proven, true, None).await.unwrap();
    enter(&world, &proven, false, ada()).await.unwrap();
    open(&world, ada(), None, false).await.unwrap();

    // What was written before the rule came can still be erased by who wrote it, and by nobody else.
    let stranger = SessionRequest { secret: None, ..world.request(&unproven) };
    assert_refused!(visitors.erase_session(stranger).await, SessionNotFound);
    visitors.erase_session(world.request(&unproven)).await.unwrap();
    demand_identity(&world, false).await;
    assert_refused!(enter(&world, &unproven, true, None).await, SessionNotFound);
}

#[tokio::test]
async fn an_earlier_secret_proves_until_its_grace_is_over() {
    let world = World::new().await;
    let first = secret_of(&world, None).await;
    let second = secret_of(&world, Some(300)).await;
    let state = async || {
        let administration = &world.app.visitor_administration;
        administration.identity_secret(&world.member, world.widget.id).await.unwrap()
    };
    let now = world.clock.now();
    assert_eq!(state().await.previous_until, Some(now + SignedDuration::from_secs(300)));
    let prove = |secret: &IdentitySecret| Some(proof(&world, secret, "ada"));
    for secret in [&first, &second] {
        listed(&world, prove(secret)).await.unwrap();
    }
    world.clock.advance(SignedDuration::from_secs(300));
    assert_refused!(listed(&world, prove(&first)).await, IdentityInvalid);
    assert_eq!((state().await.made_at, state().await.previous_until), (now, None));
    let third = secret_of(&world, None).await;
    for gone in [&first, &second] {
        assert_refused!(listed(&world, prove(gone)).await, IdentityInvalid);
    }
    listed(&world, prove(&third)).await.unwrap();
}

#[tokio::test]
async fn a_grace_has_bounds_and_a_foreign_widget_no_secret() {
    let world = World::new().await;
    let administration = &world.app.visitor_administration;
    let rotate = async |actor, seconds| {
        administration.rotate_identity_secret(&actor, world.widget.id, seconds).await.err()
    };
    for seconds in [-1, i64::from(Grace::MAX_SECONDS) + 1] {
        let refused = rotate(world.actor, Some(seconds)).await.unwrap();
        assert!(matches!(refused, VisitorAdministrationError::Grace(_)));
    }
    assert!(rotate(world.actor, Some(i64::from(Grace::MAX_SECONDS))).await.is_none());
    let refused = rotate(stranger(), None).await.unwrap();
    assert!(matches!(refused, VisitorAdministrationError::WidgetNotFound));
    let refused = administration.identity_secret(&stranger().member, world.widget.id).await.unwrap_err();
    assert!(matches!(refused, VisitorAdministrationError::WidgetNotFound));
    let bare = World::new().await;
    let refused = bare.app.visitor_administration.identity_secret(&bare.member, bare.widget.id).await;
    assert!(matches!(refused, Err(VisitorAdministrationError::NoIdentitySecret)));
}

#[tokio::test]
async fn an_administrator_erases_a_visitor_and_a_stranger_does_not() {
    let world = World::new().await;
    let secret = secret_of(&world, None).await;
    let ada = || Some(proof(&world, &secret, "ada"));
    let proven = open(&world, ada(), None, true).await.unwrap();
    // More than fit into one transaction.
    for _ in 0..250 {
        open(&world, None, Some("ada"), false).await.unwrap();
    }
    let erase =
        async |actor, command| world.app.visitor_administration.erase(&actor, world.widget.id, command).await;
    let refused = erase(stranger(), ErasureCommand::Visitor("ada".into())).await;
    assert!(matches!(refused, Err(VisitorAdministrationError::WidgetNotFound)));
    let bad = erase(world.actor, ErasureCommand::Subject("a\u{0}".into())).await;
    assert!(matches!(bad, Err(VisitorAdministrationError::Subject(_))));
    let bad = erase(world.actor, ErasureCommand::Visitor(String::new())).await;
    assert!(matches!(bad, Err(VisitorAdministrationError::VisitorId(_))));
    assert_eq!(erase(world.actor, ErasureCommand::Visitor("ada".into())).await.unwrap(), 250);
    enter(&world, &proven, true, None).await.unwrap();
    assert_eq!(erase(world.actor, ErasureCommand::Session(proven.id)).await.unwrap(), 1);
    assert_eq!(erase(world.actor, ErasureCommand::Subject("ada".into())).await.unwrap(), 0);
}

#[tokio::test]
async fn the_model_never_sees_another_session_of_a_proven_visitor() {
    let world = World::new().await;
    let secret = secret_of(&world, None).await;
    for question in ["My secret is CANARY", "What is my secret?"] {
        let session = open(&world, Some(proof(&world, &secret, "ada")), Some("ada"), true).await.unwrap();
        world.model.answer_next(&["Noted."]);
        events(world.send(&session, question).await.unwrap()).await;
    }
    assert_eq!(world.model.last_conversation(), ["What is my secret?"]);
}
