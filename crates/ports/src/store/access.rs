//! Users, teams, memberships and dashboard sessions.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::AuditEntry;
use chatloom_domain::id::{AuthSessionId, TeamId, UserId};
use chatloom_domain::team::{AuthSession, Email, PersonName, TeamMember, TeamName, User};

use super::StoreError;
use crate::identity::ExternalIdentity;

/// The first administrator and their team.
#[derive(Debug, Clone)]
pub struct FirstAdmin {
    /// The new user's id.
    pub user_id: UserId,
    /// The new team's id.
    pub team_id: TeamId,
    /// The sign-in name.
    pub email: Email,
    /// First name.
    pub first_name: PersonName,
    /// Last name.
    pub last_name: PersonName,
    /// The team's name.
    pub team_name: TeamName,
    /// The password's Argon2id hash in PHC string format.
    pub password_hash: String,
    /// When both are made.
    pub created_at: Timestamp,
}

/// What a sign-in needs to know.
#[derive(Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The user.
    pub user_id: UserId,
    /// The password's Argon2id hash in PHC string format.
    pub password_hash: String,
    /// The teams of the user, in whose audit logs the sign-in is told of, in order of id.
    pub team_ids: Vec<TeamId>,
}

/// A new password, and the session that its user goes on in.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordChange {
    /// The hash that the current password was checked against.
    pub old_hash: String,
    /// The new password's Argon2id hash in PHC string format.
    pub new_hash: String,
    /// The session of the user who changes it, in the place of all others.
    pub session: AuthSession,
}

/// Somebody whom an identity provider has just vouched for.
#[derive(Debug, Clone)]
pub struct ExternalSignIn {
    /// What the provider says.
    pub identity: ExternalIdentity,
    /// The user's id, if they have to be made.
    pub new_user_id: UserId,
    /// When the user is made, if they have to be.
    pub at: Timestamp,
}

/// Users, teams, memberships and dashboard sessions.
///
/// A disabled user's sign-in, sessions and places in teams MUST be found by nobody, as if they were not there.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AccessStore: Send + Sync {
    /// Makes the user, the team, and the user's membership as `ADMIN`, all or nothing.
    ///
    /// MUST do nothing and give `false` when there is any user already, also when two replicas call it at once.
    async fn create_first_admin(&self, admin: &FirstAdmin) -> Result<bool, StoreError>;

    /// The team that was made with the first administrator: the one with the smallest `created_at`, then id.
    async fn find_first_team(&self) -> Result<Option<TeamId>, StoreError>;

    /// Finds what a sign-in with this address needs, in one query. Users without a password MUST NOT be found.
    async fn find_sign_in(&self, email: &Email) -> Result<Option<SignIn>, StoreError>;

    /// Brings the user of an external identity up to date, and gives their id.
    ///
    /// MUST make a user at the first sign-in, also when two replicas call it at once, and find the same one ever after,
    /// by issuer and subject and nothing else: a user with the same address is somebody else. The user has no password.
    /// Afterwards names, address and memberships MUST be those of the identity; teams that are not there are left out.
    ///
    /// MUST change nothing and give `None` when the provider has said something newer by its `issued_at` before, so that
    /// an older token cannot bring back what was taken away.
    async fn admit_external_user(&self, sign_in: &ExternalSignIn) -> Result<Option<UserId>, StoreError>;

    /// Stores a new dashboard session of a user whose password was checked against `password_hash`, which is empty for one
    /// without a password.
    /// MUST give `false` and store nothing when the user is gone or disabled or has another password by now, also when
    /// it is changed at the same time: no session of an old password outlives the change.
    async fn start_auth_session(
        &self,
        session: &AuthSession,
        password_hash: &str,
        entries: &[AuditEntry],
    ) -> Result<bool, StoreError>;

    /// Ends `old` and stores `new` in its place. MUST give `false` and store nothing when `old` is gone, also when all
    /// sessions of the user are ended at the same time, or when the user is disabled.
    async fn replace_auth_session(&self, old: AuthSessionId, new: &AuthSession) -> Result<bool, StoreError>;

    /// Ends a dashboard session. One that is gone already is no error, and nothing is told of it.
    async fn end_auth_session(&self, id: AuthSessionId, entries: &[AuditEntry]) -> Result<(), StoreError>;

    /// Writes the new password, ends all sessions of the user, and begins the new one.
    /// MUST give `false` and change nothing when the user is gone or disabled or the stored hash is not `old_hash`.
    async fn change_password(
        &self,
        change: &PasswordChange,
        entries: &[AuditEntry],
    ) -> Result<bool, StoreError>;

    /// Sets `last_seen_at`; a session that is gone is no error.
    async fn touch_auth_session(&self, id: AuthSessionId, seen_at: Timestamp) -> Result<(), StoreError>;

    /// Finds a dashboard session with its user and all their memberships in order of team name.
    /// The address of an external user MUST be the one that their provider told last, or else a placeholder.
    async fn find_auth_session(&self, id: AuthSessionId) -> Result<Option<(AuthSession, User)>, StoreError>;

    /// Finds a dashboard session and its user's place in `team`, in one query.
    /// The member is `None` when the user is not in the team or there is no such team.
    async fn find_member(
        &self,
        id: AuthSessionId,
        team: TeamId,
    ) -> Result<Option<(AuthSession, Option<TeamMember>)>, StoreError>;

    /// Deletes dashboard sessions whose `expires_at` is at or before `now`; gives their number.
    async fn delete_expired_auth_sessions(&self, now: Timestamp) -> Result<u64, StoreError>;
}
