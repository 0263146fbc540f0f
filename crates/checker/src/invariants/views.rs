//! What a viewer put together, across cuts and replicas, is what is stored; no event came twice and none was left out.

use super::Violation;
use crate::evidence::{Evidence, Message};
use crate::script::{label_of, session_of};
use crate::view::{End, View};

const RULE: &str = "views";

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    evidence.views.iter().flat_map(|view| check_view(evidence, view)).collect()
}

/// The answer that a view is about, if it is still the answer: the session was not erased, and no later run of the turn
/// has replaced the text.
pub(super) fn stored_answer<'e>(evidence: &'e Evidence, view: &View) -> Option<&'e Message> {
    let session = evidence.session(session_of(&view.question)?)?;
    let asked = session.question(&view.question)?;
    let is_last_run = view.position.generation > asked.retries;
    if is_last_run { session.message(&view.message_id) } else { None }
}

fn check_view(evidence: &Evidence, view: &View) -> Vec<Violation> {
    let session = session_of(&view.question).unwrap_or_default();
    let label = label_of(&view.question).unwrap_or_default();
    let violation = |what: &str| Violation::of(RULE, session, format!("a viewer of {label}: {what}"));
    let mut violations: Vec<_> = view.problems.iter().map(|problem| violation(problem)).collect();
    let stored = stored_answer(evidence, view);
    match &view.end {
        Some(End::Done { content, .. }) => {
            if view.text != *content {
                violations.push(violation(&format!("pieces {:?} do not add up to {content:?}", view.text)));
            }
            if let Some(stored) =
                stored.filter(|stored| stored.content != *content || stored.status.is_some())
            {
                violations.push(violation(&format!("done with {content:?}, stored is {stored:?}")));
            }
        }
        // All that was stored is shown before the end. That more may have been seen is another rule's business.
        Some(End::Error { code }) => {
            let missed = stored.filter(|stored| {
                let shown_in_part = stored.content.starts_with(&view.text) && !view.text.is_empty();
                let more = shown_in_part && stored.content.len() > view.text.len();
                // A later run of which nothing is stored leaves an earlier run's text; the first one cannot.
                let other =
                    !stored.content.starts_with(&view.text) && !view.text.starts_with(&stored.content);
                more || (other && view.position.generation == 1)
            });
            if let Some(stored) = missed {
                violations
                    .push(violation(&format!("ended with {code} and {:?}, stored is {stored:?}", view.text)));
            }
        }
        Some(End::Nothing) | None => {}
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::super::samples::{evidence, interrupted, length_of};
    use super::*;

    #[test]
    fn problems_of_a_stream_are_violations() {
        let mut evidence = evidence();
        evidence.views[0].problems.push("event t:1:2 after t:1:2 was seen before".to_owned());
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn pieces_that_do_not_add_up_are_a_violation() {
        let mut evidence = evidence();
        evidence.views[0].text.pop();
        assert_eq!(check(&evidence).len(), 1);
    }

    #[test]
    fn an_answer_that_changes_after_it_was_done_is_a_violation() {
        let mut evidence = evidence();
        evidence.sessions[0].history.as_mut().unwrap()[1].status = Some("interrupted".to_owned());
        assert_eq!(check(&evidence).len(), 1);
        // After a later run the text is another one.
        evidence.sessions[0].asked[0].retries = 1;
        assert_eq!(check(&evidence), []);
    }

    #[test]
    fn stored_text_that_was_not_shown_before_the_end_is_a_violation() {
        assert_eq!(check(&interrupted(length_of(5), 5)), []);
        assert_eq!(check(&interrupted(length_of(4), 5)), []);
        assert_eq!(check(&interrupted(length_of(6), 5)).len(), 1);
    }

    #[test]
    fn another_runs_text_may_be_stored_in_place_of_a_later_run_only() {
        let mut evidence = interrupted(length_of(4), 5);
        "another".clone_into(&mut evidence.sessions[0].history.as_mut().unwrap()[1].content);
        assert_eq!(check(&evidence).len(), 1);
        evidence.views[0].position.generation = 2;
        assert_eq!(check(&evidence), []);
    }
}
