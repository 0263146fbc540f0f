//! The statements that differ between the databases, as PostgreSQL needs them: locks and time limits.

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

pub(crate) use crate::begin::begin_turn;
use crate::columns::{Id, Time};
use crate::database::Conn;
use crate::relational::errors::QueryError;
use crate::relational::schema::{chat_sessions, turns, users, widgets};

/// Keeps others from making a first administrator until the commit. Reading users goes on meanwhile.
pub(crate) async fn exclude_other_first_admins(conn: &mut Conn) -> Result<(), QueryError> {
    Ok(conn.batch_execute("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE").await?)
}

/// The password hash of a user who may sign in. Nobody can change it, or disable the user, before the commit.
pub(crate) async fn hold_user(conn: &mut Conn, id: Id) -> Result<Option<String>, QueryError> {
    let user = users::table.filter(users::id.eq(id).and(users::disabled_at.is_null()));
    Ok(user.select(users::password_hash).for_share().first(conn).await.optional()?)
}

/// Lets the statements of this transaction take their time.
pub(crate) async fn allow_long_statements(conn: &mut Conn) -> Result<(), QueryError> {
    Ok(conn.batch_execute("SET LOCAL statement_timeout = '60s'").await?)
}

/// Whether the widget is there, active and of `version`; nobody can change that before the commit.
pub(crate) async fn hold_widget(conn: &mut Conn, id: Id, version: i64) -> Result<bool, QueryError> {
    let admitted = widgets::table
        .filter(widgets::id.eq(id).and(widgets::version.eq(version)))
        .filter(widgets::active.and(widgets::deleted_at.is_null()));
    let held: Option<Id> = admitted.select(widgets::id).for_share().first(conn).await.optional()?;
    Ok(held.is_some())
}

/// Whether the widget is one of the team and not deleted; nobody can delete it before the commit.
pub(crate) async fn hold_own_widget(conn: &mut Conn, team: Id, id: Id) -> Result<bool, QueryError> {
    let own = widgets::table
        .filter(widgets::team_id.eq(team).and(widgets::id.eq(id)))
        .filter(widgets::deleted_at.is_null());
    let held: Option<Id> = own.select(widgets::id).for_share().first(conn).await.optional()?;
    Ok(held.is_some())
}

/// The widget and the running turn of a session, which nobody else can change before the commit.
pub(crate) async fn hold_session(conn: &mut Conn, id: Id) -> Result<Option<(Id, Option<Id>)>, QueryError> {
    let session = chat_sessions::table.find(id);
    let held = session.select((chat_sessions::widget_id, chat_sessions::running_turn_id)).for_update();
    Ok(held.first(conn).await.optional()?)
}

/// Locks old sessions without a message, but for those that somebody else has locked: one that is being written in is
/// empty no more.
pub(crate) async fn hold_empty_sessions(
    conn: &mut Conn,
    opened_before: Time,
    limit: u32,
) -> Result<Vec<Id>, QueryError> {
    let empty = chat_sessions::table
        .filter(chat_sessions::last_seq.eq(0).and(chat_sessions::created_at.lt(opened_before)))
        .order(chat_sessions::created_at)
        .limit(i64::from(limit));
    Ok(empty.select(chat_sessions::id).for_update().skip_locked().load(conn).await?)
}

/// Locks turns in the order of their ids. An `UPDATE` of many rows locks them in the order in which it happens to find
/// them, and two of those could each hold what the other waits for.
pub(crate) async fn hold_turns(conn: &mut Conn, ids: &[Id]) -> Result<(), QueryError> {
    let held = turns::table.filter(turns::id.eq_any(ids)).order(turns::id).select(turns::id);
    let _: Vec<Id> = held.for_no_key_update().load(conn).await?;
    Ok(())
}

/// Locks those turns that nobody else has locked, and gives them. Whoever deletes turns locks them before their logs;
/// who empties the logs must not come the other way round. A turn that has begun to run again since it was found has a
/// log that is being written, so each is asked once more when it was ended.
pub(crate) async fn hold_free_turns(
    conn: &mut Conn,
    ids: &[Id],
    ended_before: Time,
) -> Result<Vec<Id>, QueryError> {
    let ended = turns::table.filter(turns::id.eq_any(ids).and(turns::ended_at.lt(ended_before)));
    let free = ended.order(turns::id).select(turns::id);
    Ok(free.for_no_key_update().skip_locked().load(conn).await?)
}

/// Locks sessions in the order of their ids, and gives the turns that run in them.
pub(crate) async fn hold_sessions(conn: &mut Conn, ids: &[Id]) -> Result<Vec<Id>, QueryError> {
    let held = chat_sessions::table.filter(chat_sessions::id.eq_any(ids)).order(chat_sessions::id);
    let running: Vec<Option<Id>> =
        held.select(chat_sessions::running_turn_id).for_update().load(conn).await?;
    Ok(running.into_iter().flatten().collect())
}

/// Locks those sessions that nobody else has locked and that have not been used since they were found, and gives them.
pub(crate) async fn hold_idle_sessions(
    conn: &mut Conn,
    ids: &[Id],
    active_before: Time,
) -> Result<Vec<Id>, QueryError> {
    let idle = chat_sessions::table
        .filter(chat_sessions::id.eq_any(ids))
        .filter(chat_sessions::last_active_at.lt(active_before))
        .filter(chat_sessions::running_turn_id.is_null());
    let idle = idle.order(chat_sessions::id).select(chat_sessions::id);
    Ok(idle.for_update().skip_locked().load(conn).await?)
}

/// Locks a widget's busy sessions and then their turns, so that deleting them cannot meet one who writes to many turns
/// half way.
pub(crate) async fn hold_running_turns_of(conn: &mut Conn, widget: Id) -> Result<(), QueryError> {
    let busy = chat_sessions::table
        .filter(chat_sessions::widget_id.eq(widget).and(chat_sessions::running_turn_id.is_not_null()))
        .select(chat_sessions::running_turn_id.assume_not_null());
    let running: Vec<Id> = busy.for_update().load(conn).await?;
    hold_turns(conn, &running).await
}
