//! The first administrator of an installation.

use std::sync::Arc;

use chatloom_domain::id::{TeamId, UserId};
use chatloom_domain::password::{NewPassword, NewPasswordError};
use chatloom_domain::team::{Email, EmailError, PersonName, TeamName};
use chatloom_domain::text::TextError;
use chatloom_ports::environment::{Clock, Entropy};
use chatloom_ports::store::access::FirstAdmin;
use chatloom_ports::store::{AccessStore, StoreError};
use thiserror::Error;

use crate::password::{PasswordError, Passwords};

/// Why there is no first administrator.
#[derive(Debug, Error)]
pub enum FirstAdminError {
    /// The address is none.
    #[error("the administrator's e-mail address is not one")]
    Email(#[source] EmailError),
    /// It breaks a rule of passwords.
    #[error("the administrator's password is not good enough")]
    Password(#[source] NewPasswordError),
    /// The password could not be hashed.
    #[error("could not hash the administrator's password")]
    Hash(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A fixed name broke its own rule.
    #[error("could not name the administrator")]
    Name(#[source] TextError),
    /// The store failed.
    #[error("could not store the administrator")]
    Store(#[source] StoreError),
}

pub(crate) struct FirstAdmins {
    pub(crate) store: Arc<dyn AccessStore>,
    pub(crate) passwords: Passwords,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl FirstAdmins {
    pub(crate) async fn create(&self, email: &str, password: &str) -> Result<bool, FirstAdminError> {
        // Hashing is slow on purpose, so a start-up with users pays one query instead.
        if self.store.find_first_team().await.map_err(FirstAdminError::Store)?.is_some() {
            return Ok(false);
        }
        let email = Email::parse(email).map_err(FirstAdminError::Email)?;
        let password = NewPassword::parse(password, &email).map_err(FirstAdminError::Password)?;
        let password_hash = self.passwords.hash(password.reveal()).await.map_err(|error| match error {
            PasswordError::Hash(source) => FirstAdminError::Hash(source),
            busy @ PasswordError::Busy => FirstAdminError::Hash(busy.into()),
        })?;
        let now = self.clock.now();
        let admin = FirstAdmin {
            user_id: UserId::from_uuid(self.entropy.uuid(now)),
            team_id: TeamId::from_uuid(self.entropy.uuid(now)),
            email,
            first_name: PersonName::parse("Admin").map_err(FirstAdminError::Name)?,
            last_name: PersonName::parse("Chatloom").map_err(FirstAdminError::Name)?,
            team_name: TeamName::parse("My team").map_err(FirstAdminError::Name)?,
            password_hash,
            created_at: now,
        };
        self.store.create_first_admin(&admin).await.map_err(FirstAdminError::Store)
    }
}
