//! The stores on SQLite, the database that needs no server: one file, one process, one writer at a time.
//!
//! The queries are those of the PostgreSQL stores, compiled once more for this database; what is here is what differs:
//! how values are stored, how the file is opened and locked, and who may write when.

mod begin;
mod columns;
mod database;
mod dialect;
mod inline;
mod open;

/// Written once for both databases; see `docs/decisions/0001-one-set-of-queries.md`.
#[path = "../../postgres/src"]
mod twin {
    pub(crate) mod relational;
}

pub use open::{OpenError, SqliteStore};

use twin::relational;
