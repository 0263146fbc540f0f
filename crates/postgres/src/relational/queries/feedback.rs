//! Statements on what visitors think of answers.

use chatloom_domain::feedback::{RatedAnswer, Rating};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::super::errors::QueryError;
use super::super::rows::feedback::{FeedbackRow, RatedAnswerRow};
use super::super::schema::{chat_sessions, messages};
use crate::columns::{Id, Time};
use crate::database::Conn;

/// Whether there is such an answer that is not being written. An answer that begins to be written anew at the same time
/// is waited for.
pub(crate) async fn set(
    conn: &mut Conn,
    session: Id,
    message: Id,
    feedback: FeedbackRow,
) -> Result<bool, QueryError> {
    let answer = messages::table
        .find(message)
        .filter(messages::session_id.eq(session))
        .filter(messages::author.eq("assistant").and(messages::status.ne("streaming")));
    Ok(diesel::update(answer).set(feedback).execute(conn).await? > 0)
}

pub(crate) async fn list(
    conn: &mut Conn,
    widget: Id,
    rating: Option<Rating>,
    before: Option<Id>,
    limit: u32,
) -> Result<Vec<RatedAnswer>, QueryError> {
    let rated = messages::table
        .inner_join(chat_sessions::table.on(chat_sessions::id.eq(messages::session_id)))
        .filter(chat_sessions::widget_id.eq(widget).and(messages::feedback_at.is_not_null()));
    let mut page = rated
        .order((messages::feedback_at.desc(), messages::id.desc()))
        .limit(i64::from(limit))
        .select(RatedAnswerRow::as_select())
        .into_boxed();
    if let Some(rating) = rating {
        page = page.filter(messages::feedback_rating.eq(rating.as_str()));
    }
    if let Some(id) = before {
        let place = rated.filter(messages::id.eq(id)).select(messages::feedback_at.assume_not_null());
        let Some(at) = place.first::<Time>(conn).await.optional()? else {
            return Ok(Vec::new());
        };
        let same = messages::feedback_at.eq(at).and(messages::id.lt(id));
        page = page.filter(messages::feedback_at.lt(at).or(same));
    }
    let rows: Vec<RatedAnswerRow> = page.load(conn).await?;
    rows.into_iter().map(RatedAnswer::try_from).collect()
}
