//! Measures a Chatloom binary: memory, start-up, requests, and streams, on both databases.
//!
//! Load generator, model server and service share the machine, so every figure of the service stands beside the same
//! measurement without it, taken in the same run: the model server asked directly, and a bare route of actix-web.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks to whoever started it"
)]

mod bare_route;
mod database;
mod delays;
mod http;
mod measures;
mod model_server;
mod report;
mod service;
mod setup;
mod streams;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use chatloom_testkit::postgres::ThrowawayPostgres;
use clap::{Arg, ArgMatches, Command, value_parser};

use crate::measures::Plan;
use crate::model_server::ModelServer;
use crate::report::Report;
use crate::service::Store;

fn command() -> Command {
    let number = |name: &'static str, default: &'static str, help: &'static str| {
        Arg::new(name).long(name).default_value(default).value_parser(value_parser!(u32)).help(help)
    };
    Command::new("chatloom-bench")
        .about("Measures a Chatloom binary on SQLite and PostgreSQL.")
        .arg(
            Arg::new("chatloom")
                .long("chatloom")
                .default_value("target/release/chatloom")
                .value_parser(value_parser!(PathBuf))
                .help("The binary to measure"),
        )
        .arg(
            Arg::new("databases")
                .long("databases")
                .default_value("sqlite,postgres")
                .value_delimiter(',')
                .value_parser(["sqlite", "postgres"])
                .help("Which databases"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .value_parser(value_parser!(PathBuf))
                .help("Also write the figures to this file"),
        )
        .arg(number("seconds", "10", "How long each load lasts"))
        .arg(number("streams", "200", "Streams at once for the latency of `start`"))
        .arg(number(
            "turns",
            "500",
            "Answers at once for the delay of a piece and the writes to the database",
        ))
        .arg(number("open-streams", "1000", "Streams at once for the memory per stream"))
        .arg(number("fast-streams", "64", "Streams at once for the throughput without spacing"))
        .subcommand(
            Command::new("bare-route").hide(true).about("Serves the route that init is compared with"),
        )
}

fn main() -> anyhow::Result<()> {
    let arguments = command().get_matches();
    if arguments.subcommand_name() == Some("bare-route") {
        return bare_route::serve();
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(&arguments))
}

async fn run(arguments: &ArgMatches) -> anyhow::Result<()> {
    let number = |name: &str| arguments.get_one::<u32>(name).copied().unwrap_or_default();
    let plan = Plan {
        binary: arguments.get_one::<PathBuf>("chatloom").cloned().context("no binary")?,
        load: Duration::from_secs(number("seconds").into()),
        streams: number("streams"),
        turns: number("turns"),
        open_streams: number("open-streams"),
        fast_streams: number("fast-streams"),
    };
    anyhow::ensure!(plan.binary.is_file(), "there is no {}; build it with --release", plan.binary.display());
    let model = ModelServer::start().await?;
    let mut report = Report::default();
    measures::baseline(&plan, &model, &mut report).await?;
    for database in arguments.get_many::<String>("databases").into_iter().flatten() {
        eprintln!("measuring on {database}");
        if database == "sqlite" {
            let folder = tempfile::tempdir()?;
            let store = Store { name: "sqlite", url: format!("sqlite:{}/bench.db", folder.path().display()) };
            measures::service(&plan, &store, &model, &mut report).await?;
        } else {
            let server = tokio::task::spawn_blocking(ThrowawayPostgres::start).await??;
            let store = Store { name: "postgres", url: server.url() };
            measures::service(&plan, &store, &model, &mut report).await?;
        }
    }
    println!("{report}");
    if let Some(path) = arguments.get_one::<PathBuf>("json") {
        std::fs::write(path, report.to_json())?;
    }
    Ok(())
}
