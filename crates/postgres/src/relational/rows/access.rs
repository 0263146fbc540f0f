//! Users, memberships and dashboard sessions as rows.

use chatloom_domain::id::{AuthSessionId, TeamId, UserId};
use chatloom_domain::team::{AuthSession, Email, Membership, PersonName, Role, TeamMember, TeamName, User};
use chatloom_ports::store::access::{ExternalSignIn, FirstAdmin};
use diesel::prelude::*;

use super::super::errors::{QueryError, inconsistent};
use super::super::schema::{auth_sessions, external_identities, memberships, teams, users};
use crate::columns::{Id, Time};
use crate::database::Db;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = users, check_for_backend(Db))]
pub(crate) struct UserRow {
    id: Id,
    email: String,
    first_name: String,
    last_name: String,
    password_hash: String,
    created_at: Time,
}

#[derive(Insertable)]
#[diesel(table_name = teams)]
pub(crate) struct TeamRow {
    id: Id,
    name: String,
    created_at: Time,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = memberships, check_for_backend(Db))]
pub(crate) struct MembershipRow {
    user_id: Id,
    team_id: Id,
    role: String,
}

/// The rows of the first administrator and their team.
pub(crate) fn first_admin_rows(admin: &FirstAdmin) -> (UserRow, TeamRow, MembershipRow) {
    let user = UserRow {
        id: Id(admin.user_id.as_uuid()),
        email: admin.email.as_str().to_owned(),
        first_name: admin.first_name.as_str().to_owned(),
        last_name: admin.last_name.as_str().to_owned(),
        password_hash: admin.password_hash.clone(),
        created_at: Time(admin.created_at),
    };
    let team = TeamRow {
        id: Id(admin.team_id.as_uuid()),
        name: admin.team_name.as_str().to_owned(),
        created_at: Time(admin.created_at),
    };
    let membership = MembershipRow::new(user.id, team.id, Role::Admin);
    (user, team, membership)
}

impl UserRow {
    /// Somebody whom an identity provider vouches for. No text is the hash of a password, so none can match.
    pub(crate) fn external(sign_in: &ExternalSignIn) -> Self {
        Self {
            id: Id(sign_in.new_user_id.as_uuid()),
            email: Email::placeholder(sign_in.new_user_id).as_str().to_owned(),
            first_name: sign_in.identity.first_name.as_str().to_owned(),
            last_name: sign_in.identity.last_name.as_str().to_owned(),
            password_hash: String::new(),
            created_at: Time(sign_in.at),
        }
    }

    /// The user with their memberships, which come in order of team name, and the address that their identity provider
    /// told.
    pub(crate) fn into_user(
        self,
        memberships: Vec<Membership>,
        external_email: Option<&str>,
    ) -> Result<User, QueryError> {
        let id = self.id.0;
        let bad_name = |error| inconsistent("users", id, error);
        Ok(User {
            id: UserId::from_uuid(id),
            first_name: PersonName::parse(&self.first_name).map_err(bad_name)?,
            last_name: PersonName::parse(&self.last_name).map_err(bad_name)?,
            email: Email::parse(external_email.unwrap_or(&self.email))
                .map_err(|error| inconsistent("users", id, error))?,
            memberships,
            created_at: self.created_at.0,
        })
    }
}

impl MembershipRow {
    pub(crate) fn new(user_id: Id, team_id: Id, role: Role) -> Self {
        Self { user_id, team_id, role: role.as_str().to_owned() }
    }

    /// The membership as it is shown to its user.
    pub(crate) fn into_membership(self, team_name: &str) -> Result<Membership, QueryError> {
        let team_id = self.team_id.0;
        Ok(Membership {
            team_id: TeamId::from_uuid(team_id),
            team_name: TeamName::parse(team_name).map_err(|error| inconsistent("teams", team_id, error))?,
            role: self.parse_role()?,
        })
    }

    /// The user's place in the team.
    pub(crate) fn into_member(self) -> Result<TeamMember, QueryError> {
        Ok(TeamMember {
            user_id: UserId::from_uuid(self.user_id.0),
            team_id: TeamId::from_uuid(self.team_id.0),
            role: self.parse_role()?,
        })
    }

    fn parse_role(&self) -> Result<Role, QueryError> {
        let key = format_args!("{}/{}", self.user_id.0, self.team_id.0).to_string();
        Role::parse(&self.role).map_err(|error| inconsistent("memberships", key, error))
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = auth_sessions, check_for_backend(Db))]
pub(crate) struct AuthSessionRow {
    id: Id,
    user_id: Id,
    created_at: Time,
    last_seen_at: Time,
    expires_at: Time,
    renewable_until: Option<Time>,
}

impl From<&AuthSession> for AuthSessionRow {
    fn from(session: &AuthSession) -> Self {
        Self {
            id: Id(session.id.as_uuid()),
            user_id: Id(session.user_id.as_uuid()),
            created_at: Time(session.created_at),
            last_seen_at: Time(session.last_seen_at),
            expires_at: Time(session.expires_at),
            renewable_until: session.renewable_until.map(Time),
        }
    }
}

impl From<AuthSessionRow> for AuthSession {
    fn from(row: AuthSessionRow) -> Self {
        Self {
            id: AuthSessionId::from_uuid(row.id.0),
            user_id: UserId::from_uuid(row.user_id.0),
            created_at: row.created_at.0,
            last_seen_at: row.last_seen_at.0,
            expires_at: row.expires_at.0,
            renewable_until: row.renewable_until.map(|time| time.0),
        }
    }
}

/// What is kept of an external identity beside its user.
#[derive(Insertable)]
#[diesel(table_name = external_identities)]
pub(crate) struct ExternalIdentityRow {
    issuer: String,
    subject: String,
    user_id: Id,
    email: Option<String>,
    vouched_at: Time,
}

impl From<&ExternalSignIn> for ExternalIdentityRow {
    fn from(sign_in: &ExternalSignIn) -> Self {
        let identity = &sign_in.identity;
        Self {
            issuer: identity.issuer.as_str().to_owned(),
            subject: identity.subject.as_str().to_owned(),
            user_id: Id(sign_in.new_user_id.as_uuid()),
            email: identity.email.as_ref().map(|email| email.as_str().to_owned()),
            vouched_at: Time(identity.issued_at),
        }
    }
}
