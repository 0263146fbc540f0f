//! Signing in and out, and what a role may do.

use chatloom_domain::team::{Email, Membership, Permission, Role, TeamName};
use chatloom_ports::dashboard::{AccessError, Credentials};
use chatloom_testkit::contract::Seed;
use chatloom_testkit::sample;
use jiff::SignedDuration;

use crate::app::{EMAIL, PASSWORD, World};

async fn log_in(world: &World) -> Credentials {
    let (_, token) = world.app.access.log_in(EMAIL, PASSWORD, None, sample::caller()).await.unwrap();
    Credentials(token.0)
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_password_are_answered_alike() {
    let world = World::new().await;
    for (email, password) in [(EMAIL, "wrong"), ("nobody@example.com", PASSWORD), ("not an address", "")] {
        let refused = world.app.access.log_in(email, password, None, sample::caller()).await.err();
        assert!(matches!(refused, Some(AccessError::WrongCredentials)), "{email}");
    }
    let (user, _) =
        world.app.access.log_in(" ADA@Example.com", PASSWORD, None, sample::caller()).await.unwrap();
    assert_eq!(user.email, Email::parse(EMAIL).unwrap());
}

#[tokio::test]
async fn signing_in_ends_the_session_that_was_there_before() {
    let world = World::new().await;
    let planted = log_in(&world).await;
    let (_, new) =
        world.app.access.log_in(EMAIL, PASSWORD, Some(planted.clone()), sample::caller()).await.unwrap();
    assert!(matches!(world.app.access.current_user(&planted).await, Err(AccessError::NotSignedIn)));
    assert!(world.app.access.current_user(&Credentials(new.0)).await.is_ok());
}

#[tokio::test]
async fn a_refreshed_or_ended_session_is_dead_at_once() {
    let world = World::new().await;
    let old = log_in(&world).await;
    let new = Credentials(world.app.access.refresh(&old).await.unwrap().0);
    assert!(matches!(world.app.access.current_user(&old).await, Err(AccessError::NotSignedIn)));
    assert!(matches!(world.app.access.refresh(&old).await, Err(AccessError::NotSignedIn)));
    world.app.access.log_out(&new, sample::caller()).await.unwrap();
    assert!(matches!(world.app.access.current_user(&new).await, Err(AccessError::NotSignedIn)));
    assert!(matches!(world.app.access.log_out(&new, sample::caller()).await, Err(AccessError::NotSignedIn)));
}

#[tokio::test]
async fn a_session_ends_when_idle_and_stays_when_used() {
    let world = World::new().await;
    let (used, idle) = (log_in(&world).await, log_in(&world).await);
    for _ in 0..3 {
        world.clock.advance(SignedDuration::from_mins(40));
        assert!(world.app.access.current_user(&used).await.is_ok());
    }
    assert!(matches!(world.app.access.current_user(&idle).await, Err(AccessError::NotSignedIn)));
}

#[tokio::test]
async fn a_role_may_do_what_it_carries_and_a_stranger_learns_nothing() {
    let world = World::new().await;
    let team_name = TeamName::parse("My team").unwrap();
    let mut viewer = sample::user(5);
    viewer.memberships = vec![Membership { team_id: world.member.team_id, team_name, role: Role::Viewer }];
    world.stores.add_user(&viewer, sample::PASSWORD_HASH).await;
    let session = sample::auth_session(viewer.id, 1);
    let stores = world.stores.stores();
    assert!(stores.access.start_auth_session(&session, sample::PASSWORD_HASH, &[]).await.unwrap());
    let token = format!("{} {} {} {}", viewer.id, session.id, session.created_at, session.expires_at);
    let credentials = Credentials(token);
    let authorize = async |team, permission| world.app.access.authorize(&credentials, team, permission).await;
    let member = authorize(world.member.team_id, Permission::Read).await.unwrap();
    assert_eq!((member.user_id, member.role), (viewer.id, Role::Viewer));
    for permission in [Permission::ReadEmbedCode, Permission::Build, Permission::OpenToAnySite] {
        let refused = authorize(world.member.team_id, permission).await;
        assert!(matches!(refused, Err(AccessError::NotPermitted)));
    }
    let elsewhere = authorize(sample::team_id(42), Permission::Read).await;
    assert!(matches!(elsewhere, Err(AccessError::NotAMember)));
}

#[tokio::test]
async fn only_the_first_administrator_is_made() {
    let world = World::new().await;
    assert!(!world.app.create_first_admin("eve@example.com", "another password").await.unwrap());
    assert!(
        world.app.access.log_in("eve@example.com", "another password", None, sample::caller()).await.is_err()
    );
}

#[tokio::test]
async fn a_database_that_is_away_is_no_wrong_password() {
    let world = World::new().await;
    let credentials = log_in(&world).await;
    world.stores.set_unavailable(true);
    let refused = world.app.access.log_in(EMAIL, PASSWORD, None, sample::caller()).await;
    assert!(matches!(refused, Err(AccessError::Store(_))));
    let refused = world.app.access.current_user(&credentials).await;
    assert!(matches!(refused, Err(AccessError::Store(_))));
}
