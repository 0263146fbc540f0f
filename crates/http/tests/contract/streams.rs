//! Sending a message and the stream that answers it.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::test::TestRequest;
use chatloom_domain::page_context::PageContext;
use chatloom_domain::turn::{EventId, FinishReason, IdempotencyKey, TurnEvent};
use chatloom_domain::usage::TokenUsage;
use chatloom_ports::visitor::{StreamedEvent, TurnStream, VisitorError};
use chatloom_testkit::sample;
use futures::stream;

use crate::world::{Answer, World, get, messages_path, post, token, turn_path};

/// A generation of the sample turn with these pieces, from `start` to `done`.
pub(crate) fn answer_of(generation: u32, pieces: &[&str]) -> TurnStream {
    let turn = sample::turn(sample::session_id(1), 1);
    let done = TurnEvent::Completed {
        assistant_message_id: turn.assistant_message_id,
        content: pieces.concat().into(),
        created_at: sample::at(0),
        finish_reason: FinishReason::Stop,
        usage: TokenUsage { input: 12, output: 3 },
    };
    let log = sample::log(&turn, pieces).into_iter().map(|logged| logged.event).chain([done]);
    let named = (1..).zip(log).map(move |(seq, event)| StreamedEvent {
        id: EventId { turn_id: turn.id, generation, seq },
        event: Arc::new(event),
    });
    Box::pin(stream::iter(named.collect::<Vec<_>>()))
}

fn message() -> TestRequest {
    post(&messages_path(), &format!(r#"{{"content":"Hi","token":"{}"}}"#, token()))
}

#[actix_web::test]
async fn what_the_page_says_is_passed_on_as_it_is_and_refused_by_its_name() {
    let mut world = World::new();
    world.visitors.expect_send().returning(|command| {
        let context = command.context.unwrap();
        match PageContext::parse(&context) {
            Ok(context) => assert_eq!(context.as_line(), r#"{"items":[1,2.5,null],"page":"/cart"}"#),
            Err(error) => return Err(VisitorError::Context(error)),
        }
        Ok(answer_of(1, &["Yes"]).into())
    });
    let request = |context: &str| {
        let body = format!(r#"{{"content":"Hi","token":"{}","context":{context}}}"#, token());
        post(&messages_path(), &body)
    };
    let nested = format!("{}{{}}{}", r#"{"a":"#.repeat(32), "}".repeat(32));
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(2_041));
    let bad = ["null", "[]", "\"{}\"", "7", r#"{"a":"\u0000"}"#, &nested, &long];
    let good = r#" { "page": "/cart",  "items": [1, 2.50, null] } "#;
    let requests = bad.into_iter().chain([good]).map(request).collect();
    let mut answers = world.answers(requests).await;
    assert_eq!(answers.pop().unwrap().status, 200);
    for answer in answers {
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_field"));
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("context must "), "{message}");
    }
}

#[actix_web::test]
async fn a_message_is_answered_with_a_stream_of_events() {
    let mut world = World::new();
    world.visitors.expect_send().returning(|command| {
        assert_eq!(
            (command.session.session_id, command.content.as_str()),
            (sample::session_id(1), "  I need help ")
        );
        assert_eq!(
            (command.session.visitor.token, command.session.secret.as_deref()),
            (token(), Some("cls_x"))
        );
        assert_eq!(command.idempotency_key, None);
        Ok(answer_of(1, &["Hello", ", ", "world"]).into())
    });
    let body = format!(r#"{{"content":"  I need help ","token":"{}","role":"system"}}"#, token());
    let request = post(&messages_path(), &body)
        .insert_header(("x-session-secret", "cls_x"))
        .insert_header(("origin", "https://example.com"))
        .insert_header(("accept-encoding", "gzip, br"));
    insta::assert_snapshot!("stream", world.answer(request).await.transcript());
}

#[actix_web::test]
async fn an_idempotency_key_is_handed_on_as_it_came() {
    let longest = "k".repeat(IdempotencyKey::MAX_BYTES);
    for key in ["k", "~ ! \"quoted\"", longest.as_str()] {
        let (mut world, expected) = (World::new(), key.to_owned());
        world.visitors.expect_send().times(1).returning(move |command| {
            assert_eq!(command.idempotency_key.as_deref(), Some(expected.as_str()));
            Ok(answer_of(1, &["x"]).into())
        });
        assert_eq!(world.answer(message().insert_header(("idempotency-key", key))).await.status, 200);
    }
}

#[actix_web::test]
async fn a_key_that_cannot_be_one_is_refused_and_nothing_is_sent() {
    let with_key = |key: &[u8]| message().append_header(("idempotency-key", key));
    let mut world = World::new();
    // What is text is the port's to judge; the rest does not get there.
    world.visitors.expect_send().times(3).returning(|command| {
        let refusal = IdempotencyKey::parse(&command.idempotency_key.unwrap()).unwrap_err();
        Err(VisitorError::IdempotencyKey(refusal))
    });
    let requests = vec![
        with_key(b""),
        with_key(&[b'k'; 256]),
        with_key(b"a\tb"),
        with_key("schl\u{fc}ssel".as_bytes()),
        with_key(b"\xff"),
        with_key(b"k").append_header(("Idempotency-Key", "k")),
        with_key(b"k").append_header(("Idempotency-Key", "other")),
    ];
    let answers = world.answers(requests).await;
    for answer in &answers {
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_field"), "{}", answer.brief());
    }
    let message = |answer: &Answer| answer.json()["message"].as_str().unwrap().to_owned();
    let rule = "Idempotency-Key must be 1 to 255 printable ASCII characters";
    assert!(answers[..5].iter().all(|answer| message(answer) == rule));
    assert!(
        answers[5..].iter().all(|answer| message(answer) == "Idempotency-Key must be given at most once")
    );
}

#[actix_web::test]
async fn a_key_that_was_used_for_another_message_is_a_refusal_of_its_own() {
    let mut world = World::new();
    world.visitors.expect_send().returning(|_| Err(VisitorError::KeyReused));
    let answer = world.answer(message().insert_header(("idempotency-key", "k"))).await;
    assert_eq!((answer.status, answer.code().as_str()), (422, "idempotency_key_reused"));
}

#[actix_web::test]
async fn a_stream_is_neither_compressed_nor_cut_into_ranges() {
    for (name, value) in
        [("accept-encoding", "gzip, deflate, br, zstd"), ("range", "bytes=0-9"), ("accept", "text/html")]
    {
        let mut world = World::new();
        world.visitors.expect_watch_turn().returning(|_, _, _| Ok(Some(answer_of(1, &["Hello"]))));
        let request = get(&turn_path("events")).insert_header(("x-widget-token", token()));
        let answer = world.answer(request.insert_header((name, value))).await;
        assert_eq!((answer.status, answer.header("content-encoding")), (200, None), "{name}");
        assert_eq!(answer.header("content-range"), None);
        assert!(answer.text().starts_with("retry: 2000\nid: ") && answer.text().ends_with("}\n\n"));
    }
}

#[actix_web::test]
async fn a_stream_cannot_be_asked_for_its_head_alone() {
    for (path, allowed) in [(turn_path("events"), "GET"), (messages_path(), "GET, POST")] {
        let request = TestRequest::with_uri(&path).method(Method::HEAD);
        let answer = World::new().answer(request.insert_header(("x-widget-token", token()))).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed)));
    }
}
