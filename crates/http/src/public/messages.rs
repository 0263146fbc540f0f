//! `/api/widget-chat/sessions/{id}/messages`: the history, and sending a message.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chatloom_domain::id::MessageId;
use chatloom_domain::message::{Message, MessageStatus};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::presented::Presented;
use crate::body::RequestBody;
use crate::error::ApiError;
use crate::fields::{FieldValue, Fields, parse_uuid};
use crate::openapi::{Doc, Header, schema};
use crate::sse;
use crate::state::State;
use crate::time::iso_millis;

const NO_SESSION: (u16, &str) = (404, "No such session of the widget, or a wrong secret.");

pub(crate) const HISTORY: Doc = Doc {
    headers: &[Header::SESSION_SECRET],
    query: &[("before", "Only messages before the one with this id.")],
    refuses: &[(400, "`before` is no UUID, or a secret stands in the URL."), NO_SESSION],
    ..Doc::new(
        "history",
        "Get chat messages",
        "The newest 200 messages, oldest first.",
        (200, Some(schema::<HistoryResponse<'_>>)),
    )
};
pub(crate) const SEND: Doc = Doc {
    body: Some(schema::<SendMessageRequest>),
    headers: &[Header::SESSION_SECRET],
    is_stream: true,
    refuses: &[
        NO_SESSION,
        (409, "The session's last message is still being answered; `turnId` names the turn."),
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
}

impl<'a> From<&'a Message> for MessageResponse<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            id: message.id.as_uuid(),
            role: message.author.as_str(),
            content: &message.content,
            created_at: iso_millis(message.created_at),
            status: (message.status != MessageStatus::Complete).then(|| message.status.as_str()),
        }
    }
}

/// A message to be sent.
#[derive(ToSchema)]
pub(crate) struct SendMessageRequest {
    /// 1 to 8,000 characters after trimming.
    #[schema(example = "I need help with billing")]
    content: String,
    /// The widget's embed token. It may stand in a header instead.
    #[schema(required = true, value_type = String)]
    #[expect(dead_code, reason = "for the document only: all public routes read the token in one place")]
    token: (),
}

impl RequestBody for SendMessageRequest {
    fn read(fields: &mut Fields) -> Result<Self, ApiError> {
        Ok(Self { content: fields.required("content")?, token: () })
    }
}

pub(crate) async fn history(
    request: Presented,
    http: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let before = before(http.query_string())?;
    let (request, _) = request.into_session();
    let messages = state.services.visitors.history(request, before).await?;
    let messages = messages.iter().map(MessageResponse::from).collect();
    Ok(HttpResponse::Ok().json(HistoryResponse { messages }))
}

fn before(query: &str) -> Result<Option<MessageId>, ApiError> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let Some((_, value)) = pairs.find(|(name, _)| name == "before") else {
        return Ok(None);
    };
    let id = parse_uuid(&value).ok_or_else(|| ApiError::field("before", <Uuid as FieldValue>::RULE))?;
    Ok(Some(MessageId::from_uuid(id)))
}

pub(crate) async fn send(
    request: Presented<SendMessageRequest>,
    http: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (request, body) = request.into_session();
    let events = state.services.visitors.send(request, body.content).await?;
    Ok(sse::response(events, http.path(), state.keep_alive))
}
