//! Signing in and out, and what a signed-in user may do.
//!
//! The JWT only says which session to look up. Whether the session still counts, and what its user may do, is read
//! from the database on every request, so that signing out or losing a role takes effect at once.

use std::sync::Arc;

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::id::{AuthSessionId, TeamId, UserId};
use chatloom_domain::team::{AuthSession, Email, Permission, TeamMember, User};
use chatloom_ports::dashboard::{AccessError, AccessToken, Credentials, DashboardAccess};
use chatloom_ports::environment::{AccessClaims, AccessTokenSigner, Clock, Entropy};
use chatloom_ports::identity::{IdentityError, IdentityProviders};
use chatloom_ports::store::access::ExternalSignIn;
use chatloom_ports::store::{AccessStore, StoreError};

use crate::password::{PasswordError, Passwords};

pub(crate) struct Access {
    pub(crate) store: Arc<dyn AccessStore>,
    pub(crate) signer: Arc<dyn AccessTokenSigner>,
    pub(crate) identities: Arc<dyn IdentityProviders>,
    pub(crate) passwords: Passwords,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Access {
    fn new_session_id(&self, now: Timestamp) -> AuthSessionId {
        AuthSessionId::from_uuid(self.entropy.uuid(now))
    }

    /// Begins a session for a user who has proved who they are, in the place of the presented one.
    async fn enter(
        &self,
        session: AuthSession,
        presented: Option<Credentials>,
    ) -> Result<(User, AccessToken), AccessError> {
        let old = presented.and_then(|presented| self.verify(&presented, session.created_at).ok());
        if let Some(old) = old {
            self.store.end_auth_session(old.session_id).await?;
        }
        self.store.start_auth_session(&session).await?;
        let found = self.store.find_auth_session(session.id).await?;
        let (session, user) = found.ok_or(AccessError::NotSignedIn)?;
        Ok((user, self.sign(&session)?))
    }

    fn sign(&self, session: &AuthSession) -> Result<AccessToken, AccessError> {
        let claims = AccessClaims {
            user_id: session.user_id,
            session_id: session.id,
            issued_at: session.created_at,
            expires_at: session.expires_at,
        };
        self.signer.sign(&claims).map(AccessToken).map_err(AccessError::Signing)
    }

    fn verify(&self, credentials: &Credentials, now: Timestamp) -> Result<AccessClaims, AccessError> {
        self.signer.verify(&credentials.0, now).map_err(|_| AccessError::NotSignedIn)
    }

    /// Refuses a session that has ended or is not the one of the token's user, and keeps a live one alive.
    async fn admit(
        &self,
        session: &AuthSession,
        claims: &AccessClaims,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        if session.user_id != claims.user_id || !session.is_live(now) {
            return Err(AccessError::NotSignedIn);
        }
        if session.is_due_for_touch(now) {
            self.store.touch_auth_session(session.id, now).await?;
        }
        Ok(())
    }

    async fn signed_in(&self, credentials: &Credentials) -> Result<(AuthSession, User), AccessError> {
        let now = self.clock.now();
        let claims = self.verify(credentials, now)?;
        let found = self.store.find_auth_session(claims.session_id).await?;
        let (session, user) = found.ok_or(AccessError::NotSignedIn)?;
        self.admit(&session, &claims, now).await?;
        Ok((session, user))
    }
}

#[async_trait]
impl DashboardAccess for Access {
    async fn log_in(
        &self,
        email: &str,
        password: &str,
        presented: Option<Credentials>,
    ) -> Result<(User, AccessToken), AccessError> {
        let known = match Email::parse(email) {
            Ok(email) => self.store.find_sign_in(&email).await?,
            Err(_) => None,
        };
        let hash = known.as_ref().map(|known| known.password_hash.clone());
        let matches = self.passwords.matches(password, hash).await.map_err(|error| match error {
            PasswordError::Busy => AccessError::Busy,
            PasswordError::Hash(source) => AccessError::Store(StoreError::Inconsistent {
                table: "users",
                id: known.as_ref().map(|known| known.user_id.to_string()).unwrap_or_default(),
                source,
            }),
        })?;
        let user = known.filter(|_| matches).ok_or(AccessError::WrongCredentials)?.user_id;

        let now = self.clock.now();
        self.enter(AuthSession::begin(self.new_session_id(now), user, now), presented).await
    }

    async fn exchange(
        &self,
        identity_token: &str,
        presented: Option<Credentials>,
    ) -> Result<(User, AccessToken), AccessError> {
        let identity = self.identities.verify(identity_token, self.clock.now()).await;
        let identity = identity.map_err(|error| match error {
            IdentityError::Invalid => AccessError::IdentityRefused,
            IdentityError::Unavailable(source) => AccessError::IdentityUnavailable(source),
        })?;
        let now = self.clock.now();
        let until = identity.session_ends_at;
        let new_user_id = UserId::from_uuid(self.entropy.uuid(now));
        let sign_in = ExternalSignIn { identity, new_user_id, at: now };
        let user = self.store.admit_external_user(&sign_in).await?.ok_or(AccessError::IdentityRefused)?;
        let session = AuthSession::begin_until(self.new_session_id(now), user, now, Some(until));
        self.enter(session, presented).await
    }

    async fn refresh(&self, credentials: &Credentials) -> Result<AccessToken, AccessError> {
        let (old, _) = self.signed_in(credentials).await?;
        let now = self.clock.now();
        let new = old.renewed(self.new_session_id(now), now);
        if !self.store.replace_auth_session(old.id, &new).await? {
            return Err(AccessError::NotSignedIn);
        }
        self.sign(&new)
    }

    async fn log_out(&self, credentials: &Credentials) -> Result<(), AccessError> {
        let (session, _) = self.signed_in(credentials).await?;
        Ok(self.store.end_auth_session(session.id).await?)
    }

    async fn current_user(&self, credentials: &Credentials) -> Result<User, AccessError> {
        let (_, user) = self.signed_in(credentials).await?;
        Ok(user)
    }

    async fn authorize(
        &self,
        credentials: &Credentials,
        team: TeamId,
        permission: Permission,
    ) -> Result<TeamMember, AccessError> {
        let now = self.clock.now();
        let claims = self.verify(credentials, now)?;
        let found = self.store.find_member(claims.session_id, team).await?;
        let (session, member) = found.ok_or(AccessError::NotSignedIn)?;
        self.admit(&session, &claims, now).await?;
        let member = member.ok_or(AccessError::NotAMember)?;
        if !member.role.may(permission) {
            return Err(AccessError::NotPermitted);
        }
        Ok(member)
    }
}
