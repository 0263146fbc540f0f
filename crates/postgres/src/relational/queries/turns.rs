//! Statements on turns: how one ends, is asked to stop, and is read.
//!
//! The session's row is the lock: a turn that begins or runs again claims it, an ending one releases it, and all do so
//! before they touch anything else. Whoever deletes comes the same way, so none of them can wait for another in a circle.

use chatloom_domain::Timestamp;
use chatloom_domain::budget::{Day, Reservation};
use chatloom_domain::id::ReplicaId;
use chatloom_domain::message::MessageStatus;
use chatloom_domain::turn::{LoggedEvent, Turn, TurnState};
use chatloom_ports::store::turns::StopOutcome;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::super::errors::QueryError;
use super::super::rows::budget::ReservationRow;
use super::super::rows::event::TurnEventsRow;
use super::super::rows::message::storable_text;
use super::super::rows::turn::{TurnRow, TurnStateRow};
use super::super::rows::usage::DailyRow;
use super::super::schema::{chat_sessions, messages, turns};
use super::{budgets, logs, usage};
use crate::columns::{Id, Time};
use crate::database::Conn;

/// Why a turn could not be ended.
pub(crate) enum EndError {
    /// It does not run under the fence any more. What was written before that was found out must be rolled back.
    Lost,
    /// A statement failed.
    Query(QueryError),
}

impl From<QueryError> for EndError {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

/// What must still hold of a running turn, so that it can be ended.
#[derive(Clone, Copy)]
pub(crate) enum Fence {
    /// This replica owns it.
    Owner(ReplicaId),
    /// Nobody has written to it since its lease was seen to end then: each write renews the lease.
    Lease(Timestamp),
}

/// The end of a turn.
pub(crate) struct Ending {
    /// In its terminal state.
    pub(crate) turn: Turn,
    /// Under which it may be ended.
    pub(crate) fence: Fence,
    /// The text of the agent's message.
    pub(crate) content: String,
    /// What the log still lacks.
    pub(crate) events: Vec<LoggedEvent>,
}

pub(crate) async fn end(conn: &mut Conn, ending: Ending) -> Result<(), EndError> {
    let turn = &ending.turn;
    let widget = release_session(conn, turn).await?.ok_or(EndError::Lost)?;
    let reservation = write_state(conn, turn, ending.fence).await?.ok_or(EndError::Lost)?.reservation();
    let used = tokens_used(&ending, reservation);
    let had_text = has_earlier_text(conn, turn).await?;
    let is_first_text = !ending.content.is_empty() && !had_text;
    write_answer(conn, turn, ending.content, had_text).await?;
    let row = TurnEventsRow::of(turn.id, turn.generation, &ending.events)?;
    logs::insert(conn, row.as_slice()).await?;
    usage::count(conn, &DailyRow::answer(widget, turn, is_first_text)).await?;
    let day =
        reservation.map_or_else(|| Day::of(turn.state.ended_at().unwrap_or(turn.started_at)), |own| own.day);
    budgets::settle(conn, widget, day, used, reservation.map_or(0, |own| own.tokens())).await?;
    Ok(())
}

/// What the owner says, or an estimate where the owner is gone.
fn tokens_used(ending: &Ending, reservation: Option<Reservation>) -> u64 {
    match (ending.fence, reservation) {
        (Fence::Lease(_), Some(reservation)) => reservation.spent_by(&ending.content),
        _ => ending.turn.state.usage().total(),
    }
}

/// Lets the session take a new turn, and gives its widget.
async fn release_session(conn: &mut Conn, turn: &Turn) -> Result<Option<Id>, QueryError> {
    let claimed = chat_sessions::table
        .filter(chat_sessions::id.eq(Id(turn.session_id.as_uuid())))
        .filter(chat_sessions::running_turn_id.eq(Id(turn.id.as_uuid())));
    let release = diesel::update(claimed)
        .set(chat_sessions::running_turn_id.eq(None::<Id>))
        .returning(chat_sessions::widget_id);
    Ok(release.get_result(conn).await.optional()?)
}

/// Gives what the turn has reserved; `None` if it is not the writer's any more.
async fn write_state(
    conn: &mut Conn,
    turn: &Turn,
    fence: Fence,
) -> Result<Option<ReservationRow>, QueryError> {
    let running = turns::table
        .filter(turns::id.eq(Id(turn.id.as_uuid())))
        .filter(turns::generation.eq(i64::from(turn.generation)))
        .filter(turns::state.eq("running"));
    let state = TurnStateRow::from(&turn.state);
    let written = match fence {
        Fence::Owner(owner) => {
            let held = running.filter(turns::owner.eq(Id(owner.as_uuid())));
            diesel::update(held).set(state).returning(ReservationRow::as_returning()).get_result(conn).await
        }
        Fence::Lease(until) => {
            let unheld = running.filter(turns::lease_until.eq(Time(until)));
            diesel::update(unheld).set(state).returning(ReservationRow::as_returning()).get_result(conn).await
        }
    };
    Ok(written.optional()?)
}

/// Whether an earlier generation left a text, which then has been counted. The first has none before it.
async fn has_earlier_text(conn: &mut Conn, turn: &Turn) -> Result<bool, QueryError> {
    if turn.generation <= 1 {
        return Ok(false);
    }
    let answer = messages::table.find(Id(turn.assistant_message_id.as_uuid()));
    let with_text = answer.filter(messages::content.ne("")).select(messages::id);
    Ok(diesel::select(exists(with_text)).get_result(conn).await?)
}

/// A text that an earlier generation left is better than none.
async fn write_answer(
    conn: &mut Conn,
    turn: &Turn,
    content: String,
    had_text: bool,
) -> Result<(), QueryError> {
    let answer = diesel::update(messages::table.find(Id(turn.assistant_message_id.as_uuid())));
    if content.is_empty() && had_text {
        let status = match turn.state {
            TurnState::Completed { .. } => MessageStatus::Complete,
            _ => MessageStatus::Interrupted,
        };
        answer.set(messages::status.eq(status.as_str())).execute(conn).await?;
        return Ok(());
    }
    let status = messages::status.eq(turn.state.message_status().as_str());
    answer.set((messages::content.eq(storable_text(content)), status)).execute(conn).await?;
    Ok(())
}

/// Whether the turn is in exactly this terminal state: then what this end was to write is written.
pub(crate) async fn has_ended_so(conn: &mut Conn, turn: Turn) -> Result<bool, QueryError> {
    let stored: Option<TurnStateRow> = turns::table
        .filter(turns::id.eq(Id(turn.id.as_uuid())))
        .filter(turns::generation.eq(i64::from(turn.generation)))
        .select(TurnStateRow::as_select())
        .first(conn)
        .await
        .optional()?;
    Ok(stored.is_some_and(|stored| stored == TurnStateRow::from(&turn.state)))
}

/// Running turns whose lease ended at or before `now`, the longest ended first. Only their ids: a row that cannot be
/// read would take the others with it.
pub(crate) async fn list_expired(conn: &mut Conn, now: Time, limit: u32) -> Result<Vec<Id>, QueryError> {
    let expired = turns::table.filter(turns::lease_until.le(now)).order((turns::lease_until, turns::id));
    Ok(expired.limit(i64::from(limit)).select(turns::id).load(conn).await?)
}

/// A turn that is running.
pub(crate) async fn find_running(conn: &mut Conn, id: Id) -> Result<Option<Turn>, QueryError> {
    let running = turns::table.find(id).filter(turns::state.eq("running"));
    let row = running.select(TurnRow::as_select()).first(conn).await.optional()?;
    row.map(Turn::try_from).transpose()
}

/// The turns of the session that these messages of the agent belong to, with the messages.
pub(crate) async fn list_of_messages(
    conn: &mut Conn,
    session: Id,
    answers: &[Id],
) -> Result<Vec<(Id, Id)>, QueryError> {
    let writers = turns::table
        .filter(turns::session_id.eq(session))
        .filter(turns::assistant_message_id.eq_any(answers.iter().copied()))
        .select((turns::assistant_message_id, turns::id));
    Ok(writers.load(conn).await?)
}

pub(crate) async fn request_stop(conn: &mut Conn, session: Id, turn: Id) -> Result<StopOutcome, QueryError> {
    let own = turns::table.filter(turns::id.eq(turn).and(turns::session_id.eq(session)));
    let requested = diesel::update(own.filter(turns::state.eq("running")))
        .set(turns::stop_requested.eq(true))
        .execute(conn)
        .await?;
    if requested > 0 {
        return Ok(StopOutcome::Requested);
    }
    let is_there: bool = diesel::select(exists(own.select(turns::id))).get_result(conn).await?;
    Ok(if is_there { StopOutcome::Ended } else { StopOutcome::NotFound })
}

pub(crate) async fn list_stop_requests(conn: &mut Conn, owner: Id) -> Result<Vec<Id>, QueryError> {
    let held = turns::table.filter(turns::owner.eq(owner).and(turns::state.eq("running")));
    Ok(held.filter(turns::stop_requested).select(turns::id).load(conn).await?)
}
