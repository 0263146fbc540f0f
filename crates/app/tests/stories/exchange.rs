//! Signing in with an identity provider.

use chatloom_domain::team::{Permission, Role, User};
use chatloom_ports::dashboard::{AccessError, Credentials};
use chatloom_testkit::sample;
use jiff::SignedDuration;

use crate::app::{EMAIL, EXTERNAL_SESSION, PASSWORD, World};

/// What the provider says of Ada now: her role in the world's team, or that she has none.
fn vouched(world: &World, role: Option<Role>) -> String {
    use chatloom_ports::environment::Clock;
    let now = world.clock.now();
    match role {
        Some(role) => format!("ada {now} {} {}", world.member.team_id, role.as_str()),
        None => format!("ada {now}"),
    }
}

async fn exchange(world: &World, role: Option<Role>) -> (User, Credentials) {
    let (user, token) =
        world.app.access.exchange(&vouched(world, role), None, sample::caller()).await.unwrap();
    (user, Credentials(token.0))
}

#[tokio::test]
async fn somebody_whom_the_provider_vouches_for_has_the_role_that_it_gives() {
    let world = World::new().await;
    let (user, credentials) = exchange(&world, Some(Role::Operator)).await;
    assert_eq!((user.memberships.len(), user.memberships[0].role), (1, Role::Operator));
    let authorize =
        async |permission| world.app.access.authorize(&credentials, world.member.team_id, permission).await;
    assert_eq!(authorize(Permission::ReadEmbedCode).await.unwrap().user_id, user.id);
    assert!(matches!(authorize(Permission::Build).await, Err(AccessError::NotPermitted)));
}

#[tokio::test]
async fn what_the_provider_takes_away_is_gone_in_every_session_after_the_next_exchange() {
    let world = World::new().await;
    let (first, old) = exchange(&world, Some(Role::Admin)).await;
    world.clock.advance(SignedDuration::from_secs(1));
    let (second, _) = exchange(&world, None).await;
    assert_eq!((first.id, second.memberships.len()), (second.id, 0));
    let refused = world.app.access.authorize(&old, world.member.team_id, Permission::Read).await;
    assert!(matches!(refused, Err(AccessError::NotAMember)));
}

#[tokio::test]
async fn an_older_token_brings_nothing_back() {
    let world = World::new().await;
    let older = vouched(&world, Some(Role::Admin));
    world.clock.advance(SignedDuration::from_secs(1));
    exchange(&world, None).await;
    assert!(matches!(
        world.app.access.exchange(&older, None, sample::caller()).await,
        Err(AccessError::IdentityRefused)
    ));
}

#[tokio::test]
async fn a_session_ends_when_the_operator_says_however_often_it_is_refreshed() {
    let world = World::new().await;
    let (_, mut credentials) = exchange(&world, Some(Role::Viewer)).await;
    for _ in 0..2 {
        world.clock.advance(EXTERNAL_SESSION / 2 - SignedDuration::from_secs(1));
        credentials = Credentials(world.app.access.refresh(&credentials).await.unwrap().0);
    }
    world.clock.advance(SignedDuration::from_secs(2));
    assert!(matches!(world.app.access.current_user(&credentials).await, Err(AccessError::NotSignedIn)));
}

#[tokio::test]
async fn signing_out_works_at_once_and_a_presented_session_ends() {
    let world = World::new().await;
    let (_, token) = world.app.access.log_in(EMAIL, PASSWORD, None, sample::caller()).await.unwrap();
    let before = Credentials(token.0);
    let presented = Some(before.clone());
    let (_, token) =
        world.app.access.exchange(&vouched(&world, None), presented, sample::caller()).await.unwrap();
    assert!(matches!(world.app.access.current_user(&before).await, Err(AccessError::NotSignedIn)));
    let credentials = Credentials(token.0);
    world.app.access.log_out(&credentials, sample::caller()).await.unwrap();
    assert!(matches!(world.app.access.current_user(&credentials).await, Err(AccessError::NotSignedIn)));
}

#[tokio::test]
async fn an_external_user_has_no_password() {
    let world = World::new().await;
    let (user, _) = exchange(&world, Some(Role::Admin)).await;
    for password in ["", " ", "password", PASSWORD] {
        let refused = world.app.access.log_in(user.email.as_str(), password, None, sample::caller()).await;
        assert!(matches!(refused, Err(AccessError::WrongCredentials)), "{password:?}");
    }
}

#[tokio::test]
async fn a_bad_token_and_a_provider_that_is_away_are_told_apart() {
    let world = World::new().await;
    for (token, is_refusal) in [("", true), ("nonsense", true), ("away", false)] {
        match world.app.access.exchange(token, None, sample::caller()).await {
            Err(AccessError::IdentityRefused) => assert!(is_refusal, "{token}"),
            Err(AccessError::IdentityUnavailable(_)) => assert!(!is_refusal, "{token}"),
            other => panic!("{token}: {:?}", other.err()),
        }
    }
}
