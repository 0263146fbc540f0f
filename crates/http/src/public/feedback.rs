//! `/api/widget-chat/sessions/{id}/messages/{messageId}/feedback`: what a visitor thinks of an answer.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chatloom_domain::id::MessageId;
use chatloom_ports::visitor::FeedbackCommand;
use utoipa::ToSchema;

use super::presented::Presented;
use crate::body::RequestBody;
use crate::dashboard::path_uuid;
use crate::error::{ApiError, Code};
use crate::fields::Fields;
use crate::openapi::{Doc, Header, schema};
use crate::state::State;

pub(crate) const GIVE: Doc = Doc {
    body: Some(schema::<FeedbackRequest>),
    headers: &[Header::SESSION_SECRET, Header::VISITOR_IDENTITY],
    refuses: &[(
        404,
        "No such session of the widget, one that does not open to who asks, or no such answer in it that is not being \
         written any more.",
    )],
    ..Doc::new(
        "giveFeedback",
        "Rate an answer",
        "What the visitor thinks of an answer. It takes the place of what they said before.",
        (204, None),
    )
};

/// What a visitor thinks of an answer.
#[derive(ToSchema)]
pub(crate) struct FeedbackRequest {
    /// `good` or `bad`; null takes back what was said before.
    #[schema(required = true, example = "bad")]
    rating: Option<String>,
    /// Why: at most 1,000 characters after trimming, and only with a rating.
    #[schema(example = "The link does not work")]
    reason: Option<String>,
    /// The widget's embed token. It may stand in a header instead.
    #[schema(required = true, value_type = String)]
    #[expect(dead_code, reason = "for the document only: all public routes read the token in one place")]
    token: (),
}

impl RequestBody for FeedbackRequest {
    fn read(fields: &mut Fields) -> Result<Self, ApiError> {
        let rating = fields.clearable("rating")?;
        let missing = || ApiError::new(Code::MissingField, "rating is required");
        Ok(Self { rating: rating.ok_or_else(missing)?, reason: fields.nullable("reason")?, token: () })
    }
}

pub(crate) async fn give(
    request: Presented<FeedbackRequest>,
    http: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let message = MessageId::from_uuid(path_uuid(&http, "messageId"));
    let (session, FeedbackRequest { rating, reason, .. }) = request.into_session();
    let command = FeedbackCommand { session, message, rating, reason };
    state.services.visitors.give_feedback(command).await?;
    Ok(HttpResponse::NoContent().finish())
}
