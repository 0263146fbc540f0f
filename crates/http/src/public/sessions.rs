//! `/api/widget-chat/sessions`: beginning and erasing a conversation.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chatloom_domain::id::SessionId;
use chatloom_domain::session::SessionSummary;
use chatloom_domain::token::SessionSecret;
use chatloom_ports::visitor::OpenSessionCommand;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::presented::{Presented, before, header_text};
use crate::body::RequestBody;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::openapi::{Doc, Header, Query, schema};
use crate::state::State;
use crate::time::iso_millis;

/// With the value `secret`, the new session gets a secret.
const X_CHATLOOM_SESSION: &str = "x-chatloom-session";

/// A solved bot check.
const X_BOT_CHECK: &str = "x-bot-check";

pub(crate) const OPEN: Doc = Doc {
    body: Some(schema::<OpenSessionRequest>),
    headers: &[
        Header {
            name: "X-Chatloom-Session",
            about: "`secret` asks for a session that only its secret opens.",
        },
        Header {
            name: "X-Bot-Check",
            about: "A solved challenge, `<challenge>.<number>`; required where the widget has the bot check.",
        },
        Header::VISITOR_IDENTITY,
    ],
    refuses: &[(
        429,
        "Too many requests from this address, or of this widget; `Retry-After` says when to try again.",
    )],
    ..Doc::new("openSession", "Create a chat session", "", (201, Some(schema::<SessionResponse<'_>>)))
};
pub(crate) const LIST: Doc = Doc {
    headers: &[Header::VISITOR_IDENTITY],
    query: &[Query { name: "before", about: "Only sessions after the one with this id.", is_uuid: true }],
    refuses: &[(400, "`before` is no UUID, or a secret or a proof stands in the URL.")],
    ..Doc::new(
        "listSessions",
        "List the visitor's chat sessions",
        "The sessions of the widget that the proven visitor opened, at most 50, that which was written to last first.",
        (200, Some(schema::<SessionsResponse>)),
    )
};
pub(crate) const ERASE: Doc = Doc {
    headers: &[Header::SESSION_SECRET, Header::VISITOR_IDENTITY],
    refuses: &[(404, "No such session of the widget, or it does not open to who asks.")],
    ..Doc::new(
        "eraseSession",
        "Erase a conversation",
        "Erases the session with all its messages.",
        (204, None),
    )
};

/// A session to be opened.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct OpenSessionRequest {
    /// The widget's embed token. It may stand in a header instead.
    #[schema(required = true, value_type = String)]
    #[expect(dead_code, reason = "for the document only: all public routes read the token in one place")]
    token: (),
    /// The page's label for the visitor, 1 to 128 printable characters. It groups statistics and opens nothing.
    #[schema(nullable = false)]
    visitor_id: Option<String>,
}

impl RequestBody for OpenSessionRequest {
    fn read(fields: &mut Fields) -> Result<Self, ApiError> {
        Ok(Self { token: (), visitor_id: fields.optional("visitorId")? })
    }
}

/// A session that was opened.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SessionResponse<'a> {
    session_id: Uuid,
    #[schema(example = "2026-02-17T10:00:00.000Z")]
    created_at: String,
    /// Shown this once, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    session_secret: Option<&'a str>,
}

/// A proven visitor's sessions.
#[derive(Serialize, ToSchema)]
struct SessionsResponse {
    /// That which was written to last first.
    sessions: Vec<SessionSummaryResponse>,
}

/// A session of a proven visitor.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SessionSummaryResponse {
    session_id: Uuid,
    #[schema(example = "2026-02-17T10:00:00.000Z")]
    created_at: String,
    #[schema(example = "2026-02-17T10:01:00.000Z")]
    last_active_at: String,
}

impl From<SessionSummary> for SessionSummaryResponse {
    fn from(session: SessionSummary) -> Self {
        Self {
            session_id: session.id.as_uuid(),
            created_at: iso_millis(session.created_at),
            last_active_at: iso_millis(session.last_active_at),
        }
    }
}

pub(crate) async fn open(
    request: Presented<OpenSessionRequest>,
    http: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let with_secret = http.headers().get(X_CHATLOOM_SESSION).is_some_and(|wish| wish.as_bytes() == b"secret");
    let bot_check = header_text(http.headers(), X_BOT_CHECK)?;
    let Presented { visitor, body, .. } = request;
    let command = OpenSessionCommand { visitor, visitor_id: body.visitor_id, with_secret, bot_check };
    let session = state.services.visitors.open_session(command).await?;
    Ok(HttpResponse::Created().json(SessionResponse {
        session_id: session.id.as_uuid(),
        created_at: iso_millis(session.created_at),
        session_secret: session.secret.as_ref().map(SessionSecret::reveal),
    }))
}

pub(crate) async fn list(
    request: Presented,
    http: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let before = before(http.query_string())?.map(SessionId::from_uuid);
    let sessions = state.services.visitors.sessions(request.visitor, before).await?;
    let sessions = sessions.into_iter().map(SessionSummaryResponse::from).collect();
    Ok(HttpResponse::Ok().json(SessionsResponse { sessions }))
}

pub(crate) async fn erase(request: Presented, state: Data<State>) -> Result<HttpResponse, ApiError> {
    let (request, _) = request.into_session();
    state.services.visitors.erase_session(request).await?;
    Ok(HttpResponse::NoContent().finish())
}
