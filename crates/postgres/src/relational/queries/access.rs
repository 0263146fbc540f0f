//! Statements on users, teams, memberships and dashboard sessions.

use chatloom_domain::audit::AuditEntry;
use chatloom_domain::id::{TeamId, UserId};
use chatloom_domain::team::{AuthSession, Membership, TeamMember, User};
use chatloom_ports::store::access::{FirstAdmin, PasswordChange, SignIn};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::super::errors::QueryError;
use super::super::rows::access::{AuthSessionRow, MembershipRow, UserRow, first_admin_rows};
use super::super::schema::{auth_sessions, external_identities, memberships, teams, users};
use super::audit;
use crate::columns::{Id, Time};
use crate::database::Conn;
use crate::dialect;

/// The user of a session, unless they are disabled.
macro_rules! may_sign_in {
    () => {
        users::id.eq(auth_sessions::user_id).and(users::disabled_at.is_null())
    };
}

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

/// Only of who has a password. One query whether there is such a user or not, so that its time tells nothing.
pub(crate) async fn find_sign_in(conn: &mut Conn, email: &str) -> Result<Option<SignIn>, QueryError> {
    let rows: Vec<(Id, String, Option<Id>)> = users::table
        .left_join(memberships::table.on(memberships::user_id.eq(users::id)))
        .filter(users::email.eq(email).and(users::password_hash.ne("")))
        .filter(users::disabled_at.is_null())
        .order(memberships::team_id)
        .select((users::id, users::password_hash, memberships::team_id.nullable()))
        .load(conn)
        .await?;
    let teams = rows.iter().filter_map(|(_, _, team)| Some(TeamId::from_uuid((*team)?.0)));
    let team_ids = teams.collect();
    Ok(rows.into_iter().next().map(|(id, password_hash, _)| SignIn {
        user_id: UserId::from_uuid(id.0),
        password_hash,
        team_ids,
    }))
}

pub(crate) async fn start_auth_session(
    conn: &mut Conn,
    session: &AuthSession,
    password_hash: &str,
    entries: &[AuditEntry],
) -> Result<bool, QueryError> {
    let held = dialect::hold_user(conn, Id(session.user_id.as_uuid())).await?;
    if held.as_deref() != Some(password_hash) {
        return Ok(false);
    }
    insert_auth_session(conn, session).await?;
    audit::append(conn, entries).await?;
    Ok(true)
}

/// The user is held first, as everybody does who writes users and sessions, so that nobody waits in a circle.
pub(crate) async fn replace_auth_session(
    conn: &mut Conn,
    old: Id,
    new: &AuthSession,
) -> Result<bool, QueryError> {
    let is_there = dialect::hold_user(conn, Id(new.user_id.as_uuid())).await?.is_some()
        && delete_auth_session(conn, old).await?;
    if is_there {
        insert_auth_session(conn, new).await?;
    }
    Ok(is_there)
}

pub(crate) async fn end_auth_session(
    conn: &mut Conn,
    id: Id,
    entries: &[AuditEntry],
) -> Result<(), QueryError> {
    if delete_auth_session(conn, id).await? {
        audit::append(conn, entries).await?;
    }
    Ok(())
}

pub(crate) async fn change_password(
    conn: &mut Conn,
    change: &PasswordChange,
    entries: &[AuditEntry],
) -> Result<bool, QueryError> {
    let user = Id(change.session.user_id.as_uuid());
    let unchanged = users::id.eq(user).and(users::password_hash.eq(&change.old_hash));
    let changed = diesel::update(users::table.filter(unchanged.and(users::disabled_at.is_null())))
        .set(users::password_hash.eq(&change.new_hash))
        .execute(conn)
        .await?;
    if changed == 0 {
        return Ok(false);
    }
    diesel::delete(auth_sessions::table.filter(auth_sessions::user_id.eq(user))).execute(conn).await?;
    insert_auth_session(conn, &change.session).await?;
    audit::append(conn, entries).await?;
    Ok(true)
}

async fn insert_auth_session(conn: &mut Conn, session: &AuthSession) -> Result<(), QueryError> {
    let row = AuthSessionRow::from(session);
    diesel::insert_into(auth_sessions::table).values(&row).execute(conn).await?;
    Ok(())
}

/// Whether there was such a session.
async fn delete_auth_session(conn: &mut Conn, id: Id) -> Result<bool, QueryError> {
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
        .inner_join(users::table.on(may_sign_in!()))
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
        .inner_join(users::table.on(may_sign_in!()))
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
