//! Cases of `SessionStore::list_messages`: what is read, in which order, and how it is paged.

use chatloom_domain::message::{Author, Message, MessageContent, MessageStatus};
use chatloom_domain::session::ChatSession;
use chatloom_ports::store::turns::NewTurn;
use jiff::SignedDuration;

use super::Subject;
use crate::sample;

/// Question and answer with all their fields, whatever was written in them.
pub async fn messages_come_back_as_they_were_written(subject: &Subject) {
    let session = subject.first_session().await;
    let started_at = sample::at(7) + SignedDuration::from_micros(1);
    let question = "¿\"qué\"? 'so' \\ 👨‍👩‍👧‍👦\r\n\t\u{1}\u{fffd} %_;--";
    let answer = "𝄞".repeat(100_000);
    let mut new = NewTurn { question: sample::content(question).into(), ..sample::new_turn(&session, 1) };
    new.turn.started_at = started_at;
    subject.stores.turns.begin_turn(&new).await.unwrap();
    subject.complete(new.turn, &answer, sample::at(8)).await;

    let expected = [
        Message {
            id: new.turn.user_message_id,
            seq: 1,
            author: Author::User,
            content: question.to_owned(),
            status: MessageStatus::Complete,
            turn_id: None,
            feedback: None,
            created_at: started_at,
        },
        Message {
            id: new.turn.assistant_message_id,
            seq: 2,
            author: Author::Assistant,
            content: answer,
            status: MessageStatus::Complete,
            turn_id: None,
            feedback: None,
            created_at: started_at,
        },
    ];
    let found = subject.stores.sessions.list_messages(session.id, None, 10).await.unwrap();
    assert_eq!(found, expected);
    // `Message` does not print its text, so that a failure of the first assertion would not show it.
    assert_eq!(found[0].content, expected[0].content);
}

/// What a reader may want to watch, stop or run again is named; the rest is not, and neither are questions.
pub async fn messages_that_are_not_complete_name_their_turn(subject: &Subject) {
    let session = subject.first_session().await;
    let whole = subject.begin_turn(&session, 1).await;
    subject.complete(whole, "Whole.", sample::at(1)).await;
    let half = subject.begin_turn(&session, 2).await;
    subject.break_off(half, "Half").await;
    let failed = subject.begin_turn(&session, 3).await;
    subject.break_off(failed, "").await;
    let running = subject.begin_turn(&session, 4).await;
    let found = subject.stores.sessions.list_messages(session.id, None, 10).await.unwrap();
    let turns: Vec<_> = found.iter().map(|message| message.turn_id).collect();
    let expected = [None, None, None, Some(half.id), None, Some(failed.id), None, Some(running.id)];
    assert_eq!(turns, expected);

    subject.complete(running, "Whole.", sample::at(1)).await;
    let found = subject.stores.sessions.list_messages(session.id, None, 1).await.unwrap();
    assert_eq!(found[0].turn_id, None);
}

/// The longest message that the domain lets through, in four-byte characters.
pub async fn a_message_of_the_greatest_length_fits(subject: &Subject) {
    let session = subject.first_session().await;
    let text = "🚢".repeat(MessageContent::MAX_CHARS);
    let new = NewTurn { question: sample::content(&text).into(), ..sample::new_turn(&session, 1) };
    subject.stores.turns.begin_turn(&new).await.unwrap();
    let found = subject.stores.sessions.list_messages(session.id, None, 10).await.unwrap();
    assert!(found[0].content == text);
}

/// Neither a session that was never opened nor one in which nobody has written.
pub async fn a_session_without_messages_lists_none(subject: &Subject) {
    let session = subject.first_session().await;
    for id in [session.id, sample::session_id(9)] {
        assert_eq!(subject.stores.sessions.list_messages(id, None, 10).await.unwrap(), []);
    }
}

/// The order is that of writing, whatever clocks and ids say.
pub async fn messages_come_oldest_first_by_their_place_in_the_session(subject: &Subject) {
    let session = subject.first_session().await;
    for (n, second) in [(9, 50), (3, 10), (6, 30)] {
        let mut new = sample::new_turn(&session, n);
        new.turn.started_at = sample::at(second);
        subject.stores.turns.begin_turn(&new).await.unwrap();
        subject.complete(new.turn, "Answer.", sample::at(60)).await;
    }
    let found = subject.stores.sessions.list_messages(session.id, None, 10).await.unwrap();
    let seqs: Vec<_> = found.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6]);
    let ids: Vec<_> = found.iter().map(|message| message.id).collect();
    assert_eq!(ids, [18, 19, 6, 7, 12, 13].map(sample::message_id));
}

/// The limit keeps the newest.
pub async fn a_limit_keeps_the_newest_messages(subject: &Subject) {
    let session = with_turns(subject, 3).await;
    for (limit, expected) in
        [(0, vec![]), (1, vec![6]), (4, vec![3, 4, 5, 6]), (u32::MAX, vec![1, 2, 3, 4, 5, 6])]
    {
        assert_eq!(seqs(subject, &session, None, limit).await, expected, "limit {limit}");
    }
}

/// Page by page, from the newest to the oldest, each message comes once.
pub async fn pages_before_a_message_reach_back_to_the_first(subject: &Subject) {
    let session = with_turns(subject, 3).await;
    assert_eq!(seqs(subject, &session, None, 4).await, [3, 4, 5, 6]);
    assert_eq!(seqs(subject, &session, Some(3), 4).await, [1, 2]);
    assert_eq!(seqs(subject, &session, Some(6), 2).await, [4, 5]);
    assert_eq!(seqs(subject, &session, Some(4), 2).await, [2, 3]);
    assert_eq!(seqs(subject, &session, Some(1), 4).await, Vec::<i64>::new());
}

/// A message of another session is no place in this one, and neither is one that is not there.
pub async fn nothing_stands_before_a_message_of_another_session(subject: &Subject) {
    let session = with_turns(subject, 2).await;
    let other = subject.stores.sessions.find_session(session.id).await.unwrap().unwrap();
    let other = ChatSession { id: sample::session_id(2), ..other };
    subject.stores.sessions.open_session(&other, 1, None).await.unwrap();
    let foreign = subject.begin_turn(&other, 8).await.user_message_id;
    for before in [foreign, sample::message_id(99)] {
        let found = subject.stores.sessions.list_messages(session.id, Some(before), 10).await.unwrap();
        assert_eq!(found, []);
    }
}

/// Another session of the same widget has messages of its own, which count from 1.
pub async fn sessions_do_not_share_messages(subject: &Subject) {
    let session = with_turns(subject, 1).await;
    let other = sample::chat_session(session.widget_id, 2);
    subject.stores.sessions.open_session(&other, 1, None).await.unwrap();
    subject.begin_turn(&other, 8).await;
    assert_eq!(seqs(subject, &session, None, 10).await, [1, 2]);
    assert_eq!(seqs(subject, &other, None, 10).await, [1, 2]);
}

/// Who reads while the agent writes sees what the log holds so far.
pub async fn a_running_turns_message_has_the_text_of_its_log(subject: &Subject) {
    let session = with_turns(subject, 1).await;
    let turn = subject.begin_turn(&session, 2).await;
    let answer = || async {
        let found = subject.stores.sessions.list_messages(session.id, None, 1).await.unwrap();
        assert_eq!((found[0].id, found[0].seq), (turn.assistant_message_id, 4));
        assert_eq!((found[0].author, found[0].status), (Author::Assistant, MessageStatus::Streaming));
        found[0].content.clone()
    };
    assert_eq!(answer().await, "");
    subject.append(&turn, &["It's ", "", "👩🏽‍🚀\n"]).await;
    assert_eq!(answer().await, "It's 👩🏽‍🚀\n");
}

/// A page that ends before the running answer does not show its text.
pub async fn a_running_turns_text_stays_on_its_own_page(subject: &Subject) {
    let session = with_turns(subject, 1).await;
    let turn = subject.begin_turn(&session, 2).await;
    subject.append(&turn, &["Half"]).await;
    let before = Some(turn.assistant_message_id);
    let found = subject.stores.sessions.list_messages(session.id, before, 10).await.unwrap();
    let contents: Vec<_> = found.iter().map(|message| message.content.as_str()).collect();
    assert_eq!(contents, ["Question 1?", "Answer 1.", "Question 2?"]);
}

/// Session 1 with `turns` whole turns: messages `2n` and `2n + 1` have the places `2n - 1` and `2n`.
async fn with_turns(subject: &Subject, turns: u32) -> ChatSession {
    let session = subject.first_session().await;
    for n in 1..=turns {
        let turn = subject.begin_turn(&session, n).await;
        subject.complete(turn, &format!("Answer {n}."), sample::at(1)).await;
    }
    session
}

/// The places of the messages that stand before the one at the place `before`.
async fn seqs(subject: &Subject, session: &ChatSession, before: Option<u32>, limit: u32) -> Vec<i64> {
    let before = before.map(|seq| sample::message_id(seq + 1));
    let found = subject.stores.sessions.list_messages(session.id, before, limit).await.unwrap();
    found.iter().map(|message| message.seq).collect()
}
