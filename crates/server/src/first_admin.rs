//! Makes sure that somebody can sign in.

use chatloom_app::{Application, FirstAdminError};
use chatloom_ports::environment::Entropy;
use chatloom_ports::store::Stores;
use secrecy::ExposeSecret;

use crate::compose::StartError;
use crate::config::{Config, Database};
use crate::data_dir::hexadecimal;
use crate::greeting::SignIn;

/// The sign-in name that the embedded default makes up. `.local` can be nobody's real address.
const EMBEDDED_EMAIL: &str = "admin@chatloom.local";

/// The administrator as the operator is told of them.
pub(crate) struct Administrator {
    /// The sign-in name that this start-up would have given the first administrator.
    pub(crate) email: String,
    /// Whether this start has made them.
    pub(crate) is_new: bool,
    /// The password, if it was made just now.
    pub(crate) new_password: Option<String>,
}

impl Administrator {
    /// What the greeting shows of them.
    pub(crate) fn sign_in(&self) -> SignIn<'_> {
        SignIn { email: &self.email, new_password: self.new_password.as_deref() }
    }
}

/// Makes the first administrator of a database without users. A database that has users is left as it is.
pub(crate) async fn ensure(
    application: &Application,
    stores: &Stores,
    config: &Config,
    entropy: &dyn Entropy,
) -> Result<Administrator, StartError> {
    let refused = |error: FirstAdminError| StartError::FirstAdmin(error);
    match (&config.first_admin, &config.database) {
        (Some(admin), _) => {
            let password = admin.password.expose_secret();
            let is_new = application.create_first_admin(&admin.email, password).await.map_err(refused)?;
            Ok(Administrator { email: admin.email.clone(), is_new, new_password: None })
        }
        (None, Database::Embedded) => {
            // 128 bits are beyond guessing, and half as long to copy as 256.
            let password = hexadecimal(&entropy.secret()[..16]);
            let is_new = application.create_first_admin(EMBEDDED_EMAIL, &password).await.map_err(refused)?;
            let new_password = is_new.then_some(password);
            Ok(Administrator { email: EMBEDDED_EMAIL.to_owned(), is_new, new_password })
        }
        (None, _) => match stores.access.find_first_team().await.map_err(StartError::Store)? {
            Some(_) => Ok(Administrator { email: String::new(), is_new: false, new_password: None }),
            None => Err(StartError::NoAdministrator),
        },
    }
}
