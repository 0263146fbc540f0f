//! A crash takes at most half a second of the text that somebody has seen, on a machine with time for everybody.

use std::time::Duration;

use super::Violation;
use super::answers::calls_that_said;
use super::views::stored_answer;
use crate::evidence::{Evidence, Message};
use crate::nemesis::{Fault, FaultWindow, Suffering, overlap};
use crate::script::{Pace, Script, label_of, session_of};
use crate::time::{Moment, seconds};
use crate::view::{End, View};

const RULE: &str = "lost text";

/// The longest text that was seen and is not stored, by the time in which it came.
pub fn longest_lost_text(evidence: &Evidence) -> Duration {
    let lost = evidence.views.iter().filter_map(|view| lost_text(evidence, view));
    lost.max().unwrap_or_default()
}

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    evidence.views.iter().filter_map(|view| check_view(evidence, view)).collect()
}

fn check_view(evidence: &Evidence, view: &View) -> Option<Violation> {
    let lost = lost_text(evidence, view).filter(|lost| *lost > evidence.most_lost_text)?;
    let label = label_of(&view.question).unwrap_or_default();
    let what = format!("{} of the answer to {label} was seen and is not stored", seconds(lost));
    Some(Violation::of(RULE, session_of(&view.question)?, what))
}

/// How long the text that a view has and the store has not took to come; `None` if nothing is missing.
fn lost_text(evidence: &Evidence, view: &View) -> Option<Duration> {
    if matches!(view.end, Some(End::Done { .. })) {
        return None;
    }
    let kept = kept_bytes(view, stored_answer(evidence, view)?);
    let first = view.shown.iter().find(|(end, _)| *end > kept)?.1;
    let last = view.shown.last()?.1;
    let seen_in = last.saturating_sub(first).saturating_sub(excused(&evidence.faults, first, last));
    // A viewer with a slow connection sees text later and closer together or further apart than it was written.
    Some(sent_in(evidence, view, kept).map_or(seen_in, |sent_in| sent_in.min(seen_in)))
}

/// How much of the view's text is stored: all or nothing of it where the stored text is another run's.
fn kept_bytes(view: &View, stored: &Message) -> usize {
    if view.text.starts_with(&stored.content) || stored.content.starts_with(&view.text) {
        stored.content.len()
    } else {
        0
    }
}

/// Text cannot be stored while the database is away, nor by a process that sleeps: both may hold it for longer.
fn excused(faults: &[FaultWindow], from: Moment, until: Moment) -> Duration {
    let is_pause = |window: &&FaultWindow| matches!(window.fault, Fault::Pause { .. });
    let pauses: Vec<_> = faults.iter().filter(is_pause).cloned().collect();
    overlap(faults, Suffering::Database, from, until) + overlap(&pauses, Suffering::Replica, from, until)
}

/// In what time the model sent what is missing.
fn sent_in(evidence: &Evidence, view: &View, kept: usize) -> Option<Duration> {
    let number = *calls_that_said(evidence, &view.question, &view.text).first()?;
    let script = Script::of(&view.question, number, Pace::Spoken);
    let call = evidence.calls_of(&view.question).get(usize::try_from(number).ok()? - 1)?;
    let sent = |offset: usize| call.sent.get(script.piece_at(offset)).copied();
    Some(sent(view.text.len().checked_sub(1)?)?.saturating_sub(sent(kept)?))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{evidence, interrupted, length_of, script};
    use super::*;

    /// How many pieces the model sends in this time from its fourth one on.
    fn pieces_in(time: Duration) -> usize {
        let mut left = time;
        let mut pieces = 4;
        while left > Duration::ZERO {
            left = left.saturating_sub(script().pieces[pieces].0);
            pieces += 1;
        }
        pieces
    }

    #[test]
    fn a_short_tail_may_be_lost_and_a_long_one_may_not() {
        assert_eq!(longest_lost_text(&evidence()), Duration::ZERO);
        let short = interrupted(length_of(4), 6);
        assert_eq!(check(&short), []);
        assert!(longest_lost_text(&short) > Duration::ZERO);
        let long = interrupted(length_of(4), pieces_in(Duration::from_millis(700)));
        assert_eq!(check(&long).len(), 1);
    }

    #[test]
    fn time_without_a_database_does_not_count() {
        let mut long = interrupted(length_of(4), pieces_in(Duration::from_millis(900)));
        let from = long.views[0].shown[4].1;
        let until = from + Duration::from_millis(800);
        long.faults.push(FaultWindow { fault: Fault::CutOffBackends, from, until });
        assert_eq!(check(&long), []);
        long.faults[0].fault = Fault::Kill { replica: 0, down_ms: 800 };
        assert_eq!(check(&long).len(), 1);
    }

    #[test]
    fn a_run_of_which_nothing_is_stored_is_lost_as_a_whole() {
        let mut evidence = interrupted(length_of(4), pieces_in(Duration::from_millis(900)));
        "an earlier run's".clone_into(&mut evidence.sessions[0].history.as_mut().unwrap()[1].content);
        assert_eq!(check(&evidence).len(), 1);
    }
}
