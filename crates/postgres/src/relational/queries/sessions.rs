//! Statements on chat sessions and their messages.

use std::collections::HashMap;

use chatloom_domain::id::TurnId;
use chatloom_domain::message::{Message, MessageStatus};
use chatloom_domain::session::{ChatSession, SessionSummary};
use chatloom_ports::store::sessions::{OpenSessionError, SpentChallenge};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::super::errors::QueryError;
use super::super::rows::event::logged_text;
use super::super::rows::message::MessageRow;
use super::super::rows::session::{ChatSessionRow, NewChatSessionRow, SessionSummaryRow};
use super::super::rows::usage::DailyRow;
use super::super::schema::{chat_sessions, messages, spent_challenges, turns};
use super::{logs, turns as turn_queries, usage};
use crate::columns::{Id, Time};
use crate::database::Conn;
use crate::dialect;

pub(crate) async fn open(
    conn: &mut Conn,
    session: &ChatSession,
    widget_version: i64,
    spent: Option<SpentChallenge>,
) -> Result<(), OpenSessionError> {
    let widget = Id(session.widget_id.as_uuid());
    // The widget is held until the commit: one that is deleted meanwhile would leave this session behind for ever.
    if !dialect::hold_widget(conn, widget, widget_version).await? {
        return Err(OpenSessionError::WidgetChanged);
    }
    if let Some(spent) = spent
        && !spend(conn, spent).await?
    {
        return Err(OpenSessionError::ChallengeSpent);
    }
    let row = NewChatSessionRow::from(session);
    let insert = diesel::insert_into(chat_sessions::table).values(&row);
    insert.execute(conn).await.map_err(QueryError::from)?;
    usage::count(conn, &DailyRow::session(widget, session.created_at)).await?;
    Ok(())
}

/// Whether the challenge was not spent before. Whoever comes at the same time waits here for the first one's commit.
async fn spend(conn: &mut Conn, spent: SpentChallenge) -> Result<bool, QueryError> {
    let id = spent_challenges::id.eq(Id(spent.id.as_uuid()));
    let row = (id, spent_challenges::expires_at.eq(Time(spent.expires_at)));
    let insert = diesel::insert_into(spent_challenges::table).values(row).on_conflict_do_nothing();
    Ok(insert.execute(conn).await? > 0)
}

pub(crate) async fn prune_spent(conn: &mut Conn, expired_before: Time) -> Result<usize, QueryError> {
    let expired = spent_challenges::table.filter(spent_challenges::expires_at.lt(expired_before));
    Ok(diesel::delete(expired).execute(conn).await?)
}

pub(crate) async fn find(conn: &mut Conn, id: Id) -> Result<Option<ChatSession>, QueryError> {
    let row =
        chat_sessions::table.find(id).select(ChatSessionRow::as_select()).first(conn).await.optional()?;
    row.map(ChatSession::try_from).transpose()
}

pub(crate) async fn list_messages(
    conn: &mut Conn,
    session: Id,
    before: Option<Id>,
    limit: u32,
) -> Result<Vec<Message>, QueryError> {
    let end = match before {
        None => Some(i64::MAX),
        Some(id) => find_seq(conn, session, id).await?,
    };
    let Some(end) = end else {
        return Ok(Vec::new());
    };
    let mut rows: Vec<MessageRow> = messages::table
        .filter(messages::session_id.eq(session).and(messages::seq.lt(end)))
        .order(messages::seq.desc())
        .limit(i64::from(limit))
        .select(MessageRow::as_select())
        .load(conn)
        .await?;
    rows.reverse();
    for row in rows.iter_mut().filter(|row| row.is_streaming()) {
        row.content = logged_text(&logs::load_of_message(conn, session, row.id).await?)?;
    }
    let mut messages: Vec<_> = rows.into_iter().map(Message::try_from).collect::<Result<_, _>>()?;
    name_turns(conn, session, &mut messages).await?;
    Ok(messages)
}

/// Tells of each message that is not complete whose it is.
async fn name_turns(conn: &mut Conn, session: Id, messages: &mut [Message]) -> Result<(), QueryError> {
    let is_open = |message: &&mut Message| message.status != MessageStatus::Complete;
    let mut open: Vec<_> = messages.iter_mut().filter(is_open).collect();
    if open.is_empty() {
        return Ok(());
    }
    let answers: Vec<_> = open.iter().map(|message| Id(message.id.as_uuid())).collect();
    let turns: HashMap<_, _> =
        turn_queries::list_of_messages(conn, session, &answers).await?.into_iter().collect();
    for (message, answer) in open.iter_mut().zip(&answers) {
        message.turn_id = turns.get(answer).map(|turn| TurnId::from_uuid(turn.0));
    }
    Ok(())
}

async fn find_seq(conn: &mut Conn, session: Id, message: Id) -> Result<Option<i64>, QueryError> {
    let own = messages::session_id.eq(session).and(messages::id.eq(message));
    Ok(messages::table.filter(own).select(messages::seq).first(conn).await.optional()?)
}

/// The messages before the turn's own that a model may read: complete or interrupted, and with text; oldest first.
pub(crate) async fn list_history(
    conn: &mut Conn,
    session: Id,
    turn: Id,
    limit: u32,
) -> Result<Vec<Message>, QueryError> {
    // Without a question there is no place, and nothing stands before no place.
    let questions = diesel::alias!(messages as questions);
    let place = questions
        .inner_join(turns::table.on(turns::user_message_id.eq(questions.field(messages::id))))
        .filter(turns::id.eq(turn).and(turns::session_id.eq(session)))
        .filter(questions.field(messages::session_id).eq(session))
        .select(questions.field(messages::seq))
        .single_value();
    let mut rows: Vec<MessageRow> = messages::table
        .filter(messages::session_id.eq(session).and(messages::seq.nullable().lt(place)))
        .filter(messages::status.eq("complete").or(messages::status.eq("interrupted")))
        .filter(messages::content.ne(""))
        .order(messages::seq.desc())
        .limit(i64::from(limit))
        .select(MessageRow::as_select())
        .load(conn)
        .await?;
    rows.reverse();
    rows.into_iter().map(Message::try_from).collect()
}

/// The proven visitor's sessions after `before`, that which was written to last first.
pub(crate) async fn list_proven(
    conn: &mut Conn,
    widget: Id,
    subject: &str,
    before: Option<Id>,
    limit: u32,
) -> Result<Vec<SessionSummary>, QueryError> {
    let own = chat_sessions::widget_id.eq(widget).and(chat_sessions::subject.eq(subject));
    let newest_first = (chat_sessions::last_active_at.desc(), chat_sessions::id.desc());
    let page = chat_sessions::table.filter(own).order(newest_first).limit(i64::from(limit));
    let rows: Vec<SessionSummaryRow> = match before {
        None => page.select(SessionSummaryRow::as_select()).load(conn).await?,
        Some(id) => {
            let place = chat_sessions::table.find(id).filter(own).select(chat_sessions::last_active_at);
            let Some(active_at) = place.first::<Time>(conn).await.optional()? else {
                return Ok(Vec::new());
            };
            let earlier = chat_sessions::last_active_at
                .lt(active_at)
                .or(chat_sessions::last_active_at.eq(active_at).and(chat_sessions::id.lt(id)));
            page.filter(earlier).select(SessionSummaryRow::as_select()).load(conn).await?
        }
    };
    Ok(rows.into_iter().map(SessionSummary::from).collect())
}

/// The number of sessions without a message that were deleted.
pub(crate) async fn purge_empty(conn: &mut Conn, opened_before: Time, limit: u32) -> Result<u64, QueryError> {
    let empty = dialect::hold_empty_sessions(conn, opened_before, limit).await?;
    let mut purged = 0;
    for portion in empty.chunks(logs::PORTION) {
        let held = chat_sessions::table.filter(chat_sessions::id.eq_any(portion.iter().copied()));
        purged += diesel::delete(held).execute(conn).await?;
    }
    Ok(purged as u64)
}
