//! Acknowledged messages are there once, refused ones are not, doubtful ones at most once; questions and answers
//! alternate; no answer is still being written.

use super::Violation;
use crate::evidence::{Asked, Evidence, Message, Outcome, Session};

const RULE: &str = "messages";

/// How many messages were acknowledged.
pub fn acknowledged(evidence: &Evidence) -> usize {
    let asked = evidence.sessions.iter().flat_map(|session| &session.asked);
    asked.filter(|asked| asked.outcome == Outcome::Ok).count()
}

/// How many acknowledged messages of kept sessions are not there.
pub fn lost(evidence: &Evidence) -> usize {
    let kept = evidence.sessions.iter().filter(|session| session.is_kept());
    let asked = kept.flat_map(|session| session.asked.iter().map(move |asked| (session, asked)));
    asked.filter(|(session, asked)| asked.outcome == Outcome::Ok && times_kept(session, asked) == 0).count()
}

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    let kept = evidence.sessions.iter().filter(|session| session.is_kept());
    kept.flat_map(check_session).collect()
}

fn check_session(session: &Session) -> Vec<Violation> {
    let violation = |what: String| Violation::of(RULE, &session.label, what);
    let Some(history) = &session.history else {
        return vec![violation("its history could not be read".to_owned())];
    };
    let wrong_times = session.asked.iter().filter_map(|asked| {
        let times = times_kept(session, asked);
        let allowed = match asked.outcome {
            Outcome::Ok => 1..=1,
            Outcome::Fail => 0..=0,
            Outcome::Unknown => 0..=1,
        };
        let key = if asked.keyed { "a key" } else { "no key" };
        (!allowed.contains(&times)).then(|| {
            violation(format!(
                "{:?} (sent with {key}, {:?}) is there {times} times",
                asked.content, asked.outcome
            ))
        })
    });
    let strange = history
        .iter()
        .filter(|message| message.role == "user" && session.question(&message.content).is_none())
        .map(|message| violation(format!("nobody wrote {:?} ({})", message.content, message.id)));
    let unfinished = history
        .iter()
        .filter(|message| message.status.as_deref() == Some("streaming"))
        .map(|message| violation(format!("answer {} is still being written", message.id)));
    let order =
        (!alternates(history)).then(|| violation("questions and answers do not alternate".to_owned()));
    wrong_times.chain(strange).chain(unfinished).chain(order).collect()
}

fn times_kept(session: &Session, asked: &Asked) -> usize {
    let history = session.history.iter().flatten();
    history.filter(|message| message.role == "user" && message.content == asked.content).count()
}

fn alternates(history: &[Message]) -> bool {
    history.len().is_multiple_of(2)
        && history.chunks(2).all(|pair| pair[0].role == "user" && pair[1].role == "assistant")
}

#[cfg(test)]
mod tests {
    use super::super::samples::{SESSION, asked, evidence, message};
    use super::*;

    fn spoiled(spoil: impl FnOnce(&mut Session, &mut Vec<Message>)) -> Vec<Violation> {
        let mut evidence = evidence();
        let session = &mut evidence.sessions[0];
        let mut history = session.history.take().unwrap();
        spoil(session, &mut history);
        session.history = Some(history);
        check(&evidence)
    }

    #[test]
    fn a_lost_message_and_one_that_is_there_twice_are_violations() {
        assert_eq!(spoiled(|_, history| history.clear()).len(), 1);
        let twice = spoiled(|_, history| {
            history.push(message("q2", "user", &asked()));
            history.push(message("a2", "assistant", ""));
        });
        assert_eq!(twice.len(), 1);
        assert_eq!(twice[0].session.as_deref(), Some(SESSION));
    }

    #[test]
    fn a_refused_message_must_be_absent_and_a_doubtful_one_may_be() {
        assert_eq!(spoiled(|session, _| session.asked[0].outcome = Outcome::Fail).len(), 1);
        assert_eq!(spoiled(|session, _| session.asked[0].outcome = Outcome::Unknown), []);
        let absent = spoiled(|session, history| {
            session.asked[0].outcome = Outcome::Unknown;
            history.clear();
        });
        assert_eq!(absent, []);
    }

    #[test]
    fn altered_and_foreign_messages_are_violations() {
        // Lost for the one who wrote it, and strange to all.
        assert_eq!(spoiled(|_, history| history[0].content.push('!')).len(), 2);
    }

    #[test]
    fn an_unfinished_answer_and_a_wrong_order_are_violations() {
        let unfinished = spoiled(|_, history| history[1].status = Some("streaming".to_owned()));
        assert_eq!(unfinished.len(), 1);
        assert_eq!(spoiled(|_, history| history.reverse()).len(), 1);
        assert_eq!(spoiled(|_, history| drop(history.pop())).len(), 1);
    }

    #[test]
    fn a_history_that_nobody_can_read_is_a_violation_unless_it_was_erased() {
        let mut evidence = evidence();
        evidence.sessions[0].history = None;
        assert_eq!(check(&evidence).len(), 1);
        assert_eq!((acknowledged(&evidence), lost(&evidence)), (1, 1));
        evidence.sessions[0].erased = Some(Outcome::Unknown);
        assert_eq!(check(&evidence), []);
        assert_eq!(lost(&evidence), 0);
    }
}
