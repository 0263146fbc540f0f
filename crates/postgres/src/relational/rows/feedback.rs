//! What visitors think of answers, as columns of these.

use chatloom_domain::feedback::{Feedback, FeedbackReason, RatedAnswer, Rating};
use chatloom_domain::id::{MessageId, SessionId};
use diesel::prelude::*;
use thiserror::Error;

use super::super::errors::{QueryError, inconsistent};
use super::super::schema::messages;
use crate::columns::{Id, Time};
use crate::database::Db;

/// All empty where nothing was said.
#[derive(Default, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = messages, check_for_backend(Db), treat_none_as_null = true)]
pub(crate) struct FeedbackRow {
    #[diesel(column_name = feedback_rating)]
    rating: Option<String>,
    #[diesel(column_name = feedback_reason)]
    reason: Option<String>,
    #[diesel(column_name = feedback_at)]
    at: Option<Time>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = messages, check_for_backend(Db))]
pub(crate) struct RatedAnswerRow {
    id: Id,
    session_id: Id,
    content: String,
    created_at: Time,
    #[diesel(embed)]
    feedback: FeedbackRow,
}

#[derive(Debug, Error)]
#[error("the feedback is not whole, or of no known rating")]
struct BrokenFeedback;

impl From<&Feedback> for FeedbackRow {
    fn from(feedback: &Feedback) -> Self {
        Self {
            rating: Some(feedback.rating.as_str().to_owned()),
            reason: feedback.reason.as_ref().map(|reason| reason.as_str().to_owned()),
            at: Some(Time(feedback.given_at)),
        }
    }
}

impl TryFrom<RatedAnswerRow> for RatedAnswer {
    type Error = QueryError;

    fn try_from(row: RatedAnswerRow) -> Result<Self, QueryError> {
        let id = row.id.0;
        let FeedbackRow { rating, reason, at } = row.feedback;
        let rating = rating.as_deref().and_then(Rating::parse);
        let (rating, at) = rating.zip(at).ok_or_else(|| inconsistent("messages", id, BrokenFeedback))?;
        let reason = reason.as_deref().map(FeedbackReason::parse).transpose();
        let reason = reason.map_err(|error| inconsistent("messages", id, error))?.flatten();
        Ok(Self {
            message_id: MessageId::from_uuid(id),
            session_id: SessionId::from_uuid(row.session_id.0),
            feedback: Feedback { rating, reason, given_at: at.0 },
            content: row.content,
            answered_at: row.created_at.0,
        })
    }
}
