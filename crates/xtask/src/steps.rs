//! Runs commands one after the other, remembers how each ended, and sums up.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// The steps that were taken so far. A failed step does not keep the next one from running, so that one run shows
/// everything that is wrong.
#[derive(Default)]
pub(crate) struct Steps {
    taken: Vec<Step>,
}

struct Step {
    name: &'static str,
    problem: Option<String>,
    took: Duration,
}

impl Steps {
    /// Says what is run, runs it with our own output streams, and tells whether it succeeded.
    pub(crate) fn run(&mut self, name: &'static str, mut command: Command) -> bool {
        println!("\n== {name}: {}", spelled(&command));
        let start = Instant::now();
        let problem = match command.status() {
            Ok(status) if status.success() => None,
            Ok(status) => Some(status.to_string()),
            Err(error) => Some(format!("could not be started: {error}")),
        };
        let succeeded = problem.is_none();
        self.taken.push(Step { name, problem, took: start.elapsed() });
        succeeded
    }

    /// Prints one line for each step; fails if any of them did.
    pub(crate) fn report(&self) -> ExitCode {
        println!("\n== summary");
        for step in &self.taken {
            let outcome =
                step.problem.as_ref().map_or_else(|| "ok".to_owned(), |why| format!("FAILED ({why})"));
            println!("{:<16} {:>5} s  {outcome}", step.name, step.took.as_secs());
        }
        let failed = self.taken.iter().filter(|step| step.problem.is_some()).count();
        if failed == 0 {
            println!("everything passed");
            ExitCode::SUCCESS
        } else {
            println!("{failed} of {} steps failed", self.taken.len());
            ExitCode::FAILURE
        }
    }
}

/// The command as somebody would type it, without quoting.
pub(crate) fn spelled(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let program = program.rsplit('/').next().unwrap_or_default();
    let arguments = command.get_args().map(|argument| format!(" {}", argument.to_string_lossy()));
    format!("{program}{}", arguments.collect::<String>())
}
