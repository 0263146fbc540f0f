//! [`AccessStore`] on a relational database.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::AuditEntry;
use chatloom_domain::id::{AuthSessionId, TeamId, UserId};
use chatloom_domain::team::{AuthSession, Email, TeamMember, User};
use chatloom_ports::store::access::{ExternalSignIn, FirstAdmin, PasswordChange, SignIn};
use chatloom_ports::store::{AccessStore, StoreError};

use super::super::queries::{access, external_identities};
use super::RelationalStore;
use crate::columns::{Id, Time};

#[async_trait]
impl AccessStore for RelationalStore {
    async fn create_first_admin(&self, admin: &FirstAdmin) -> Result<bool, StoreError> {
        let admin = admin.clone();
        let work = self
            .database
            .write(move |conn| Box::pin(async move { access::create_first_admin(conn, &admin).await }));
        Ok(work.await?)
    }

    async fn find_first_team(&self) -> Result<Option<TeamId>, StoreError> {
        let id = self.database.read(|conn| Box::pin(access::find_first_team(conn))).await?;
        Ok(id.map(|id| TeamId::from_uuid(id.0)))
    }

    async fn find_sign_in(&self, email: &Email) -> Result<Option<SignIn>, StoreError> {
        let email = email.as_str().to_owned();
        let work =
            self.database.read(move |conn| Box::pin(async move { access::find_sign_in(conn, &email).await }));
        Ok(work.await?)
    }

    async fn admit_external_user(&self, sign_in: &ExternalSignIn) -> Result<Option<UserId>, StoreError> {
        let sign_in = sign_in.clone();
        let work = self.database.write(move |conn| {
            Box::pin(async move { external_identities::admit_external_user(conn, &sign_in).await })
        });
        Ok(work.await?.map(|id| UserId::from_uuid(id.0)))
    }

    async fn start_auth_session(
        &self,
        session: &AuthSession,
        password_hash: &str,
        entries: &[AuditEntry],
    ) -> Result<bool, StoreError> {
        let (session, hash, entries) = (*session, password_hash.to_owned(), entries.to_vec());
        let work = self.database.write(move |conn| {
            Box::pin(async move { access::start_auth_session(conn, &session, &hash, &entries).await })
        });
        Ok(work.await?)
    }

    async fn replace_auth_session(&self, old: AuthSessionId, new: &AuthSession) -> Result<bool, StoreError> {
        let (old, new) = (Id(old.as_uuid()), *new);
        let work = self
            .database
            .write(move |conn| Box::pin(async move { access::replace_auth_session(conn, old, &new).await }));
        Ok(work.await?)
    }

    async fn end_auth_session(&self, id: AuthSessionId, entries: &[AuditEntry]) -> Result<(), StoreError> {
        let (id, entries) = (Id(id.as_uuid()), entries.to_vec());
        let work = self
            .database
            .write(move |conn| Box::pin(async move { access::end_auth_session(conn, id, &entries).await }));
        Ok(work.await?)
    }

    async fn change_password(
        &self,
        change: &PasswordChange,
        entries: &[AuditEntry],
    ) -> Result<bool, StoreError> {
        let (change, entries) = (change.clone(), entries.to_vec());
        let work = self.database.write(move |conn| {
            Box::pin(async move { access::change_password(conn, &change, &entries).await })
        });
        Ok(work.await?)
    }

    async fn touch_auth_session(&self, id: AuthSessionId, seen_at: Timestamp) -> Result<(), StoreError> {
        let (id, seen_at) = (Id(id.as_uuid()), Time(seen_at));
        Ok(self.database.write(move |conn| Box::pin(access::touch_auth_session(conn, id, seen_at))).await?)
    }

    async fn find_auth_session(&self, id: AuthSessionId) -> Result<Option<(AuthSession, User)>, StoreError> {
        let id = Id(id.as_uuid());
        Ok(self.database.read(move |conn| Box::pin(access::find_auth_session(conn, id))).await?)
    }

    async fn find_member(
        &self,
        id: AuthSessionId,
        team: TeamId,
    ) -> Result<Option<(AuthSession, Option<TeamMember>)>, StoreError> {
        let (id, team) = (Id(id.as_uuid()), Id(team.as_uuid()));
        Ok(self.database.read(move |conn| Box::pin(access::find_member(conn, id, team))).await?)
    }

    async fn delete_expired_auth_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        let now = Time(now);
        let work = self.database.write(move |conn| Box::pin(access::delete_expired_auth_sessions(conn, now)));
        Ok(work.await? as u64)
    }
}
