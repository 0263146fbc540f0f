//! Statements that erase conversations. Messages, turns, their keys and their logs go with their session by their foreign
//! keys; the statistics stay.
//!
//! Sessions are locked in the order of their ids and before their turns, as everybody locks who takes more than one.

use std::collections::BTreeSet;

use chatloom_domain::Timestamp;
use chatloom_domain::budget::Reservation;
use chatloom_domain::session::SessionsOf;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::SignedDuration;

use super::super::errors::QueryError;
use super::super::schema::{chat_sessions, widgets};
use super::budgets;
use super::logs::PORTION;
use crate::columns::{Id, Time};
use crate::database::Conn;
use crate::dialect;

/// Whether there was such a session. What a running turn has reserved counts as spent: otherwise one could ask and erase
/// for nothing.
pub(crate) async fn delete_session(conn: &mut Conn, id: Id) -> Result<bool, QueryError> {
    let Some((widget, running)) = dialect::hold_session(conn, id).await? else {
        return Ok(false);
    };
    let open = find_reservations(conn, running.as_slice()).await?;
    diesel::delete(chat_sessions::table.find(id)).execute(conn).await?;
    spend(conn, widget, &open).await?;
    Ok(true)
}

async fn find_reservations(conn: &mut Conn, running: &[Id]) -> Result<Vec<Reservation>, QueryError> {
    let mut open = Vec::new();
    for turn in running {
        open.extend(budgets::find_reservation(conn, *turn).await?);
    }
    Ok(open)
}

/// Counts what was reserved as spent.
async fn spend(conn: &mut Conn, widget: Id, open: &[Reservation]) -> Result<(), QueryError> {
    for reservation in open {
        let tokens = reservation.tokens();
        budgets::settle(conn, widget, reservation.day, tokens, tokens).await?;
    }
    Ok(())
}

/// The number of sessions that were deleted.
pub(crate) async fn delete_sessions(
    conn: &mut Conn,
    widget: Id,
    whose: &SessionsOf,
    limit: u32,
) -> Result<u64, QueryError> {
    dialect::allow_long_statements(conn).await?;
    let found = find_sessions(conn, widget, whose, limit).await?;
    let running = dialect::hold_sessions(conn, &found).await?;
    dialect::hold_turns(conn, &running).await?;
    let open = find_reservations(conn, &running).await?;
    let deleted = delete(conn, &found).await?;
    spend(conn, widget, &open).await?;
    Ok(deleted)
}

/// None of what a session is looked for by ever changes, so it need not be asked for again once it is locked.
async fn find_sessions(
    conn: &mut Conn,
    widget: Id,
    whose: &SessionsOf,
    limit: u32,
) -> Result<Vec<Id>, QueryError> {
    let of_widget = chat_sessions::table
        .filter(chat_sessions::widget_id.eq(widget))
        .order(chat_sessions::id)
        .limit(i64::from(limit))
        .select(chat_sessions::id);
    Ok(match whose {
        SessionsOf::Session(id) => {
            of_widget.filter(chat_sessions::id.eq(Id(id.as_uuid()))).load(conn).await?
        }
        SessionsOf::Visitor(label) => {
            of_widget.filter(chat_sessions::visitor_id.eq(label.as_str())).load(conn).await?
        }
        SessionsOf::Subject(name) => {
            of_widget.filter(chat_sessions::subject.eq(name.as_str())).load(conn).await?
        }
    })
}

/// The number of sessions that were deleted. The widgets are taken by the length of their retention, so that every
/// statement compares with one point in time and finds what is older at the front of an index.
pub(crate) async fn delete_outdated(conn: &mut Conn, now: Timestamp, limit: u32) -> Result<u64, QueryError> {
    dialect::allow_long_statements(conn).await?;
    let mut left = i64::from(limit);
    let mut deleted = 0;
    for days in list_retentions(conn).await? {
        // Before the first day of the calendar nothing can be outdated.
        let Ok(before) = now.checked_sub(SignedDuration::from_hours(24 * days)) else { continue };
        let outdated = list_outdated(conn, days, Time(before), left).await?;
        let idle = dialect::hold_idle_sessions(conn, &outdated, Time(before)).await?;
        deleted += delete(conn, &idle).await?;
        left -= i64::try_from(outdated.len()).unwrap_or(left);
        if left <= 0 {
            break;
        }
    }
    Ok(deleted)
}

/// All lengths of retention that a widget has, in days.
async fn list_retentions(conn: &mut Conn) -> Result<BTreeSet<i64>, QueryError> {
    let kept = widgets::table.filter(widgets::deleted_at.is_null());
    let days = kept.select(widgets::retention_days.assume_not_null());
    let days = days.filter(widgets::retention_days.is_not_null()).distinct();
    Ok(days.load::<i64>(conn).await?.into_iter().collect())
}

async fn list_outdated(conn: &mut Conn, days: i64, before: Time, limit: i64) -> Result<Vec<Id>, QueryError> {
    let outdated = chat_sessions::table
        .inner_join(widgets::table.on(widgets::id.eq(chat_sessions::widget_id)))
        .filter(widgets::retention_days.eq(days))
        .filter(chat_sessions::last_active_at.lt(before))
        .filter(chat_sessions::running_turn_id.is_null())
        .limit(limit)
        .select(chat_sessions::id);
    Ok(outdated.load(conn).await?)
}

async fn delete(conn: &mut Conn, ids: &[Id]) -> Result<u64, QueryError> {
    let mut deleted = 0;
    for portion in ids.chunks(PORTION) {
        let sessions = chat_sessions::table.filter(chat_sessions::id.eq_any(portion.iter().copied()));
        deleted += diesel::delete(sessions).execute(conn).await?;
    }
    Ok(deleted as u64)
}
