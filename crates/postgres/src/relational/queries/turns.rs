//! Statements on turns: how one begins and how it ends.
//!
//! The session's row is the lock: a beginning turn claims it, an ending one releases it, and both do so before they
//! touch anything else. Whoever deletes comes the same way, so none of them can wait for another in a circle.

use chatloom_domain::Timestamp;
use chatloom_domain::id::{ReplicaId, TurnId};
use chatloom_domain::turn::{Lease, LoggedEvent, Turn};
use chatloom_ports::store::turns::{BeginTurnError, NewTurn};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::super::errors::QueryError;
use super::super::rows::event::TurnEventsRow;
use super::super::rows::message::storable_text;
use super::super::rows::turn::{RunningTurnRow, TurnStateRow};
use super::super::rows::usage::DailyRow;
use super::super::schema::{chat_sessions, messages, turns, widgets};
use super::{logs, usage};
use crate::columns::{Id, Time};
use crate::database::Conn;
use crate::dialect;

pub(crate) async fn begin(conn: &mut Conn, new: &NewTurn) -> Result<(), BeginTurnError> {
    if !dialect::begin_turn(conn, new).await? {
        return Err(why_not_claimed(conn, new).await?);
    }
    Ok(())
}

async fn why_not_claimed(conn: &mut Conn, new: &NewTurn) -> Result<BeginTurnError, QueryError> {
    let session: Option<Option<Id>> = chat_sessions::table
        .filter(chat_sessions::id.eq(Id(new.turn.session_id.as_uuid())))
        .filter(chat_sessions::widget_id.eq(Id(new.widget_id.as_uuid())))
        .select(chat_sessions::running_turn_id)
        .first(conn)
        .await
        .optional()?;
    let Some(running) = session else {
        return Ok(BeginTurnError::SessionNotFound);
    };
    let unchanged = widgets::table
        .filter(widgets::id.eq(Id(new.widget_id.as_uuid())))
        .filter(widgets::version.eq(new.widget_version))
        .filter(widgets::active.and(widgets::deleted_at.is_null()));
    let is_admitted: bool = diesel::select(exists(unchanged.select(widgets::id))).get_result(conn).await?;
    Ok(match running {
        Some(turn) if is_admitted => BeginTurnError::TurnRunning(TurnId::from_uuid(turn.0)),
        // Without a running turn, only the widget can have been in the way.
        _ => BeginTurnError::WidgetChanged,
    })
}

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
    if !write_state(conn, turn, ending.fence).await? {
        return Err(EndError::Lost);
    }
    let has_text = !ending.content.is_empty();
    write_answer(conn, turn, ending.content).await?;
    let row = TurnEventsRow::of(turn.id, turn.generation, &ending.events)?;
    logs::insert(conn, row.as_slice()).await?;
    usage::count(conn, &DailyRow::answer(widget, turn, has_text)).await?;
    Ok(())
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

async fn write_state(conn: &mut Conn, turn: &Turn, fence: Fence) -> Result<bool, QueryError> {
    let running = turns::table
        .filter(turns::id.eq(Id(turn.id.as_uuid())))
        .filter(turns::generation.eq(i64::from(turn.generation)))
        .filter(turns::state.eq("running"));
    let state = TurnStateRow::from(&turn.state);
    let written = match fence {
        Fence::Owner(owner) => {
            let held = running.filter(turns::owner.eq(Id(owner.as_uuid())));
            diesel::update(held).set(state).execute(conn).await?
        }
        Fence::Lease(until) => {
            let unheld = running.filter(turns::lease_until.eq(Time(until)));
            diesel::update(unheld).set(state).execute(conn).await?
        }
    };
    Ok(written > 0)
}

async fn write_answer(conn: &mut Conn, turn: &Turn, content: String) -> Result<(), QueryError> {
    diesel::update(messages::table.find(Id(turn.assistant_message_id.as_uuid())))
        .set((
            messages::content.eq(storable_text(content)),
            messages::status.eq(turn.state.message_status().as_str()),
        ))
        .execute(conn)
        .await?;
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

/// A turn that is running, and its lease.
pub(crate) async fn find_running(conn: &mut Conn, id: Id) -> Result<Option<(Turn, Lease)>, QueryError> {
    let running = turns::table.find(id).filter(turns::lease_until.is_not_null());
    let row = running.select(RunningTurnRow::as_select()).first(conn).await.optional()?;
    row.map(TryFrom::try_from).transpose()
}
