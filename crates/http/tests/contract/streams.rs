//! Sending a message and the stream that answers it.

use std::sync::Arc;

use chatloom_domain::turn::{EventId, FinishReason, TurnEvent};
use chatloom_domain::usage::TokenUsage;
use chatloom_ports::visitor::{StreamedEvent, TurnStream};
use chatloom_testkit::sample;
use futures::stream;

use crate::world::{World, messages_path, post, token};

fn answer_of(pieces: &[&str]) -> TurnStream {
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
        id: EventId { turn_id: turn.id, generation: 1, seq },
        event: Arc::new(event),
    });
    Box::pin(stream::iter(named.collect::<Vec<_>>()))
}

#[actix_web::test]
async fn a_message_is_answered_with_a_stream_of_events() {
    let mut world = World::new();
    world.visitors.expect_send().returning(|request, content| {
        assert_eq!((request.session_id, content.as_str()), (sample::session_id(1), "  I need help "));
        assert_eq!((request.visitor.token, request.secret.as_deref()), (token(), Some("cls_x")));
        Ok(answer_of(&["Hello", ", ", "world"]))
    });
    let body = format!(r#"{{"content":"  I need help ","token":"{}","role":"system"}}"#, token());
    let request = post(&messages_path(), &body)
        .insert_header(("x-session-secret", "cls_x"))
        .insert_header(("origin", "https://example.com"))
        .insert_header(("accept-encoding", "gzip, br"));
    insta::assert_snapshot!("stream", world.answer(request).await.transcript());
}
