//! The stores on a relational database: schema, rows, queries and ports, written once for PostgreSQL and SQLite.
//!
//! These files are compiled into two crates, each of which gives them its own `columns` (how ids, times, JSON and lists
//! are stored), `database` (connections and transactions) and `dialect` (the few statements that differ). Nothing here
//! may name a database. See `docs/decisions/0001-one-set-of-queries.md`.

pub(crate) mod errors;
pub(crate) mod queries;
pub(crate) mod rows;
pub(crate) mod schema;
mod stores;

pub(crate) use stores::stores;
