//! Statements on the secrets with which sites sign who their visitors are.

use chatloom_domain::Timestamp;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::super::errors::QueryError;
use super::super::rows::identity::{IdentitySecretsRow, NewIdentitySecretsRow};
use super::super::schema::{identity_secrets, widgets};
use crate::columns::{Id, Time};
use crate::database::Conn;

/// What a rotation writes.
pub(crate) struct Rotation {
    pub(crate) team: Id,
    pub(crate) widget: Id,
    pub(crate) sealed: Vec<u8>,
    pub(crate) previous_until: Option<Timestamp>,
    pub(crate) at: Time,
}

/// Whether there is such a widget in the team. Its row is locked by being counted up, so rotations come one after the
/// other.
pub(crate) async fn rotate(conn: &mut Conn, rotation: Rotation) -> Result<bool, QueryError> {
    let Rotation { team, widget, sealed, previous_until, at } = rotation;
    let own = widgets::table
        .filter(widgets::team_id.eq(team).and(widgets::id.eq(widget)))
        .filter(widgets::deleted_at.is_null());
    let counted = diesel::update(own)
        .set((widgets::updated_at.eq(at), widgets::version.eq(widgets::version + 1)))
        .execute(conn)
        .await?;
    if counted == 0 {
        return Ok(false);
    }
    let current = identity_secrets::table.find(widget).select(IdentitySecretsRow::as_select());
    let current = current.first(conn).await.optional()?;
    diesel::delete(identity_secrets::table.find(widget)).execute(conn).await?;
    let row = NewIdentitySecretsRow::new(widget, sealed, at, current, previous_until);
    diesel::insert_into(identity_secrets::table).values(&row).execute(conn).await?;
    Ok(true)
}

pub(crate) async fn find(
    conn: &mut Conn,
    team: Id,
    widget: Id,
) -> Result<Option<IdentitySecretsRow>, QueryError> {
    let own = identity_secrets::table
        .inner_join(widgets::table.on(widgets::id.eq(identity_secrets::widget_id)))
        .filter(widgets::team_id.eq(team).and(widgets::id.eq(widget)));
    Ok(own.select(IdentitySecretsRow::as_select()).first(conn).await.optional()?)
}
