//! Statements on people whom an identity provider vouches for.

use chatloom_domain::team::{Email, Role};
use chatloom_ports::store::access::ExternalSignIn;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::super::errors::QueryError;
use super::super::rows::access::{ExternalIdentityRow, MembershipRow, UserRow};
use super::super::schema::{external_identities, memberships, teams, users};
use crate::columns::{Id, Time};
use crate::database::Conn;

pub(crate) async fn admit_external_user(
    conn: &mut Conn,
    sign_in: &ExternalSignIn,
) -> Result<Option<Id>, QueryError> {
    let mut user = update_identity(conn, sign_in).await?;
    if user.is_none() && !is_known(conn, sign_in).await? {
        user = insert_user(conn, sign_in).await?;
    }
    if user.is_none() {
        // It is known now. If it was made only after the first look, the second one finds it; else it is newer.
        user = update_identity(conn, sign_in).await?;
    }
    let Some(user) = user else { return Ok(None) };
    update_names(conn, user, sign_in).await?;
    replace_memberships(conn, user, sign_in).await?;
    Ok(Some(user))
}

/// Writes what the provider says now, unless it has said something newer. The row stays locked until the commit, so
/// two sign-ins of one person come one after the other.
async fn update_identity(conn: &mut Conn, sign_in: &ExternalSignIn) -> Result<Option<Id>, QueryError> {
    let identity = &sign_in.identity;
    let email = identity.email.as_ref().map(Email::as_str);
    let vouched_at = Time(identity.issued_at);
    let row = external_identities::table
        .find((identity.issuer.as_str(), identity.subject.as_str()))
        .filter(external_identities::vouched_at.le(vouched_at));
    let update = diesel::update(row)
        .set((external_identities::email.eq(email), external_identities::vouched_at.eq(vouched_at)))
        .returning(external_identities::user_id);
    Ok(update.get_result(conn).await.optional()?)
}

async fn is_known(conn: &mut Conn, sign_in: &ExternalSignIn) -> Result<bool, QueryError> {
    let identity = &sign_in.identity;
    let row = external_identities::table.find((identity.issuer.as_str(), identity.subject.as_str()));
    Ok(diesel::select(exists(row.select(external_identities::user_id))).get_result(conn).await?)
}

/// Makes the user, or nobody if another replica was faster.
async fn insert_user(conn: &mut Conn, sign_in: &ExternalSignIn) -> Result<Option<Id>, QueryError> {
    let user = Id(sign_in.new_user_id.as_uuid());
    diesel::insert_into(users::table).values(UserRow::external(sign_in)).execute(conn).await?;
    let inserted = diesel::insert_into(external_identities::table)
        .values(ExternalIdentityRow::from(sign_in))
        .on_conflict((external_identities::issuer, external_identities::subject))
        .do_nothing()
        .execute(conn)
        .await?;
    if inserted == 0 {
        diesel::delete(users::table.find(user)).execute(conn).await?;
        return Ok(None);
    }
    Ok(Some(user))
}

async fn update_names(conn: &mut Conn, user: Id, sign_in: &ExternalSignIn) -> Result<(), QueryError> {
    let identity = &sign_in.identity;
    diesel::update(users::table.find(user))
        .set((
            users::first_name.eq(identity.first_name.as_str()),
            users::last_name.eq(identity.last_name.as_str()),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

async fn replace_memberships(conn: &mut Conn, user: Id, sign_in: &ExternalSignIn) -> Result<(), QueryError> {
    diesel::delete(memberships::table.filter(memberships::user_id.eq(user))).execute(conn).await?;
    let granted: Vec<(Id, Role)> =
        sign_in.identity.roles.iter().map(|(team, role)| (Id(team.as_uuid()), *role)).collect();
    let named = teams::table.filter(teams::id.eq_any(granted.iter().map(|(team, _)| *team)));
    let there: Vec<Id> = named.select(teams::id).load(conn).await?;
    for (team, role) in granted.into_iter().filter(|(team, _)| there.contains(team)) {
        let row = MembershipRow::new(user, team, role);
        diesel::insert_into(memberships::table).values(row).execute(conn).await?;
    }
    Ok(())
}
