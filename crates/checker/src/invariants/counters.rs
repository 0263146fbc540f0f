//! The statistics equal a recount. Erased conversations stay counted, so for them there are only bounds.

use std::ops::RangeInclusive;

use super::Violation;
use crate::evidence::{Asked, Evidence, Outcome, Session};
use crate::view::{End, View};

const RULE: &str = "counters";

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    let widgets = evidence.counters.iter().enumerate();
    let wrong = widgets.flat_map(|(widget, counted)| {
        let own: Vec<_> = evidence.sessions.iter().filter(|session| session.widget == widget).collect();
        let least = own.len() as u64;
        let sessions = least..=least + counted.doubtful_sessions;
        let messages = own.iter().map(|session| messages_of(evidence, session));
        let (least, most) = messages.fold((0, 0), |sum, own| (sum.0 + own.start(), sum.1 + own.end()));
        [("sessions", counted.sessions, sessions), ("messages", counted.messages, least..=most)]
            .into_iter()
            .filter(|(_, counted, recount)| !recount.contains(counted))
            .map(move |(what, counted, recount)| {
                Violation::general(RULE, format!("widget {widget} counts {counted} {what}, not {recount:?}"))
            })
    });
    wrong.collect()
}

/// How many messages a session has added: each question, and each answer that has text.
fn messages_of(evidence: &Evidence, session: &Session) -> RangeInclusive<u64> {
    if let (true, Some(history)) = (session.is_kept(), &session.history) {
        let counted = history.iter().filter(|message| message.role == "user" || !message.content.is_empty());
        let count = counted.count() as u64;
        return count..=count;
    }
    let bounds = session.asked.iter().map(|asked| bounds_of(evidence, asked));
    let (least, most) = bounds.fold((0, 0), |sum, (least, most)| (sum.0 + least, sum.1 + most));
    least..=most
}

fn bounds_of(evidence: &Evidence, asked: &Asked) -> (u64, u64) {
    let is_answer = |view: &&View| {
        view.question == asked.content && !view.text.is_empty() && matches!(view.end, Some(End::Done { .. }))
    };
    match asked.outcome {
        Outcome::Ok => (1 + u64::from(evidence.views.iter().any(|view| is_answer(&view))), 2),
        Outcome::Unknown => (0, 2),
        Outcome::Fail => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::evidence;
    use super::*;

    fn counted(sessions: u64, messages: u64, spoil: impl FnOnce(&mut Evidence)) -> usize {
        let mut evidence = evidence();
        evidence.counters[0].sessions = sessions;
        evidence.counters[0].messages = messages;
        spoil(&mut evidence);
        check(&evidence).len()
    }

    #[test]
    fn a_wrong_count_is_a_violation() {
        assert_eq!(counted(1, 2, |_| ()), 0);
        assert_eq!([counted(2, 2, |_| ()), counted(1, 3, |_| ()), counted(1, 1, |_| ())], [1, 1, 1]);
        let doubtful = |evidence: &mut Evidence| evidence.counters[0].doubtful_sessions = 1;
        assert_eq!([counted(2, 2, doubtful), counted(3, 2, doubtful)], [0, 1]);
    }

    #[test]
    fn an_answer_without_text_is_not_counted() {
        let failed = |evidence: &mut Evidence| {
            evidence.sessions[0].history.as_mut().unwrap()[1].content.clear();
        };
        assert_eq!([counted(1, 1, failed), counted(1, 2, failed)], [0, 1]);
    }

    #[test]
    fn erased_conversations_stay_counted_within_bounds() {
        let erased = |evidence: &mut Evidence| evidence.sessions[0].erased = Some(Outcome::Ok);
        assert_eq!([counted(1, 0, erased), counted(1, 2, erased), counted(1, 3, erased)], [1, 0, 1]);
        let unseen = |evidence: &mut Evidence| {
            evidence.sessions[0].erased = Some(Outcome::Ok);
            evidence.views.clear();
        };
        assert_eq!([counted(1, 0, unseen), counted(1, 1, unseen), counted(1, 2, unseen)], [1, 0, 0]);
    }
}
