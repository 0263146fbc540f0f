//! `/api/widget-chat/challenges`: what a browser has to solve before it may open a session, where the widget demands it.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use super::presented::Presented;
use crate::body::RequestBody;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::openapi::{Doc, schema};
use crate::state::State;
use crate::time::iso_millis;

pub(crate) const ISSUE: Doc = Doc {
    body: Some(schema::<ChallengeRequest>),
    ..Doc::new(
        "issueChallenge",
        "Get a challenge for the bot check",
        "Its solution opens one session of the widget.",
        (201, Some(schema::<ChallengeResponse<'_>>)),
    )
};

/// A challenge to be made.
#[derive(ToSchema)]
pub(crate) struct ChallengeRequest {
    /// The widget's embed token. It may stand in a header instead.
    #[schema(required = true, value_type = String)]
    #[expect(dead_code, reason = "for the document only: all public routes read the token in one place")]
    token: (),
}

impl RequestBody for ChallengeRequest {
    fn read(_: &mut Fields) -> Result<Self, ApiError> {
        Ok(Self { token: () })
    }
}

/// A challenge. It is solved by a decimal number such that the SHA-256 of `<challenge>.<number>` begins with `difficulty`
/// zero bits; that text is the header `X-Bot-Check` of one new session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChallengeResponse<'a> {
    challenge: &'a str,
    #[schema(example = 17)]
    difficulty: u8,
    #[schema(example = "SHA-256")]
    algorithm: &'static str,
    #[schema(example = "2026-02-17T10:05:00.000Z")]
    expires_at: String,
}

pub(crate) async fn issue(
    request: Presented<ChallengeRequest>,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let challenge = state.services.visitors.issue_challenge(request.visitor).await?;
    Ok(HttpResponse::Created().json(ChallengeResponse {
        challenge: &challenge.text,
        difficulty: challenge.difficulty,
        algorithm: "SHA-256",
        expires_at: iso_millis(challenge.expires_at),
    }))
}
