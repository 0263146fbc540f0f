//! The binary as an operator runs it: settings in, lines and an exit code out.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};

use chatloom_server::settings::SETTINGS;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Client;

const BINARY: &str = env!("CARGO_BIN_EXE_chatloom");

/// A running or ended process. It is killed with this value.
pub(crate) struct Process {
    child: Child,
    output: watch::Receiver<String>,
    log: watch::Receiver<String>,
    readers: JoinSet<()>,
    /// What was given to it and must not be in its log.
    secrets: Vec<String>,
}

impl Process {
    /// Starts the binary with these settings and no others.
    pub(crate) fn start(settings: &BTreeMap<&'static str, String>) -> Self {
        Self::run(Command::new(BINARY), settings)
    }

    /// Starts the binary where it may open only so many files.
    pub(crate) fn start_with_files(settings: &BTreeMap<&'static str, String>, files: usize) -> Self {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("ulimit -n {files} && exec \"$0\""), BINARY]);
        Self::run(shell, settings)
    }

    fn run(mut command: Command, settings: &BTreeMap<&'static str, String>) -> Self {
        let mut child = command
            .env_clear()
            .envs(settings)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut readers = JoinSet::new();
        let output = collect(child.stdout.take().unwrap(), &mut readers);
        let log = collect(child.stderr.take().unwrap(), &mut readers);
        Self { child, output, log, readers, secrets: secrets(settings) }
    }

    /// Waits until it accepts requests. Needs `LOG_FORMAT=json`, to find the address that it took.
    pub(crate) async fn address(&mut self) -> SocketAddr {
        let log = self.log.wait_for(|log| accepting(log).is_some()).await;
        let log = log.expect("the process ended before it accepted requests");
        accepting(&log).unwrap()
    }

    /// Waits until it accepts requests, and gives a client of it.
    pub(crate) async fn client(&mut self) -> Client {
        Client::new(&format!("http://{}", self.address().await))
    }

    /// What it has written to standard output so far.
    pub(crate) fn output(&self) -> String {
        self.output.borrow().clone()
    }

    /// What it has written to standard error so far.
    pub(crate) fn log(&self) -> String {
        self.log.borrow().clone()
    }

    /// Waits until this text is in the log.
    pub(crate) async fn logged(&mut self, text: &str) {
        self.log.wait_for(|log| log.contains(text)).await.expect("the process ended without this line");
    }

    /// Waits until this text is on standard output.
    pub(crate) async fn printed(&mut self, text: &str) {
        self.output
            .wait_for(|output| output.contains(text))
            .await
            .expect("the process ended without this line");
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("the process runs")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.id().try_into().unwrap()), signal).unwrap();
    }

    /// Waits until it has ended and everything that it wrote has been read.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let status = self.child.wait().await.unwrap();
        while self.readers.join_next().await.is_some() {}
        status
    }
}

/// Every test that runs the binary is also a test of its log.
impl Drop for Process {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let log = self.log();
            let found = self.secrets.iter().find(|secret| log.contains(secret.as_str()));
            assert!(found.is_none(), "{} is in the log: {log}", found.unwrap());
        }
    }
}

/// The values of those settings that are secrets as a whole; an address of a database is one only in part.
fn secrets(settings: &BTreeMap<&'static str, String>) -> Vec<String> {
    let is_secret = |name: &str| {
        name != "DATABASE_URL" && SETTINGS.iter().any(|setting| setting.name == name && setting.secret)
    };
    // An empty one counts as not given.
    let given = settings.iter().filter(|(name, value)| is_secret(name) && !value.is_empty());
    given.map(|(_, value)| value.clone()).collect()
}

/// The address in the line that says that requests are accepted.
fn accepting(log: &str) -> Option<SocketAddr> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut found = lines.filter(|line| line["message"] == "accepting requests");
    found.next().map(|line| line["addr"].as_str().unwrap().parse().unwrap())
}

/// Collects whole lines as they come.
fn collect(
    stream: impl AsyncRead + Unpin + Send + 'static,
    readers: &mut JoinSet<()>,
) -> watch::Receiver<String> {
    let (sender, receiver) = watch::channel(String::new());
    readers.spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            sender.send_modify(|text| {
                text.push_str(&line);
                text.push('\n');
            });
        }
    });
    receiver
}
