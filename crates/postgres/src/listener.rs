//! Hearing of what other replicas write: a connection of its own that listens, and is made anew whenever it is lost.
//!
//! Nothing depends on it. A notification is a wake-up and carries no data, and those who wait for one look at the tables
//! every now and then in any case.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use chatloom_ports::store::turns::{TurnChange, TurnChanges};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls, Notification, Socket};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::bells::Bells;
use crate::connector::{Connector, Transport, reason};

/// The first channel brings changes. What we send to ourselves through the second shows that notifications arrive: a
/// connection that has gone silent, or one that a pooler shares out, looks like one on which nothing happens.
const LISTEN: &str = "LISTEN chatloom_turns; LISTEN chatloom_pings";
const PING: &str = "NOTIFY chatloom_pings";
/// The time between two pings, and how long the answer to anything may take.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(5);
/// The waits between attempts to connect: none before the first, then from the one to the other, doubling.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Listens until it is dropped.
pub(crate) struct Listener {
    bells: Arc<Bells>,
    _task: AbortOnDropHandle<()>,
}

/// Why we do not hear any more.
#[derive(Debug, Error)]
enum Deafness {
    /// The connection could not be made, or failed.
    #[error("{}", reason(.0))]
    Connection(#[from] tokio_postgres::Error),
    /// The server has hung up.
    #[error("the server ended the connection")]
    Closed,
    /// What should have come at once did not come.
    #[error("no notification arrives")]
    Silence,
}

/// How long it has been quiet, in attempts.
#[derive(Default)]
struct Outage {
    attempts: u32,
}

impl Listener {
    /// Begins to listen, on the threads of the runtime.
    pub(crate) fn start(connector: Connector, tasks: &TaskTracker, runtime: &Handle) -> Self {
        let bells = Arc::new(Bells::default());
        let task = tasks.spawn_on(listen(connector, Arc::clone(&bells)), runtime);
        Self { bells, _task: AbortOnDropHandle::new(task) }
    }

    /// What is heard from now on.
    pub(crate) fn changes(&self) -> TurnChanges {
        self.bells.hear()
    }
}

async fn listen(connector: Connector, bells: Arc<Bells>) {
    let mut outage = Outage::default();
    loop {
        let Err(deafness) = attend(&connector, &bells, &mut outage).await;
        sleep(outage.go_on(&deafness)).await;
    }
}

impl Outage {
    /// Says so once, and tells how long to wait before the next attempt.
    fn go_on(&mut self, deafness: &Deafness) -> Duration {
        if self.attempts == 0 {
            tracing::warn!(reason = %deafness, "changes by other replicas are noticed late until we can listen again");
        }
        let wait = match self.attempts {
            0 => Duration::ZERO,
            attempts => FIRST_WAIT.saturating_mul(1 << (attempts - 1).min(5)).min(LONGEST_WAIT),
        };
        self.attempts = self.attempts.saturating_add(1);
        wait
    }

    fn end(&mut self) {
        if std::mem::take(&mut self.attempts) > 0 {
            tracing::info!("changes by other replicas are noticed at once again");
        }
    }
}

/// Listens for as long as that works.
async fn attend(connector: &Connector, bells: &Bells, outage: &mut Outage) -> Result<Infallible, Deafness> {
    match &connector.transport {
        Transport::Plain => {
            let made = patiently(connector.config.connect(NoTls)).await?;
            attend_on(made, bells, outage).await
        }
        Transport::Tls(tls) => {
            let made = patiently(connector.config.connect(tls.clone())).await?;
            attend_on(made, bells, outage).await
        }
    }
}

/// Drives the connection within this task, so that it is closed as soon as nobody listens.
async fn attend_on<S>(
    (client, connection): (Client, Connection<Socket, S>),
    bells: &Bells,
    outage: &mut Outage,
) -> Result<Infallible, Deafness>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let heard = Notify::new();
    tokio::select! {
        end = hear(connection, bells, &heard) => end,
        end = ask(client, bells, &heard, outage) => end,
    }
}

/// Rings for what arrives.
async fn hear<S>(
    mut connection: Connection<Socket, S>,
    bells: &Bells,
    heard: &Notify,
) -> Result<Infallible, Deafness>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notification(notification) = message? {
            heard.notify_waiters();
            ring(bells, &notification);
        }
    }
    Err(Deafness::Closed)
}

/// Words that are not known are those of a later version.
fn ring(bells: &Bells, notification: &Notification) {
    match (notification.channel(), notification.payload()) {
        ("chatloom_turns", "logs") => bells.ring(TurnChange::Logs),
        ("chatloom_turns", "stops") => bells.ring(TurnChange::Stops),
        _ => {}
    }
}

/// Asks to be told, and whether we still are.
async fn ask(
    client: Client,
    bells: &Bells,
    heard: &Notify,
    outage: &mut Outage,
) -> Result<Infallible, Deafness> {
    patiently(client.batch_execute(LISTEN)).await?;
    // What happened while nobody listened was told to nobody.
    bells.ring_all();
    loop {
        // Any notification will do, but it has to come after the question.
        let answer = heard.notified();
        patiently(client.batch_execute(PING)).await?;
        timeout(PATIENCE, answer).await.map_err(|_| Deafness::Silence)?;
        outage.end();
        sleep(PING_INTERVAL).await;
    }
}

async fn patiently<T>(asked: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Deafness> {
    let answer = timeout(PATIENCE, asked).await.map_err(|_| Deafness::Silence)?;
    Ok(answer?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_follow_at_once_and_then_ever_later_until_five_seconds() {
        let mut outage = Outage::default();
        let mut waits = || outage.go_on(&Deafness::Closed).as_millis();
        assert_eq!([(); 8].map(|()| waits()), [0, 250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
        outage.end();
        assert_eq!(outage.go_on(&Deafness::Closed), Duration::ZERO);
    }
}
