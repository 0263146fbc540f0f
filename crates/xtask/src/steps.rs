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
    outcome: Outcome,
    took: Duration,
}

enum Outcome {
    Good,
    /// Why it could not be taken on this machine.
    LeftOut(&'static str),
    Bad(String),
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
        let outcome = problem.map_or(Outcome::Good, Outcome::Bad);
        self.taken.push(Step { name, outcome, took: start.elapsed() });
        succeeded
    }

    /// Runs a command that must fail and say so in these words.
    pub(crate) fn must_fail(&mut self, name: &'static str, mut command: Command, words: &str) {
        println!("\n== {name}, which must be refused: {}", spelled(&command));
        let start = Instant::now();
        let outcome = match command.output() {
            Ok(output) if output.status.success() => Outcome::Bad("it was not refused".to_owned()),
            Ok(output) => {
                let said = [output.stdout, output.stderr].concat();
                let said = String::from_utf8_lossy(&said);
                print!("{said}");
                if said.contains(words) {
                    Outcome::Good
                } else {
                    Outcome::Bad(format!("it failed without `{words}`"))
                }
            }
            Err(error) => Outcome::Bad(format!("could not be started: {error}")),
        };
        self.taken.push(Step { name, outcome, took: start.elapsed() });
    }

    /// Remembers a step that cannot be taken here, so that nobody takes the rest for the whole.
    pub(crate) fn leave_out(&mut self, name: &'static str, why: &'static str) {
        println!("\n== {name}: NOT CHECKED, {why}");
        self.taken.push(Step { name, outcome: Outcome::LeftOut(why), took: Duration::ZERO });
    }

    /// Prints one line for each step; fails if any of them did.
    pub(crate) fn report(&self) -> ExitCode {
        println!("\n== summary");
        for step in &self.taken {
            let outcome = match &step.outcome {
                Outcome::Good => "ok".to_owned(),
                Outcome::LeftOut(why) => format!("NOT CHECKED ({why})"),
                Outcome::Bad(why) => format!("FAILED ({why})"),
            };
            println!("{:<16} {:>5} s  {outcome}", step.name, step.took.as_secs());
        }
        let count =
            |wanted: fn(&Outcome) -> bool| self.taken.iter().filter(|step| wanted(&step.outcome)).count();
        let failed = count(|outcome| matches!(outcome, Outcome::Bad(_)));
        let left_out = count(|outcome| matches!(outcome, Outcome::LeftOut(_)));
        if failed == 0 {
            match left_out {
                0 => println!("everything passed"),
                _ => println!("everything that could be checked here passed"),
            }
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
