//! `/api/widget-chat/sessions/{id}/turns/{turnId}`: watching a turn, stopping it, and running it anew.

use std::fmt::Write as _;
use std::time::Duration;

use actix_web::test::TestRequest;
use chatloom_domain::id::TurnId;
use chatloom_domain::turn::EventId;
use chatloom_ports::visitor::{SessionRequest, VisitorError};
use chatloom_testkit::sample;

use crate::streams::answer_of;
use crate::world::{Answer, World, get, inconsistent, post, token, turn_path, unavailable};

fn with_token(request: TestRequest) -> TestRequest {
    request.insert_header(("x-widget-token", token())).insert_header(("origin", "https://example.com"))
}

fn watch() -> TestRequest {
    with_token(get(&turn_path("events")))
}

/// Asks for something to be done with the turn, without a body.
fn ask(what: &str) -> TestRequest {
    with_token(TestRequest::post().uri(&turn_path(what)))
}

fn position(generation: u32, seq: u32) -> EventId {
    EventId { turn_id: sample::turn_id(1), generation, seq }
}

fn check(request: &SessionRequest, turn: TurnId) {
    assert_eq!((request.session_id, turn), (sample::session_id(1), sample::turn_id(1)));
    assert_eq!(
        (request.visitor.token.as_str(), request.secret.as_deref()),
        (token().as_str(), Some("cls_x"))
    );
}

#[actix_web::test]
async fn a_turn_is_watched_from_its_first_event() {
    let mut world = World::new();
    world.visitors.expect_watch_turn().returning(|request, turn, position| {
        check(&request, turn);
        assert_eq!(position, None);
        Ok(Some(answer_of(1, &["Hello", " again"])))
    });
    let answer = world.answer(watch().insert_header(("x-session-secret", "cls_x"))).await;
    insta::assert_snapshot!("turn_watched", answer.transcript());
}

#[actix_web::test]
async fn a_position_is_handed_on_from_header_or_query_and_the_header_wins() {
    let after = |text: &str| with_token(get(&format!("{}?x=1&after={text}", turn_path("events"))));
    let header = |request: TestRequest, id: EventId| request.insert_header(("last-event-id", id.to_string()));
    let far = position(2, u32::MAX);
    let requests = vec![
        (header(watch(), position(1, 3)), position(1, 3)),
        (after(&position(1, 4).to_string()), position(1, 4)),
        (after(&position(1, 5).to_string().replace(':', "%3A")), position(1, 5)),
        (header(after(&position(1, 6).to_string()), far), far),
        // What the header overrules is not even looked at.
        (header(after("garbage"), position(1, 7)), position(1, 7)),
    ];
    for (request, expected) in requests {
        let mut world = World::new();
        world.visitors.expect_watch_turn().times(1).returning(move |_, _, position| {
            assert_eq!(position, Some(expected));
            Ok(None)
        });
        assert_eq!(world.answer(request).await.status, 204);
    }
}

#[actix_web::test]
async fn a_position_that_is_no_event_of_the_turn_is_refused_where_it_stood() {
    let turn = sample::turn_id(1);
    let foreign = EventId { turn_id: sample::turn_id(2), ..position(1, 1) }.to_string();
    let bad = [
        String::new(),
        "garbage".to_owned(),
        "7".to_owned(),
        turn.to_string(),
        format!("{turn}:1:-1"),
        format!("{turn}:1:9223372036854775808"),
        format!("{turn}:1:2:3"),
        "x".repeat(8_000),
        foreign,
    ];
    let after = |text: &str| with_token(get(&format!("{}?after={text}", turn_path("events"))));
    let mut requests: Vec<_> = bad.iter().map(|text| after(text)).collect();
    requests.push(after(&format!("{turn}:1:2%0A")));
    requests.push(after(&format!("{0}&after={0}", position(1, 2))));
    let in_query = requests.len();
    requests.extend(bad.iter().map(|text| watch().insert_header(("last-event-id", text.as_str()))));
    requests.push(watch().insert_header(("last-event-id", "x".repeat(30_000))));
    requests.push(watch().insert_header(("last-event-id", "\u{fc}".as_bytes())));
    let twice = position(1, 2).to_string();
    let twice = |name: &'static str| (name, twice.clone());
    requests.push(watch().append_header(twice("last-event-id")).append_header(twice("Last-Event-ID")));
    // The mock expects nothing: none of these gets further.
    let answers = World::new().answers(requests).await;
    for (index, answer) in answers.iter().enumerate() {
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_field"), "{}", answer.brief());
        let name = if index < in_query { "after " } else { "Last-Event-ID " };
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(name), "{message}");
    }
}

#[actix_web::test]
async fn nothing_to_come_is_an_answer_without_a_body() {
    let mut world = World::new();
    world.config.public_rate_limit_per_minute = 2;
    world.visitors.expect_watch_turn().returning(|_, _, _| Ok(None));
    insta::assert_snapshot!("turn_over", world.answer(watch()).await.transcript());
}

#[actix_web::test]
async fn stopping_is_accepted_and_names_the_turn() {
    let mut world = World::new();
    world.visitors.expect_stop_turn().returning(|request, turn| {
        check(&request, turn);
        Ok(())
    });
    let answer = world.answer(ask("stop").insert_header(("x-session-secret", "cls_x"))).await;
    insta::assert_snapshot!("turn_stopped", answer.transcript());
}

#[actix_web::test]
async fn retrying_answers_with_the_stream_of_the_next_generation() {
    let mut world = World::new();
    world.visitors.expect_retry_turn().returning(|request, turn| {
        check(&request, turn);
        Ok(answer_of(2, &["Better"]).into())
    });
    let answer = world.answer(ask("retry").insert_header(("x-session-secret", "cls_x"))).await;
    insta::assert_snapshot!("turn_retried", answer.transcript());
}

#[actix_web::test]
async fn the_body_of_a_stop_or_a_retry_may_be_left_out_and_must_be_json_if_it_is_there() {
    let full = format!(r#"{{"token":"{}","later":true}}"#, token());
    for what in ["stop", "retry"] {
        let path = turn_path(what);
        let bare = || TestRequest::post().uri(&path);
        let typed = |body: &str| post(&path, body);
        let table = [
            (typed(&full), 0, ""),
            (typed(&full).insert_header(("x-widget-token", token())), 0, ""),
            (typed("{}").insert_header(("x-widget-token", token())), 0, ""),
            (typed("").insert_header(("x-widget-token", token())), 0, ""),
            (bare().insert_header(("authorization", format!("Bearer {}", token()))), 0, ""),
            (bare(), 401, "missing_token"),
            (typed("{}"), 401, "missing_token"),
            (typed(&full).insert_header(("x-widget-token", "other")), 400, "token_conflict"),
            (typed(r#"{"token":7}"#), 400, "invalid_field"),
            (typed("[]"), 400, "invalid_json"),
            (typed(" "), 400, "invalid_json"),
            (typed(&" ".repeat(33_000)), 413, "body_too_large"),
            (bare().set_payload(full.clone()), 415, "unsupported_media_type"),
            (typed(&full).insert_header(("content-type", "text/plain")), 415, "unsupported_media_type"),
        ];
        for (request, status, code) in table {
            let mut world = World::new();
            world.visitors.expect_stop_turn().returning(|_, _| Ok(()));
            world.visitors.expect_retry_turn().returning(|_, _| Ok(answer_of(2, &["x"]).into()));
            let answer = world.answer(request).await;
            if status == 0 {
                assert!([200, 202].contains(&answer.status), "{}", answer.brief());
            } else {
                assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.brief());
            }
        }
    }
}

#[actix_web::test]
async fn a_turn_id_that_is_no_uuid_names_nothing() {
    let mut world = World::new();
    world.visitors.expect_watch_turn().returning(|_, turn, _| {
        assert!(turn.as_uuid().is_nil());
        Err(VisitorError::TurnNotFound)
    });
    world.visitors.expect_stop_turn().returning(|_, _| Err(VisitorError::TurnNotFound));
    world.visitors.expect_retry_turn().returning(|_, _| Err(VisitorError::TurnNotFound));
    let path = |rest: &str| turn_path(rest).replace(&sample::turn_id(1).to_string(), "newest");
    let requests = vec![
        with_token(get(&path("events"))),
        with_token(TestRequest::post().uri(&path("stop"))),
        with_token(TestRequest::post().uri(&path("retry"))),
    ];
    let codes: Vec<_> = world.answers(requests).await.iter().map(Answer::code).collect();
    assert_eq!(codes, ["turn_not_found"; 3]);
}

#[actix_web::test]
async fn every_refusal_has_its_answer_on_every_route_that_can_give_it() {
    let everywhere: &[fn() -> VisitorError] = &[
        || VisitorError::InvalidToken,
        || VisitorError::WidgetGone,
        || VisitorError::OriginNotAllowed,
        || VisitorError::SessionNotFound,
        || VisitorError::TurnNotFound,
        || VisitorError::Draining,
        || VisitorError::Store(unavailable()),
        || VisitorError::Store(inconsistent()),
    ];
    let of_retry: &[fn() -> VisitorError] = &[
        || VisitorError::TurnRunning(sample::turn_id(2)),
        || VisitorError::NotRetryable,
        || VisitorError::Busy,
        || VisitorError::ModelUnavailable { retry_after: Duration::from_millis(6_200) },
    ];
    let mut transcript = String::new();
    for error in everywhere.iter().copied() {
        let mut world = World::new();
        world.visitors.expect_watch_turn().returning(move |_, _, _| Err(error()));
        world.visitors.expect_stop_turn().returning(move |_, _| Err(error()));
        for answer in world.answers(vec![watch(), ask("stop")]).await {
            assert_eq!(answer.header("retry-after"), (answer.status == 503).then_some("1"));
            transcript += &answer.brief();
        }
    }
    for error in everywhere.iter().chain(of_retry).copied() {
        let mut world = World::new();
        world.visitors.expect_retry_turn().returning(move |_, _| Err(error()));
        let answer = world.answer(ask("retry")).await;
        let wait = answer.header("retry-after");
        assert_eq!(wait.is_some(), answer.status == 503);
        write!(
            transcript,
            "{}{}",
            wait.map(|wait| format!("{wait} s: ")).unwrap_or_default(),
            answer.brief()
        )
        .unwrap();
    }
    insta::assert_snapshot!("turn_errors", transcript);
}
