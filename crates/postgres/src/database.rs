//! Connections and transactions: a pool, and a task of its own for each unit of work.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chatloom_ports::store::turns::{TurnChange, TurnChanges};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::{AsyncConnection, AsyncPgConnection, TransactionManager};
use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::connector::Connector;
use crate::listener::Listener;
use crate::relational::errors::QueryError;
use crate::teller::Teller;

/// The backend that queries are written for.
pub(crate) type Db = diesel::pg::Pg;
/// The connection that queries are given.
pub(crate) type Conn = AsyncPgConnection;

/// A database and the connections to it.
#[derive(Clone)]
pub(crate) struct Database {
    pool: Pool<Conn>,
    max_wait: Duration,
    tasks: TaskTracker,
    wakeups: Arc<Wakeups>,
    /// The runtime that connected. Connections are driven by tasks of the runtime that makes them, so work is done there:
    /// callers may live on runtimes that end before the last turn is written.
    runtime: Handle,
}

/// What goes between this replica and the others.
struct Wakeups {
    connector: Arc<Connector>,
    /// Begins with the first who wants to hear something, and ends with the database.
    listener: OnceLock<Listener>,
    logs: Teller,
    stops: Teller,
}

impl Database {
    /// Uses a pool from the runtime that this is called in; nobody waits longer than `max_wait` for a connection.
    pub(crate) fn new(connector: Arc<Connector>, pool: Pool<Conn>, max_wait: Duration) -> Self {
        let wakeups = Wakeups {
            connector,
            listener: OnceLock::new(),
            logs: Teller::default(),
            stops: Teller::default(),
        };
        let (tasks, runtime) = (TaskTracker::new(), Handle::current());
        Self { pool, max_wait, tasks, wakeups: Arc::new(wakeups), runtime }
    }

    /// Wakes those who listen to [`Database::changes`] in whatever process, some time after this has returned.
    pub(crate) fn tell(&self, change: TurnChange) {
        if self.teller(change).is_first() {
            let database = self.clone();
            let telling = async move { database.teller(change).tell(&database, change).await };
            self.tasks.spawn_on(telling, &self.runtime);
        }
    }

    /// Notes that something was erased. What is left of it in dead rows and in the write-ahead log is the server's: see
    /// the operators' page.
    #[expect(clippy::unused_self, reason = "the other database notes something")]
    pub(crate) fn note_erasure(&self) {}

    /// There is nothing that a client could remove.
    #[expect(clippy::unused_async, reason = "the other database does something")]
    pub(crate) async fn remove_traces(&self) -> Result<bool, QueryError> {
        Ok(true)
    }

    /// What is told from now on by whatever process.
    pub(crate) fn changes(&self) -> TurnChanges {
        let listener = self.wakeups.listener.get_or_init(|| {
            let connector = self.wakeups.connector.named("listener");
            Listener::start(connector, &self.tasks, &self.runtime)
        });
        listener.changes()
    }

    fn teller(&self, change: TurnChange) -> &Teller {
        match change {
            TurnChange::Logs => &self.wakeups.logs,
            TurnChange::Stops => &self.wakeups.stops,
        }
    }

    /// Runs statements that only read, each of which sees the last commit.
    pub(crate) async fn read<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<QueryError> + Send + 'static,
        W: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        let database = self.clone();
        self.run(async move { work(&mut *database.checkout().await?).await }).await
    }

    /// Runs statements in a transaction; an error takes everything back.
    pub(crate) async fn write<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<QueryError> + Send + 'static,
        W: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        let database = self.clone();
        self.run(async move { in_transaction(&mut *database.checkout().await?, work).await }).await
    }

    /// A unit of work that has begun is finished, whatever becomes of its caller: a transaction that is dropped half
    /// done would lie open in the pool, with its locks, until the server's time limit for idle ones.
    async fn run<T, E>(&self, work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<QueryError> + Send + 'static,
    {
        let task = self.tasks.spawn_on(work, &self.runtime);
        task.await.map_err(QueryError::not_run)?
    }

    /// A connection of the pool.
    pub(crate) async fn checkout(&self) -> Result<Object<Conn>, QueryError> {
        let conn = tokio::time::timeout(self.max_wait, self.pool.get()).await;
        conn.map_err(QueryError::not_run)?.map_err(QueryError::not_run)
    }
}

async fn in_transaction<T, E, W>(conn: &mut Conn, work: W) -> Result<T, E>
where
    E: From<QueryError>,
    W: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>>,
{
    type Transactions = <Conn as AsyncConnection>::TransactionManager;

    Transactions::begin_transaction(conn).await.map_err(QueryError::from)?;
    match work(conn).await {
        Ok(value) => {
            Transactions::commit_transaction(conn).await.map_err(QueryError::from)?;
            Ok(value)
        }
        Err(error) => {
            // If even that fails, the pool notices the open transaction and throws the connection away.
            let _: Result<(), _> = Transactions::rollback_transaction(conn).await;
            Err(error)
        }
    }
}
