//! Guessing passwords, and changing one's own.

use chatloom_domain::audit::Caller;
use chatloom_domain::password::NewPasswordError;
use chatloom_ports::dashboard::{AccessError, ChangePasswordCommand, Credentials};
use chatloom_testkit::sample;
use jiff::SignedDuration;

use crate::app::{EMAIL, PASSWORD, World};

const NEW: &str = "battery staple";

fn from(n: u8) -> Caller {
    Caller { address: std::net::Ipv4Addr::new(198, 51, 100, n).into(), ..sample::caller() }
}

async fn log_in(
    world: &World,
    email: &str,
    password: &str,
    caller: Caller,
) -> Result<Credentials, AccessError> {
    let signed_in = world.app.access.log_in(email, password, None, caller).await;
    signed_in.map(|(_, token)| Credentials(token.0))
}

async fn change(
    world: &World,
    credentials: &Credentials,
    current: &str,
    new: &str,
) -> Result<Credentials, AccessError> {
    let command = ChangePasswordCommand { current: current.into(), new: new.into() };
    let changed = world.app.access.change_password(credentials, command, sample::caller()).await;
    changed.map(|token| Credentials(token.0))
}

#[tokio::test]
async fn known_and_unknown_users_are_throttled_alike() {
    let world = World::new().await;
    for (n, email) in (0..).zip([EMAIL, "nobody@example.com"]) {
        for _ in 0..10 {
            let refused = log_in(&world, email, "wrong", from(n)).await;
            assert!(matches!(refused, Err(AccessError::WrongCredentials)), "{email}");
        }
        // The right password is not looked at either, so that nobody can tell.
        let refused = log_in(&world, email, PASSWORD, from(n)).await.err();
        let Some(AccessError::TooManyFailures { retry_after }) = refused else { panic!("{email}") };
        assert_eq!(retry_after.as_secs(), 30, "{email}");
    }
}

#[tokio::test]
async fn an_owner_waits_half_a_minute_and_is_never_shut_out() {
    let world = World::new().await;
    // The world has signed in from another place before.
    for n in 0..10 {
        assert!(log_in(&world, EMAIL, "wrong", from(n)).await.is_err());
    }
    assert!(log_in(&world, EMAIL, PASSWORD, from(99)).await.is_err());
    assert!(log_in(&world, EMAIL, PASSWORD, sample::caller()).await.is_ok());
    world.clock.advance(SignedDuration::from_secs(30));
    assert!(log_in(&world, EMAIL, PASSWORD, from(99)).await.is_ok());
}

#[tokio::test]
async fn a_database_that_is_away_costs_no_tries() {
    let world = World::new().await;
    world.stores.set_unavailable(true);
    for _ in 0..30 {
        assert!(matches!(log_in(&world, EMAIL, "wrong", from(1)).await, Err(AccessError::Store(_))));
    }
    world.stores.set_unavailable(false);
    assert!(log_in(&world, EMAIL, PASSWORD, from(1)).await.is_ok());
}

#[tokio::test]
async fn a_new_password_ends_all_sessions_but_the_new_one() {
    let world = World::new().await;
    let (own, other) = (
        log_in(&world, EMAIL, PASSWORD, from(1)).await.unwrap(),
        log_in(&world, EMAIL, PASSWORD, from(2)).await.unwrap(),
    );
    let new = change(&world, &own, PASSWORD, NEW).await.unwrap();
    for ended in [&own, &other] {
        assert!(matches!(world.app.access.current_user(ended).await, Err(AccessError::NotSignedIn)));
    }
    assert!(world.app.access.current_user(&new).await.is_ok());
    assert!(matches!(log_in(&world, EMAIL, PASSWORD, from(1)).await, Err(AccessError::WrongCredentials)));
    assert!(log_in(&world, EMAIL, NEW, from(1)).await.is_ok());
}

#[tokio::test]
async fn a_bad_new_password_changes_nothing() {
    let world = World::new().await;
    let own = log_in(&world, EMAIL, PASSWORD, from(1)).await.unwrap();
    let table = [
        ("short", NewPasswordError::Length),
        (EMAIL, NewPasswordError::Email),
        (PASSWORD, NewPasswordError::Unchanged),
    ];
    for (new, expected) in table {
        let refused = change(&world, &own, PASSWORD, new).await.err();
        assert!(matches!(refused, Some(AccessError::NewPassword(fault)) if fault == expected), "{new}");
    }
    assert!(world.app.access.current_user(&own).await.is_ok());
    assert!(log_in(&world, EMAIL, PASSWORD, from(1)).await.is_ok());
}

#[tokio::test]
async fn wrong_current_passwords_are_counted_with_failed_sign_ins() {
    let world = World::new().await;
    let own = log_in(&world, EMAIL, PASSWORD, sample::caller()).await.unwrap();
    for n in 0..10 {
        let failed = if n % 2 == 0 {
            change(&world, &own, "wrong one", NEW).await
        } else {
            log_in(&world, EMAIL, "wrong one", sample::caller()).await
        };
        assert!(matches!(failed, Err(AccessError::WrongCredentials)), "{n}");
    }
    let refused = change(&world, &own, PASSWORD, NEW).await;
    assert!(matches!(refused, Err(AccessError::TooManyFailures { .. })));
    // Being signed in is not affected.
    assert!(world.app.access.current_user(&own).await.is_ok());
}
