//! An answer is what the model said: a prefix of one call's script, and all of it when it counts as complete.

use super::Violation;
use crate::evidence::{Asked, Evidence, Message, Session};
use crate::script::{Pace, Script, label_of};

const RULE: &str = "answers";

/// The calls whose scripts begin with this text, counted from 1. Calls that nobody knows of are not among them.
pub(super) fn calls_that_said(evidence: &Evidence, question: &str, text: &str) -> Vec<u32> {
    let calls = u32::try_from(evidence.calls_of(question).len()).unwrap_or(u32::MAX);
    (1..=calls).filter(|call| Script::of(question, *call, Pace::Spoken).text().starts_with(text)).collect()
}

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    let stored = evidence.sessions.iter().flat_map(|session| {
        let pairs = session.history.as_deref().unwrap_or_default().chunks_exact(2);
        pairs.filter_map(|pair| {
            let asked = session.question(&pair[0].content)?;
            problem(evidence, asked, &pair[1]).map(|what| violation(session, asked, &pair[1].content, what))
        })
    });
    let seen = evidence.views.iter().filter_map(|view| {
        let said = view.text.is_empty() || !calls_that_said(evidence, &view.question, &view.text).is_empty();
        let session = crate::script::session_of(&view.question).unwrap_or_default();
        (!said).then(|| {
            let label = label_of(&view.question).unwrap_or_default();
            Violation::of(
                RULE,
                session,
                format!("a viewer of {label} saw what the model did not say: {:?}", view.text),
            )
        })
    });
    stored.chain(seen).collect()
}

fn violation(session: &Session, asked: &Asked, text: &str, what: &str) -> Violation {
    let label = label_of(&asked.content).unwrap_or_default();
    Violation::of(RULE, &session.label, format!("the answer to {label} {what}: {text:?}"))
}

fn problem(evidence: &Evidence, asked: &Asked, answer: &Message) -> Option<&'static str> {
    let said_by = calls_that_said(evidence, &asked.content, &answer.content);
    if said_by.is_empty() && !answer.content.is_empty() {
        return Some("is not what the model said");
    }
    let is_whole = said_by
        .iter()
        .any(|call| Script::of(&asked.content, *call, Pace::Spoken).text().len() == answer.content.len());
    let counts_as_whole = answer.status.is_none() && !asked.stopped;
    (counts_as_whole && !is_whole).then_some("counts as complete and is not whole")
}

#[cfg(test)]
mod tests {
    use super::super::samples::{asked, evidence, interrupted, length_of, script};
    use super::*;
    use crate::model::Call;

    fn with_answer(content: &str, status: Option<&str>) -> Evidence {
        let mut evidence = evidence();
        evidence.views.clear();
        let history = evidence.sessions[0].history.as_mut().unwrap();
        content.clone_into(&mut history[1].content);
        history[1].status = status.map(str::to_owned);
        evidence
    }

    #[test]
    fn part_of_the_script_is_right_for_an_interrupted_answer_only() {
        let part = &script().text()[..length_of(4)];
        assert_eq!(check(&interrupted(length_of(4), 4)), []);
        assert_eq!(check(&with_answer(part, Some("interrupted"))), []);
        assert_eq!(check(&with_answer(part, None)).len(), 1);
        let mut stopped = with_answer(part, None);
        stopped.sessions[0].asked[0].stopped = true;
        assert_eq!(check(&stopped), []);
    }

    #[test]
    fn another_text_is_a_violation_even_of_an_interrupted_answer() {
        assert_eq!(check(&with_answer("Something else", Some("interrupted"))).len(), 1);
        let second = Script::of(&asked(), 2, Pace::Spoken).text();
        assert_eq!(check(&with_answer(&second, None)).len(), 1);
        let mut called_twice = with_answer(&second, None);
        called_twice.calls.get_mut(&asked()).unwrap().push(Call::default());
        assert_eq!(check(&called_twice), []);
        let mixed = script().text()[..length_of(2)].to_owned() + &second;
        assert_eq!(check(&with_answer(&mixed, Some("interrupted"))).len(), 1);
    }

    #[test]
    fn a_viewer_that_saw_another_text_is_a_violation() {
        let mut evidence = evidence();
        evidence.views[0].text.insert(9, 'x');
        assert_eq!(check(&evidence).len(), 1);
    }
}
