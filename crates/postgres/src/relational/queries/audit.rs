//! Statements on the audit log.

use chatloom_domain::audit::{AuditEntry, ListedAuditEntry};
use chatloom_domain::team::Email;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::super::errors::{QueryError, inconsistent};
use super::super::rows::audit::AuditRow;
use super::super::schema::{audit_log, users};
use crate::columns::{Id, Time};
use crate::database::Conn;

/// To be called in the transaction that makes the change.
pub(crate) async fn append(conn: &mut Conn, entries: &[AuditEntry]) -> Result<(), QueryError> {
    for entry in entries {
        diesel::insert_into(audit_log::table).values(AuditRow::from(entry)).execute(conn).await?;
    }
    Ok(())
}

pub(crate) async fn list(
    conn: &mut Conn,
    team: Id,
    before: Option<Id>,
    limit: u32,
) -> Result<Vec<ListedAuditEntry>, QueryError> {
    let mut page = audit_log::table
        .left_join(users::table.on(users::id.nullable().eq(audit_log::actor_id)))
        .filter(audit_log::team_id.eq(team))
        .order(audit_log::id.desc())
        .limit(i64::from(limit))
        .select((AuditRow::as_select(), users::email.nullable()))
        .into_boxed();
    if let Some(before) = before {
        page = page.filter(audit_log::id.lt(before));
    }
    let rows: Vec<(AuditRow, Option<String>)> = page.load(conn).await?;
    rows.into_iter().map(|(row, email)| listed(row, email.as_deref())).collect()
}

fn listed(row: AuditRow, email: Option<&str>) -> Result<ListedAuditEntry, QueryError> {
    let entry = AuditEntry::try_from(row)?;
    let email = email.map(Email::parse).transpose();
    let user = || entry.actor.map(|user| user.to_string()).unwrap_or_default();
    let actor_email = email.map_err(|error| inconsistent("users", user(), error))?;
    Ok(ListedAuditEntry { entry, actor_email })
}

/// The number of entries that were deleted.
pub(crate) async fn prune(conn: &mut Conn, before: Time, limit: u32) -> Result<usize, QueryError> {
    let old: Vec<Id> = audit_log::table
        .filter(audit_log::happened_at.lt(before))
        .order((audit_log::happened_at, audit_log::id))
        .limit(i64::from(limit))
        .select(audit_log::id)
        .load(conn)
        .await?;
    Ok(diesel::delete(audit_log::table.filter(audit_log::id.eq_any(old))).execute(conn).await?)
}
