//! `/api/widget-chat/sessions`: beginning and erasing a conversation.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chatloom_domain::token::SessionSecret;
use chatloom_ports::visitor::OpenSessionCommand;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::presented::Presented;
use crate::body::RequestBody;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::openapi::{Doc, Header, schema};
use crate::state::State;
use crate::time::iso_millis;

/// With the value `secret`, the new session gets a secret.
const X_CHATLOOM_SESSION: &str = "x-chatloom-session";

pub(crate) const OPEN: Doc = Doc {
    body: Some(schema::<OpenSessionRequest>),
    headers: &[Header {
        name: "X-Chatloom-Session",
        about: "`secret` asks for a session that only its secret opens.",
    }],
    refuses: &[(
        429,
        "Too many requests from this address, or of this widget; `Retry-After` says when to try again.",
    )],
    ..Doc::new("openSession", "Create a chat session", "", (201, Some(schema::<SessionResponse<'_>>)))
};
pub(crate) const ERASE: Doc = Doc {
    headers: &[Header::SESSION_SECRET],
    refuses: &[(404, "No such session of the widget, or a wrong secret.")],
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

pub(crate) async fn open(
    request: Presented<OpenSessionRequest>,
    http: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let with_secret = http.headers().get(X_CHATLOOM_SESSION).is_some_and(|wish| wish.as_bytes() == b"secret");
    let Presented { visitor, body, .. } = request;
    let command = OpenSessionCommand { visitor, visitor_id: body.visitor_id, with_secret };
    let session = state.services.visitors.open_session(command).await?;
    Ok(HttpResponse::Created().json(SessionResponse {
        session_id: session.id.as_uuid(),
        created_at: iso_millis(session.created_at),
        session_secret: session.secret.as_ref().map(SessionSecret::reveal),
    }))
}

pub(crate) async fn erase(request: Presented, state: Data<State>) -> Result<HttpResponse, ApiError> {
    let (request, _) = request.into_session();
    state.services.visitors.erase_session(request).await?;
    Ok(HttpResponse::NoContent().finish())
}
