//! Doing what the schedule says, and seeing to it that everything is well again before the next fault.

use std::time::Duration;

use anyhow::Context;
use nix::sys::signal::Signal;
use tokio::time::sleep;

use super::{Fault, FaultWindow, Planned, Side};
use crate::cluster::Cluster;
use crate::evidence::Outcome;
use crate::http::{Request, call};
use crate::proxy::{Proxy, Weather};
use crate::stage::Stage;

/// How long the service may take until it is ready again when all that it needs is back.
const RECOVERY: Duration = Duration::from_secs(20);

/// The one who breaks things.
pub struct Nemesis<'a> {
    /// What is broken.
    pub cluster: &'a mut Cluster,
    /// Where it is written down.
    pub stage: &'a Stage,
    /// What has been done.
    pub done: Vec<FaultWindow>,
    /// The longest time that the service took to be ready again after its start or after its database came back.
    pub longest_recovery: Duration,
}

impl Nemesis<'_> {
    /// Does one thing and waits until everything is ready again.
    pub async fn strike(&mut self, planned: Planned) -> anyhow::Result<()> {
        sleep(Duration::from_millis(planned.after_ms)).await;
        self.look_for_ends();
        let number = self.stage.journal.begin("nemesis", planned.fault.to_string());
        let from = self.stage.stopwatch.now();
        self.inflict(planned.fault).await.with_context(|| planned.fault.to_string())?;
        let healed = self.stage.stopwatch.now();
        self.wait_until_ready().await;
        self.longest_recovery = self.longest_recovery.max(self.stage.stopwatch.since(healed));
        let until = self.stage.stopwatch.now();
        self.stage.journal.end(number, Outcome::Ok, "");
        self.done.push(FaultWindow { fault: planned.fault, from, until });
        Ok(())
    }

    /// Processes end only when they are told to.
    pub fn look_for_ends(&mut self) {
        for (number, replica) in self.cluster.replicas.iter_mut().enumerate() {
            if let Some(status) = replica.find_end() {
                self.stage.odd("nemesis", format!("replica {number} ended by itself: {status}"));
            }
        }
    }

    async fn inflict(&mut self, fault: Fault) -> anyhow::Result<()> {
        match fault {
            Fault::Kill { replica, down_ms } => {
                self.cluster.replicas[replica].kill().await?;
                sleep(Duration::from_millis(down_ms)).await;
                self.cluster.start_replica(replica).await
            }
            Fault::Terminate { replica } => {
                let status = self.cluster.replicas[replica].terminate().await?;
                if !status.is_some_and(|status| status.success()) {
                    self.stage
                        .odd("nemesis", format!("replica {replica} ended with {status:?} after SIGTERM"));
                }
                self.cluster.start_replica(replica).await
            }
            Fault::Pause { replica, for_ms } => {
                self.cluster.replicas[replica].signal(Signal::SIGSTOP)?;
                sleep(Duration::from_millis(for_ms)).await;
                self.cluster.replicas[replica].signal(Signal::SIGCONT)
            }
            Fault::StopDatabase { immediately, down_ms } => {
                self.cluster.database.stop(immediately).await?;
                sleep(Duration::from_millis(down_ms)).await;
                self.cluster.database.start_again().await
            }
            Fault::CutOffBackends => self.cluster.database.terminate_backends().await,
            Fault::Cut(side) => {
                self.proxy(side).context("there is no such side")?.cut();
                Ok(())
            }
            Fault::Spoil { side, weather, for_ms } => {
                let proxy = self.proxy(side).context("there is no such side")?;
                proxy.set_weather(weather);
                sleep(Duration::from_millis(for_ms)).await;
                proxy.set_weather(Weather::Clear);
                Ok(())
            }
        }
    }

    fn proxy(&self, side: Side) -> Option<&Proxy> {
        match side {
            Side::Clients(replica) => self.cluster.client_proxies.get(replica),
            Side::Database(replica) => self.cluster.database_proxies.get(replica),
            Side::Model => Some(&self.cluster.model_proxy),
        }
    }

    /// Asks each replica until it is ready, for a bounded time; one that does not get there is written down.
    async fn wait_until_ready(&self) {
        let give_up = self.stage.stopwatch.now() + RECOVERY;
        for (number, door) in self.stage.doors.iter().enumerate() {
            let question = Request::new("GET", "/readyz");
            while !call(*door, &question).await.is_ok_and(|reply| reply.status == 200) {
                if self.stage.stopwatch.now() > give_up {
                    self.stage.odd("nemesis", format!("replica {number} did not become ready again"));
                    return;
                }
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
}
