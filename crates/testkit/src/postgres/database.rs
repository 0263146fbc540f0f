//! A database for one test, on the one server that all tests of a program share.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::ThrowawayPostgres;
use super::programs::ProgramError;

static SERVER: OnceLock<ThrowawayPostgres> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// An empty database that nobody else uses. It is dropped with this value, open connections notwithstanding.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    server: &'static ThrowawayPostgres,
    /// How to connect, for instance `postgres:///test_1?host=/tmp/chatloom-postgres-x1y2z3&user=chatloom`.
    pub url: String,
}

impl TestDatabase {
    /// Makes a database on the program's server, which the first call starts. Without an installed PostgreSQL it
    /// panics with a sentence that says how to get one.
    pub async fn create() -> Self {
        tokio::task::spawn_blocking(Self::create_blocking).await.expect("making a database does not panic")
    }

    /// Runs a statement as the server's administrator, and blocks until it is done. An exception that it raises is an
    /// error, so that a statement can also tell whether something holds.
    pub fn execute(&self, statement: &str) -> Result<(), ProgramError> {
        self.server.execute(&self.name, statement)
    }

    fn create_blocking() -> Self {
        let server = SERVER.get_or_init(|| {
            ThrowawayPostgres::start().unwrap_or_else(|error| panic!("PostgreSQL did not start: {error}"))
        });
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        server
            .create_database(&name)
            .unwrap_or_else(|error| panic!("PostgreSQL did not make a database: {error}"));
        let url = server.url_of(&name);
        Self { name, server, url }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // The data goes with the server in any case; dropping it early only saves memory and disk.
        let _ = self.server.drop_database(&self.name);
    }
}
