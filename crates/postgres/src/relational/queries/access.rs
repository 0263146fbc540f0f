//! Statements on users, teams, memberships and dashboard sessions.

use chatloom_domain::team::{AuthSession, Membership, TeamMember, User};
use chatloom_ports::store::access::FirstAdmin;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::super::errors::QueryError;
use super::super::rows::access::{AuthSessionRow, MembershipRow, UserRow, first_admin_rows};
use super::super::schema::{auth_sessions, external_identities, memberships, teams, users};
use crate::columns::{Id, Time};
use crate::database::Conn;
use crate::dialect;

pub(crate) async fn create_first_admin(conn: &mut Conn, admin: &FirstAdmin) -> Result<bool, QueryError> {
    // Without it, two replicas that start at once could both find the table empty.
    dialect::exclude_other_first_admins(conn).await?;
    let is_taken: bool = diesel::select(exists(users::table.select(users::id))).get_result(conn).await?;
    if is_taken {
        return Ok(false);
    }
    let (user, team, membership) = first_admin_rows(admin);
    diesel::insert_into(users::table).values(&user).execute(conn).await?;
    diesel::insert_into(teams::table).values(&team).execute(conn).await?;
    diesel::insert_into(memberships::table).values(&membership).execute(conn).await?;
    Ok(true)
}

pub(crate) async fn find_first_team(conn: &mut Conn) -> Result<Option<Id>, QueryError> {
    let oldest = teams::table.select(teams::id).order((teams::created_at, teams::id));
    Ok(oldest.first(conn).await.optional()?)
}

/// The user's id and password hash, if they have a password.
pub(crate) async fn find_sign_in(conn: &mut Conn, email: &str) -> Result<Option<(Id, String)>, QueryError> {
    let user = users::table.filter(users::email.eq(email).and(users::password_hash.ne("")));
    let user = user.select((users::id, users::password_hash));
    Ok(user.first(conn).await.optional()?)
}

pub(crate) async fn insert_auth_session(conn: &mut Conn, session: &AuthSession) -> Result<(), QueryError> {
    let row = AuthSessionRow::from(session);
    diesel::insert_into(auth_sessions::table).values(&row).execute(conn).await?;
    Ok(())
}

/// Whether there was such a session.
pub(crate) async fn delete_auth_session(conn: &mut Conn, id: Id) -> Result<bool, QueryError> {
    Ok(diesel::delete(auth_sessions::table.find(id)).execute(conn).await? > 0)
}

pub(crate) async fn touch_auth_session(conn: &mut Conn, id: Id, seen_at: Time) -> Result<(), QueryError> {
    diesel::update(auth_sessions::table.find(id))
        .set(auth_sessions::last_seen_at.eq(seen_at))
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn find_auth_session(
    conn: &mut Conn,
    id: Id,
) -> Result<Option<(AuthSession, User)>, QueryError> {
    let found: Option<(AuthSessionRow, UserRow, Option<String>)> = auth_sessions::table
        .find(id)
        .inner_join(users::table.on(users::id.eq(auth_sessions::user_id)))
        .left_join(external_identities::table.on(external_identities::user_id.eq(users::id)))
        .select((AuthSessionRow::as_select(), UserRow::as_select(), external_identities::email.nullable()))
        .first(conn)
        .await
        .optional()?;
    let Some((session, user, external_email)) = found else {
        return Ok(None);
    };
    let session = AuthSession::from(session);
    let memberships = list_memberships(conn, Id(session.user_id.as_uuid())).await?;
    Ok(Some((session, user.into_user(memberships, external_email.as_deref())?)))
}

async fn list_memberships(conn: &mut Conn, user: Id) -> Result<Vec<Membership>, QueryError> {
    let rows: Vec<(MembershipRow, String)> = memberships::table
        .filter(memberships::user_id.eq(user))
        .inner_join(teams::table.on(teams::id.eq(memberships::team_id)))
        .select((MembershipRow::as_select(), teams::name))
        .load(conn)
        .await?;
    let memberships = rows.into_iter().map(|(row, team_name)| row.into_membership(&team_name));
    let mut memberships = memberships.collect::<Result<Vec<_>, _>>()?;
    // Sorted here, because a database's collation would make the order depend on how it was set up.
    memberships.sort_by(|a, b| (a.team_name.as_str(), a.team_id).cmp(&(b.team_name.as_str(), b.team_id)));
    Ok(memberships)
}

pub(crate) async fn find_member(
    conn: &mut Conn,
    id: Id,
    team: Id,
) -> Result<Option<(AuthSession, Option<TeamMember>)>, QueryError> {
    let membership = memberships::user_id.eq(auth_sessions::user_id).and(memberships::team_id.eq(team));
    let found: Option<(AuthSessionRow, Option<MembershipRow>)> = auth_sessions::table
        .find(id)
        .left_join(memberships::table.on(membership))
        .select((AuthSessionRow::as_select(), Option::<MembershipRow>::as_select()))
        .first(conn)
        .await
        .optional()?;
    let Some((session, membership)) = found else {
        return Ok(None);
    };
    Ok(Some((session.into(), membership.map(MembershipRow::into_member).transpose()?)))
}

/// The number of sessions that were deleted.
pub(crate) async fn delete_expired_auth_sessions(conn: &mut Conn, now: Time) -> Result<usize, QueryError> {
    Ok(diesel::delete(auth_sessions::table.filter(auth_sessions::expires_at.le(now))).execute(conn).await?)
}
