//! A turn whose replica is gone ends soon: its viewers are not left without a word for longer than a lease, a sweep, and
//! the time that it takes them to connect again.

use std::time::Duration;

use super::Violation;
use crate::evidence::Evidence;
use crate::nemesis::{Suffering, overlap};
use crate::script::{label_of, session_of};
use crate::time::seconds;
use crate::view::{End, View};

const RULE: &str = "silence";

/// Lease and sweep come to 9 s, the service promises 10 s; the rest is the viewers' own.
const MOST: Duration = Duration::from_secs(12);

/// The longest time from the last piece of an answer to the event that says that it was interrupted.
pub fn longest_silence(evidence: &Evidence) -> Duration {
    evidence.views.iter().filter_map(|view| silence(evidence, view)).max().unwrap_or_default()
}

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    let long = evidence.views.iter().filter_map(|view| {
        let silence = silence(evidence, view).filter(|silence| *silence > MOST)?;
        let label = label_of(&view.question).unwrap_or_default();
        let what = format!("a viewer of {label} waited {} for the end", seconds(silence));
        Some(Violation::of(RULE, session_of(&view.question)?, what))
    });
    long.collect()
}

/// What a client or a replica cannot help, because there is no way to the database or to the replica, does not count.
fn silence(evidence: &Evidence, view: &View) -> Option<Duration> {
    if !matches!(view.end, Some(End::Error { .. })) {
        return None;
    }
    let (from, until) = (view.shown.last()?.1, view.ended?);
    let excused = [Suffering::Database, Suffering::Clients, Suffering::Model]
        .map(|suffering| overlap(&evidence.faults, suffering, from, until));
    Some(until.saturating_sub(from).saturating_sub(excused.iter().sum()))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{evidence, interrupted, length_of};
    use super::*;
    use crate::nemesis::{Fault, FaultWindow};
    use crate::time::Moment;

    #[test]
    fn an_end_that_comes_late_is_a_violation_unless_the_database_was_away() {
        assert_eq!(longest_silence(&evidence()), Duration::ZERO);
        let mut evidence = interrupted(length_of(5), 5);
        assert_eq!(longest_silence(&evidence), Duration::from_secs(5));
        assert_eq!(check(&evidence), []);
        let last = evidence.views[0].shown[4].1;
        evidence.views[0].ended = Some(last + Duration::from_secs(13));
        assert_eq!(check(&evidence).len(), 1);
        let window =
            FaultWindow { fault: Fault::CutOffBackends, from: last, until: last + Moment::from_secs(2) };
        evidence.faults.push(window);
        assert_eq!(check(&evidence), []);
    }
}
