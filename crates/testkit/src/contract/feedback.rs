//! Cases of `SessionStore`: what visitors think of answers.

use chatloom_domain::feedback::{Feedback, RatedAnswer, Rating};
use chatloom_domain::id::MessageId;
use chatloom_domain::session::ChatSession;
use chatloom_domain::turn::Turn;

use super::Subject;
use super::subject::{at_once, completion_after};
use crate::sample;

/// With the answer, whatever was written in either.
pub async fn feedback_comes_back_with_its_answer(subject: &Subject) {
    let session = subject.first_session().await;
    let text = "¿\"qué\"? 'so' \\ 👨‍👩‍👧‍👦\r\n\t\u{1}\u{fffd} %_;--";
    let long = "🚢".repeat(1_000);
    let turns = [answered(subject, &session, 1, text).await, answered(subject, &session, 2, "No.").await];
    let given = [feedback("bad", Some(text), 5), feedback("good", Some(&long), 6)];
    for (turn, given) in turns.iter().zip(&given) {
        assert!(set(subject, turn, Some(given)).await);
    }
    let rated = |n: usize, content: &str| RatedAnswer {
        message_id: turns[n].assistant_message_id,
        session_id: session.id,
        feedback: given[n].clone(),
        content: content.to_owned(),
        answered_at: turns[n].started_at,
    };
    let found = list(subject, &session, None, None, 10).await;
    // Texts are not printed, so a failure would not show them.
    assert!(found == [rated(1, "No."), rated(0, text)]);
    let messages = subject.stores.sessions.list_messages(session.id, None, 10).await.unwrap();
    let ratings: Vec<_> = messages.iter().map(|message| message.feedback).collect();
    assert_eq!(ratings, [None, Some(Rating::Bad), None, Some(Rating::Good)]);
}

/// A visitor changes their mind, also about the reason, and takes it all back.
pub async fn set_feedback_takes_the_place_of_what_was_said_before(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = answered(subject, &session, 1, "Yes.").await;
    let said = [
        Some(feedback("bad", Some("Wrong"), 5)),
        Some(feedback("good", None, 6)),
        None,
        None,
        Some(feedback("bad", None, 7)),
    ];
    for said in said {
        assert!(set(subject, &turn, said.as_ref()).await);
        let found = list(subject, &session, None, None, 10).await;
        let found: Vec<_> = found.into_iter().map(|rated| rated.feedback).collect();
        assert!(found == said.clone().into_iter().collect::<Vec<_>>());
        let messages = subject.stores.sessions.list_messages(session.id, None, 1).await.unwrap();
        assert_eq!(messages[0].feedback, said.map(|said| said.rating));
    }
}

/// The visitor's own message, an answer that is being written, one of another session, one that is not there.
pub async fn set_feedback_needs_an_answer_of_the_session_that_is_not_being_written(subject: &Subject) {
    let session = subject.first_session().await;
    let sessions = &subject.stores.sessions;
    let whole = answered(subject, &session, 1, "Yes.").await;
    let running = subject.begin_turn(&session, 2).await;
    subject.append(&running, &["Ha"]).await;
    let good = feedback("good", None, 5);
    let refused = [
        (session.id, whole.user_message_id),
        (session.id, running.assistant_message_id),
        (session.id, sample::message_id(99)),
        (sample::session_id(2), whole.assistant_message_id),
    ];
    for (session, message) in refused {
        for said in [Some(good.clone()), None] {
            assert!(!sessions.set_feedback(session, message, said).await.unwrap());
        }
    }
    assert!(list(subject, &session, None, None, 10).await.is_empty());
    let end = completion_after(2, running, "Ha", sample::at(1));
    assert!(subject.stores.turns.finish_turn(&end).await.unwrap());
    assert!(set(subject, &running, Some(&good)).await);
}

/// An answer that broke off has a reader, too.
pub async fn an_answer_that_broke_off_may_be_rated(subject: &Subject) {
    let session = subject.first_session().await;
    for (n, text) in [(1, "Half"), (2, "")] {
        let turn = subject.begin_turn(&session, n).await;
        subject.break_off(turn, text).await;
        assert!(set(subject, &turn, Some(&feedback("bad", None, n.into()))).await);
        assert_eq!(list(subject, &session, None, None, 1).await[0].content, text);
    }
}

/// It was about a text that another one takes the place of.
pub async fn retry_turn_forgets_what_was_thought_of_the_answer(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.break_off(turn, "Half").await;
    assert!(set(subject, &turn, Some(&feedback("bad", Some("Half of it is missing"), 5))).await);
    let again = subject.retry_turn(&session, 1).await;
    assert!(list(subject, &session, None, None, 10).await.is_empty());
    subject.complete(again, "Whole.", sample::at(6)).await;
    let messages = subject.stores.sessions.list_messages(session.id, None, 1).await.unwrap();
    assert_eq!(messages[0].feedback, None);
}

/// By when it was given, then by the message's id, and not by when the answer was.
pub async fn list_feedback_is_newest_first_and_of_the_widget_only(subject: &Subject) {
    let session = subject.first_session().await;
    for (n, second) in [(1, 30), (2, 10), (3, 20), (4, 20)] {
        let turn = answered(subject, &session, n, "Yes.").await;
        assert!(set(subject, &turn, Some(&feedback("good", None, second))).await);
    }
    let other_widget = subject.add_widget(sample::team_id(1), 2).await;
    let other = subject.open_session(&other_widget, 2).await;
    let foreign = answered(subject, &other, 5, "No.").await;
    assert!(set(subject, &foreign, Some(&feedback("bad", None, 40))).await);
    assert_eq!(turns_of(&list(subject, &session, None, None, 10).await), [1, 4, 3, 2]);
    assert_eq!(turns_of(&list(subject, &other, None, None, 10).await), [5]);
    // What stands in another widget is no place in this one.
    assert!(list(subject, &session, None, Some(foreign.assistant_message_id), 10).await.is_empty());
}

/// Page by page, and of one rating alone.
pub async fn pages_of_feedback_reach_back_to_the_first(subject: &Subject) {
    let session = subject.first_session().await;
    for n in 1..=5 {
        let turn = answered(subject, &session, n, "Yes.").await;
        let rating = if n % 2 == 0 { "good" } else { "bad" };
        assert!(set(subject, &turn, Some(&feedback(rating, None, i64::from(n / 2)))).await);
    }
    let unrated = answered(subject, &session, 6, "Yes.").await.assistant_message_id;
    let page = async |rating, before: Option<u32>, limit| {
        let before = before.map(|n| sample::message_id(2 * n + 1));
        turns_of(&list(subject, &session, rating, before, limit).await)
    };
    assert_eq!(page(None, None, 2).await, [5, 4]);
    assert_eq!(page(None, Some(4), 2).await, [3, 2]);
    assert_eq!(page(None, Some(2), 2).await, [1]);
    assert_eq!(page(None, Some(1), 2).await, [0_u32; 0]);
    assert_eq!(page(Some(Rating::Good), None, 10).await, [4, 2]);
    assert_eq!(page(Some(Rating::Bad), Some(4), 10).await, [3, 1]);
    assert_eq!(page(Some(Rating::Bad), None, 1).await, [5]);
    assert!(list(subject, &session, None, Some(unrated), 10).await.is_empty());
}

/// It lies with the answer, so nothing has to think of it.
pub async fn feedback_goes_with_its_session(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = answered(subject, &session, 1, "Yes.").await;
    assert!(set(subject, &turn, Some(&feedback("bad", Some("Wrong"), 5))).await);
    assert!(subject.stores.sessions.erase_session(session.id).await.unwrap());
    assert!(list(subject, &session, None, None, 10).await.is_empty());
    assert!(!set(subject, &turn, Some(&feedback("good", None, 6))).await);
}

/// Who rates an answer while it begins to be written anew rates the one before, or none.
pub async fn no_feedback_is_left_on_an_answer_that_is_being_written(subject: &Subject) {
    let session = subject.first_session().await;
    for round in 1..=10 {
        let turn = subject.begin_turn(&session, round).await;
        subject.break_off(turn, "Half").await;
        let of_call = session.clone();
        let done = at_once(subject, 4, move |stores, n| {
            let session = of_call.clone();
            async move {
                if n == 0 {
                    stores.turns.retry_turn(&sample::turn_retry(&session, round)).await.is_ok()
                } else {
                    let said = feedback("bad", None, n.into());
                    let message = turn.assistant_message_id;
                    stores.sessions.set_feedback(session.id, message, Some(said)).await.is_ok()
                }
            }
        });
        assert_eq!(done.await, [true; 4]);
        assert!(list(subject, &session, None, None, 10).await.is_empty());
        let log = subject.find_log(&turn).await;
        subject.complete(log.turn, "Whole.", sample::at(1)).await;
    }
}

fn feedback(rating: &str, reason: Option<&str>, second: i64) -> Feedback {
    Feedback::parse(Some(rating), reason, sample::at(second)).unwrap().unwrap()
}

/// Turn `n` of a session with this answer.
async fn answered(subject: &Subject, session: &ChatSession, n: u32, text: &str) -> Turn {
    let turn = subject.begin_turn(session, n).await;
    subject.complete(turn, text, sample::at(1)).await;
    turn
}

async fn set(subject: &Subject, turn: &Turn, said: Option<&Feedback>) -> bool {
    let sessions = &subject.stores.sessions;
    sessions.set_feedback(turn.session_id, turn.assistant_message_id, said.cloned()).await.unwrap()
}

async fn list(
    subject: &Subject,
    session: &ChatSession,
    rating: Option<Rating>,
    before: Option<MessageId>,
    limit: u32,
) -> Vec<RatedAnswer> {
    subject.stores.sessions.list_feedback(session.widget_id, rating, before, limit).await.unwrap()
}

/// The numbers of the turns that the answers belong to.
fn turns_of(rated: &[RatedAnswer]) -> Vec<u32> {
    let number = |message: MessageId| (1..=9).find(|n| sample::message_id(2 * n + 1) == message);
    rated.iter().map(|rated| number(rated.message_id).unwrap_or_default()).collect()
}
