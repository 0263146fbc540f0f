//! The bot check: whoever wants a session of such a widget has worked for this one.

use chatloom_ports::dashboard::{RulesInput, UpdateWidgetCommand};
use chatloom_ports::secret_ring::SecretRing;
use chatloom_ports::visitor::{IssuedChallenge, OpenSessionCommand, OpenedSession, VisitorError};
use chatloom_testkit::proof_of_work::{fail, solve};
use jiff::SignedDuration;

use crate::app::{World, application_with};

async fn world() -> World {
    let world = World::new().await;
    switch(&world, true).await;
    world
}

async fn switch(world: &World, bot_check: bool) {
    let rules = RulesInput { bot_check: Some(bot_check), ..RulesInput::default() };
    let command = UpdateWidgetCommand { rules, ..UpdateWidgetCommand::default() };
    world.app.widgets.update(&world.actor, world.widget.id, command).await.unwrap();
}

async fn challenge(world: &World) -> IssuedChallenge {
    world.app.visitors.issue_challenge(world.visitor(None)).await.unwrap()
}

async fn open(world: &World, solution: Option<&str>) -> Result<OpenedSession, VisitorError> {
    let bot_check = solution.map(str::to_owned);
    let command =
        OpenSessionCommand { visitor: world.visitor(None), visitor_id: None, with_secret: false, bot_check };
    world.app.visitors.open_session(command).await
}

fn solved(challenge: &IssuedChallenge) -> String {
    solve(&challenge.text, challenge.difficulty)
}

#[tokio::test]
async fn a_solved_challenge_opens_one_session() {
    let world = world().await;
    assert!(matches!(open(&world, None).await, Err(VisitorError::BotCheckRequired)));
    let solution = solved(&challenge(&world).await);
    open(&world, Some(&solution)).await.unwrap();
    assert!(matches!(open(&world, Some(&solution)).await, Err(VisitorError::BotCheckFailed)));
    open(&world, Some(&solved(&challenge(&world).await))).await.unwrap();
}

#[tokio::test]
async fn a_widget_without_the_check_looks_at_no_solution() {
    let world = world().await;
    let solution = solved(&challenge(&world).await);
    switch(&world, false).await;
    for solution in [None, Some("nonsense"), Some(&*solution)] {
        open(&world, solution).await.unwrap();
    }
    // Nobody has spent it.
    switch(&world, true).await;
    open(&world, Some(&solution)).await.unwrap();
}

#[tokio::test]
async fn what_is_no_solution_is_refused_and_spends_nothing() {
    let world = world().await;
    let challenge = challenge(&world).await;
    let unsolved = fail(&challenge.text, challenge.difficulty);
    for solution in ["", ".", "nonsense", &challenge.text, &unsolved] {
        assert!(
            matches!(open(&world, Some(solution)).await, Err(VisitorError::BotCheckFailed)),
            "{solution}"
        );
    }
    open(&world, Some(&solved(&challenge))).await.unwrap();
}

#[tokio::test]
async fn a_challenge_ends_when_it_says() {
    let world = world().await;
    let challenge = challenge(&world).await;
    let solution = solved(&challenge);
    world.clock.set(challenge.expires_at);
    assert!(matches!(open(&world, Some(&solution)).await, Err(VisitorError::BotCheckFailed)));
    world.clock.set(challenge.expires_at - SignedDuration::from_micros(1));
    open(&world, Some(&solution)).await.unwrap();
}

#[tokio::test]
async fn a_challenge_outlives_the_secret_it_was_made_under_as_an_earlier_one() {
    let world = world().await;
    let solution = solved(&challenge(&world).await);
    let with_secrets = |secrets| {
        let stores = world.stores.clone();
        let app = application_with(&stores, &world.clock, &world.model, secrets);
        let (visitor, bot_check) = (world.visitor(None), Some(solution.clone()));
        async move {
            let command = OpenSessionCommand { visitor, visitor_id: None, with_secret: false, bot_check };
            app.visitors.open_session(command).await
        }
    };
    let replaced = with_secrets(SecretRing::of(&[8; 32])).await;
    assert!(matches!(replaced, Err(VisitorError::BotCheckFailed)));
    with_secrets(SecretRing::new(&[8; 32], &[&[7; 32]]).unwrap()).await.unwrap();
}
