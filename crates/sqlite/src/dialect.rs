//! The statements that differ between the databases, as SQLite needs them: hardly any, because a write transaction has
//! the whole database to itself.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

pub(crate) use crate::begin::begin_turn;
use crate::columns::{Id, Time};
use crate::database::Conn;
use crate::relational::errors::QueryError;
use crate::relational::queries::logs::PORTION;
use crate::relational::schema::{chat_sessions, users, widgets};

/// Keeps others from making a first administrator until the commit.
#[expect(clippy::unused_async, reason = "the other database needs a statement")]
pub(crate) async fn exclude_other_first_admins(_conn: &mut Conn) -> Result<(), QueryError> {
    Ok(())
}

/// The password hash of a user who may sign in. Nobody can change it, or disable the user, before the commit.
pub(crate) async fn hold_user(conn: &mut Conn, id: Id) -> Result<Option<String>, QueryError> {
    let user = users::table.filter(users::id.eq(id).and(users::disabled_at.is_null()));
    Ok(user.select(users::password_hash).first(conn).await.optional()?)
}

/// Lets the statements of this transaction take their time.
#[expect(clippy::unused_async, reason = "the other database needs a statement")]
pub(crate) async fn allow_long_statements(_conn: &mut Conn) -> Result<(), QueryError> {
    Ok(())
}

/// Whether the widget is there, active and of `version`; nobody can change that before the commit.
pub(crate) async fn hold_widget(conn: &mut Conn, id: Id, version: i64) -> Result<bool, QueryError> {
    let admitted = widgets::table
        .filter(widgets::id.eq(id).and(widgets::version.eq(version)))
        .filter(widgets::active.and(widgets::deleted_at.is_null()));
    Ok(diesel::select(exists(admitted.select(widgets::id))).get_result(conn).await?)
}

/// Whether the widget is one of the team and not deleted; nobody can delete it before the commit.
pub(crate) async fn hold_own_widget(conn: &mut Conn, team: Id, id: Id) -> Result<bool, QueryError> {
    let own = widgets::table
        .filter(widgets::team_id.eq(team).and(widgets::id.eq(id)))
        .filter(widgets::deleted_at.is_null());
    Ok(diesel::select(exists(own.select(widgets::id))).get_result(conn).await?)
}

/// The widget and the running turn of a session, which nobody else can change before the commit.
pub(crate) async fn hold_session(conn: &mut Conn, id: Id) -> Result<Option<(Id, Option<Id>)>, QueryError> {
    let session = chat_sessions::table.find(id);
    let held = session.select((chat_sessions::widget_id, chat_sessions::running_turn_id));
    Ok(held.first(conn).await.optional()?)
}

/// Old sessions without a message, which nobody else can write in before the commit.
pub(crate) async fn hold_empty_sessions(
    conn: &mut Conn,
    opened_before: Time,
    limit: u32,
) -> Result<Vec<Id>, QueryError> {
    let empty = chat_sessions::table
        .filter(chat_sessions::last_seq.eq(0).and(chat_sessions::created_at.lt(opened_before)))
        .order(chat_sessions::created_at)
        .limit(i64::from(limit));
    Ok(empty.select(chat_sessions::id).load(conn).await?)
}

/// Locks turns in an order that all writers keep to.
#[expect(clippy::unused_async, reason = "the other database needs a statement")]
pub(crate) async fn hold_turns(_conn: &mut Conn, _ids: &[Id]) -> Result<(), QueryError> {
    Ok(())
}

/// Locks those turns that nobody else has locked, which are all of them, and gives them.
#[expect(clippy::unused_async, reason = "the other database needs a statement")]
pub(crate) async fn hold_free_turns(
    _conn: &mut Conn,
    ids: &[Id],
    _ended_before: Time,
) -> Result<Vec<Id>, QueryError> {
    Ok(ids.to_vec())
}

/// Locks sessions, which need no lock, and gives the turns that run in them.
pub(crate) async fn hold_sessions(conn: &mut Conn, ids: &[Id]) -> Result<Vec<Id>, QueryError> {
    let mut running = Vec::new();
    for portion in ids.chunks(PORTION) {
        let held = chat_sessions::table.filter(chat_sessions::id.eq_any(portion.iter().copied()));
        let busy = held.filter(chat_sessions::running_turn_id.is_not_null());
        let turns = busy.select(chat_sessions::running_turn_id.assume_not_null());
        running.extend(turns.load::<Id>(conn).await?);
    }
    Ok(running)
}

/// Locks those sessions that have not been used since they were found, which are all of them, and gives them.
#[expect(clippy::unused_async, reason = "the other database needs a statement")]
pub(crate) async fn hold_idle_sessions(
    _conn: &mut Conn,
    ids: &[Id],
    _active_before: Time,
) -> Result<Vec<Id>, QueryError> {
    Ok(ids.to_vec())
}

/// Locks the running turns of a widget's sessions in the same order.
#[expect(clippy::unused_async, reason = "the other database needs a statement")]
pub(crate) async fn hold_running_turns_of(_conn: &mut Conn, _widget: Id) -> Result<(), QueryError> {
    Ok(())
}
