//! What a run comes to: figures, and what did not hold, with the history of operations behind it.

use std::fmt;
use std::time::Duration;

use crate::evidence::{Evidence, Outcome};
use crate::invariants::{self, Violation};
use crate::journal::Operation;
use crate::nemesis::Fault;
use crate::stage::Stage;
use crate::time::seconds;
use crate::view::{End, View};

/// Broken rules are many when one thing is wrong; so many are shown.
const SHOWN: usize = 12;

/// Figures of a run, over all its rounds.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// How often a process was killed.
    pub kills: usize,
    /// How often a process was paused.
    pub pauses: usize,
    /// How often the database was stopped.
    pub database_stops: usize,
    /// How often the network was spoilt.
    pub network_faults: usize,
    /// All faults.
    pub faults: usize,
    /// Operations of clients.
    pub operations: usize,
    /// Messages that were acknowledged.
    pub acknowledged: usize,
    /// Acknowledged messages that are not there.
    pub lost: usize,
    /// Messages of which nobody knows whether they were taken.
    pub doubtful: usize,
    /// Turns that were run again.
    pub retries: usize,
    /// Sessions that were erased.
    pub erased: usize,
    /// Requests with credentials of which some had been taken away.
    pub probes: usize,
    /// Viewers that saw something.
    pub views: usize,
    /// Viewers whose turn was broken off.
    pub interrupted: usize,
    /// Viewers that did not see what is stored.
    pub mismatches: usize,
    /// Connections that went on where another one had ended.
    pub resumes: u64,
    /// The longest text that was seen and lost, by the time in which it came.
    pub longest_lost_text: Duration,
    /// The longest silence before an interrupted turn ended.
    pub longest_silence: Duration,
    /// The longest time from an acknowledged stop to the end of its turn.
    pub longest_stop: Duration,
    /// The longest time that the service took to be ready again.
    pub longest_recovery: Duration,
}

/// A broken rule and what was done to the session that it is about.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What did not hold.
    pub violation: Violation,
    /// The operations on the session.
    pub operations: Vec<Operation>,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What the run can be repeated with.
    pub seed: u64,
    /// The figures.
    pub figures: Figures,
    /// What did not hold.
    pub findings: Vec<Finding>,
}

impl Report {
    /// A report on nothing yet.
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Judges a round and adds it.
    pub fn add(&mut self, evidence: &Evidence, stage: &Stage, longest_recovery: Duration) {
        let figures = &mut self.figures;
        let count =
            |is: fn(&Fault) -> bool| evidence.faults.iter().filter(|window| is(&window.fault)).count();
        figures.kills += count(|fault| matches!(fault, Fault::Kill { .. }));
        figures.pauses += count(|fault| matches!(fault, Fault::Pause { .. }));
        figures.database_stops += count(|fault| matches!(fault, Fault::StopDatabase { .. }));
        figures.network_faults += count(|fault| matches!(fault, Fault::Cut(_) | Fault::Spoil { .. }));
        figures.faults += evidence.faults.len();
        figures.operations += stage.journal.len();
        figures.acknowledged += invariants::acknowledged(evidence);
        figures.lost += invariants::lost(evidence);
        let asked = || evidence.sessions.iter().flat_map(|session| &session.asked);
        figures.doubtful += asked().filter(|asked| asked.outcome == Outcome::Unknown).count();
        figures.retries += asked().filter(|asked| asked.retries > 0).count();
        figures.erased += evidence.sessions.iter().filter(|session| session.erased.is_some()).count();
        figures.probes += evidence.probes.len();
        figures.views += evidence.views.len();
        let is_interrupted = |view: &&View| matches!(view.end, Some(End::Error { .. }));
        figures.interrupted += evidence.views.iter().filter(is_interrupted).count();
        figures.resumes += stage.resumes.load(std::sync::atomic::Ordering::Relaxed);
        let longest = |now: &mut Duration, this: Duration| *now = (*now).max(this);
        longest(&mut figures.longest_lost_text, invariants::longest_lost_text(evidence));
        longest(&mut figures.longest_silence, invariants::longest_silence(evidence));
        longest(&mut figures.longest_stop, stage.longest_stop());
        longest(&mut figures.longest_recovery, longest_recovery);
        for violation in invariants::check(evidence) {
            self.figures.mismatches += usize::from(violation.rule == "views");
            let subject = violation.session.clone().unwrap_or_else(|| "owner".to_owned());
            let operations =
                [stage.journal.of_subject(&subject), stage.journal.of_subject("nemesis")].concat();
            self.find(violation, operations);
        }
    }

    /// Adds something that did not hold.
    pub fn find(&mut self, violation: Violation, mut operations: Vec<Operation>) {
        operations.sort_by_key(|operation| operation.begun);
        self.findings.push(Finding { violation, operations });
    }

    /// Whether everything held.
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in self.findings.iter().take(SHOWN) {
            writeln!(f, "BROKEN {}", finding.violation)?;
            for operation in &finding.operations {
                writeln!(f, "    {operation}")?;
            }
        }
        if self.findings.len() > SHOWN {
            writeln!(f, "… and {} more", self.findings.len() - SHOWN)?;
        }
        let figures = &self.figures;
        let rows = [
            ("seed", self.seed.to_string()),
            ("kills", figures.kills.to_string()),
            ("other faults", (figures.faults - figures.kills).to_string()),
            ("operations", figures.operations.to_string()),
            ("acknowledged messages", figures.acknowledged.to_string()),
            ("lost", figures.lost.to_string()),
            ("doubtful messages", figures.doubtful.to_string()),
            ("turns run again", figures.retries.to_string()),
            ("erased sessions", figures.erased.to_string()),
            ("probes of tokens and sites", figures.probes.to_string()),
            ("longest lost text", seconds(figures.longest_lost_text)),
            ("longest silence before an end", seconds(figures.longest_silence)),
            ("longest stop", seconds(figures.longest_stop)),
            ("longest recovery", seconds(figures.longest_recovery)),
            ("viewers", figures.views.to_string()),
            ("viewers of broken turns", figures.interrupted.to_string()),
            ("resumes", figures.resumes.to_string()),
            ("mismatches", figures.mismatches.to_string()),
            ("broken rules", self.findings.len().to_string()),
        ];
        rows.iter().try_for_each(|(name, value)| writeln!(f, "{name:<32}{value:>14}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_the_rule_the_session_the_seed_and_the_operations() {
        let mut report = Report::new(42);
        assert!(report.holds());
        let violation =
            Violation { rule: "messages", session: Some("r0c1s1".to_owned()), what: "lost".to_owned() };
        let operation = Operation {
            subject: "r0c1s1".to_owned(),
            what: "send".to_owned(),
            begun: Duration::from_millis(1_500),
            ended: None,
        };
        report.find(violation, vec![operation]);
        let text = report.to_string();
        for part in ["BROKEN [messages] session r0c1s1: lost", "1.500 s  r0c1s1  send", "42"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!report.holds());
    }
}
