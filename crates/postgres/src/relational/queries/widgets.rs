//! Statements on widgets. A deleted widget is found by its token's hash and by nothing else.

use chatloom_domain::audit::AuditRecord;
use chatloom_domain::token::WidgetTokens;
use chatloom_domain::widget::Widget;
use chatloom_ports::store::SaveOutcome;
use chatloom_ports::store::widgets::{StoredToken, TokenOwner, TokenRotation};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::super::errors::QueryError;
use super::super::rows::widget::{TokenRow, TokenUseRow, WidgetContentRow, WidgetRow, token_owner};
use super::super::schema::{chat_sessions, identity_secrets, widget_daily, widgets};
use super::{audit, budgets};
use crate::columns::{Id, Time};
use crate::database::Conn;
use crate::dialect;

/// A widget of the team that is not deleted.
macro_rules! own_widget {
    ($team:expr, $id:expr) => {
        widgets::table
            .filter(widgets::team_id.eq($team).and(widgets::id.eq($id)))
            .filter(widgets::deleted_at.is_null())
    };
}

pub(crate) async fn insert(
    conn: &mut Conn,
    widget: &Widget,
    token: &StoredToken,
    record: &AuditRecord,
) -> Result<(), QueryError> {
    diesel::insert_into(widgets::table)
        .values((WidgetRow::from(widget), TokenRow::new(token, Time(widget.created_at))))
        .execute(conn)
        .await?;
    audit::append(conn, record.entries()).await
}

pub(crate) async fn list(conn: &mut Conn, team: Id) -> Result<Vec<Widget>, QueryError> {
    let rows: Vec<WidgetRow> = widgets::table
        .filter(widgets::team_id.eq(team).and(widgets::deleted_at.is_null()))
        .order((widgets::created_at.desc(), widgets::id.desc()))
        .select(WidgetRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Widget::try_from).collect()
}

pub(crate) async fn find(conn: &mut Conn, team: Id, id: Id) -> Result<Option<Widget>, QueryError> {
    let row = own_widget!(team, id).select(WidgetRow::as_select()).first(conn).await.optional()?;
    row.map(Widget::try_from).transpose()
}

pub(crate) async fn is_there(conn: &mut Conn, team: Id, id: Id) -> Result<bool, QueryError> {
    Ok(diesel::select(exists(own_widget!(team, id).select(widgets::id))).get_result(conn).await?)
}

pub(crate) async fn save(
    conn: &mut Conn,
    widget: &Widget,
    record: &AuditRecord,
) -> Result<SaveOutcome, QueryError> {
    let (team, id) = (Id(widget.team_id.as_uuid()), Id(widget.id.as_uuid()));
    let saved = diesel::update(own_widget!(team, id).filter(widgets::version.eq(widget.version)))
        .set((WidgetContentRow::from(widget), widgets::version.eq(widget.version + 1)))
        .execute(conn)
        .await?;
    if saved > 0 {
        audit::append(conn, record.entries()).await?;
        return Ok(SaveOutcome::Saved);
    }
    Ok(if is_there(conn, team, id).await? { SaveOutcome::Stale } else { SaveOutcome::Absent })
}

pub(crate) async fn delete(
    conn: &mut Conn,
    team: Id,
    id: Id,
    at: Time,
    record: &AuditRecord,
) -> Result<bool, QueryError> {
    // The conversations of a busy year go in one statement, which may take longer than a request's usually may.
    dialect::allow_long_statements(conn).await?;
    let buried = diesel::update(own_widget!(team, id))
        .set((
            WidgetContentRow::tombstone(at),
            widgets::sealed_token.eq(None::<Vec<u8>>),
            widgets::previous_token_hash.eq(None::<Vec<u8>>),
            widgets::previous_token_until.eq(None::<Time>),
            widgets::deleted_at.eq(Some(at)),
            widgets::version.eq(widgets::version + 1),
        ))
        .execute(conn)
        .await?;
    if buried == 0 {
        return Ok(false);
    }
    diesel::delete(identity_secrets::table.find(id)).execute(conn).await?;
    dialect::hold_running_turns_of(conn, id).await?;
    let open = budgets::list_reservations(conn, id).await?;
    diesel::delete(chat_sessions::table.filter(chat_sessions::widget_id.eq(id))).execute(conn).await?;
    diesel::delete(widget_daily::table.filter(widget_daily::widget_id.eq(id))).execute(conn).await?;
    budgets::close(conn, id, team, open).await?;
    audit::append(conn, record.entries()).await?;
    Ok(true)
}

pub(crate) async fn find_sealed_token(
    conn: &mut Conn,
    team: Id,
    id: Id,
) -> Result<Option<Vec<u8>>, QueryError> {
    let sealed = own_widget!(team, id).select(widgets::sealed_token);
    Ok(sealed.first::<Option<Vec<u8>>>(conn).await.optional()?.flatten())
}

pub(crate) async fn rotate_token(
    conn: &mut Conn,
    team: Id,
    id: Id,
    rotation: &TokenRotation,
    record: &AuditRecord,
) -> Result<bool, QueryError> {
    let at = Time(rotation.at);
    let until = rotation.previous_until.map(Time);
    let changes = (
        TokenRow::new(&rotation.token, at),
        widgets::previous_token_until.eq(until),
        widgets::previous_token_used_at.eq(widgets::token_used_at),
        widgets::updated_at.eq(at),
        widgets::version.eq(widgets::version + 1),
    );
    // In one statement the right-hand sides see the row as it was.
    let own = own_widget!(team, id);
    let rotated = if until.is_some() {
        let kept = widgets::previous_token_hash.eq(widgets::token_hash.nullable());
        diesel::update(own).set((changes, kept)).execute(conn).await?
    } else {
        let none = widgets::previous_token_hash.eq(None::<Vec<u8>>);
        diesel::update(own).set((changes, none)).execute(conn).await?
    };
    if rotated > 0 {
        audit::append(conn, record.entries()).await?;
    }
    Ok(rotated > 0)
}

pub(crate) async fn find_tokens(
    conn: &mut Conn,
    team: Id,
    id: Id,
) -> Result<Option<WidgetTokens>, QueryError> {
    let row = own_widget!(team, id).select(TokenUseRow::as_select()).first(conn).await.optional()?;
    Ok(row.map(WidgetTokens::from))
}

pub(crate) async fn note_token_use(conn: &mut Conn, hash: &[u8], at: Time) -> Result<(), QueryError> {
    let current = widgets::table.filter(widgets::token_hash.eq(hash).and(widgets::deleted_at.is_null()));
    let noted = diesel::update(current).set(widgets::token_used_at.eq(Some(at))).execute(conn).await?;
    if noted == 0 {
        diesel::update(widgets::table.filter(widgets::previous_token_hash.eq(hash)))
            .set(widgets::previous_token_used_at.eq(Some(at)))
            .execute(conn)
            .await?;
    }
    Ok(())
}

pub(crate) async fn list_gone(conn: &mut Conn, ids: &[Id]) -> Result<Vec<Id>, QueryError> {
    let gone = widgets::table.filter(widgets::id.eq_any(ids.iter().copied()).and(not(widgets::active)));
    Ok(gone.select(widgets::id).load(conn).await?)
}

pub(crate) async fn find_token_owner(conn: &mut Conn, hash: &[u8]) -> Result<Option<TokenOwner>, QueryError> {
    let found = widgets::table
        .filter(widgets::token_hash.eq(hash).or(widgets::previous_token_hash.eq(hash)))
        .select((WidgetRow::as_select(), TokenUseRow::as_select()))
        .first(conn)
        .await
        .optional()?;
    let found: Option<(WidgetRow, TokenUseRow)> = found;
    found.map(|(row, tokens)| token_owner(row, &tokens, hash)).transpose()
}
