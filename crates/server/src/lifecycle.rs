//! A server from its first request to its last: running, draining, stopped.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use chatloom_app::Application;
use tokio::task::JoinSet;

/// How long answers that are already written may take to leave after the turns have ended. With the three seconds that
/// turns which were broken off have to store what they have, a process ends within five seconds of its drain.
const LAST_BYTES: Duration = Duration::from_secs(2);

/// A server that accepts requests.
pub struct RunningServer {
    pub(crate) addr: SocketAddr,
    pub(crate) base_url: String,
    pub(crate) greeting: Option<String>,
    pub(crate) grace: Duration,
    pub(crate) application: Application,
    pub(crate) handle: ServerHandle,
    /// One task, the accepting loop. A set, so that it is never left alone.
    pub(crate) serving: JoinSet<io::Result<()>>,
}

impl RunningServer {
    /// The address that is listened on, with the real port.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The public origin, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What to tell a person at the terminal; only the embedded default has something to say.
    pub fn greeting(&self) -> Option<&str> {
        self.greeting.as_deref()
    }

    /// Stops as on SIGTERM: readiness first, then the turns, then the connections.
    pub async fn stop(mut self) -> io::Result<()> {
        self.drain(self.grace).await;
        self.close().await
    }

    /// Ends when the accepting loop does, which it only does by itself if it fails.
    async fn failed(&mut self) -> io::Error {
        match self.serving.join_next().await {
            Some(Ok(Err(error))) => error,
            Some(Err(error)) => io::Error::other(error),
            Some(Ok(Ok(()))) | None => io::Error::other("it stopped by itself"),
        }
    }

    /// Takes no new turns, gives the running ones `grace`, then breaks off and stores the rest. Requests are still
    /// answered meanwhile, so that load balancers see the readiness change and visitors see their answers end.
    async fn drain(&self, grace: Duration) {
        self.application.begin_drain();
        self.application.drain(grace).await;
    }

    async fn close(&mut self) -> io::Result<()> {
        if tokio::time::timeout(LAST_BYTES, self.handle.stop(true)).await.is_err() {
            self.handle.stop(false).await;
        }
        match self.serving.join_next().await {
            Some(Ok(outcome)) => outcome,
            Some(Err(error)) => Err(io::Error::other(error)),
            None => Ok(()),
        }
    }
}

/// Runs until a signal, then stops in good order. A second signal cuts the wait for running turns short; even then
/// everything that visitors have seen is stored before this returns.
pub async fn run(mut server: RunningServer, mut signals: Signals) -> io::Result<()> {
    tokio::select! {
        () = signals.next() => {}
        error = server.failed() => return Err(error),
    }
    tracing::info!(grace_seconds = server.grace.as_secs(), "stopping: no new turns, running ones may end");
    tokio::select! {
        () = server.drain(server.grace) => {}
        () = signals.next() => {
            tracing::warn!("stopping at once: running turns are broken off");
            server.drain(Duration::ZERO).await;
        }
    }
    server.close().await?;
    tracing::info!("stopped");
    Ok(())
}

/// The signals that ask a process to end: SIGTERM and SIGINT, or Ctrl-C where there are no signals.
pub struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Takes the signals over from now on; until then they end the process. Needs a runtime.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    /// Takes Ctrl-C over from the first wait on.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next Ctrl-C.
    pub async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a way to hear of it, the service runs until it is killed.
            std::future::pending::<()>().await;
        }
    }
}
