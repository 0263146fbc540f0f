//! One process of the service.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a start may take, migrations included, on a machine that is busy with checking.
const START: Duration = Duration::from_secs(30);
/// How long an end may take after SIGTERM: the drain, the last writes, and some rest.
const END: Duration = Duration::from_secs(20);

/// A process that is started again and again. It is killed with this value.
pub struct Replica {
    chatloom: PathBuf,
    settings: BTreeMap<&'static str, String>,
    log: PathBuf,
    child: Option<Child>,
    readers: JoinSet<()>,
}

impl Replica {
    /// A replica that does not run yet.
    pub fn new(chatloom: PathBuf, settings: BTreeMap<&'static str, String>, log: PathBuf) -> Self {
        Self { chatloom, settings, log, child: None, readers: JoinSet::new() }
    }

    /// Starts the process and waits until it accepts requests; gives its address.
    pub async fn start(&mut self) -> anyhow::Result<SocketAddr> {
        let mut child = Command::new(&self.chatloom)
            .env_clear()
            .envs(&self.settings)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", self.chatloom.display()))?;
        let mut lines = BufReader::new(child.stderr.take().context("no log")?).lines();
        self.child = Some(child);
        let mut log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let accepting = async {
            while let Some(line) = lines.next_line().await? {
                writeln!(log, "{line}")?;
                if let Some(address) = accepting(&line) {
                    return Ok(address);
                }
            }
            anyhow::bail!("the service ended before it accepted requests; see {}", self.log.display())
        };
        let address = timeout(START, accepting).await.context("the service does not start")??;
        self.readers.spawn(keep(lines, log));
        Ok(address)
    }

    /// Kills the process as a crash would.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// Asks the process to end and waits until it has; one that does not end is killed.
    pub async fn terminate(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.signal(Signal::SIGTERM)?;
        let Some(mut child) = self.child.take() else { return Ok(None) };
        if let Ok(status) = timeout(END, child.wait()).await {
            return Ok(Some(status?));
        }
        child.kill().await?;
        Ok(None)
    }

    /// Stops the process without its knowing, or lets it go on.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let id = self.child.as_ref().and_then(Child::id).context("the replica does not run")?;
        Ok(kill(Pid::from_raw(id.try_into()?), signal)?)
    }

    /// How the process has ended by itself, if it has.
    pub fn find_end(&mut self) -> Option<ExitStatus> {
        self.child.as_mut().and_then(|child| child.try_wait().ok().flatten())
    }
}

/// The address in the line that says that requests are accepted.
fn accepting(line: &str) -> Option<SocketAddr> {
    let line: Value = serde_json::from_str(line).ok()?;
    (line["message"] == "accepting requests").then(|| line["addr"].as_str()?.parse().ok())?
}

async fn keep(mut lines: Lines<BufReader<ChildStderr>>, mut log: std::fs::File) {
    while let Ok(Some(line)) = lines.next_line().await {
        // A log that cannot be kept costs a hint, not the run.
        let _ = writeln!(log, "{line}");
    }
}
