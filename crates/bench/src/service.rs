//! The service under measurement: started, watched, stopped.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use crate::http::{Connection, request};
use crate::model_server::ModelServer;

pub(crate) const ADMIN_EMAIL: &str = "bench@example.com";
pub(crate) const ADMIN_PASSWORD: &str = "correct horse battery";

/// A database to measure on.
pub(crate) struct Store {
    pub(crate) name: &'static str,
    pub(crate) url: String,
}

/// A process with an address. It is killed with this value.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process to its first good answer of `/readyz`.
    pub(crate) start_up: Duration,
}

impl Service {
    /// Starts the binary and waits until it is ready.
    pub(crate) async fn start(binary: &Path, store: &Store, model: &ModelServer) -> anyhow::Result<Self> {
        // A port that was free a moment ago; the service prints its own only to a log.
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let start = Instant::now();
        let child = Command::new(binary)
            .env_clear()
            .env("PORT", address.port().to_string())
            .env("DATABASE_URL", &store.url)
            .env("JWT_SECRET", "f3Jq9vXw2LrT8mZk5NcB7dHs4GyP6aUe")
            .env("ADMIN_EMAIL", ADMIN_EMAIL)
            .env("ADMIN_PASSWORD", ADMIN_PASSWORD)
            .env("OPENAI_BASE_URL", format!("http://{}/v1", model.address))
            .env("PUBLIC_RATE_LIMIT_PER_MINUTE", "0")
            .env("SESSION_RATE_LIMIT_PER_MINUTE", "0")
            .env("VISITOR_RATE_LIMIT_PER_MINUTE", "0")
            .env("WIDGET_RATE_LIMIT_PER_MINUTE", "0")
            .env("MODEL_CONCURRENCY", "0")
            .env("LOG", "error")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut service = Self { child, address, start_up: Duration::ZERO };
        service.wait_until_ready().await?;
        service.start_up = start.elapsed();
        Ok(service)
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let question = request("GET", "/readyz", "", None);
        loop {
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("the service ended with {status}");
            }
            if let Ok(mut connection) = Connection::open(self.address).await
                && let Ok((head, _)) = connection.exchange(&question).await
                && head.status == 200
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Resident memory in KiB.
    pub(crate) fn memory_kib(&self) -> anyhow::Result<u64> {
        let id = self.child.id().context("the service has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// What it has had written to disks so far, in KiB.
    pub(crate) fn written_kib(&self) -> anyhow::Result<u64> {
        let id = self.child.id().context("the service has ended")?;
        let counts = std::fs::read_to_string(format!("/proc/{id}/io"))?;
        let line = counts.lines().find_map(|line| line.strip_prefix("write_bytes:")).context("no bytes")?;
        Ok(line.trim().parse::<u64>()? / 1024)
    }

    /// Stops it in good order.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.child.id().context("the service has ended")?;
        kill(Pid::from_raw(id.try_into()?), Signal::SIGTERM)?;
        let status = self.child.wait().await?;
        anyhow::ensure!(status.success(), "the service ended with {status}");
        Ok(())
    }
}

/// The bare route in a process of its own, killed with this value.
pub(crate) struct BareRoute {
    _child: Child,
    pub(crate) address: SocketAddr,
}

impl BareRoute {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("bare-route")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output: ChildStdout = child.stdout.take().context("no output")?;
        let line = BufReader::new(output).lines().next_line().await?.context("no address")?;
        Ok(Self { _child: child, address: line.parse()? })
    }
}
