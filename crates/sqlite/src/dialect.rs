//! The statements that differ between the databases, as SQLite needs them: hardly any, because a write transaction has
//! the whole database to itself.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

pub(crate) use crate::begin::begin_turn;
use crate::columns::{Id, Time};
use crate::database::Conn;
use crate::relational::errors::QueryError;
use crate::relational::schema::{users, widgets};

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

/// Locks the running turns of a widget's sessions in the same order.
#[expect(clippy::unused_async, reason = "the other database needs a statement")]
pub(crate) async fn hold_running_turns_of(_conn: &mut Conn, _widget: Id) -> Result<(), QueryError> {
    Ok(())
}
