//! Making a connection, one way for all of them.

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio_postgres::{Config, NoTls};

use crate::database::Conn;
pub(crate) use crate::tls::Transport;

/// What every connection of the pool is told: how long a statement, the wait for a lock, and the silence within a
/// transaction may last before the server gives up. Without them, one stuck statement would hold its caller and its locks
/// for ever. The silence ends before a turn's lease does (6 s), so that a replica that was frozen in the middle of a
/// transaction does not keep others from taking its turns.
const LIMITS: &str = "
    SET statement_timeout = '5s';
    SET lock_timeout = '2s';
    SET idle_in_transaction_session_timeout = '5s';
";

/// Where the database is, and how to get there.
#[derive(Clone)]
pub(crate) struct Connector {
    /// Hosts, names, password and time limits.
    pub(crate) config: Config,
    /// Whether connections are encrypted.
    pub(crate) transport: Transport,
}

impl Connector {
    /// The same database under a name of its own in the server's list of connections.
    pub(crate) fn named(&self, suffix: &str) -> Self {
        let mut connector = self.clone();
        let name = self.config.get_application_name().unwrap_or_default();
        connector.config.application_name(format!("{name} {suffix}"));
        connector
    }

    /// A connection without limits.
    pub(crate) async fn establish(&self) -> ConnectionResult<Conn> {
        let bad = |error: tokio_postgres::Error| ConnectionError::BadConnection(reason(&error));
        match &self.transport {
            Transport::Plain => {
                let (client, connection) = self.config.connect(NoTls).await.map_err(bad)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
            Transport::Tls(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await.map_err(bad)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
        }
    }

    /// A connection for the pool.
    pub(crate) async fn establish_limited(&self) -> ConnectionResult<Conn> {
        let mut conn = self.establish().await?;
        conn.batch_execute(LIMITS).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(conn)
    }
}

/// The error and its cause in one text, because Diesel's error has no place for a source and the client's own text says
/// little more than "error connecting to server".
pub(crate) fn reason(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
