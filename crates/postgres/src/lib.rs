//! The stores on PostgreSQL, the database for more than one machine: any number of replicas on one database.
//!
//! Schema, rows and queries are in `relational`, which the SQLite crate compiles as well; what is beside it is what
//! differs: how values are stored, how we connect, and how transactions, locks and time limits work here.

mod begin;
mod bells;
mod columns;
mod connect;
mod connector;
mod database;
mod dialect;
mod listener;
mod migrations;
mod relational;
mod teller;
mod tls;
mod url;

pub use connect::{ConnectError, PoolConfig, PostgresStore};
