//! The checker proper: rounds of clients and faults, each of which is judged when everything is well again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::client::{Client, Harvest};
use crate::cluster::{Cluster, ClusterPlan, DatabaseKind};
use crate::dashboard::{Dashboard, Widget};
use crate::evidence::Evidence;
use crate::nemesis::{Nemesis, schedule};
use crate::owner::{LISTED, Owner, OwnerEvidence};
use crate::random::Random;
use crate::report::Report;
use crate::settle;
use crate::stage::Stage;

/// A round has at most so many kills, so that what it has seen is judged soon and need not be kept for long.
const KILLS_PER_ROUND: u32 = 10;
/// More clients than this would check the machine and not the service.
pub const MOST_CLIENTS: usize = 32;
/// How long a round goes on behind its last fault, so that something is running when it ends.
const LAST_CALM: Duration = Duration::from_millis(1_500);

/// What the service promises.
pub const PROMISED_LOSS: Duration = Duration::from_millis(500);

/// What to do.
#[derive(Debug, Clone)]
pub struct CheckPlan {
    /// What to start.
    pub cluster: ClusterPlan,
    /// What the choices follow from.
    pub seed: u64,
    /// How many processes are killed.
    pub kills: u32,
    /// After this time no new round begins, however many kills there were.
    pub most_time: Duration,
    /// How much of what was seen may be lost by a crash, by the time in which it came; [`PROMISED_LOSS`] where the
    /// machine has time for everybody.
    pub most_lost_text: Duration,
    /// How many clients ask at the same time.
    pub clients: usize,
}

/// Starts the service, breaks what the seed says, and judges. Where a rule is broken the service's logs are kept, and
/// `note` is told where; it also hears of each round.
pub async fn run(plan: &CheckPlan, note: impl Fn(&str)) -> anyhow::Result<Report> {
    let mut cluster = Cluster::start(&plan.cluster).await?;
    let dashboard = Dashboard::sign_in(cluster.doors()[0]).await?;
    let mut report = Report::new(plan.seed);
    let mut kills_left = plan.kills;
    let mut round = 0;
    loop {
        let kills = kills_left.min(KILLS_PER_ROUND);
        kills_left -= kills;
        run_round(plan, &mut cluster, &dashboard, Round { number: round, kills }, &mut report).await?;
        round += 1;
        let figures = &report.figures;
        let (kills, acknowledged, broken) = (figures.kills, figures.acknowledged, report.findings.len());
        note(&format!("round {round}: {kills} kills, {acknowledged} messages, {broken} broken rules so far"));
        if kills_left == 0 || cluster.stopwatch.now() > plan.most_time || !report.holds() {
            break;
        }
    }
    if !report.holds() {
        note(&format!("the logs of the replicas are in {}", cluster.keep_logs().display()));
    }
    Ok(report)
}

struct Round {
    number: u32,
    kills: u32,
}

async fn run_round(
    plan: &CheckPlan,
    cluster: &mut Cluster,
    dashboard: &Dashboard,
    round: Round,
    report: &mut Report,
) -> anyhow::Result<()> {
    let widgets = make_widgets(dashboard, cluster.doors()[0], round.number).await?;
    let stage = Arc::new(Stage::new(cluster.doors(), cluster.stopwatch, widgets));
    let seed = plan.seed.wrapping_add(u64::from(round.number) << 32);
    let mut actors = JoinSet::new();
    for number in 0..plan.clients.min(MOST_CLIENTS) {
        actors.spawn(Client::new(stage.clone(), seed, format!("r{}c{number}", round.number)).run());
    }
    let mut owners = JoinSet::new();
    owners.spawn(Owner::new(stage.clone(), dashboard.clone()).run(seed));

    let on_postgres = plan.cluster.database == DatabaseKind::Postgres;
    let faults = schedule(&mut Random::of(seed, "nemesis"), on_postgres, plan.cluster.replicas, round.kills);
    let mut nemesis = Nemesis { cluster, stage: &stage, done: Vec::new(), longest_recovery: Duration::ZERO };
    for planned in faults {
        nemesis.strike(planned).await?;
    }
    stage.pause(LAST_CALM).await;
    stage.close();
    nemesis.look_for_ends();
    let (faults, longest_recovery) = (nemesis.done, nemesis.longest_recovery);

    let mut harvests = actors.join_all().await;
    let owner = owners.join_all().await.pop().unwrap_or_default();
    let sessions = settle::sessions(&stage, &mut harvests).await;
    let counters = settle::counters(&stage, dashboard, &stage.widgets[..2], &harvests).await;
    let calls = cluster.model.take_calls();
    let most_lost_text = plan.most_lost_text;
    let gathered = Evidence { most_lost_text, sessions, calls, faults, counters, ..Evidence::default() };
    let evidence = complete(gathered, &stage, harvests, owner, round.number);
    report.add(&evidence, &stage, longest_recovery);
    Ok(())
}

/// Adds what clients and owner have seen themselves.
fn complete(
    gathered: Evidence,
    stage: &Stage,
    harvests: Vec<Harvest>,
    owner: OwnerEvidence,
    round: u32,
) -> Evidence {
    let oddities = std::mem::take(&mut *stage.oddities.lock().unwrap_or_else(PoisonError::into_inner));
    let views = harvests.into_iter().flat_map(|harvest| harvest.views).collect();
    // A round before may have left something behind that was carried out only now.
    let own = format!("«r{round}c");
    let calls = gathered.calls.into_iter().filter(|(question, _)| question.starts_with(&own));
    Evidence {
        views,
        calls: calls.collect(),
        probes: owner.probes,
        revocations: owner.revocations,
        oddities,
        ..gathered
    }
}

async fn make_widgets(dashboard: &Dashboard, door: SocketAddr, round: u32) -> anyhow::Result<Vec<Widget>> {
    let mut widgets = Vec::new();
    for number in 0..=LISTED {
        let name = format!("Round {round}, widget {number}");
        let first = dashboard.create_widget(door, &name).await;
        // A replica's first statements after a fault may meet connections that are dead; the second ones must not.
        let widget = match first {
            Ok(widget) => widget,
            Err(_) => dashboard.create_widget(door, &name).await?,
        };
        widgets.push(widget);
    }
    Ok(widgets)
}
