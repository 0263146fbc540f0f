//! `/api/auth`.

use std::time::Duration;

use actix_web::test::TestRequest;
use chatloom_domain::password::NewPasswordError;
use chatloom_domain::team::{Membership, Role, TeamName, User};
use chatloom_ports::dashboard::{AccessError, AccessToken};
use chatloom_ports::environment::SigningError;
use chatloom_ports::identity::KeySetError;
use chatloom_testkit::sample;

use crate::world::{JWT, World, get, inconsistent, post, put, signed_in, unavailable};

const LOGIN: &str = r#"{"email":"user1@example.com","password":"correct horse battery staple"}"#;

fn user() -> User {
    let membership = Membership {
        team_id: sample::team_id(1),
        team_name: TeamName::parse("Tea & Co").unwrap(),
        role: Role::Builder,
    };
    User { memberships: vec![membership], ..sample::user(1) }
}

fn token() -> AccessToken {
    AccessToken("fresh.claims.signature".to_owned())
}

#[actix_web::test]
async fn signing_in_gives_the_user_and_the_cookie() {
    let mut world = World::new();
    world.access.expect_log_in().returning(|email, password, presented, caller| {
        assert_eq!(caller.address, sample::caller().address);
        assert_eq!((email, password), ("user1@example.com", "correct horse battery staple"));
        assert!(presented.is_none());
        Ok((user(), token()))
    });
    insta::assert_snapshot!("log_in", world.answer(post("/api/auth/login", LOGIN)).await.transcript());
}

#[actix_web::test]
async fn over_plain_http_the_cookie_has_its_own_name_and_is_not_secure() {
    let mut world = World::new();
    world.config.public_url = "http://localhost:8080".parse().unwrap();
    world.access.expect_log_in().returning(|_, _, presented, _| {
        assert!(presented.is_some_and(|credentials| credentials.0 == JWT));
        Ok((user(), token()))
    });
    let request = post("/api/auth/login", LOGIN).insert_header(("cookie", format!("chatloom={JWT}")));
    let answer = world.answer(request).await;
    assert_eq!(
        answer.header("set-cookie"),
        Some("chatloom=fresh.claims.signature; HttpOnly; SameSite=Lax; Path=/; Max-Age=43200")
    );
}

fn exchange() -> TestRequest {
    TestRequest::post().uri("/api/auth/exchange")
}

#[actix_web::test]
async fn a_token_of_an_identity_provider_becomes_a_cookie() {
    let mut world = World::new();
    world.access.expect_exchange().returning(|identity_token, presented, _| {
        assert_eq!(identity_token, "provider.claims.signature");
        assert!(presented.is_some_and(|credentials| credentials.0 == JWT));
        Ok((user(), token()))
    });
    let request = exchange()
        .insert_header(("authorization", "Bearer provider.claims.signature"))
        .insert_header(("cookie", format!("__Host-chatloom={JWT}")));
    insta::assert_snapshot!("exchange", world.answer(request).await.transcript());
}

#[actix_web::test]
async fn only_a_bearer_token_is_exchanged_and_only_by_our_own_pages() {
    let cookie = ("cookie", format!("__Host-chatloom={JWT}"));
    let bearer = ("authorization", format!("Bearer {JWT}"));
    let requests = vec![
        exchange(),
        exchange().insert_header(cookie.clone()),
        exchange().insert_header(("authorization", "Basic YTpi")),
        exchange()
            .insert_header(cookie)
            .insert_header(bearer)
            .insert_header(("sec-fetch-site", "cross-site")),
    ];
    let answers = World::new().answers(requests).await;
    let codes: Vec<_> = answers.iter().map(|answer| (answer.status, answer.code())).collect();
    let refused = |status: u16, code: &str| (status, code.to_owned());
    let not_signed_in = || refused(401, "not_signed_in");
    assert_eq!(codes, [not_signed_in(), not_signed_in(), not_signed_in(), refused(403, "cross_site")]);
}

#[actix_web::test]
async fn refreshing_gives_a_new_cookie() {
    let mut world = World::new();
    world.access.expect_refresh().returning(|_| Ok(token()));
    let answer = world.answer(signed_in(TestRequest::post().uri("/api/auth/refresh"))).await;
    insta::assert_snapshot!("refresh", answer.transcript());
}

#[actix_web::test]
async fn signing_out_clears_the_cookie_with_the_attributes_it_was_set_with() {
    let mut world = World::new();
    world.access.expect_log_in().returning(|_, _, _, _| Ok((user(), token())));
    world.access.expect_log_out().returning(|_, _| Ok(()));
    let requests =
        vec![post("/api/auth/login", LOGIN), signed_in(TestRequest::post().uri("/api/auth/logout"))];
    let answers = world.answers(requests).await;
    let attributes = |cookie: &str| {
        let parts = cookie.split("; ").skip(1).filter(|part| !part.starts_with("Max-Age"));
        parts.map(str::to_owned).collect::<Vec<_>>()
    };
    let [set, cleared] = [0, 1].map(|n| answers[n].header("set-cookie").unwrap().to_owned());
    assert_eq!(attributes(&set), attributes(&cleared));
    assert!(cleared.starts_with("__Host-chatloom=;") && cleared.contains("Max-Age=0"), "{cleared}");
    insta::assert_snapshot!("log_out", answers[1].transcript());
}

#[actix_web::test]
async fn me_is_the_signed_in_user() {
    let mut world = World::new();
    world.access.expect_current_user().returning(|_| Ok(user()));
    insta::assert_snapshot!("me", world.answer(signed_in(get("/api/auth/me"))).await.transcript());
}

#[actix_web::test]
async fn every_access_error_has_its_answer() {
    let errors: Vec<fn() -> AccessError> = vec![
        || AccessError::WrongCredentials,
        || AccessError::IdentityRefused,
        || AccessError::IdentityUnavailable(KeySetError("no route to host".into())),
        || AccessError::TooManyFailures { retry_after: Duration::from_millis(29_001) },
        || AccessError::Busy,
        || AccessError::Signing(SigningError("key is gone".into())),
        || AccessError::Store(unavailable()),
        || AccessError::Store(inconsistent()),
    ];
    let mut transcript = String::new();
    for error in errors {
        let mut world = World::new();
        world.access.expect_log_in().returning(move |_, _, _, _| Err(error()));
        transcript += &world.answer(post("/api/auth/login", LOGIN)).await.brief();
    }
    insta::assert_snapshot!("access_errors", transcript);
}

const CHANGE: &str = r#"{"currentPassword":"correct horse","newPassword":"battery staple"}"#;

#[actix_web::test]
async fn changing_the_password_gives_a_new_cookie() {
    let mut world = World::new();
    world.access.expect_current_user().returning(|_| Ok(user()));
    world.access.expect_change_password().returning(|credentials, command, caller| {
        assert_eq!((credentials.0.as_str(), caller.address), (JWT, sample::caller().address));
        assert_eq!((command.current.as_str(), command.new.as_str()), ("correct horse", "battery staple"));
        Ok(token())
    });
    let answer = world.answer(signed_in(put("/api/auth/password", CHANGE))).await;
    insta::assert_snapshot!("password_changed", answer.transcript());
}

#[actix_web::test]
async fn a_password_that_is_not_changed_has_its_reason() {
    let errors: Vec<fn() -> AccessError> = vec![
        || AccessError::WrongCredentials,
        || AccessError::NewPassword(NewPasswordError::Length),
        || AccessError::NewPassword(NewPasswordError::Email),
        || AccessError::NewPassword(NewPasswordError::Unchanged),
        || AccessError::TooManyFailures { retry_after: Duration::from_secs(30) },
    ];
    let mut transcript = String::new();
    for error in errors {
        let mut world = World::new();
        world.access.expect_current_user().returning(|_| Ok(user()));
        world.access.expect_change_password().returning(move |_, _, _| Err(error()));
        transcript += &world.answer(signed_in(put("/api/auth/password", CHANGE))).await.brief();
    }
    for body in [r#"{"currentPassword":"x"}"#, r#"{"currentPassword":"x","newPassword":"y","sid":1}"#] {
        let mut world = World::new();
        world.access.expect_current_user().returning(|_| Ok(user()));
        transcript += &world.answer(signed_in(put("/api/auth/password", body))).await.brief();
    }
    insta::assert_snapshot!("password_errors", transcript);
}

#[actix_web::test]
async fn only_the_trusted_proxys_word_is_taken_for_the_address() {
    for (trusted_proxies, address) in
        [(0, "192.0.2.1"), (1, "2001:db8::7"), (2, "198.51.100.9"), (3, "192.0.2.1")]
    {
        let mut world = World::new();
        world.config.trusted_proxies = trusted_proxies;
        world.access.expect_log_in().returning(move |_, _, _, caller| {
            assert_eq!(caller.address.to_string(), address);
            Err(AccessError::WrongCredentials)
        });
        let request = post("/api/auth/login", LOGIN)
            .insert_header(("x-forwarded-for", "::ffff:198.51.100.9, [2001:db8::7]:443"));
        assert_eq!(world.answer(request).await.status, 401);
    }
}
