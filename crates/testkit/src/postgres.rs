//! Throw-away PostgreSQL: a server of one's own on a Unix socket, and a database of its own for each test.
//!
//! It uses the programs of an installed server (Debian package `postgresql`) and nothing that runs already: no
//! port, no shared data, no account. When the process ends in whatever way, the server and its data go too.

mod database;
mod programs;
mod server;

pub use database::TestDatabase;
pub use programs::ProgramError;
pub use server::ThrowawayPostgres;
