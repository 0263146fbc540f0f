//! Three replicas that keep their addresses over restarts.

use std::net::SocketAddr;

use chatloom_testkit::model_server::ModelServer;
use nix::sys::signal::Signal;

use crate::world::{Database, DatabaseKind, Process, process_settings};

const REPLICAS: usize = 3;

/// Processes on one PostgreSQL database.
pub(super) struct Fleet {
    replicas: Vec<Replica>,
    _database: Database,
}

struct Replica {
    process: Process,
    address: SocketAddr,
    settings: std::collections::BTreeMap<&'static str, String>,
}

impl Fleet {
    pub(super) async fn start(model: &ModelServer) -> Self {
        let database = Database::create(DatabaseKind::Postgres).await;
        let mut replicas = Vec::new();
        for _ in 0..REPLICAS {
            let mut settings = process_settings(&database, model);
            settings.insert("DRAIN_SECONDS", "10".to_owned());
            let mut process = Process::start(&settings);
            let address = process.address().await;
            settings.insert("PORT", address.port().to_string());
            replicas.push(Replica { process, address, settings });
        }
        Self { replicas, _database: database }
    }

    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.replicas.iter().map(|replica| replica.address).collect()
    }

    /// Stops one after the other, and starts each again before the next is stopped.
    pub(super) async fn replace_one_by_one(&mut self) {
        for Replica { process, settings, address } in &mut self.replicas {
            process.signal(Signal::SIGTERM);
            let exit = process.ended().await;
            assert_eq!(exit.code(), Some(0), "{}", process.log());
            *process = Process::start(settings);
            assert_eq!(process.address().await, *address);
        }
    }
}
