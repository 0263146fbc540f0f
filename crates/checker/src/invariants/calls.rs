//! Each run of a turn asks the model once, and again only where asking failed before the first token, twice at most.

use std::time::Duration;

use super::Violation;
use crate::evidence::{Evidence, Outcome};
use crate::model::Call;
use crate::nemesis::{Suffering, overlap};
use crate::script::{label_of, session_of};

const RULE: &str = "calls";

/// A fault may meet a call that began just before it or was noted just after it.
const MARGIN: Duration = Duration::from_secs(1);
/// Attempts of one run after its first.
const MOST_REPETITIONS: usize = 2;

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    evidence.calls.iter().flat_map(|(question, calls)| check_question(evidence, question, calls)).collect()
}

fn check_question(evidence: &Evidence, question: &str, calls: &[Call]) -> Vec<Violation> {
    let label = label_of(question).unwrap_or(question);
    let session = session_of(question).unwrap_or_default();
    let violation = |what: &str| Violation::of(RULE, session, format!("question {label} {what}"));
    let Some(known) = evidence.session(session) else {
        // A session whose creation was never acknowledged has no questions.
        return vec![violation("came to the model and its session is unknown")];
    };
    let Some(asked) = known.question(question) else {
        return vec![violation("came to the model and nobody asked it")];
    };
    let mut violations = Vec::new();
    if asked.outcome == Outcome::Fail {
        violations.push(violation("was refused and came to the model"));
    }
    if calls.iter().any(|call| call.mixed_up) {
        violations.push(violation("came to the model with messages of another session"));
    }
    let runs = 1 + usize::try_from(asked.retries).unwrap_or(usize::MAX - 1);
    let excused = calls.iter().filter(|call| was_disturbed(evidence, call)).count();
    if calls.len() > runs + excused.min(runs * MOST_REPETITIONS) {
        let what = format!("was put to the model {} times in {runs} runs, {excused} disturbed", calls.len());
        violations.push(violation(&what));
    }
    violations
}

/// Whether asking may have failed, so that it may have been repeated.
fn was_disturbed(evidence: &Evidence, call: &Call) -> bool {
    let last = call.ended.or(call.sent.last().copied()).unwrap_or(call.begun);
    let (from, until) = (call.begun.saturating_sub(MARGIN), last + MARGIN);
    call.refused || overlap(&evidence.faults, Suffering::Model, from, until) > Duration::ZERO
}

#[cfg(test)]
mod tests {
    use super::super::samples::{asked, evidence};
    use super::*;
    use crate::nemesis::{Fault, FaultWindow, Side};
    use crate::time::Moment;

    fn called(times: usize) -> Evidence {
        let mut evidence = evidence();
        let calls = evidence.calls.get_mut(&asked()).unwrap();
        let call = calls[0].clone();
        calls.resize(times, call);
        evidence
    }

    #[test]
    fn a_second_call_needs_a_reason() {
        assert_eq!(check(&called(1)), []);
        assert_eq!(check(&called(2)).len(), 1);
        let mut refused = called(2);
        refused.calls.get_mut(&asked()).unwrap()[0].refused = true;
        assert_eq!(check(&refused), []);
        let mut retried = called(2);
        retried.sessions[0].asked[0].retries = 1;
        assert_eq!(check(&retried), []);
    }

    #[test]
    fn a_disturbed_call_is_repeated_twice_at_most() {
        let disturbed = |times| {
            let mut evidence = called(times);
            let fault = Fault::Cut(Side::Model);
            let (from, until) = (Moment::from_secs(1), Moment::from_millis(1_010));
            evidence.faults.push(FaultWindow { fault, from, until });
            check(&evidence).len()
        };
        assert_eq!([disturbed(2), disturbed(3), disturbed(4)], [0, 0, 1]);
    }

    #[test]
    fn refused_unknown_and_mixed_up_questions_must_not_come_to_the_model() {
        let mut refused = evidence();
        refused.sessions[0].asked[0].outcome = Outcome::Fail;
        assert_eq!(check(&refused).len(), 1);
        let mut unknown = evidence();
        unknown.sessions[0].asked.clear();
        assert_eq!(check(&unknown).len(), 1);
        unknown.sessions.clear();
        assert_eq!(check(&unknown).len(), 1);
        let mut mixed_up = evidence();
        mixed_up.calls.get_mut(&asked()).unwrap()[0].mixed_up = true;
        assert_eq!(check(&mixed_up).len(), 1);
    }
}
