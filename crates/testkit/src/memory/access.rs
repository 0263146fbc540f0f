//! Users, teams, memberships and dashboard sessions in memory.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::AuditEntry;
use chatloom_domain::id::{AuthSessionId, TeamId, UserId};
use chatloom_domain::team::{AuthSession, Email, Membership, Role, TeamMember, User};
use chatloom_ports::store::access::{ExternalSignIn, FirstAdmin, PasswordChange, SignIn};
use chatloom_ports::store::{AccessStore, StoreError};

use super::MemoryStores;
use super::tables::{ExternalRecord, Tables, TeamRecord, UserRecord};

#[async_trait]
impl AccessStore for MemoryStores {
    async fn create_first_admin(&self, admin: &FirstAdmin) -> Result<bool, StoreError> {
        self.transact(|tables| {
            if !tables.users.is_empty() {
                return false;
            }
            let user = UserRecord {
                first_name: admin.first_name.clone(),
                last_name: admin.last_name.clone(),
                email: admin.email.clone(),
                password_hash: admin.password_hash.clone(),
                created_at: admin.created_at,
                is_disabled: false,
            };
            let team = TeamRecord { name: admin.team_name.clone(), created_at: admin.created_at };
            tables.users.insert(admin.user_id, user);
            tables.teams.insert(admin.team_id, team);
            tables.members.insert((admin.user_id, admin.team_id), Role::Admin);
            true
        })
    }

    async fn find_first_team(&self) -> Result<Option<TeamId>, StoreError> {
        self.transact(|tables| {
            let first = tables.teams.iter().min_by_key(|(id, team)| (team.created_at, **id));
            first.map(|(id, _)| *id)
        })
    }

    async fn find_sign_in(&self, email: &Email) -> Result<Option<SignIn>, StoreError> {
        self.transact(|tables| {
            let mut with_password = tables.users.iter().filter(|(_, user)| !user.password_hash.is_empty());
            let (id, user) = with_password.find(|(_, user)| user.email == *email && !user.is_disabled)?;
            let teams = tables.members.keys().filter(|(member, _)| member == id).map(|(_, team)| *team);
            Some(SignIn {
                user_id: *id,
                password_hash: user.password_hash.clone(),
                team_ids: teams.collect(),
            })
        })
    }

    async fn admit_external_user(&self, sign_in: &ExternalSignIn) -> Result<Option<UserId>, StoreError> {
        self.transact(|tables| tables.admit_external_user(sign_in))
    }

    async fn start_auth_session(
        &self,
        session: &AuthSession,
        password_hash: &str,
        entries: &[AuditEntry],
    ) -> Result<bool, StoreError> {
        self.transact_told(entries, |tables| {
            let user = tables.enabled_user(session.user_id);
            if user.is_none_or(|user| user.password_hash != password_hash) {
                return false;
            }
            tables.auth_sessions.insert(session.id, *session);
            tables.tell(entries);
            true
        })
    }

    async fn replace_auth_session(&self, old: AuthSessionId, new: &AuthSession) -> Result<bool, StoreError> {
        self.transact(|tables| {
            let is_there =
                tables.enabled_user(new.user_id).is_some() && tables.auth_sessions.remove(&old).is_some();
            if is_there {
                tables.auth_sessions.insert(new.id, *new);
            }
            is_there
        })
    }

    async fn end_auth_session(&self, id: AuthSessionId, entries: &[AuditEntry]) -> Result<(), StoreError> {
        self.transact_told(entries, |tables| {
            if tables.auth_sessions.remove(&id).is_some() {
                tables.tell(entries);
            }
        })
    }

    async fn change_password(
        &self,
        change: &PasswordChange,
        entries: &[AuditEntry],
    ) -> Result<bool, StoreError> {
        self.transact_told(entries, |tables| {
            let user_id = change.session.user_id;
            let user = tables.users.get_mut(&user_id).filter(|user| !user.is_disabled);
            let Some(user) = user.filter(|user| user.password_hash == change.old_hash) else {
                return false;
            };
            user.password_hash.clone_from(&change.new_hash);
            tables.auth_sessions.retain(|_, session| session.user_id != user_id);
            tables.auth_sessions.insert(change.session.id, change.session);
            tables.tell(entries);
            true
        })
    }

    async fn touch_auth_session(&self, id: AuthSessionId, seen_at: Timestamp) -> Result<(), StoreError> {
        self.transact(|tables| {
            if let Some(session) = tables.auth_sessions.get_mut(&id) {
                session.last_seen_at = seen_at;
            }
        })
    }

    async fn find_auth_session(&self, id: AuthSessionId) -> Result<Option<(AuthSession, User)>, StoreError> {
        self.transact(|tables| {
            let session = *tables.auth_sessions.get(&id)?;
            Some((session, tables.user(session.user_id)?))
        })
    }

    async fn find_member(
        &self,
        id: AuthSessionId,
        team: TeamId,
    ) -> Result<Option<(AuthSession, Option<TeamMember>)>, StoreError> {
        self.transact(|tables| {
            let session = *tables.auth_sessions.get(&id)?;
            tables.enabled_user(session.user_id)?;
            let role = tables.members.get(&(session.user_id, team));
            let member = role.map(|role| TeamMember { user_id: session.user_id, team_id: team, role: *role });
            Some((session, member))
        })
    }

    async fn delete_expired_auth_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.transact(|tables| {
            let before = tables.auth_sessions.len();
            tables.auth_sessions.retain(|_, session| session.expires_at > now);
            (before - tables.auth_sessions.len()) as u64
        })
    }
}

impl Tables {
    fn enabled_user(&self, id: UserId) -> Option<&UserRecord> {
        self.users.get(&id).filter(|user| !user.is_disabled)
    }

    fn admit_external_user(&mut self, sign_in: &ExternalSignIn) -> Option<UserId> {
        let identity = &sign_in.identity;
        let key = (identity.issuer.clone(), identity.subject.clone());
        let known = self.external_identities.get(&key);
        if known.is_some_and(|known| known.vouched_at > identity.issued_at) {
            return None;
        }
        let user_id = known.map_or(sign_in.new_user_id, |known| known.user_id);
        let user = self.users.entry(user_id).or_insert_with(|| UserRecord {
            first_name: identity.first_name.clone(),
            last_name: identity.last_name.clone(),
            email: Email::placeholder(user_id),
            password_hash: String::new(),
            created_at: sign_in.at,
            is_disabled: false,
        });
        user.first_name = identity.first_name.clone();
        user.last_name = identity.last_name.clone();
        let record =
            ExternalRecord { user_id, email: identity.email.clone(), vouched_at: identity.issued_at };
        self.external_identities.insert(key, record);
        self.members.retain(|(member, _), _| *member != user_id);
        let there = identity.roles.iter().filter(|(team, _)| self.teams.contains_key(team));
        self.members.extend(there.map(|(team, role)| ((user_id, *team), *role)));
        Some(user_id)
    }

    fn user(&self, id: UserId) -> Option<User> {
        let record = self.enabled_user(id)?;
        let external = self.external_identities.values().find(|external| external.user_id == id);
        let external_email = external.and_then(|external| external.email.clone());
        Some(User {
            id,
            first_name: record.first_name.clone(),
            last_name: record.last_name.clone(),
            email: external_email.unwrap_or_else(|| record.email.clone()),
            memberships: self.memberships(id),
            created_at: record.created_at,
        })
    }

    /// In order of the teams' names.
    fn memberships(&self, user: UserId) -> Vec<Membership> {
        let of_user = self.members.iter().filter(|((member, _), _)| *member == user);
        let mut memberships: Vec<_> = of_user
            .filter_map(|((_, team_id), role)| {
                let team_name = self.teams.get(team_id)?.name.clone();
                Some(Membership { team_id: *team_id, team_name, role: *role })
            })
            .collect();
        memberships.sort_by(|a, b| a.team_name.as_str().cmp(b.team_name.as_str()));
        memberships
    }
}
