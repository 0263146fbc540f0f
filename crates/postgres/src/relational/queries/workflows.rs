//! Statements on workflows. All but one name the team beside the id, so that no team can reach another's.

use chatloom_domain::audit::AuditRecord;
use chatloom_domain::workflow::Workflow;
use chatloom_ports::store::SaveOutcome;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::super::errors::QueryError;
use super::super::rows::workflow::WorkflowRow;
use super::super::schema::workflows;
use super::audit;
use crate::columns::Id;
use crate::database::Conn;

pub(crate) async fn insert(
    conn: &mut Conn,
    workflow: &Workflow,
    record: &AuditRecord,
) -> Result<(), QueryError> {
    diesel::insert_into(workflows::table).values(WorkflowRow::from(workflow)).execute(conn).await?;
    audit::append(conn, record.entries()).await
}

pub(crate) async fn list(conn: &mut Conn, team: Id) -> Result<Vec<Workflow>, QueryError> {
    let rows: Vec<WorkflowRow> = workflows::table
        .filter(workflows::team_id.eq(team))
        .order((workflows::created_at.desc(), workflows::id.desc()))
        .select(WorkflowRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Workflow::try_from).collect()
}

pub(crate) async fn find(conn: &mut Conn, team: Id, id: Id) -> Result<Option<Workflow>, QueryError> {
    let row = workflows::table
        .filter(workflows::team_id.eq(team).and(workflows::id.eq(id)))
        .select(WorkflowRow::as_select())
        .first(conn)
        .await
        .optional()?;
    row.map(Workflow::try_from).transpose()
}

/// Finds the workflow that a widget names; the widget's foreign key has already seen to the team.
pub(crate) async fn find_of_widget(conn: &mut Conn, id: Id) -> Result<Option<Workflow>, QueryError> {
    let row = workflows::table.find(id).select(WorkflowRow::as_select()).first(conn).await.optional()?;
    row.map(Workflow::try_from).transpose()
}

pub(crate) async fn save(
    conn: &mut Conn,
    workflow: &Workflow,
    record: &AuditRecord,
) -> Result<SaveOutcome, QueryError> {
    let row = WorkflowRow::from(workflow);
    let own = workflows::team_id.eq(row.team_id).and(workflows::id.eq(row.id));
    let saved = diesel::update(workflows::table.filter(own.and(workflows::version.eq(row.version))))
        .set((&row.content, workflows::version.eq(row.version + 1)))
        .execute(conn)
        .await?;
    if saved > 0 {
        audit::append(conn, record.entries()).await?;
        return Ok(SaveOutcome::Saved);
    }
    let is_there: bool =
        diesel::select(exists(workflows::table.filter(own).select(workflows::id))).get_result(conn).await?;
    Ok(if is_there { SaveOutcome::Stale } else { SaveOutcome::Absent })
}

/// Whether there was such a workflow. A widget that points at it is a foreign key violation.
pub(crate) async fn delete(
    conn: &mut Conn,
    team: Id,
    id: Id,
    record: &AuditRecord,
) -> Result<bool, QueryError> {
    let own = workflows::table.filter(workflows::team_id.eq(team).and(workflows::id.eq(id)));
    let deleted = diesel::delete(own).execute(conn).await? > 0;
    if deleted {
        audit::append(conn, record.entries()).await?;
    }
    Ok(deleted)
}
