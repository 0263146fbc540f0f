//! `/api/teams/{teamId}/widgets/{id}/feedback`: what visitors think of a widget's answers.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chatloom_domain::feedback::{FeedbackReason, RatedAnswer, Rating};
use chatloom_domain::id::{MessageId, WidgetId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::authorized::{Authorized, PathId, ReadFeedback};
use crate::error::ApiError;
use crate::fields::{FieldValue, parse_uuid};
use crate::openapi::{Doc, Query, schema};
use crate::state::State;
use crate::time::iso_millis;

pub(crate) const LIST: Doc = Doc {
    query: &[
        Query { name: "rating", about: "Only answers of this rating: `good` or `bad`.", is_uuid: false },
        Query {
            name: "before",
            about: "Only feedback that was given before that on the message with this id.",
            is_uuid: true,
        },
    ],
    refuses: &[
        (400, "`rating` is neither `good` nor `bad`, or `before` is no UUID."),
        (404, "No such team for this user, or no such widget in it."),
    ],
    ..Doc::new(
        "listFeedback",
        "Read visitors' feedback",
        "What visitors think of answers, with these: at most 50, the newest feedback first. Role: OPERATOR.",
        (200, Some(schema::<FeedbackListResponse<'_>>)),
    )
};

/// What visitors think of a widget's answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct FeedbackListResponse<'a> {
    /// The newest first.
    feedback: Vec<FeedbackResponse<'a>>,
}

/// What a visitor thinks of an answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FeedbackResponse<'a> {
    message_id: Uuid,
    session_id: Uuid,
    /// `good` or `bad`.
    #[schema(example = "bad")]
    rating: &'static str,
    /// Why, in the visitor's words. Left out where they gave no reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "The link does not work")]
    reason: Option<&'a str>,
    /// The answer's text; empty where the model gave none.
    #[schema(example = "You can find it [here](https://example.com).")]
    answer: &'a str,
    /// When the answer was begun.
    #[schema(example = "2026-02-17T10:01:00.000Z")]
    answered_at: String,
    /// When the visitor said what they think.
    #[schema(example = "2026-02-17T10:02:00.000Z")]
    created_at: String,
}

impl<'a> From<&'a RatedAnswer> for FeedbackResponse<'a> {
    fn from(rated: &'a RatedAnswer) -> Self {
        Self {
            message_id: rated.message_id.as_uuid(),
            session_id: rated.session_id.as_uuid(),
            rating: rated.feedback.rating.as_str(),
            reason: rated.feedback.reason.as_ref().map(FeedbackReason::as_str),
            answer: &rated.content,
            answered_at: iso_millis(rated.answered_at),
            created_at: iso_millis(rated.feedback.given_at),
        }
    }
}

pub(crate) async fn list(
    caller: Authorized<ReadFeedback>,
    PathId(id): PathId,
    http: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (rating, before) = chosen(http.query_string())?;
    let visitors = &state.services.visitor_administration;
    let rated = visitors.feedback(&caller.member, WidgetId::from_uuid(id), rating, before).await?;
    let feedback = rated.iter().map(FeedbackResponse::from).collect();
    Ok(HttpResponse::Ok().json(FeedbackListResponse { feedback }))
}

/// Which feedback is asked for, and where the page begins.
fn chosen(query: &str) -> Result<(Option<Rating>, Option<MessageId>), ApiError> {
    let mut chosen = (None, None);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "rating" => {
                let rating = Rating::parse(&value);
                let refused = || ApiError::field("rating", "must be good or bad");
                chosen.0 = Some(rating.ok_or_else(refused)?);
            }
            "before" => {
                let id = parse_uuid(&value);
                let id = id.ok_or_else(|| ApiError::field("before", <Uuid as FieldValue>::RULE))?;
                chosen.1 = Some(MessageId::from_uuid(id));
            }
            _ => {}
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_feedback_is_asked_for_unless_the_caller_says_otherwise() {
        let id = Uuid::from_u128(7);
        let before = Some(MessageId::from_uuid(id));
        assert_eq!(chosen("").ok(), Some((None, None)));
        assert_eq!(chosen("rating=good&x=1").ok(), Some((Some(Rating::Good), None)));
        assert_eq!(chosen(&format!("before={id}&rating=bad")).ok(), Some((Some(Rating::Bad), before)));
        for bad in ["rating=", "rating=Good", "rating=null", "before=", "before=7"] {
            assert!(chosen(bad).is_err(), "{bad}");
        }
    }
}
