//! What was taken away with an acknowledgement opens nothing that is asked for later.

use super::Violation;
use crate::evidence::Evidence;
use crate::time::seconds;

const RULE: &str = "revocation";

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    let broken = evidence.revocations.iter().flat_map(|revocation| {
        let later = evidence.probes.iter().filter(|probe| {
            probe.relied_on == revocation.relied_on
                && probe.begun > revocation.acknowledged
                && (200..300).contains(&probe.status)
        });
        later.map(|probe| {
            let late = seconds(probe.begun.saturating_sub(revocation.acknowledged));
            Violation::general(RULE, format!("{} worked {late} after its end", probe.relied_on))
        })
    });
    broken.collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::evidence;
    use super::*;
    use crate::evidence::{Probe, Revocation};
    use crate::time::Moment;

    #[test]
    fn success_after_the_end_is_a_violation_and_before_it_is_not() {
        let outcome = |begun_ms, status| {
            let mut evidence = evidence();
            let relied_on = "token".to_owned();
            let acknowledged = Moment::from_millis(100);
            evidence.revocations.push(Revocation { relied_on: relied_on.clone(), acknowledged });
            evidence.probes.push(Probe { relied_on, begun: Moment::from_millis(begun_ms), status });
            check(&evidence).len()
        };
        assert_eq!([outcome(99, 200), outcome(101, 401), outcome(101, 200), outcome(101, 201)], [0, 0, 1, 1]);
    }
}
