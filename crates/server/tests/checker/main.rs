//! Short runs of the checker on the real binary, with seeds that never change. `just check-long` runs it for longer.

#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "in a test a panic is the right answer to a world that is not as the test needs it; figures are for people"
)]

use std::path::PathBuf;
use std::time::Duration;

use chatloom_checker::check::{self, CheckPlan};
use chatloom_checker::cluster::{ClusterPlan, DatabaseKind};
use chatloom_checker::cuts::{self, CutsPlan};
use chatloom_checker::race::{self, RacePlan};
use chatloom_checker::report::Report;
use chatloom_checker::script::Pace;

fn cluster(database: DatabaseKind, pace: Pace) -> ClusterPlan {
    let replicas = if database == DatabaseKind::Postgres { 3 } else { 1 };
    ClusterPlan { chatloom: PathBuf::from(env!("CARGO_BIN_EXE_chatloom")), database, replicas, pace }
}

/// One round: ten kills, and one of everything else.
async fn check(database: DatabaseKind, seed: u64) -> Report {
    let cluster = cluster(database, Pace::Spoken);
    let plan = CheckPlan {
        cluster,
        seed,
        kills: 10,
        most_time: Duration::from_mins(2),
        // The service promises half of it. Here a build without optimisation writes through a proxy, beside other tests.
        most_lost_text: Duration::from_secs(1),
        clients: 6,
    };
    let report =
        check::run(&plan, |line| eprintln!("{line}")).await.expect("the world is as the checker needs it");
    assert!(report.holds(), "{report}");
    assert_eq!(report.figures.kills, 10, "{report}");
    assert!(report.figures.acknowledged >= 50, "{report}");
    eprintln!("{report}");
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_on_sqlite_however_often_the_process_is_killed() {
    let report = check(DatabaseKind::Sqlite, 1).await;
    assert!(report.figures.pauses >= 1 && report.figures.network_faults >= 1, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_on_postgres_whatever_happens_to_three_replicas() {
    let figures = check(DatabaseKind::Postgres, 1).await.figures;
    assert!(figures.pauses >= 1 && figures.database_stops >= 1 && figures.network_faults >= 1, "{figures:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sends_with_one_key_are_one_turn_on_any_replicas() {
    let cluster = cluster(DatabaseKind::Postgres, Pace::Quick);
    let plan = RacePlan { cluster, seed: 1, pairs: 100, clients: 4 };
    let report = race::run(&plan).await.expect("the world is as the checker needs it");
    assert!(report.broken.is_empty(), "{report}");
    assert!(report.keyed >= 80 && report.unkeyed >= 1, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_are_cut_anywhere_come_together_on_any_replica() {
    let cluster = cluster(DatabaseKind::Postgres, Pace::Brisk);
    let plan = CutsPlan { cluster, seed: 1, cuts: 100, clients: 4 };
    let report = cuts::run(&plan).await.expect("the world is as the checker needs it");
    assert!(report.mismatches.is_empty(), "{report}");
    assert_eq!(report.cuts, 100, "{report}");
}
