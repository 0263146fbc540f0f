//! `/api/teams/{teamId}/widgets/{id}/…`: what a team decides over a widget's visitors.

use actix_web::HttpResponse;
use actix_web::web::Data;
use chatloom_domain::id::{SessionId, WidgetId};
use chatloom_ports::dashboard::visitors::{ErasureCommand, IdentitySecretState};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::authorized::{Authorized, EraseConversations, PathId, ProveIdentity, Read};
use crate::body::{Presence, RequestBody};
use crate::error::{ApiError, Code};
use crate::fields::Fields;
use crate::openapi::{Doc, schema};
use crate::state::State;
use crate::time::iso_millis;

const NO_WIDGET: (u16, &str) = (404, "No such team for this user, or no such widget in it.");

pub(crate) const ROTATE: Doc = Doc {
    body: Some(schema::<RotateRequest>),
    body_is_optional: true,
    refuses: &[NO_WIDGET],
    ..Doc::new(
        "rotateIdentitySecret",
        "Make or rotate the identity secret",
        "With it the site's server signs who its visitors are. It is shown this once. Role: ADMIN.",
        (200, Some(schema::<IdentitySecretResponse<'_>>)),
    )
};
pub(crate) const STATE: Doc = Doc {
    refuses: &[(
        404,
        "No such team for this user, no such widget in it, or the widget has no identity secret.",
    )],
    ..Doc::new(
        "readIdentitySecret",
        "Read about the identity secret",
        "When it was made; never the secret itself. Role: VIEWER.",
        (200, Some(schema::<IdentitySecretStateResponse>)),
    )
};
pub(crate) const ERASE: Doc = Doc {
    body: Some(schema::<ErasureRequest>),
    refuses: &[NO_WIDGET],
    ..Doc::new(
        "eraseConversations",
        "Erase a visitor's conversations",
        "Erases one session, all sessions with a label, or all sessions of a proven visitor; exactly one of the fields \
         must be given. Statistics stay. Role: ADMIN.",
        (200, Some(schema::<ErasureResponse>)),
    )
};

/// What becomes of the secret before.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct RotateRequest {
    /// For how many seconds the secret before is still accepted, 0 to 604,800 (a week). 0 if absent.
    #[schema(nullable = false)]
    grace_seconds: Option<i64>,
}

impl RequestBody for RotateRequest {
    const PRESENCE: Presence = Presence::Optional;

    fn read(fields: &mut Fields) -> Result<Self, ApiError> {
        Ok(Self { grace_seconds: fields.optional("graceSeconds")? })
    }
}

/// A new identity secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct IdentitySecretResponse<'a> {
    identity_secret: &'a str,
    message: &'static str,
}

/// What may be known of an identity secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct IdentitySecretStateResponse {
    #[schema(example = "2026-02-17T10:00:00.000Z")]
    created_at: String,
    /// Until when the secret before is accepted; null if it is not.
    #[schema(example = "2026-02-18T10:00:00.000Z")]
    previous_valid_until: Option<String>,
}

impl From<IdentitySecretState> for IdentitySecretStateResponse {
    fn from(state: IdentitySecretState) -> Self {
        Self {
            created_at: iso_millis(state.made_at),
            previous_valid_until: state.previous_until.map(iso_millis),
        }
    }
}

/// Whose conversations are to be erased: exactly one of these. They stand in a body because URLs are logged.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ErasureRequest {
    /// This session.
    #[schema(nullable = false, value_type = Option<Uuid>)]
    #[expect(dead_code, reason = "for the document only: one of the three is read")]
    session_id: (),
    /// All sessions with this self-asserted label.
    #[schema(nullable = false, value_type = Option<String>)]
    #[expect(dead_code, reason = "for the document only: one of the three is read")]
    visitor_id: (),
    /// All sessions that this proven visitor opened.
    #[schema(nullable = false, value_type = Option<String>)]
    #[expect(dead_code, reason = "for the document only: one of the three is read")]
    subject: (),
    #[schema(ignore)]
    command: ErasureCommand,
}

impl RequestBody for ErasureRequest {
    fn read(fields: &mut Fields) -> Result<Self, ApiError> {
        let session = fields.optional::<Uuid>("sessionId")?;
        let session = session.map(|id| ErasureCommand::Session(SessionId::from_uuid(id)));
        let visitor = fields.optional("visitorId")?.map(ErasureCommand::Visitor);
        let subject = fields.optional("subject")?.map(ErasureCommand::Subject);
        let mut given = [session, visitor, subject].into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(command), None) => Ok(Self { session_id: (), visitor_id: (), subject: (), command }),
            (None, _) => {
                Err(ApiError::new(Code::MissingField, "one of sessionId, visitorId and subject is required"))
            }
            (Some(_), Some(_)) => Err(ApiError::new(
                Code::InvalidField,
                "only one of sessionId, visitorId and subject may be given",
            )),
        }
    }
}

/// What was erased.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ErasureResponse {
    erased_sessions: u64,
}

pub(crate) async fn rotate(
    caller: Authorized<ProveIdentity, RotateRequest>,
    id: PathId,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (widget, grace) = (WidgetId::from_uuid(id.0), caller.body.grace_seconds);
    let visitors = &state.services.visitor_administration;
    let secret = visitors.rotate_identity_secret(&caller.actor(), widget, grace).await?;
    let message = "Identity secret made. Keep it on your server: it is shown this once.";
    Ok(HttpResponse::Ok().json(IdentitySecretResponse { identity_secret: secret.reveal(), message }))
}

pub(crate) async fn read(
    caller: Authorized<Read>,
    id: PathId,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let visitors = &state.services.visitor_administration;
    let found = visitors.identity_secret(&caller.member, WidgetId::from_uuid(id.0)).await?;
    Ok(HttpResponse::Ok().json(IdentitySecretStateResponse::from(found)))
}

pub(crate) async fn erase(
    caller: Authorized<EraseConversations, ErasureRequest>,
    id: PathId,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (widget, actor) = (WidgetId::from_uuid(id.0), caller.actor());
    let erased_sessions =
        state.services.visitor_administration.erase(&actor, widget, caller.body.command).await?;
    Ok(HttpResponse::Ok().json(ErasureResponse { erased_sessions }))
}
