//! Statements on chat sessions and their messages.

use std::collections::HashMap;

use chatloom_domain::id::TurnId;
use chatloom_domain::message::{Message, MessageStatus};
use chatloom_domain::session::ChatSession;
use chatloom_ports::store::sessions::OpenSessionError;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::super::errors::QueryError;
use super::super::rows::event::logged_text;
use super::super::rows::message::MessageRow;
use super::super::rows::session::{ChatSessionRow, NewChatSessionRow};
use super::super::rows::usage::DailyRow;
use super::super::schema::{chat_sessions, messages, turns};
use super::{budgets, logs, turns as turn_queries, usage};
use crate::columns::{Id, Time};
use crate::database::Conn;
use crate::dialect;

pub(crate) async fn open(
    conn: &mut Conn,
    session: &ChatSession,
    widget_version: i64,
) -> Result<(), OpenSessionError> {
    let widget = Id(session.widget_id.as_uuid());
    // The widget is held until the commit: one that is deleted meanwhile would leave this session behind for ever.
    if !dialect::hold_widget(conn, widget, widget_version).await? {
        return Err(OpenSessionError::WidgetChanged);
    }
    let row = NewChatSessionRow::from(session);
    let insert = diesel::insert_into(chat_sessions::table).values(&row);
    insert.execute(conn).await.map_err(QueryError::from)?;
    usage::count(conn, &DailyRow::session(widget, session.created_at)).await?;
    Ok(())
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

/// Whether there was such a session. Messages, turns and events go with it by their foreign keys. What a running turn has
/// reserved counts as spent: otherwise one could ask and erase for nothing.
pub(crate) async fn delete(conn: &mut Conn, id: Id) -> Result<bool, QueryError> {
    let Some((widget, running)) = dialect::hold_session(conn, id).await? else {
        return Ok(false);
    };
    let open = match running {
        Some(turn) => budgets::find_reservation(conn, turn).await?,
        None => None,
    };
    diesel::delete(chat_sessions::table.find(id)).execute(conn).await?;
    if let Some(open) = open {
        budgets::settle(conn, widget, open.day, open.tokens(), open.tokens()).await?;
    }
    Ok(true)
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
