//! Connections and transactions: one writer, four readers, and one thread hop for each unit of work.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chatloom_ports::store::turns::{TurnChange, TurnChanges};
use diesel::connection::SimpleConnection;
use diesel::{Connection, ConnectionError, ConnectionResult, SqliteConnection};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection, TransactionManager};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use tokio::runtime::Handle;

use crate::inline::Inline;
use crate::relational::errors::QueryError;

/// The backend that queries are written for.
pub(crate) type Db = diesel::sqlite::Sqlite;
/// The connection that queries are given. It does its work in the thread that polls it; see [`Database::read`].
pub(crate) type Conn = SyncConnectionWrapper<SqliteConnection, Inline>;

/// SQLite lets one connection write at a time. Waiting for it in our queue is fair; SQLite's own busy handler is not,
/// and lets some wait for seconds.
const WRITERS: usize = 1;
/// Readers see the last commit and wait for nobody; more of them than processors would only cost memory.
const READERS: usize = 4;
/// A unit of work that cannot begin within this time is given up, so that callers hear of an overload.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// How long a statement waits for another connection. It is set before anything else.
const BUSY_TIMEOUT: &str = "PRAGMA busy_timeout = 5000";

/// What every connection is told when it is opened.
///
/// `synchronous=FULL` waits for the disk at each commit: in WAL mode `NORMAL` can lose commits to a power cut
/// (<https://www.sqlite.org/pragma.html#pragma_synchronous>). `secure_delete` overwrites what is deleted, for erased
/// conversations. The page cache is kept small (its size is in KiB when negative), for there are five connections and
/// the operating system caches the file as well.
const SETTINGS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA secure_delete = ON;
    PRAGMA cache_size = -1024;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
";
const READ_ONLY: &str = "PRAGMA query_only = ON;";

/// A database file of which this process is the only user.
#[derive(Clone)]
pub(crate) struct Database {
    writer: Pool<Conn>,
    readers: Pool<Conn>,
    /// The runtime that opened the store. Work is done on its threads, because callers may live on runtimes that end
    /// before the last turn is written.
    runtime: Handle,
    /// Whether the write-ahead log may hold what was erased. At first it may: the process before may have died.
    has_traces: Arc<AtomicBool>,
    /// Keeps other processes out for as long as any part of the store is in use.
    _lock: Arc<File>,
}

impl Database {
    /// Connections are made when they are first needed.
    pub(crate) fn new(
        path: &Path,
        lock: File,
    ) -> Result<Self, diesel_async::pooled_connection::deadpool::BuildError> {
        let url = path.to_string_lossy().into_owned();
        Ok(Self {
            writer: pool(&url, WRITERS, "")?,
            readers: pool(&url, READERS, READ_ONLY)?,
            runtime: Handle::current(),
            has_traces: Arc::new(AtomicBool::new(true)),
            _lock: Arc::new(lock),
        })
    }

    /// Runs statements that only read, each of which sees the last commit.
    ///
    /// The connection's futures never wait, so the whole unit of work runs in one go on one thread for blocking work:
    /// a statement is too short to be worth a hop of its own. A unit of work that has begun is finished, whatever
    /// becomes of its caller, so none is ever left half done.
    pub(crate) async fn read<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<QueryError> + Send + 'static,
        W: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        self.run(&self.readers, move |conn| block_on(work(conn))).await
    }

    /// Runs statements in a transaction that excludes all other writers; an error takes everything back.
    pub(crate) async fn write<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<QueryError> + Send + 'static,
        W: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        self.run(&self.writer, move |conn| block_on(in_transaction(conn, work))).await
    }

    /// Wakes those who listen to [`Database::changes`], of whom none can be in another process.
    #[expect(clippy::unused_self, reason = "the other database sends something")]
    pub(crate) fn tell(&self, _change: TurnChange) {}

    /// What other processes write, which is nothing: there are none.
    #[expect(clippy::unused_self, reason = "the other database listens to something")]
    pub(crate) fn changes(&self) -> TurnChanges {
        stream::pending().boxed()
    }

    /// Notes that something was erased, of which the write-ahead log may still have a copy.
    pub(crate) fn note_erasure(&self) {
        self.has_traces.store(true, Ordering::SeqCst);
    }

    /// Moves the write-ahead log into the database and cuts it off, if anything was erased since that was last done: the
    /// log keeps every page as it was written, until it is written over some day. `false` if it is still being read.
    pub(crate) async fn remove_traces(&self) -> Result<bool, QueryError> {
        // Taken back first: what is erased while this runs must not be forgotten.
        if !self.has_traces.swap(false, Ordering::SeqCst) {
            return Ok(true);
        }
        let is_cut = self.run(&self.writer, |conn| block_on(cut_log(conn))).await;
        if !matches!(is_cut, Ok(true)) {
            self.note_erasure();
        }
        is_cut
    }

    async fn run<T, E, W>(&self, pool: &Pool<Conn>, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<QueryError> + Send + 'static,
        W: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        let mut conn = checkout(pool).await?;
        let work = self.runtime.spawn_blocking(move || work(&mut conn));
        work.await.map_err(QueryError::not_run)?
    }
}

async fn checkout(pool: &Pool<Conn>) -> Result<Object<Conn>, QueryError> {
    let conn = tokio::time::timeout(MAX_WAIT, pool.get()).await;
    conn.map_err(QueryError::not_run)?.map_err(QueryError::not_run)
}

/// How long cutting the log may keep writers waiting while somebody reads from it.
const CUT_PATIENCE: &str = "PRAGMA busy_timeout = 200";

/// What a checkpoint came to.
#[derive(diesel::QueryableByName)]
struct Checkpoint {
    /// 1 if somebody reads from the log, so that it could not be cut off.
    #[diesel(sql_type = diesel::sql_types::Integer)]
    busy: i32,
}

/// Whether the write-ahead log is empty now (<https://www.sqlite.org/pragma.html#pragma_wal_checkpoint>).
async fn cut_log(conn: &mut Conn) -> Result<bool, QueryError> {
    conn.batch_execute(CUT_PATIENCE).await?;
    let cut = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result::<Checkpoint>(conn).await;
    conn.batch_execute(BUSY_TIMEOUT).await?;
    Ok(cut?.busy == 0)
}

/// Takes the result of a future that never waits.
fn block_on<T, E: From<QueryError>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    work.now_or_never().unwrap_or_else(|| Err(QueryError::not_run(Suspended).into()))
}

#[derive(Debug, thiserror::Error)]
#[error("a query waited for something else than the database")]
struct Suspended;

/// A plain transaction that reads and then writes can fail at once when another connection writes, whatever the
/// timeout; `IMMEDIATE` takes the write lock first.
async fn in_transaction<T, E, W>(conn: &mut Conn, work: W) -> Result<T, E>
where
    E: From<QueryError>,
    W: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>>,
{
    type Transactions = <Conn as AsyncConnection>::TransactionManager;
    type SyncTransactions = <SqliteConnection as Connection>::TransactionManager;

    let begin = conn.spawn_blocking(|conn| SyncTransactions::begin_transaction_sql(conn, "BEGIN IMMEDIATE"));
    begin.await.map_err(QueryError::from)?;
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

/// Opens a connection and tells it our settings.
pub(crate) fn connect(url: &str) -> ConnectionResult<SqliteConnection> {
    let mut conn = SqliteConnection::establish(url)?;
    conn.batch_execute(BUSY_TIMEOUT).map_err(ConnectionError::CouldntSetupConfiguration)?;
    conn.batch_execute(SETTINGS).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

fn pool(
    url: &str,
    size: usize,
    more_settings: &'static str,
) -> Result<Pool<Conn>, diesel_async::pooled_connection::deadpool::BuildError> {
    let mut config = ManagerConfig::<Conn>::default();
    // A connection to a file does not die, so asking before each use whether it still answers would be wasted. One that
    // was left in a transaction is thrown away in any case.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |url| establish(url.to_owned(), more_settings).boxed());
    Pool::builder(AsyncDieselConnectionManager::new_with_config(url, config)).max_size(size).build()
}

async fn establish(url: String, more_settings: &'static str) -> ConnectionResult<Conn> {
    let opened = tokio::task::spawn_blocking(move || {
        let mut conn = connect(&url)?;
        conn.batch_execute(more_settings).map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(SyncConnectionWrapper::with_runtime(conn, Inline))
    });
    opened.await.unwrap_or_else(|lost| Err(ConnectionError::BadConnection(lost.to_string())))
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;
    use diesel::sql_types::{BigInt, Text};
    use diesel_async::RunQueryDsl;

    use super::*;

    /// One setting as text.
    #[derive(QueryableByName)]
    struct Setting {
        #[diesel(sql_type = Text)]
        value: String,
    }

    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }

    fn settings(conn: &mut Conn) -> BoxFuture<'_, Result<Vec<String>, QueryError>> {
        async move {
            let mut values = Vec::new();
            for name in [
                "busy_timeout",
                "journal_mode",
                "synchronous",
                "foreign_keys",
                "secure_delete",
                "cache_size",
                "query_only",
            ] {
                let column = if name == "busy_timeout" { "timeout" } else { name };
                let setting = format!("SELECT CAST({column} AS TEXT) AS value FROM pragma_{name}");
                values.push(diesel::sql_query(setting).get_result::<Setting>(conn).await?.value);
            }
            Ok(values)
        }
        .boxed()
    }

    fn open(folder: &tempfile::TempDir) -> Database {
        let lock = File::create(folder.path().join("lock")).unwrap();
        Database::new(&folder.path().join("chatloom.db"), lock).unwrap()
    }

    #[tokio::test]
    async fn every_connection_has_our_settings() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder);
        let common = ["5000", "wal", "2", "1", "1", "-1024"];
        let reader = database.read(settings).await.unwrap();
        assert_eq!(reader, [&common[..], &["1"]].concat());
        let mut writer = checkout(&database.writer).await.unwrap();
        assert_eq!(settings(&mut writer).await.unwrap(), [&common[..], &["0"]].concat());
    }

    fn execute<'c>(conn: &'c mut Conn, sql: &'static str) -> BoxFuture<'c, Result<(), QueryError>> {
        async move {
            diesel::sql_query(sql).execute(conn).await?;
            Ok(())
        }
        .boxed()
    }

    #[tokio::test]
    async fn an_error_takes_everything_back_and_leaves_the_writer_usable() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder);
        database.write(|conn| execute(conn, "CREATE TABLE t (x INTEGER)")).await.unwrap();
        let failing = database.write(|conn| {
            async move {
                execute(conn, "INSERT INTO t VALUES (1)").await?;
                execute(conn, "INSERT INTO missing VALUES (1)").await
            }
            .boxed()
        });
        failing.await.unwrap_err();
        database.write(|conn| execute(conn, "INSERT INTO t VALUES (2)")).await.unwrap();
        let count = database.read(|conn| {
            async move {
                let count = diesel::sql_query("SELECT count(*) AS rows FROM t");
                Ok::<_, QueryError>(count.get_result::<Count>(conn).await?.rows)
            }
            .boxed()
        });
        assert_eq!(count.await.unwrap(), 1);
    }
}
