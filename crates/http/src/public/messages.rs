//! `/api/widget-chat/sessions/{id}/messages`: the history, and sending a message.

use actix_web::http::header::{HeaderMap, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chatloom_domain::customization::Data as Value;
use chatloom_domain::feedback::Rating;
use chatloom_domain::id::{MessageId, TurnId};
use chatloom_domain::message::{Message, MessageStatus};
use chatloom_domain::turn::IdempotencyKeyError;
use chatloom_ports::visitor::{SendCommand, VisitorError};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::presented::{Presented, before, one_header};
use super::quota;
use crate::body::RequestBody;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::openapi::{Doc, Header, Query, schema};
use crate::sse;
use crate::state::State;
use crate::time::iso_millis;

/// Names a message, so that it can be sent twice and is answered once.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

const NO_SESSION: (u16, &str) = (404, "No such session of the widget, or it does not open to who asks.");

pub(crate) const HISTORY: Doc = Doc {
    headers: &[Header::SESSION_SECRET, Header::VISITOR_IDENTITY],
    query: &[Query { name: "before", about: "Only messages before the one with this id.", is_uuid: true }],
    refuses: &[(400, "`before` is no UUID, or a secret or a proof stands in the URL."), NO_SESSION],
    ..Doc::new(
        "history",
        "Get chat messages",
        "The newest 200 messages, oldest first.",
        (200, Some(schema::<HistoryResponse<'_>>)),
    )
};
pub(crate) const SEND: Doc = Doc {
    body: Some(schema::<SendMessageRequest>),
    headers: &[
        Header::SESSION_SECRET,
        Header::VISITOR_IDENTITY,
        Header {
            name: IDEMPOTENCY_KEY,
            about: "1 to 255 printable ASCII characters. Sending the same message with the same key again stores \
                    nothing: the answer is the stream of the turn that the first one began, from its beginning.",
        },
    ],
    is_stream: true,
    refuses: &[
        NO_SESSION,
        (409, "The session's last message is still being answered; `turnId` names the turn."),
        (422, "The `Idempotency-Key` was used for another message of the session."),
        quota::REACHED,
    ],
    ..Doc::new(
        "sendMessage",
        "Send a chat message",
        "Answers with a stream of events: `start`, any number of `token`, and one `done` or `error`. The answer is \
         finished and stored even if the client leaves.",
        (200, Some(sse::events_schema)),
    )
};

/// A session's messages.
#[derive(Serialize, ToSchema)]
struct HistoryResponse<'a> {
    /// Oldest first.
    messages: Vec<MessageResponse<'a>>,
}

/// One message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatMessageResponse)]
struct MessageResponse<'a> {
    id: Uuid,
    /// `user` or `assistant`.
    #[schema(example = "user")]
    role: &'a str,
    #[schema(example = "I need help with billing")]
    content: &'a str,
    #[schema(example = "2026-02-17T10:01:00.000Z")]
    created_at: String,
    /// Only where the answer is not whole: `streaming`, `interrupted` or `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    status: Option<&'a str>,
    /// The turn to watch, stop or retry. Only where `status` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    turn_id: Option<Uuid>,
    /// `good` or `bad`: what the visitor thinks of the answer. Only where they said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "good")]
    feedback: Option<&'a str>,
}

impl<'a> From<&'a Message> for MessageResponse<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            id: message.id.as_uuid(),
            role: message.author.as_str(),
            content: &message.content,
            created_at: iso_millis(message.created_at),
            status: (message.status != MessageStatus::Complete).then(|| message.status.as_str()),
            turn_id: message.turn_id.map(TurnId::as_uuid),
            feedback: message.feedback.map(Rating::as_str),
        }
    }
}

/// A message to be sent.
#[derive(ToSchema)]
pub(crate) struct SendMessageRequest {
    /// 1 to 8,000 characters after trimming.
    #[schema(example = "I need help with billing")]
    content: String,
    /// What the page says of itself: an object of at most 2,048 bytes as compact JSON, nested at most 32 deep. The model
    /// sees it with this message, as data that nobody vouches for, where the widget has `pageContext`.
    #[schema(value_type = Object, required = false, example = json!({"page": "/cart", "items": 3}))]
    context: Option<Value>,
    /// The widget's embed token. It may stand in a header instead.
    #[schema(required = true, value_type = String)]
    #[expect(dead_code, reason = "for the document only: all public routes read the token in one place")]
    token: (),
}

impl RequestBody for SendMessageRequest {
    fn read(fields: &mut Fields) -> Result<Self, ApiError> {
        Ok(Self { content: fields.required("content")?, context: fields.optional("context")?, token: () })
    }
}

pub(crate) async fn history(
    request: Presented,
    http: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let before = before(http.query_string())?.map(MessageId::from_uuid);
    let (request, _) = request.into_session();
    let messages = state.services.visitors.history(request, before).await?;
    let messages = messages.iter().map(MessageResponse::from).collect();
    Ok(HttpResponse::Ok().json(HistoryResponse { messages }))
}

pub(crate) async fn send(
    request: Presented<SendMessageRequest>,
    http: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let idempotency_key = idempotency_key(http.headers())?;
    let (session, body) = request.into_session();
    let command = SendCommand { session, content: body.content, context: body.context, idempotency_key };
    let turn = state.services.visitors.send(command).await?;
    let mut response = sse::response(turn.events, &http, state.keep_alive);
    quota::add_headers(response.headers_mut(), turn.quota.as_ref());
    Ok(response)
}

/// The key as it came. What is no text cannot be handed on, and is refused for the same reason as a bad one.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let key = one_header(headers, IDEMPOTENCY_KEY)?.map(HeaderValue::to_str).transpose();
    let key = key.map_err(|_| VisitorError::IdempotencyKey(IdempotencyKeyError))?;
    Ok(key.map(str::to_owned))
}
