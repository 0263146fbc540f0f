//! The events' data as the API shows them.

use chatloom_domain::Timestamp;
use chatloom_domain::id::TurnId;
use chatloom_domain::turn::{TurnEvent, TurnFailure};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::OneOf;
use utoipa::openapi::{Ref, RefOr, Schema};
use uuid::Uuid;

use crate::error::{MODEL_UNAVAILABLE, reason};
use crate::openapi::Components;
use crate::time::iso_millis;
use actix_web::http::StatusCode;

/// `start`: the visitor's message is stored.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StartEvent {
    #[schema(example = "start")]
    r#type: &'static str,
    turn_id: Uuid,
    /// The visitor's message.
    user_message_id: Uuid,
    /// The agent's message.
    message_id: Uuid,
}

/// `token`: the next piece of the answer.
#[derive(Serialize, ToSchema)]
struct TokenEvent<'a> {
    #[schema(example = "token")]
    r#type: &'static str,
    content: &'a str,
}

/// `done`: the answer is whole.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DoneEvent<'a> {
    #[schema(example = "done")]
    r#type: &'static str,
    message_id: Uuid,
    /// The whole answer; the pieces add up to it.
    content: &'a str,
    #[schema(example = "2026-02-17T10:00:00.000Z")]
    created_at: String,
    /// `stop`, `length`, `stopped` or `content_filter`.
    #[schema(example = "stop")]
    finish_reason: &'a str,
    token_usage: EventTokenUsage,
}

/// Tokens that the answer took.
#[derive(Serialize, ToSchema)]
struct EventTokenUsage {
    input: u64,
    output: u64,
}

/// `error`: the answer broke off or never came. The first keys are those of every error.
#[derive(Serialize, ToSchema)]
struct ErrorEvent<'a> {
    #[schema(example = "error")]
    r#type: &'static str,
    #[schema(example = 502)]
    status: u16,
    error: &'a str,
    message: &'a str,
    timestamp: String,
    path: &'a str,
    /// `model_unavailable`, `model_overloaded`, `conversation_too_long`, `answer_interrupted` or `turn_timed_out`.
    #[schema(example = "model_unavailable")]
    code: &'a str,
    /// Whether asking again may help.
    retryable: bool,
}

/// What the visitor reads of a failure, and the status it would have had before the first byte.
const fn explain(failure: TurnFailure) -> (StatusCode, &'static str) {
    match failure {
        TurnFailure::ModelUnavailable => (StatusCode::BAD_GATEWAY, MODEL_UNAVAILABLE),
        TurnFailure::ModelOverloaded => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the assistant is very busy right now, please try again shortly",
        ),
        TurnFailure::ConversationTooLong => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "the conversation has become too long for the assistant, please begin a new one",
        ),
        TurnFailure::AnswerInterrupted => {
            (StatusCode::BAD_GATEWAY, "the answer was interrupted, please ask again")
        }
        TurnFailure::WidgetGone => (StatusCode::GONE, "the widget has been deleted or switched off"),
        TurnFailure::TurnTimedOut => {
            (StatusCode::GATEWAY_TIMEOUT, "the assistant took too long to answer, please try again")
        }
    }
}

/// Appends an event's data as one line of JSON.
pub(super) fn write_data(
    buffer: &mut Vec<u8>,
    name: &'static str,
    turn_id: TurnId,
    event: &TurnEvent,
    path: &str,
) {
    match event {
        TurnEvent::Started { user_message_id, assistant_message_id } => write(
            buffer,
            &StartEvent {
                r#type: name,
                turn_id: turn_id.as_uuid(),
                user_message_id: user_message_id.as_uuid(),
                message_id: assistant_message_id.as_uuid(),
            },
        ),
        TurnEvent::Text(content) => write(buffer, &TokenEvent { r#type: name, content }),
        TurnEvent::Completed { assistant_message_id, content, created_at, finish_reason, usage } => write(
            buffer,
            &DoneEvent {
                r#type: name,
                message_id: assistant_message_id.as_uuid(),
                content,
                created_at: iso_millis(*created_at),
                finish_reason: finish_reason.as_str(),
                token_usage: EventTokenUsage { input: usage.input, output: usage.output },
            },
        ),
        TurnEvent::Broken { failure, at } => write(buffer, &error_event(name, *failure, *at, path)),
    }
}

fn error_event<'a>(name: &'static str, failure: TurnFailure, at: Timestamp, path: &'a str) -> ErrorEvent<'a> {
    let (status, message) = explain(failure);
    ErrorEvent {
        r#type: name,
        status: status.as_u16(),
        error: reason(status),
        message,
        timestamp: iso_millis(at),
        path,
        code: failure.as_str(),
        retryable: failure.is_retryable(),
    }
}

fn write(buffer: &mut Vec<u8>, data: &impl Serialize) {
    // Texts and numbers always have a JSON form, and the buffer grows.
    let _ = serde_json::to_writer(buffer, data);
}

/// The schema of one event's data, for the API's document.
pub(crate) fn events_schema(components: &mut Components) -> RefOr<Schema> {
    components.add::<StartEvent>();
    components.add::<TokenEvent<'_>>();
    components.add::<DoneEvent<'_>>();
    components.add::<ErrorEvent<'_>>();
    let mut one_of = OneOf::new();
    for name in ["StartEvent", "TokenEvent", "DoneEvent", "ErrorEvent"] {
        one_of.items.push(Ref::from_schema_name(name).into());
    }
    Schema::OneOf(one_of).into()
}
