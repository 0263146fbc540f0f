//! `/api/widget-chat`: init, sessions, history.

use std::time::Duration;

use chatloom_domain::customization::{Customization, Data};
use chatloom_domain::feedback::{FeedbackError, Rating};
use chatloom_domain::message::{Author, Message, MessageContentError, MessageStatus};
use chatloom_domain::page_context::PageContextError;
use chatloom_domain::session::{SessionSummary, VisitorIdError};
use chatloom_domain::turn::IdempotencyKeyError;
use chatloom_domain::widget::Widget;
use chatloom_ports::visitor::{OpenedSession, VisitorError};
use chatloom_testkit::sample;

use crate::world::{Answer, World, delete, get, inconsistent, messages_path, post, token, unavailable};

const SESSIONS: &str = "/api/widget-chat/sessions";

fn widget() -> Widget {
    let german = Data::Object([("send".to_owned(), Data::Text("Abschicken".to_owned()))].into());
    let customization = [
        ("primaryColor".to_owned(), Data::Text("#6366f1".to_owned())),
        ("title".to_owned(), Data::Text("How can we help?".to_owned())),
        ("position".to_owned(), Data::Text("bottom-right".to_owned())),
        ("customCss".to_owned(), Data::Text("--chatloom-radius: 12px".to_owned())),
        ("strings".to_owned(), Data::Object([("de".to_owned(), german)].into())),
        ("internalNotes".to_owned(), Data::Text("CANARY".to_owned())),
    ];
    Widget {
        customization: Customization::parse(customization.into()).unwrap(),
        ..sample::widget(sample::team_id(1), sample::workflow_id(1), 1)
    }
}

fn message(n: u32, author: Author, status: MessageStatus) -> Message {
    Message {
        id: sample::message_id(n),
        seq: n.into(),
        author,
        content: format!("Text {n} \u{2028}"),
        status,
        turn_id: (status != MessageStatus::Complete).then(|| sample::turn_id(n)),
        feedback: (author == Author::Assistant && status == MessageStatus::Complete).then_some(Rating::Good),
        created_at: sample::at(n.into()),
    }
}

#[actix_web::test]
async fn init_gives_the_known_keys_that_are_set_and_a_null_avatar() {
    let mut world = World::new();
    world.visitors.expect_initialize().returning(|_| Ok(widget()));
    let answer = world.answer(get(&format!("/api/widget-chat/init/{}", token()))).await;
    assert!(!answer.text().contains("CANARY"));
    insta::assert_snapshot!("init", answer.transcript());
}

#[actix_web::test]
async fn init_gives_a_set_avatar_once() {
    let mut world = World::new();
    world.visitors.expect_initialize().returning(|_| {
        let avatar = ("avatarUrl".to_owned(), Data::Text("https://example.com/a.png".to_owned()));
        Ok(Widget { customization: Customization::parse([avatar].into()).unwrap(), ..widget() })
    });
    let request = get("/api/widget-chat/init").insert_header(("x-widget-token", token()));
    let customization = world.answer(request).await.json()["customization"].to_string();
    assert_eq!(customization, r#"{"avatarUrl":"https://example.com/a.png"}"#);
}

#[actix_web::test]
async fn a_session_is_opened_with_and_without_a_secret() {
    let mut world = World::new();
    world.visitors.expect_open_session().returning(|command| {
        let secret = command.with_secret.then(|| sample::session_secret(1));
        assert_eq!(command.visitor_id.as_deref(), command.with_secret.then_some("visitor 7"));
        Ok(OpenedSession { id: sample::session_id(1), created_at: sample::at(0), secret })
    });
    let bare = format!(r#"{{"token":"{}"}}"#, token());
    let full = format!(r#"{{"token":"{}","visitorId":"visitor 7","unknown":{{}}}}"#, token());
    let requests = vec![
        post(SESSIONS, &bare),
        post(SESSIONS, &full).insert_header(("x-chatloom-session", "secret")),
        post(SESSIONS, &bare).insert_header(("x-chatloom-session", "Secret")),
    ];
    let answers = world.answers(requests).await;
    insta::assert_snapshot!("session_opened", answers[0].transcript());
    insta::assert_snapshot!("session_opened_with_secret", answers[1].transcript());
    assert!(answers[2].json().get("sessionSecret").is_none());
}

#[actix_web::test]
async fn a_proven_visitors_sessions_are_listed_page_by_page() {
    let mut world = World::new();
    world.visitors.expect_sessions().returning(|request, before| {
        assert_eq!(request.identity.as_deref(), Some("a.b.c"));
        if before.is_some() {
            assert_eq!(before, Some(sample::session_id(1)));
            return Ok(vec![]);
        }
        let sessions = [2, 1].map(|n| SessionSummary {
            id: sample::session_id(n),
            created_at: sample::at(0),
            last_active_at: sample::at(n.into()),
        });
        Ok(sessions.into())
    });
    let request = |query: String| {
        let request = get(&format!("{SESSIONS}{query}")).insert_header(("x-widget-token", token()));
        request.insert_header(("x-visitor-identity", "a.b.c"))
    };
    let next = format!("?before={}", sample::session_id(1));
    let requests = vec![request(String::new()), request(next), request("?before=7".into())];
    let answers = world.answers(requests).await;
    insta::assert_snapshot!("sessions", answers[0].transcript());
    assert_eq!(answers[1].text(), r#"{"sessions":[]}"#);
    assert_eq!((answers[2].status, answers[2].code().as_str()), (400, "invalid_field"));
}

#[actix_web::test]
async fn the_history_names_status_and_turn_only_where_an_answer_is_not_whole() {
    let mut world = World::new();
    world.visitors.expect_history().returning(|request, before| {
        assert_eq!((request.session_id, before), (sample::session_id(1), None));
        assert_eq!(request.secret.as_deref(), Some("cls_x"));
        Ok(vec![
            message(1, Author::User, MessageStatus::Complete),
            message(2, Author::Assistant, MessageStatus::Complete),
            message(3, Author::Assistant, MessageStatus::Streaming),
            message(4, Author::Assistant, MessageStatus::Interrupted),
            Message { content: String::new(), ..message(5, Author::Assistant, MessageStatus::Failed) },
        ])
    });
    let request = get(&messages_path()).insert_header(("x-widget-token", token()));
    let answer = world.answer(request.insert_header(("x-session-secret", "cls_x"))).await;
    insta::assert_snapshot!("history", answer.transcript());
}

#[actix_web::test]
async fn older_messages_are_asked_for_by_id() {
    let mut world = World::new();
    world.visitors.expect_history().returning(|_, before| {
        assert_eq!(before, Some(sample::message_id(9)));
        Ok(vec![])
    });
    let path = |before: &str| format!("{}?other=1&before={before}", messages_path());
    let requests = [sample::message_id(9).to_string(), "9".to_owned(), String::new()]
        .map(|before| get(&path(&before)).insert_header(("x-widget-token", token())));
    let answers = world.answers(requests.into()).await;
    assert_eq!((answers[0].status, answers[0].text().as_str()), (200, r#"{"messages":[]}"#));
    for answer in &answers[1..] {
        assert_eq!(answer.json()["message"], "before must be a UUID");
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_field"));
    }
}

#[actix_web::test]
async fn erasing_answers_without_a_body() {
    let mut world = World::new();
    world.visitors.expect_erase_session().returning(|request| {
        assert_eq!(request.session_id, sample::session_id(1));
        Ok(())
    });
    let path = format!("{SESSIONS}/{}", sample::session_id(1));
    let answer = world.answer(delete(&path).insert_header(("x-widget-token", token()))).await;
    insta::assert_snapshot!("session_erased", answer.transcript());
}

#[actix_web::test]
async fn a_session_id_that_is_no_uuid_is_checked_in_the_same_order_and_named_by_nothing() {
    let mut world = World::new();
    world.visitors.expect_history().returning(|request, _| {
        assert!(request.session_id.as_uuid().is_nil());
        let valid = request.visitor.token == token();
        Err(if valid { VisitorError::SessionNotFound } else { VisitorError::InvalidToken })
    });
    let request = || get("/api/widget-chat/sessions/no-uuid/messages");
    let requests = vec![
        request().insert_header(("x-widget-token", token())),
        request().insert_header(("x-widget-token", "garbage")),
        request(),
    ];
    let codes: Vec<_> = world.answers(requests).await.iter().map(Answer::code).collect();
    assert_eq!(codes, ["session_not_found", "invalid_token", "missing_token"]);
}

#[actix_web::test]
async fn every_visitor_error_has_its_answer() {
    let errors: Vec<fn() -> VisitorError> = vec![
        || VisitorError::InvalidToken,
        || VisitorError::WidgetGone,
        || VisitorError::OriginNotAllowed,
        || VisitorError::IdentityInvalid,
        || VisitorError::IdentityRequired,
        || VisitorError::BotCheckRequired,
        || VisitorError::BotCheckFailed,
        || VisitorError::SessionNotFound,
        || VisitorError::VisitorId(VisitorIdError),
        || VisitorError::Content(MessageContentError::Empty),
        || VisitorError::Content(MessageContentError::TooLong),
        || VisitorError::Content(MessageContentError::Nul),
        || VisitorError::Context(PageContextError::TooLong),
        || VisitorError::IdempotencyKey(IdempotencyKeyError),
        || VisitorError::KeyReused,
        || VisitorError::TurnRunning(sample::turn_id(1)),
        || VisitorError::TurnNotFound,
        || VisitorError::MessageNotFound,
        || VisitorError::Feedback(FeedbackError::Rating),
        || VisitorError::Feedback(FeedbackError::ReasonTooLong),
        || VisitorError::NotRetryable,
        || VisitorError::Busy,
        || VisitorError::Draining,
        || VisitorError::Store(unavailable()),
        || VisitorError::Store(inconsistent()),
    ];
    let mut transcript = String::new();
    for error in errors {
        let mut world = World::new();
        world.visitors.expect_send().returning(move |_| Err(error()));
        let body = format!(r#"{{"token":"{}","content":"Hi"}}"#, token());
        let answer = world.answer(post(&messages_path(), &body)).await;
        assert_eq!(answer.header("retry-after"), (answer.status == 503).then_some("1"));
        transcript += &answer.brief();
    }
    insta::assert_snapshot!("visitor_errors", transcript);
}

#[actix_web::test]
async fn a_model_that_keeps_failing_is_worth_asking_again_after_whole_seconds() {
    for (wait, expected) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2"), (10_000, "10")] {
        let mut world = World::new();
        let retry_after = Duration::from_millis(wait);
        world.visitors.expect_send().returning(move |_| Err(VisitorError::ModelUnavailable { retry_after }));
        let body = format!(r#"{{"token":"{}","content":"Hi"}}"#, token());
        let answer = world.answer(post(&messages_path(), &body)).await;
        assert_eq!((answer.status, answer.code().as_str()), (503, "model_unavailable"));
        assert_eq!(answer.header("retry-after"), Some(expected), "{wait} ms");
    }
}
