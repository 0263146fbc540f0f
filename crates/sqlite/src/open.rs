//! Opening the database file: lock it, bring its tables up to date, and break off what a dead process left running.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use chatloom_domain::Timestamp;
use chatloom_ports::store::Stores;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use thiserror::Error;

use crate::columns::Time;
use crate::database::{Database, connect};
use crate::relational::{schema::turns, stores};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Why a database file could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has the database open. Two would take each other's running turns for dead.
    #[error("database file {} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The file, or the lock file beside it, can be neither opened nor made.
    #[error("could not open database file {}", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// The file is not a database of ours, or its tables could not be brought up to date.
    #[error("could not prepare database file {}", .0.display())]
    Prepare(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
}

/// All stores on one SQLite file.
pub struct SqliteStore {
    database: Database,
}

impl SqliteStore {
    /// Opens the file, or makes it, in a folder that is there; brings its tables up to date; and lets the leases of
    /// all running turns end, because whoever ran them is dead: the lock file beside the database (`<name>.lock`)
    /// lets in one process at a time, until it ends or drops every part of the store.
    ///
    /// The store does its work on the threads of the runtime that this is called in, which must be a Tokio runtime.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        let opening = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || prepare(&opening)).await;
        let prepare_error = |source| OpenError::Prepare(path.to_owned(), source);
        let lock = opened.map_err(|lost| prepare_error(lost.into()))??;
        let database = Database::new(path, lock).map_err(|error| prepare_error(error.into()))?;
        Ok(Self { database })
    }

    /// The ports. They keep the file open for as long as one of them lives.
    pub fn stores(&self) -> Stores {
        stores(self.database.clone())
    }
}

/// Gives the lock, which is held until it is dropped.
fn prepare(path: &Path) -> Result<File, OpenError> {
    let file_error = |error| OpenError::File(path.to_owned(), error);
    let lock = create_private(&lock_path(path)).map_err(file_error)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => return Err(file_error(error)),
    }
    // SQLite gives its other files the permissions of this one.
    create_private(path).map_err(file_error)?;
    migrate(path).map_err(|source| OpenError::Prepare(path.to_owned(), source))?;
    Ok(lock)
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".lock");
    name.into()
}

/// Opens a file, or makes one that only its owner can read: conversations and hashes are nobody else's business.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn migrate(path: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut conn = connect(&path.to_string_lossy())?;
    conn.run_pending_migrations(MIGRATIONS)?;
    diesel::update(turns::table.filter(turns::lease_until.is_not_null()))
        .set(turns::lease_until.eq(Time(Timestamp::UNIX_EPOCH)))
        .execute(&mut conn)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use diesel::sql_types::BigInt;

    use super::*;

    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        tables: i64,
    }

    fn count_tables(conn: &mut SqliteConnection) -> i64 {
        let tables = "SELECT count(*) AS tables FROM sqlite_schema WHERE type = 'table'";
        diesel::sql_query(tables).get_result::<Count>(conn).unwrap().tables
    }

    #[test]
    fn what_goes_up_comes_down_and_goes_up_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chatloom.db");
        migrate(&path).unwrap();
        let mut conn = connect(path.to_str().unwrap()).unwrap();
        let up = count_tables(&mut conn);
        conn.revert_all_migrations(MIGRATIONS).unwrap();
        // Diesel's own table of what has been run stays.
        assert_eq!(count_tables(&mut conn), 1);
        conn.run_pending_migrations(MIGRATIONS).unwrap();
        assert_eq!(count_tables(&mut conn), up);
    }
}
