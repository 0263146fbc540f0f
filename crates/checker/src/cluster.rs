//! A running service with everything around it that can be broken: replicas, database, model, and the network between.

mod database;
mod replica;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use tempfile::TempDir;

pub use database::{Database, DatabaseKind};
pub use replica::Replica;

use crate::model::ModelServer;
use crate::proxy::{Proxy, Upstream, Weather};
use crate::script::Pace;
use crate::time::Stopwatch;

/// The first administrator of every service that is checked.
pub const ADMIN_EMAIL: &str = "checker@example.com";
/// And the password.
pub const ADMIN_PASSWORD: &str = "correct horse battery";
/// Some answers end within it and some do not.
const DRAIN_SECONDS: &str = "2";

/// What to start.
#[derive(Debug, Clone)]
pub struct ClusterPlan {
    /// The binary.
    pub chatloom: PathBuf,
    /// On which database.
    pub database: DatabaseKind,
    /// How many replicas; SQLite has one.
    pub replicas: usize,
    /// How fast the model answers.
    pub pace: Pace,
}

/// The service and its surroundings. All processes end with this value.
pub struct Cluster {
    /// The processes of the service.
    pub replicas: Vec<Replica>,
    /// Their database.
    pub database: Database,
    /// Their model.
    pub model: ModelServer,
    /// One proxy before each replica, for its clients.
    pub client_proxies: Vec<Proxy>,
    /// One proxy for each replica before PostgreSQL; none before SQLite.
    pub database_proxies: Vec<Proxy>,
    /// The proxy before the model.
    pub model_proxy: Proxy,
    /// The run's watch.
    pub stopwatch: Stopwatch,
    folder: TempDir,
}

impl Cluster {
    /// Starts everything and waits until each replica is ready.
    pub async fn start(plan: &ClusterPlan) -> anyhow::Result<Self> {
        anyhow::ensure!(plan.chatloom.is_file(), "there is no {}; build it first", plan.chatloom.display());
        let stopwatch = Stopwatch::start();
        let folder = tempfile::Builder::new().prefix("chatloom-checker-").tempdir()?;
        let database = Database::create(plan.database, folder.path()).await?;
        let model = ModelServer::start(stopwatch, plan.pace).await?;
        let model_proxy = Proxy::start(Upstream::Tcp(model.address)).await?;
        let mut cluster = Self {
            replicas: Vec::new(),
            database,
            model,
            client_proxies: Vec::new(),
            database_proxies: Vec::new(),
            model_proxy,
            stopwatch,
            folder,
        };
        for number in 0..plan.replicas {
            cluster.add_replica(number, &plan.chatloom).await?;
        }
        for number in 0..plan.replicas {
            cluster.start_replica(number).await?;
        }
        Ok(cluster)
    }

    /// Where clients reach the replicas; the same as long as the cluster lives, whatever becomes of the replicas.
    pub fn doors(&self) -> Vec<SocketAddr> {
        self.client_proxies.iter().map(|proxy| proxy.address).collect()
    }

    /// Starts a replica that does not run, waits until it is ready, and leads its clients to it.
    pub async fn start_replica(&mut self, number: usize) -> anyhow::Result<()> {
        let address = self.replicas[number].start().await?;
        self.client_proxies[number].lead_to(Upstream::Tcp(address));
        Ok(())
    }

    /// Clears the weather everywhere.
    pub fn clear_weather(&self) {
        let proxies = self.client_proxies.iter().chain(&self.database_proxies).chain([&self.model_proxy]);
        proxies.for_each(|proxy| proxy.set_weather(Weather::Clear));
    }

    /// Keeps the logs of the replicas and tells where they are, for whoever looks into a broken rule.
    pub fn keep_logs(self) -> PathBuf {
        self.folder.keep()
    }

    async fn add_replica(&mut self, number: usize, chatloom: &std::path::Path) -> anyhow::Result<()> {
        let client_proxy = Proxy::start(Upstream::Nothing).await?;
        let database_url = match self.database.socket() {
            Some(socket) => {
                let proxy = Proxy::start(Upstream::Unix(socket)).await?;
                let url = self.database.url_at(proxy.address);
                self.database_proxies.push(proxy);
                url
            }
            None => self.database.url(),
        };
        self.client_proxies.push(client_proxy);
        let base_url = format!("http://{}", self.client_proxies.first().context("no proxy")?.address);
        let settings = BTreeMap::from([
            ("PORT", "0".to_owned()),
            // All replicas have one public address, which is also the issuer of their sign-ins.
            ("APP_BASE_URL", base_url),
            ("DATABASE_URL", database_url),
            ("JWT_SECRET", "f3Jq9vXw2LrT8mZk5NcB7dHs4GyP6aUe".to_owned()),
            ("ADMIN_EMAIL", ADMIN_EMAIL.to_owned()),
            ("ADMIN_PASSWORD", ADMIN_PASSWORD.to_owned()),
            ("OPENAI_API_KEY", "sk-checker".to_owned()),
            ("OPENAI_BASE_URL", format!("http://{}/v1", self.model_proxy.address)),
            ("PUBLIC_RATE_LIMIT_PER_MINUTE", "0".to_owned()),
            ("SESSION_RATE_LIMIT_PER_MINUTE", "0".to_owned()),
            ("VISITOR_RATE_LIMIT_PER_MINUTE", "0".to_owned()),
            ("WIDGET_RATE_LIMIT_PER_MINUTE", "0".to_owned()),
            ("MODEL_CONCURRENCY", "0".to_owned()),
            ("DRAIN_SECONDS", DRAIN_SECONDS.to_owned()),
            ("LOG_FORMAT", "json".to_owned()),
        ]);
        let log = self.folder.path().join(format!("replica-{number}.log"));
        self.replicas.push(Replica::new(chatloom.to_owned(), settings, log));
        Ok(())
    }
}
