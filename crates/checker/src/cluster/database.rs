//! The database of a run: a file, or a throw-away PostgreSQL that can be stopped.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chatloom_testkit::postgres::{ProgramError, ThrowawayPostgres};

/// The database's name on the throw-away server.
const NAME: &str = "checked";

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

/// A running database.
pub struct Database {
    file: PathBuf,
    server: Option<Arc<ThrowawayPostgres>>,
}

impl Database {
    /// Makes an empty database; a file goes into `folder`.
    pub async fn create(kind: DatabaseKind, folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join("chatloom.db");
        let server = match kind {
            DatabaseKind::Sqlite => None,
            DatabaseKind::Postgres => Some(Arc::new(tokio::task::spawn_blocking(start_server).await??)),
        };
        Ok(Self { file, server })
    }

    /// The URL of a service that talks to it directly.
    pub fn url(&self) -> String {
        match &self.server {
            Some(server) => server.url_of(NAME),
            None => format!("sqlite:{}", self.file.display()),
        }
    }

    /// The URL of a service that talks to the server through a proxy.
    pub fn url_at(&self, proxy: SocketAddr) -> String {
        format!("postgres://chatloom@{proxy}/{NAME}")
    }

    /// The socket of the server; a file has none.
    pub fn socket(&self) -> Option<PathBuf> {
        let url = self.server.as_ref()?.url();
        let folder = url.split(['?', '&']).find_map(|part| part.strip_prefix("host="))?;
        Some(Path::new(folder).join(".s.PGSQL.5432"))
    }

    /// Stops the server, in good order or as a crash would. A file cannot be stopped.
    pub async fn stop(&self, immediately: bool) -> anyhow::Result<()> {
        self.on_server(move |server| if immediately { server.stop_immediate() } else { server.stop_fast() })
            .await
    }

    /// Starts the stopped server.
    pub async fn start_again(&self) -> anyhow::Result<()> {
        self.on_server(ThrowawayPostgres::start_again).await
    }

    /// Terminates all connections to the database.
    pub async fn terminate_backends(&self) -> anyhow::Result<()> {
        let statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'checked'";
        self.on_server(move |server| server.execute("postgres", statement)).await
    }

    async fn on_server(
        &self,
        work: impl FnOnce(&ThrowawayPostgres) -> Result<(), ProgramError> + Send + 'static,
    ) -> anyhow::Result<()> {
        let Some(server) = self.server.clone() else { return Ok(()) };
        Ok(tokio::task::spawn_blocking(move || work(&server)).await??)
    }
}

fn start_server() -> Result<ThrowawayPostgres, ProgramError> {
    let server = ThrowawayPostgres::start()?;
    server.create_database(NAME)?;
    // The server of the tests forgets the last commits when it crashes. Here it must not: with this it has written
    // them to the operating system before it acknowledges them, which the crash of a process does not take away.
    server.execute("postgres", &format!("ALTER DATABASE {NAME} SET synchronous_commit = on"))?;
    Ok(server)
}
