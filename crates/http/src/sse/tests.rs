//! What viewers read, byte by byte: whole answers, failures, silence, and how much leaves in one chunk.

use std::future::poll_fn;
use std::sync::Arc;

use chatloom_domain::id::{MessageId, TurnId};
use chatloom_domain::turn::{EventId, FinishReason, TurnFailure};
use chatloom_domain::usage::TokenUsage;
use futures::stream::{self, StreamExt as _};
use uuid::Uuid;

use super::*;

const PATH: &str = "/api/widget-chat/sessions/7/messages";

fn event(seq: u32, event: TurnEvent) -> StreamedEvent {
    let turn_id = TurnId::from_uuid(Uuid::from_u128(8));
    StreamedEvent { id: EventId { turn_id, generation: 1, seq }, event: Arc::new(event) }
}

fn message(n: u128) -> MessageId {
    MessageId::from_uuid(Uuid::from_u128(n))
}

fn started() -> StreamedEvent {
    event(1, TurnEvent::Started { user_message_id: message(1), assistant_message_id: message(2) })
}

fn text(seq: u32, piece: &str) -> StreamedEvent {
    event(seq, TurnEvent::Text(piece.to_owned()))
}

fn completed(seq: u32, content: &str) -> StreamedEvent {
    event(
        seq,
        TurnEvent::Completed {
            assistant_message_id: message(2),
            content: content.into(),
            created_at: "2026-02-17T10:01:03Z".parse().unwrap(),
            finish_reason: FinishReason::Stop,
            usage: TokenUsage { input: 12, output: 34 },
        },
    )
}

async fn next(body: &mut EventStream) -> Option<Bytes> {
    let chunk = poll_fn(|context| Pin::new(&mut *body).poll_next(context)).await;
    chunk.map(|chunk| chunk.unwrap_or_else(|never| match never {}))
}

async fn whole(events: Vec<StreamedEvent>) -> String {
    let events = Box::pin(stream::iter(events));
    let mut body = EventStream::new(events, PATH, Duration::from_secs(15));
    let mut bytes = Vec::new();
    while let Some(chunk) = next(&mut body).await {
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).unwrap()
}

#[actix_web::test]
async fn a_whole_answer_is_these_bytes() {
    insta::assert_snapshot!(
        "whole_answer",
        whole(vec![started(), text(2, "Hello, "), text(3, "world"), completed(4, "Hello, world")]).await
    );
}

#[actix_web::test]
async fn every_failure_is_an_error_event_with_its_status_and_sentence() {
    let failures = [
        TurnFailure::ModelUnavailable,
        TurnFailure::ModelOverloaded,
        TurnFailure::ConversationTooLong,
        TurnFailure::AnswerInterrupted,
        TurnFailure::TurnTimedOut,
    ];
    let mut all = String::new();
    for failure in failures {
        let at = "2026-02-17T10:01:03Z".parse().unwrap();
        all.push_str(&whole(vec![event(1, TurnEvent::Broken { failure, at })]).await);
    }
    insta::assert_snapshot!("failures", all);
}

#[actix_web::test]
async fn nothing_that_a_model_writes_ends_a_line() {
    let hostile =
        "a\n\nevent: done\ndata: {}\n\nb\r\nc\rd\u{2028}e\u{2029}f\u{85}g\0h\u{feff}\nid: 1\nretry: 1";
    let stream = whole(vec![text(1, hostile)]).await;
    let lines: Vec<_> = stream.split('\n').collect();
    // The beginning, three lines of one event, a blank one, the end, and nothing after its newline.
    assert_eq!(lines.len(), 7, "{lines:?}");
    assert_eq!((lines[0], lines[4], lines[5], lines[6]), ("retry: 2000", "", "retry: 500", ""));
    assert!(!stream.contains('\r'));
    let data: serde_json::Value = serde_json::from_str(lines[3].strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(data["content"], hostile);
}

#[actix_web::test]
async fn nothing_follows_the_last_event() {
    let stream = whole(vec![completed(1, "x"), text(2, "late")]).await;
    assert!(!stream.contains("late"));
}

#[actix_web::test]
async fn a_stream_without_a_last_event_ends_with_the_wish_to_be_asked_again_soon() {
    let stream = whole(vec![started()]).await;
    assert!(stream.ends_with("}\n\nretry: 500\n"), "{stream}");
    assert!(!stream.contains("event: done") && !stream.contains("event: error"));
    assert_eq!(whole(vec![]).await, "retry: 2000\nretry: 500\n");
}

#[actix_web::test]
async fn a_stream_with_a_last_event_says_nothing_of_coming_back() {
    assert!(whole(vec![completed(1, "x")]).await.ends_with("}\n\n"));
}

#[actix_web::test]
async fn a_stream_that_has_ended_stays_ended() {
    let mut body = EventStream::new(Box::pin(stream::empty()), PATH, Duration::from_secs(15));
    assert!(next(&mut body).await.is_some());
    assert!(next(&mut body).await.is_none());
    assert!(next(&mut body).await.is_none());
}

#[actix_web::test]
async fn events_that_are_ready_together_leave_in_one_chunk_of_bounded_size() {
    let many: Vec<_> = (1..=1_000).map(|seq| text(seq, "piece")).collect();
    let mut body = EventStream::new(Box::pin(stream::iter(many)), PATH, Duration::from_secs(15));
    let mut chunks = 0;
    while let Some(chunk) = next(&mut body).await {
        chunks += 1;
        assert!(chunk.len() < CHUNK_BYTES + 200);
    }
    assert!(chunks < 10, "{chunks} chunks");
}

#[actix_web::test]
async fn a_silent_stream_gets_comments_with_a_single_newline() {
    let events = Box::pin(stream::iter([started()]).chain(stream::pending()));
    let mut body = EventStream::new(events, PATH, Duration::from_millis(1));
    assert!(next(&mut body).await.unwrap().starts_with(b"retry: 2000\nid: "));
    assert_eq!(next(&mut body).await.unwrap(), ": ping\n");
    assert_eq!(next(&mut body).await.unwrap(), ": ping\n");
}

#[actix_web::test]
async fn an_open_stream_takes_little_memory_of_its_own() {
    // Beside this: the box of the events, the request's path, and one timer. Bytes are held only by who sends them.
    assert!(size_of::<EventStream>() <= 80, "{} bytes", size_of::<EventStream>());
}
