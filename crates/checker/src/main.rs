//! The checker as a program. It ends with 1 where a rule was broken.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks to whoever started it"
)]

mod cli;

use std::process::ExitCode;

use chatloom_checker::{check, cuts, race};
use tokio::signal::unix::{SignalKind, signal};

use cli::Task;

fn main() -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let task = cli::parse()?;
    let (text, holds) = runtime.block_on(async {
        tokio::select! {
            worked = work(task) => worked,
            // What was started ends with the values that stand for it, which a signal alone would not drop.
            signal = stop_signal() => Err(signal.map_or_else(Into::into, |()| anyhow::anyhow!("stopped by a signal"))),
        }
    })?;
    print!("{text}");
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Waits for SIGINT or SIGTERM.
async fn stop_signal() -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
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
