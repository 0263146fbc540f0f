//! The checker as a program. It ends with 1 where a rule was broken.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks to whoever started it"
)]

mod cli;

use std::process::ExitCode;

use chatloom_checker::{check, cuts, race};

use cli::Task;

fn main() -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (text, holds) = runtime.block_on(work(cli::parse()?))?;
    print!("{text}");
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Gives the report, and whether everything held.
async fn work(task: Task) -> anyhow::Result<(String, bool)> {
    Ok(match task {
        Task::Check(plan) => {
            let report = check::run(&plan, |line| eprintln!("{line}")).await?;
            (report.to_string(), report.holds())
        }
        Task::Race(plan) => {
            let report = race::run(&plan).await?;
            (report.to_string(), report.broken.is_empty())
        }
        Task::Cuts(plan) => {
            let report = cuts::run(&plan).await?;
            (report.to_string(), report.mismatches.is_empty())
        }
    })
}
