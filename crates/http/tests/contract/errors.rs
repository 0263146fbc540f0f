//! The shape of refusals: unknown paths, wrong methods, panics, and the list of codes.

use std::fmt::Write as _;

use actix_web::http::Method;
use actix_web::test::TestRequest;
use chatloom_domain::team::Role;
use chatloom_http::Code;
use chatloom_http::routes::ROUTES;

use crate::world::{World, get, signed_in, token, widgets_path};

#[actix_web::test]
async fn unknown_paths_have_the_same_shape_of_error_everywhere() {
    let paths = [
        "/",
        "/nowhere",
        "/api",
        "/api/nowhere",
        "/api/teams",
        "/api/widget-chat",
        "/api/widget-chat/x",
        "/demo",
    ];
    let mut transcript = String::new();
    for answer in World::new().answers(paths.map(get).into()).await {
        transcript += &answer.brief();
    }
    insta::assert_snapshot!("unknown_paths", transcript);
}

#[actix_web::test]
async fn a_known_path_with_another_method_says_which_it_knows() {
    let mut transcript = String::new();
    let mut paths: Vec<_> = ROUTES.iter().map(|route| route.path).collect();
    paths.dedup();
    for path in paths {
        let request = TestRequest::with_uri(path).method(Method::PATCH);
        let answer = World::new().answer(request).await;
        assert_eq!((answer.status, answer.code().as_str()), (405, "method_not_allowed"), "{path}");
        writeln!(transcript, "{path}: {}", answer.header("allow").unwrap()).unwrap();
    }
    insta::assert_snapshot!("allowed_methods", transcript);
}

#[actix_web::test]
async fn paths_are_taken_as_they_are_written() {
    let paths = ["/API/auth/me", "/api/auth/me/", "/api//auth/me", "/api/auth/../auth/me", "/api/auth/me%20"];
    for answer in World::new().answers(paths.map(get).into()).await {
        assert_eq!(answer.status, 404, "{}", answer.brief());
    }
}

#[actix_web::test]
async fn a_panic_is_answered_and_the_next_request_is_too() {
    let mut world = World::with_member(Role::Viewer);
    world.widgets.expect_list().times(1).returning(|_| panic!("CANARY"));
    world.widgets.expect_list().returning(|_| Ok(vec![]));
    let list = || signed_in(get(&widgets_path()));
    let answers = world.answers(vec![list(), list()]).await;
    insta::assert_snapshot!("panic", answers[0].transcript());
    assert_eq!(answers[1].status, 200);
}

#[actix_web::test]
async fn a_panic_on_the_public_side_is_answered_too() {
    let mut world = World::new();
    world.config.public_rate_limit_per_minute = 2;
    world.visitors.expect_initialize().returning(|_| panic!("CANARY"));
    let request = get("/api/widget-chat/init")
        .insert_header(("x-widget-token", token()))
        .insert_header(("origin", "https://example.com"));
    let answer = world.answer(request).await;
    assert_eq!((answer.status, answer.code().as_str()), (500, "internal"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://example.com"));
    assert_eq!(answer.header("vary"), Some("Origin"));
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("1"));
    assert!(!answer.text().contains("CANARY"));
}

#[actix_web::test]
async fn a_request_id_is_ours_and_never_the_clients() {
    let request = || get("/healthz").insert_header(("x-request-id", "client"));
    let answers = World::new().answers(vec![request(), request()]).await;
    let ids = answers.iter().map(|answer| answer.header("x-request-id").unwrap()).collect::<Vec<_>>();
    assert!(ids.iter().all(|id| id.len() == 36));
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn the_codes_and_their_statuses_are_these() {
    let codes = Code::ALL.iter().map(|code| format!("{} {}\n", code.status().as_u16(), code.as_str()));
    insta::assert_snapshot!("codes", codes.collect::<String>());
}
