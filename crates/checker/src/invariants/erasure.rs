//! Nothing of an erased conversation is seen again.

use super::Violation;
use crate::evidence::{Evidence, Outcome};

const RULE: &str = "erasure";

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    let erased = evidence.sessions.iter().filter(|session| session.erased == Some(Outcome::Ok));
    let seen = erased.flat_map(|session| {
        let answers = session.after_erasure.iter().filter(|status| (200..300).contains(*status));
        answers
            .map(|status| Violation::of(RULE, &session.label, format!("answered {status} after its erasure")))
    });
    seen.collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::evidence;
    use super::*;

    #[test]
    fn an_answer_after_an_acknowledged_erasure_is_a_violation() {
        let outcome = |erased: Outcome, status: u16| {
            let mut evidence = evidence();
            evidence.sessions[0].erased = Some(erased);
            evidence.sessions[0].after_erasure = vec![404, status];
            check(&evidence).len()
        };
        assert_eq!(
            [outcome(Outcome::Ok, 404), outcome(Outcome::Ok, 503), outcome(Outcome::Ok, 200)],
            [0, 0, 1]
        );
        assert_eq!([outcome(Outcome::Ok, 204), outcome(Outcome::Unknown, 200)], [1, 0]);
    }
}
