//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use chatloom_checker::check::{CheckPlan, MOST_CLIENTS, PROMISED_LOSS};
use chatloom_checker::cluster::{ClusterPlan, DatabaseKind};
use chatloom_checker::cuts::CutsPlan;
use chatloom_checker::race::RacePlan;
use chatloom_checker::script::Pace;
use clap::{Arg, ArgMatches, Command, value_parser};

/// What to do.
#[derive(Debug)]
pub(crate) enum Task {
    /// Clients and faults.
    Check(CheckPlan),
    /// Pairs of sends.
    Race(RacePlan),
    /// Cut streams.
    Cuts(CutsPlan),
}

fn number(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).default_value(default).value_parser(value_parser!(u64)).help(help)
}

fn task(name: &'static str, about: &'static str) -> Command {
    Command::new(name)
        .about(about)
        .arg(
            Arg::new("chatloom")
                .long("chatloom")
                .default_value("target/release/chatloom")
                .value_parser(value_parser!(PathBuf))
                .help("The binary to check"),
        )
        .arg(
            Arg::new("database")
                .long("database")
                .default_value("sqlite")
                .value_parser(["sqlite", "postgres"])
                .help("On which database"),
        )
        .arg(number("replicas", "3", "How many processes share PostgreSQL; SQLite has one"))
        .arg(number("seed", "1", "The same seed gives the same operations and faults"))
        .arg(number("clients", "16", "How many clients there are, 32 at most"))
}

fn command() -> Command {
    let check = task("check", "Random operations while processes, database and network are broken")
        .arg(number("kills", "25", "How many processes are killed"))
        .arg(number("seconds", "600", "No new round of faults begins after this time"));
    let race = task("race", "Pairs of sends at the same moment").arg(number(
        "pairs",
        "1000",
        "How many pairs; nine of ten share a key",
    ));
    let cuts = task("cuts", "Streams that are cut anywhere and resumed on any replica").arg(number(
        "cuts",
        "1000",
        "How many cuts",
    ));
    Command::new("chatloom-checker")
        .about("Breaks a Chatloom service in every way it knows and looks for what was lost.")
        .subcommand_required(true)
        .subcommands([check, race, cuts])
}

/// Reads the command line of this process.
pub(crate) fn parse() -> anyhow::Result<Task> {
    read(&command().get_matches())
}

fn read(arguments: &ArgMatches) -> anyhow::Result<Task> {
    let (name, arguments) = arguments.subcommand().context("no task")?;
    let number = |name: &str| arguments.get_one::<u64>(name).copied().unwrap_or_default();
    let (seed, clients) = (number("seed"), usize::try_from(number("clients"))?);
    ensure!((1..=MOST_CLIENTS).contains(&clients), "there can be 1 to {MOST_CLIENTS} clients");
    Ok(match name {
        "check" => Task::Check(CheckPlan {
            cluster: cluster(arguments, Pace::Spoken)?,
            seed,
            kills: u32::try_from(number("kills"))?,
            most_time: Duration::from_secs(number("seconds")),
            most_lost_text: PROMISED_LOSS,
            clients,
        }),
        "race" => {
            let cluster = cluster(arguments, Pace::Quick)?;
            Task::Race(RacePlan { cluster, seed, pairs: number("pairs"), clients })
        }
        "cuts" => {
            let cluster = cluster(arguments, Pace::Brisk)?;
            Task::Cuts(CutsPlan { cluster, seed, cuts: number("cuts"), clients })
        }
        other => bail!("there is no task {other}"),
    })
}

fn cluster(arguments: &ArgMatches, pace: Pace) -> anyhow::Result<ClusterPlan> {
    let chatloom = arguments.get_one::<PathBuf>("chatloom").cloned().context("no binary")?;
    let on_postgres = arguments.get_one::<String>("database").is_some_and(|name| name == "postgres");
    let replicas = arguments.get_one::<u64>("replicas").copied().unwrap_or(1);
    ensure!((1..=9).contains(&replicas), "there can be 1 to 9 replicas");
    Ok(ClusterPlan {
        chatloom,
        database: if on_postgres { DatabaseKind::Postgres } else { DatabaseKind::Sqlite },
        replicas: if on_postgres { usize::try_from(replicas)? } else { 1 },
        pace,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> anyhow::Result<Task> {
        read(&command().try_get_matches_from(line.split(' '))?)
    }

    #[test]
    fn tasks_take_their_numbers_and_sqlite_has_one_replica() {
        let Task::Check(plan) = parsed("checker check --kills 500 --seed 7 --replicas 5").unwrap() else {
            panic!("another task");
        };
        assert_eq!((plan.kills, plan.seed, plan.cluster.replicas), (500, 7, 1));
        let Task::Race(plan) = parsed("checker race --database postgres --pairs 9").unwrap() else {
            panic!("another task");
        };
        assert_eq!((plan.pairs, plan.cluster.replicas), (9, 3));
        assert!(matches!(parsed("checker cuts --cuts 9").unwrap(), Task::Cuts(plan) if plan.cuts == 9));
    }

    #[test]
    fn more_clients_than_the_machine_can_bear_are_refused() {
        assert!(parsed("checker check --clients 33").is_err());
        assert!(parsed("checker check --replicas 0").is_err());
        assert!(parsed("checker").is_err());
    }
}
