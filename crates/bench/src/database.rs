//! What the database has to write: PostgreSQL counts its commits and rows itself; for SQLite the system counts bytes.

use std::time::Instant;

use anyhow::Context;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

use crate::measures::to_f64;
use crate::report::Report;
use crate::service::{Service, Store};

/// PostgreSQL shows a connection's counts to others at most a second after they were made.
const COUNTS: &str = "SELECT xact_commit, tup_inserted + tup_updated FROM pg_stat_database \
                      WHERE datname = current_database()";

/// Counts from a moment on.
pub(crate) struct Writes<'s> {
    store: &'s Store,
    service: &'s Service,
    begun: Counts,
    at: Instant,
}

struct Counts {
    commits: Option<u64>,
    rows: Option<u64>,
    kib: u64,
}

impl<'s> Writes<'s> {
    pub(crate) async fn begin(store: &'s Store, service: &'s Service) -> anyhow::Result<Self> {
        Ok(Self { store, service, begun: count(store, service).await?, at: Instant::now() })
    }

    pub(crate) async fn end(self, report: &mut Report) -> anyhow::Result<()> {
        let seconds = self.at.elapsed().as_secs_f64();
        let ended = count(self.store, self.service).await?;
        let mut add = |name, begun: u64, ended: u64| {
            report.add(name, self.store.name, to_f64(ended.saturating_sub(begun)) / seconds);
        };
        if let (Some(begun), Some(ended)) = (self.begun.commits, ended.commits) {
            add("commits/s", begun, ended);
        }
        if let (Some(begun), Some(ended)) = (self.begun.rows, ended.rows) {
            add("rows written/s", begun, ended);
        }
        if self.begun.commits.is_none() {
            add("written by the process: KiB/s", self.begun.kib, ended.kib);
        }
        Ok(())
    }
}

async fn count(store: &Store, service: &Service) -> anyhow::Result<Counts> {
    let kib = service.written_kib()?;
    if !store.url.starts_with("postgres:") {
        return Ok(Counts { commits: None, rows: None, kib });
    }
    let (client, connection) = tokio_postgres::connect(&store.url, NoTls).await?;
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let row = client.query_one(COUNTS, &[]).await?;
    let number = |index| u64::try_from(row.get::<_, i64>(index)).context("a negative count");
    Ok(Counts { commits: Some(number(0)?), rows: Some(number(1)?), kib })
}
