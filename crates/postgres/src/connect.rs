//! Connecting: read the URL, try it, bring the tables up to date, fill the pool as needed.

use std::sync::Arc;
use std::time::Duration;

use chatloom_ports::store::Stores;
use diesel_async::SimpleAsyncConnection;
use diesel_async::pooled_connection::deadpool::{Hook, HookError, Pool};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolError, RecyclingMethod,
};
use futures::FutureExt;
use thiserror::Error;

use crate::connector::{Connector, Transport};
use crate::database::{Conn, Database};
use crate::migrations::migrate;
use crate::relational::stores;
use crate::url::parse_url;

/// A connection that was idle for longer is asked whether it still answers before it is used. One that was used just
/// now would have failed then; asking it again would double the round trips of a busy service.
const TRUSTED_IDLE_TIME: Duration = Duration::from_secs(1);

/// How many connections there may be, and how long a caller waits for one.
#[derive(Debug, Clone, Copy)]
pub struct PoolConfig {
    /// The most connections, 16 by default. They are made when they are needed.
    pub max_connections: usize,
    /// The longest wait for a connection, 2 s by default; then the call fails as unavailable.
    pub max_wait: Duration,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self { max_connections: 16, max_wait: Duration::from_secs(2) }
    }
}

/// Why a database could not be used. None of these ever holds the URL or a part of it.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The URL is malformed. What exactly is wrong is not said, because that could repeat the password.
    #[error("the database URL is not a valid PostgreSQL URL")]
    Url,
    /// The URL asks for TLS, and this machine has no roots to check certificates against.
    #[error("could not set up TLS for the database")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server does not answer, or lets us not in.
    #[error("could not connect to the database")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The tables could not be brought up to date.
    #[error("could not prepare the database")]
    Prepare(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// All stores on one PostgreSQL database.
pub struct PostgresStore {
    database: Database,
}

impl PostgresStore {
    /// Connects to a `postgres://` URL and brings the tables up to date, one replica at a time.
    ///
    /// `sslmode=require` (as well as `verify-ca` and `verify-full`) checks the server's certificate and name against the
    /// system's roots; other modes are plain. A Unix socket is named by `?host=/folder`.
    ///
    /// The store does its work on the threads of the runtime that this is called in, which must be a Tokio runtime.
    pub async fn connect(url: &str, pool: PoolConfig) -> Result<Self, ConnectError> {
        let config = parse_url(url).ok_or(ConnectError::Url)?;
        let transport =
            Transport::of(config.get_ssl_mode()).map_err(|error| ConnectError::Tls(error.into()))?;
        let connector = Arc::new(Connector { config, transport });
        let first = connector.establish().await.map_err(|error| ConnectError::Connect(error.into()))?;
        migrate(first).await.map_err(ConnectError::Prepare)?;
        let connections =
            build_pool(Arc::clone(&connector), pool).map_err(|error| ConnectError::Connect(error.into()))?;
        Ok(Self { database: Database::new(connector, connections, pool.max_wait) })
    }

    /// The ports. They keep the pool for as long as one of them lives.
    pub fn stores(&self) -> Stores {
        stores(self.database.clone())
    }
}

fn build_pool(
    connector: Arc<Connector>,
    pool: PoolConfig,
) -> Result<Pool<Conn>, diesel_async::pooled_connection::deadpool::BuildError> {
    let mut manager = ManagerConfig::<Conn>::default();
    // Broken connections and those with an open transaction are thrown away in any case; the hook asks the others.
    manager.recycling_method = RecyclingMethod::Fast;
    manager.custom_setup = Box::new(move |_| {
        let connector = Arc::clone(&connector);
        async move { connector.establish_limited().await }.boxed()
    });
    // The manager is given no URL, so that it cannot show one.
    Pool::builder(AsyncDieselConnectionManager::new_with_config("", manager))
        .max_size(pool.max_connections)
        .pre_recycle(Hook::async_fn(|conn: &mut Conn, metrics| {
            async move {
                if metrics.last_used() < TRUSTED_IDLE_TIME {
                    return Ok(());
                }
                let answer = conn.batch_execute("").await;
                answer.map_err(|error| HookError::Backend(PoolError::QueryError(error)))
            }
            .boxed()
        }))
        .build()
}
