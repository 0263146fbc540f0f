//! Signing in and out, and what a signed-in user may do.
//!
//! The JWT only says which session to look up. Whether the session still counts, and what its user may do, is read
//! from the database on every request, so that signing out or losing a role takes effect at once.

use std::sync::Arc;

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::{AuditAction, AuditEntry, Caller};
use chatloom_domain::id::{AuthSessionId, TeamId, UserId};
use chatloom_domain::password::{NewPassword, NewPasswordError};
use chatloom_domain::team::{AuthSession, Email, Permission, TeamMember, User};
use chatloom_ports::dashboard::{
    AccessError, AccessToken, ChangePasswordCommand, Credentials, DashboardAccess,
};
use chatloom_ports::environment::{AccessClaims, AccessTokenSigner, Clock, Entropy};
use chatloom_ports::identity::{IdentityError, IdentityProviders};
use chatloom_ports::store::access::{ExternalSignIn, PasswordChange, SignIn};
use chatloom_ports::store::{AccessStore, AuditStore, StoreError};

use crate::audit::{Refusals, UserEvent};
use crate::password::{PasswordError, Passwords};
use crate::throttle::Throttle;

pub(crate) struct Access {
    pub(crate) store: Arc<dyn AccessStore>,
    pub(crate) audit: Arc<dyn AuditStore>,
    pub(crate) signer: Arc<dyn AccessTokenSigner>,
    pub(crate) identities: Arc<dyn IdentityProviders>,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) refusals: Refusals,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Access {
    fn new_session_id(&self, now: Timestamp) -> AuthSessionId {
        AuthSessionId::from_uuid(self.entropy.uuid(now))
    }

    /// Begins the session, and ends a presented one. `None` if its user may not sign in, or with another password by now.
    async fn enter(
        &self,
        session: AuthSession,
        password_hash: &str,
        entries: &[AuditEntry],
        presented: Option<Credentials>,
    ) -> Result<Option<(User, AccessToken)>, AccessError> {
        if let Some(old) = presented.and_then(|presented| self.verify(&presented, session.created_at).ok()) {
            self.store.end_auth_session(old.session_id, &[]).await?;
        }
        if !self.store.start_auth_session(&session, password_hash, entries).await? {
            return Ok(None);
        }
        let Some((session, user)) = self.store.find_auth_session(session.id).await? else { return Ok(None) };
        Ok(Some((user, self.sign(&session)?)))
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

    /// Gives the user if the password is theirs, and they are the one who is signed in, if anybody is. Counts and tells of
    /// it if not, whether there is such a user or not.
    async fn check_password(
        &self,
        email: Option<&Email>,
        password: &str,
        signed_in: Option<UserId>,
        caller: Caller,
    ) -> Result<SignIn, AccessError> {
        let attempt = self.throttle.begin(email, caller.address, self.clock.now()).map_err(|refused| {
            if let Some(email) = email.filter(|_| refused.is_news) {
                self.refusals.tell(email, AuditAction::LoginThrottled, caller);
            }
            AccessError::TooManyFailures { retry_after: refused.retry_after }
        })?;
        // The address of who came through an identity provider may be the sign-in name of somebody else.
        let is_meant = |known: &SignIn| signed_in.is_none_or(|user| user == known.user_id);
        match self.find_by_password(email, password).await.map(|known| known.filter(is_meant)) {
            Ok(Some(known)) => {
                attempt.succeeded(self.clock.now());
                Ok(known)
            }
            Ok(None) => {
                let failed = match signed_in {
                    Some(_) => AuditAction::PasswordChangeFailed,
                    None => AuditAction::LoginFailed,
                };
                if let Some(email) = email {
                    self.refusals.tell(email, failed, caller);
                }
                Err(AccessError::WrongCredentials)
            }
            Err(error) => {
                attempt.was_not_made(self.clock.now());
                Err(error)
            }
        }
    }

    async fn find_by_password(
        &self,
        email: Option<&Email>,
        password: &str,
    ) -> Result<Option<SignIn>, AccessError> {
        let known = match email {
            Some(email) => self.store.find_sign_in(email).await?,
            None => None,
        };
        let hash = known.as_ref().map(|known| known.password_hash.clone());
        let user = known.as_ref().map(|known| known.user_id);
        let matches =
            self.passwords.matches(password, hash).await.map_err(|error| not_hashed(error, user))?;
        Ok(known.filter(|_| matches))
    }

    fn entries(
        &self,
        user: UserId,
        teams: impl IntoIterator<Item = TeamId>,
        action: AuditAction,
        at: Timestamp,
        caller: Caller,
    ) -> Vec<AuditEntry> {
        UserEvent { user, actor: Some(user), action, at, caller }.entries(&*self.entropy, teams)
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

fn not_hashed(error: PasswordError, user: Option<UserId>) -> AccessError {
    match error {
        PasswordError::Busy => AccessError::Busy,
        PasswordError::Hash(source) => AccessError::Store(StoreError::Inconsistent {
            table: "users",
            id: user.map(|user| user.to_string()).unwrap_or_default(),
            source,
        }),
    }
}

#[async_trait]
impl DashboardAccess for Access {
    async fn log_in(
        &self,
        email: &str,
        password: &str,
        presented: Option<Credentials>,
        caller: Caller,
    ) -> Result<(User, AccessToken), AccessError> {
        let email = Email::parse(email).ok();
        let known = self.check_password(email.as_ref(), password, None, caller).await?;
        let now = self.clock.now();
        let session = AuthSession::begin(self.new_session_id(now), known.user_id, now);
        let entries = self.entries(known.user_id, known.team_ids, AuditAction::LoginSucceeded, now, caller);
        let entered = self.enter(session, &known.password_hash, &entries, presented).await?;
        entered.ok_or(AccessError::WrongCredentials)
    }

    async fn exchange(
        &self,
        identity_token: &str,
        presented: Option<Credentials>,
        caller: Caller,
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
        // Such a user has no password.
        let entered = self.enter(session, "", &[], presented).await?;
        let (user, token) = entered.ok_or(AccessError::IdentityRefused)?;
        // The token names teams that may not be there, so only now is known whom to tell; nobody has the token yet.
        let teams = user.memberships.iter().map(|membership| membership.team_id);
        let entries = self.entries(user.id, teams, AuditAction::LoginSucceeded, now, caller);
        self.audit.append_audit_entries(&entries).await?;
        Ok((user, token))
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

    async fn log_out(&self, credentials: &Credentials, caller: Caller) -> Result<(), AccessError> {
        let (session, user) = self.signed_in(credentials).await?;
        let teams = user.memberships.iter().map(|membership| membership.team_id);
        let entries = self.entries(user.id, teams, AuditAction::LoggedOut, self.clock.now(), caller);
        Ok(self.store.end_auth_session(session.id, &entries).await?)
    }

    async fn change_password(
        &self,
        credentials: &Credentials,
        command: ChangePasswordCommand,
        caller: Caller,
    ) -> Result<AccessToken, AccessError> {
        let (_, user) = self.signed_in(credentials).await?;
        let new = NewPassword::parse(&command.new, &user.email).map_err(AccessError::NewPassword)?;
        let known = self.check_password(Some(&user.email), &command.current, Some(user.id), caller).await?;
        if command.current == command.new {
            return Err(AccessError::NewPassword(NewPasswordError::Unchanged));
        }
        let new_hash =
            self.passwords.hash(new.reveal()).await.map_err(|error| not_hashed(error, Some(user.id)))?;
        let now = self.clock.now();
        let session = AuthSession::begin(self.new_session_id(now), user.id, now);
        let entries = self.entries(user.id, known.team_ids, AuditAction::PasswordChanged, now, caller);
        let change = PasswordChange { old_hash: known.password_hash, new_hash, session };
        if !self.store.change_password(&change, &entries).await? {
            return Err(AccessError::WrongCredentials);
        }
        self.sign(&change.session)
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
