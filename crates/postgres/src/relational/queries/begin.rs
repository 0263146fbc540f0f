//! Statements that make a session busy: a turn begins, or one runs again.

use chatloom_domain::budget::MessageQuota;
use chatloom_domain::id::TurnId;
use chatloom_domain::message::Question;
use chatloom_domain::turn::{Fingerprint, IdempotencyClaim, IdempotencyKey, Turn};
use chatloom_ports::store::turns::{BeginTurnError, NewTurn, RetriedTurn, RetryTurnError, TurnRetry};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use thiserror::Error;

use super::super::errors::{QueryError, inconsistent};
use super::super::rows::budget::{ReservationRow, TakenRow};
use super::super::rows::feedback::FeedbackRow;
use super::super::rows::message::QuestionRow;
use super::super::rows::turn::{TurnRow, TurnStateRow};
use super::super::schema::{chat_sessions, messages, turns, widgets};
use super::budgets;
use crate::columns::Id;
use crate::database::Conn;
use crate::dialect;

/// Why a turn did not begin.
pub(crate) enum BeginError {
    /// Something that the sender may know of is in the way.
    Refused(BeginTurnError),
    /// A statement failed.
    Query(QueryError),
}

impl From<QueryError> for BeginError {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl From<BeginError> for BeginTurnError {
    fn from(error: BeginError) -> Self {
        match error {
            BeginError::Refused(refusal) => refusal,
            BeginError::Query(error) => error.into(),
        }
    }
}

pub(crate) async fn begin(conn: &mut Conn, new: &NewTurn) -> Result<Option<MessageQuota>, BeginError> {
    let taken = dialect::begin_turn(conn, new).await?;
    match budgets::quota_left(&taken, new.reservation.day) {
        Some(quota) => Ok(quota),
        None => Err(BeginError::Refused(why_not_begun(conn, new, &taken).await?)),
    }
}

async fn why_not_begun(
    conn: &mut Conn,
    new: &NewTurn,
    taken: &[TakenRow],
) -> Result<BeginTurnError, QueryError> {
    let (session, widget) = (Id(new.turn.session_id.as_uuid()), Id(new.widget_id.as_uuid()));
    let Some(running) = find_running_turn(conn, session, widget).await? else {
        return Ok(BeginTurnError::SessionNotFound);
    };
    // What this transaction has written itself, before it came to a budget without room, is in nobody's way.
    if running != Some(Id(new.turn.id.as_uuid())) {
        if let Some(refusal) = why_claimed(conn, new).await? {
            return Ok(refusal);
        }
        if !is_admitted(conn, widget, new.widget_version).await? {
            return Ok(BeginTurnError::WidgetChanged);
        }
        if let Some(turn) = running {
            return Ok(BeginTurnError::TurnRunning(TurnId::from_uuid(turn.0)));
        }
    }
    // Only a budget can have been in the way, unless its limit was raised just now; then all is checked anew.
    let shortage = budgets::find_shortage(conn, widget, &new.reservation, taken).await?;
    Ok(shortage.map_or(BeginTurnError::WidgetChanged, BeginTurnError::from))
}

/// What has become of the key that a message claims, if another message of the session has it.
pub(crate) async fn why_claimed(
    conn: &mut Conn,
    new: &NewTurn,
) -> Result<Option<BeginTurnError>, QueryError> {
    let Some(IdempotencyClaim { key, fingerprint }) = &new.claim else {
        return Ok(None);
    };
    let known = find_claimed(conn, Id(new.turn.session_id.as_uuid()), key).await?;
    Ok(known.map(|(turn, known)| {
        if known == *fingerprint { BeginTurnError::AlreadyBegun(turn) } else { BeginTurnError::KeyReused }
    }))
}

/// The turn of the session that was begun under the key, and what it was begun with.
pub(crate) async fn find_claimed(
    conn: &mut Conn,
    session: Id,
    key: &IdempotencyKey,
) -> Result<Option<(TurnId, Fingerprint)>, QueryError> {
    let begun = turns::table
        .filter(turns::session_id.eq(session).and(turns::idempotency_key.eq(key.as_str())))
        .select((turns::id, turns::fingerprint.assume_not_null()));
    let begun: Option<(Id, Vec<u8>)> = begun.first(conn).await.optional()?;
    let Some((id, bytes)) = begun else { return Ok(None) };
    let fingerprint = <[u8; 32]>::try_from(bytes).map_err(|_| inconsistent("turns", id.0, WrongLength))?;
    Ok(Some((TurnId::from_uuid(id.0), Fingerprint::from_bytes(fingerprint))))
}

#[derive(Debug, Error)]
#[error("a fingerprint must have 32 bytes")]
struct WrongLength;

pub(crate) async fn retry(conn: &mut Conn, retry: &TurnRetry) -> Result<RetriedTurn, RetryTurnError> {
    let Some(last_seq) = claim_session(conn, retry).await? else {
        return Err(why_not_claimed(conn, retry).await?);
    };
    let turn = find_turn(conn, retry).await?.ok_or(RetryTurnError::TurnNotFound)?;
    let again = turn.retry(retry.lease).map_err(|_| RetryTurnError::NotRetryable)?;
    if !is_newest(conn, &again, last_seq).await? {
        return Err(RetryTurnError::NotRetryable);
    }
    let question = load_question(conn, Id(again.user_message_id.as_uuid())).await?;
    run_again(conn, &again, retry).await?;
    let widget = Id(retry.widget_id.as_uuid());
    let changed = || RetryTurnError::WidgetChanged;
    let quota = budgets::take(conn, widget, &retry.reservation, changed).await?;
    Ok(RetriedTurn { turn: again, question, quota })
}

/// Gives the sequence number of the session's newest message if the session is free and the widget unchanged.
async fn claim_session(conn: &mut Conn, retry: &TurnRetry) -> Result<Option<i64>, QueryError> {
    let widget = Id(retry.widget_id.as_uuid());
    let admitted = widgets::table
        .filter(widgets::id.eq(widget).and(widgets::version.eq(retry.widget_version)))
        .filter(widgets::active.and(widgets::deleted_at.is_null()));
    let free = chat_sessions::table
        .filter(chat_sessions::id.eq(Id(retry.session_id.as_uuid())))
        .filter(chat_sessions::widget_id.eq(widget))
        .filter(chat_sessions::running_turn_id.is_null())
        .filter(exists(admitted.select(widgets::id)));
    let claim = diesel::update(free)
        .set(chat_sessions::running_turn_id.eq(Some(Id(retry.turn_id.as_uuid()))))
        .returning(chat_sessions::last_seq);
    Ok(claim.get_result(conn).await.optional()?)
}

async fn why_not_claimed(conn: &mut Conn, retry: &TurnRetry) -> Result<RetryTurnError, QueryError> {
    let (session, widget) = (Id(retry.session_id.as_uuid()), Id(retry.widget_id.as_uuid()));
    let Some(running) = find_running_turn(conn, session, widget).await? else {
        return Ok(RetryTurnError::SessionNotFound);
    };
    if find_turn(conn, retry).await?.is_none() {
        return Ok(RetryTurnError::TurnNotFound);
    }
    let is_admitted = is_admitted(conn, widget, retry.widget_version).await?;
    Ok(match running {
        Some(turn) if is_admitted => RetryTurnError::TurnRunning(TurnId::from_uuid(turn.0)),
        _ => RetryTurnError::WidgetChanged,
    })
}

/// The running turn of a session of the widget, if there is such a session.
async fn find_running_turn(
    conn: &mut Conn,
    session: Id,
    widget: Id,
) -> Result<Option<Option<Id>>, QueryError> {
    let own =
        chat_sessions::table.filter(chat_sessions::id.eq(session).and(chat_sessions::widget_id.eq(widget)));
    Ok(own.select(chat_sessions::running_turn_id).first(conn).await.optional()?)
}

async fn is_admitted(conn: &mut Conn, widget: Id, version: i64) -> Result<bool, QueryError> {
    let admitted = widgets::table
        .filter(widgets::id.eq(widget).and(widgets::version.eq(version)))
        .filter(widgets::active.and(widgets::deleted_at.is_null()));
    Ok(diesel::select(exists(admitted.select(widgets::id))).get_result(conn).await?)
}

async fn find_turn(conn: &mut Conn, retry: &TurnRetry) -> Result<Option<Turn>, QueryError> {
    let own = turns::table
        .filter(turns::id.eq(Id(retry.turn_id.as_uuid())))
        .filter(turns::session_id.eq(Id(retry.session_id.as_uuid())));
    let row = own.select(TurnRow::as_select()).first(conn).await.optional()?;
    row.map(Turn::try_from).transpose()
}

/// Whether the turn's answer is the session's newest message.
async fn is_newest(conn: &mut Conn, turn: &Turn, last_seq: i64) -> Result<bool, QueryError> {
    let answer = messages::table.find(Id(turn.assistant_message_id.as_uuid()));
    let newest = answer.filter(messages::seq.eq(last_seq)).select(messages::id);
    Ok(diesel::select(exists(newest)).get_result(conn).await?)
}

/// What the turn of the session answers.
pub(crate) async fn find_question(
    conn: &mut Conn,
    session: Id,
    turn: Id,
) -> Result<Option<Question>, QueryError> {
    let own = turns::table.filter(turns::id.eq(turn).and(turns::session_id.eq(session)));
    let message: Option<Id> = own.select(turns::user_message_id).first(conn).await.optional()?;
    match message {
        Some(message) => load_question(conn, message).await.map(Some),
        None => Ok(None),
    }
}

async fn load_question(conn: &mut Conn, message: Id) -> Result<Question, QueryError> {
    let question = messages::table.find(message).select(QuestionRow::as_select());
    question.first(conn).await?.try_into()
}

/// The log of the generation before stays until it expires: nobody reads it, but its events keep their names.
async fn run_again(conn: &mut Conn, turn: &Turn, retry: &TurnRetry) -> Result<(), QueryError> {
    diesel::update(turns::table.find(Id(turn.id.as_uuid())))
        .set((
            TurnStateRow::from(&turn.state),
            ReservationRow::from(&retry.reservation),
            turns::generation.eq(i64::from(turn.generation)),
            turns::has_log.eq(true),
            turns::stop_requested.eq(false),
        ))
        .execute(conn)
        .await?;
    diesel::update(messages::table.find(Id(turn.assistant_message_id.as_uuid())))
        .set((messages::status.eq(turn.state.message_status().as_str()), FeedbackRow::default()))
        .execute(conn)
        .await?;
    Ok(())
}
