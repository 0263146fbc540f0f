//! Cases of `TurnStore`: finishing turns, and breaking off those whose owner is gone.

use chatloom_domain::message::{Message, MessageStatus};
use chatloom_domain::turn::{FinishReason, Turn, TurnFailure};
use chatloom_domain::usage::{TokenUsage, WidgetStats};
use chatloom_ports::store::turns::TurnEnd;
use jiff::SignedDuration;

use super::Subject;
use super::subject::{append_of, at_once, completion, completion_after};
use crate::sample;

/// A whole answer, for each reason to stop, is a complete message, and the next question may come.
pub async fn finish_turn_completes_the_answer(subject: &Subject) {
    let session = subject.first_session().await;
    let reasons =
        [FinishReason::Stop, FinishReason::Length, FinishReason::Stopped, FinishReason::ContentFilter];
    for (n, reason) in (1..).zip(reasons) {
        let turn = subject.begin_turn(&session, n).await;
        let ended = turn.complete(reason, TokenUsage::default(), sample::at(1)).unwrap();
        let end = TurnEnd { turn: ended, ..completion(turn, "Whole.", sample::at(1)) };
        assert!(subject.stores.turns.finish_turn(&end).await.unwrap());
        assert_answer(&answer(subject).await, &turn, "Whole.", MessageStatus::Complete);
    }
}

/// What had arrived is kept, for each reason to break off.
pub async fn finish_turn_keeps_the_text_of_a_broken_answer(subject: &Subject) {
    let session = subject.first_session().await;
    for (n, failure) in (1..).zip(FAILURES) {
        let turn = subject.begin_turn(&session, n).await;
        finish_broken(subject, turn, failure, "Half").await;
        assert_answer(&answer(subject).await, &turn, "Half", MessageStatus::Interrupted);
    }
}

/// No answer is a failed message without text, for each reason to fail.
pub async fn finish_turn_marks_an_answer_that_never_came_as_failed(subject: &Subject) {
    let session = subject.first_session().await;
    for (n, failure) in (1..).zip(FAILURES) {
        let turn = subject.begin_turn(&session, n).await;
        finish_broken(subject, turn, failure, "").await;
        assert_answer(&answer(subject).await, &turn, "", MessageStatus::Failed);
    }
}

/// The writer's text counts, not what the log held when it was last flushed.
pub async fn finish_turn_replaces_the_text_of_the_log(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.append(&turn, &["Who"]).await;
    let end = completion_after(2, turn, "Whole.", sample::at(1));
    assert!(subject.stores.turns.finish_turn(&end).await.unwrap());
    assert_answer(&answer(subject).await, &turn, "Whole.", MessageStatus::Complete);
}

/// The first end stands; a second one neither changes the answer nor counts again.
pub async fn finish_turn_writes_nothing_when_the_turn_has_ended(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.complete(turn, "First.", sample::at(1)).await;
    let counted = stats(subject).await;
    assert!(!subject.stores.turns.finish_turn(&completion(turn, "Second.", sample::at(2))).await.unwrap());
    assert_answer(&answer(subject).await, &turn, "First.", MessageStatus::Complete);
    assert_eq!(stats(subject).await, counted);
}

/// Events that were stored without their writer being told come again with the end.
pub async fn finish_turn_replaces_events_that_were_stored(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.append(&turn, &["Whole."]).await;
    let mut end = completion_after(2, turn, "Whole.", sample::at(1));
    end.events.splice(0..0, sample::log(&turn, &["Whole."]));
    assert!(subject.stores.turns.finish_turn(&end).await.unwrap());
    assert_answer(&answer(subject).await, &turn, "Whole.", MessageStatus::Complete);
}

/// An end that was stored without its writer being told is true when it comes again, also when the session has gone
/// on, and it is counted once.
pub async fn finish_turn_again_is_true_and_writes_nothing(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    let end = completion(turn, "Whole.", sample::at(1));
    let turns = &subject.stores.turns;
    assert!(turns.finish_turn(&end).await.unwrap());
    let counted = stats(subject).await;
    assert!(turns.finish_turn(&end).await.unwrap());
    assert_answer(&answer(subject).await, &turn, "Whole.", MessageStatus::Complete);
    assert_eq!(stats(subject).await, counted);

    let mut of_another_generation = end.clone();
    of_another_generation.turn.generation += 1;
    assert!(!turns.finish_turn(&of_another_generation).await.unwrap());
    let next = subject.begin_turn(&session, 2).await;
    assert!(turns.finish_turn(&end).await.unwrap());
    assert_answer(&answer(subject).await, &next, "", MessageStatus::Streaming);
}

/// A replica that is not the owner, or owned another attempt, does not end the turn.
pub async fn finish_turn_writes_nothing_under_another_owner_or_generation(subject: &Subject) {
    let session = subject.first_session().await;
    let mut new = sample::new_turn(&session, 1);
    new.turn.generation = 2;
    subject.stores.turns.begin_turn(&new).await.unwrap();
    let counted = stats(subject).await;

    let right = completion(new.turn, "Intruder.", sample::at(1));
    let mut earlier = right.clone();
    earlier.turn.generation = 1;
    let mut later = right.clone();
    later.turn.generation = 3;
    for end in [TurnEnd { owner: sample::replica_id(2), ..right.clone() }, earlier, later] {
        assert!(!subject.stores.turns.finish_turn(&end).await.unwrap());
    }
    assert_answer(&answer(subject).await, &new.turn, "", MessageStatus::Streaming);
    assert_eq!(stats(subject).await, counted);
    assert!(subject.stores.turns.finish_turn(&right).await.unwrap());
}

/// There was no such turn.
pub async fn finish_turn_of_an_unknown_turn_is_false(subject: &Subject) {
    let session = subject.first_session().await;
    let stray = completion(sample::turn(session.id, 9), "Stray.", sample::at(1));
    assert!(!subject.stores.turns.finish_turn(&stray).await.unwrap());
    assert_eq!(stats(subject).await.total_messages, 0);
}

/// Exactly one of many ends is written and counted.
pub async fn of_many_ends_at_once_exactly_one_is_written(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    let ended = at_once(subject, 8, move |stores, n| async move {
        let end = completion(turn, &format!("Answer {n}."), sample::at(i64::from(n)));
        stores.turns.finish_turn(&end).await.unwrap().then_some(end.content)
    });
    let written: Vec<_> = ended.await.into_iter().flatten().collect();
    assert_eq!(written.len(), 1);
    assert_answer(&answer(subject).await, &turn, &written[0], MessageStatus::Complete);
    let expected = TokenUsage { input: 10, output: 5 };
    assert_eq!((stats(subject).await.total_messages, stats(subject).await.token_usage), (2, expected));
}

/// The text in the log becomes the message, and the session is free again.
pub async fn an_expired_turn_keeps_the_text_of_its_log(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.append(&turn, &["Ha", "lf 🌗"]).await;
    assert_eq!(interrupt(subject, 99, 10).await, [1]);
    assert_answer(&answer(subject).await, &turn, "Half 🌗", MessageStatus::Interrupted);
    let found = stats(subject).await;
    assert_eq!((found.total_messages, found.token_usage), (2, TokenUsage::default()));
    subject.begin_turn(&session, 2).await;
}

/// Without text the turn has failed, and there is no message of the agent to count.
pub async fn an_expired_turn_without_text_has_failed(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.append(&turn, &[]).await;
    assert_eq!(interrupt(subject, 99, 10).await, [1]);
    assert_answer(&answer(subject).await, &turn, "", MessageStatus::Failed);
    assert_eq!(stats(subject).await.total_messages, 1);
}

/// A lease holds until the microsecond before its end.
pub async fn a_turn_expires_when_its_lease_ends(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    let end = sample::at(sample::LEASE_SECONDS);
    let just_before = end - SignedDuration::from_micros(1);
    let turns = &subject.stores.turns;
    assert_eq!(turns.interrupt_expired_turns(just_before, 10).await.unwrap(), []);
    assert_answer(&answer(subject).await, &turn, "", MessageStatus::Streaming);
    assert_eq!(turns.interrupt_expired_turns(end, 10).await.unwrap(), [turn.id]);
    assert_eq!(turns.interrupt_expired_turns(end, 10).await.unwrap(), []);
}

/// Ended turns have no lease that could expire.
pub async fn an_ended_turn_does_not_expire(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.complete(turn, "Whole.", sample::at(1)).await;
    assert_eq!(interrupt(subject, 999, 10).await, Vec::<u32>::new());
    assert_answer(&answer(subject).await, &turn, "Whole.", MessageStatus::Complete);
}

/// A replica that comes back after its lease ended finds the fence.
pub async fn the_owner_of_an_expired_turn_can_write_nothing(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.append(&turn, &["Half"]).await;
    assert_eq!(interrupt(subject, 99, 10).await, [1]);

    let turns = &subject.stores.turns;
    let appends = [append_of(&turn, vec![])];
    let lost = turns.append_events(sample::replica_id(1), sample::at(999), &appends).await.unwrap();
    assert_eq!(lost, [turn.id]);
    assert!(!turns.finish_turn(&completion(turn, "Whole.", sample::at(100))).await.unwrap());
    assert_answer(&answer(subject).await, &turn, "Half", MessageStatus::Interrupted);
    assert_eq!(stats(subject).await.token_usage, TokenUsage::default());
}

/// A crash of a busy replica is worked off in steps; turns whose lease holds are left alone.
pub async fn interrupt_expired_turns_keeps_to_its_limit(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    for n in 1..=6 {
        let session = subject.open_session(&widget, n).await;
        subject.begin_turn(&session, n).await;
    }
    let held = append_of(&sample::turn(sample::session_id(6), 6), vec![]);
    let turns = &subject.stores.turns;
    assert_eq!(turns.append_events(sample::replica_id(1), sample::at(999), &[held]).await.unwrap(), []);

    let mut interrupted = interrupt(subject, 99, 2).await;
    assert_eq!(interrupted.len(), 2);
    interrupted.extend(interrupt(subject, 99, 2).await);
    assert_eq!(interrupted.len(), 4);
    interrupted.extend(interrupt(subject, 99, 2).await);
    interrupted.sort_unstable();
    assert_eq!(interrupted, [1, 2, 3, 4, 5]);
}

/// Replicas that sweep together break off each turn once.
pub async fn of_many_sweeps_at_once_each_turn_is_broken_off_by_one(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    for n in 1..=8 {
        let session = subject.open_session(&widget, n).await;
        let turn = subject.begin_turn(&session, n).await;
        subject.append(&turn, &["Half"]).await;
    }
    let swept = at_once(subject, 6, |stores, _| async move {
        stores.turns.interrupt_expired_turns(sample::at(99), 100).await.unwrap()
    });
    let mut swept = swept.await.concat();
    swept.sort_unstable();
    assert_eq!(swept, [1, 2, 3, 4, 5, 6, 7, 8].map(sample::turn_id));
    assert_eq!(stats(subject).await.total_messages, 16);
}

/// Whoever comes first ends the turn; the other has no effect.
pub async fn a_turn_is_either_finished_or_broken_off(subject: &Subject) {
    let session = subject.first_session().await;
    for n in 1..=8 {
        let turn = subject.begin_turn(&session, n).await;
        subject.append(&turn, &["Half"]).await;
        let outcomes = at_once(subject, 2, move |stores, call| async move {
            if call == 0 {
                let end = completion_after(2, turn, "Whole.", sample::at(1));
                return stores.turns.finish_turn(&end).await.unwrap().then_some("Whole.");
            }
            let swept = stores.turns.interrupt_expired_turns(sample::at(99), 10).await.unwrap();
            (swept == [turn.id]).then_some("Half")
        });
        let written: Vec<_> = outcomes.await.into_iter().flatten().collect();
        assert_eq!(written.len(), 1, "{written:?}");
        let status = if written[0] == "Half" { MessageStatus::Interrupted } else { MessageStatus::Complete };
        assert_answer(&answer(subject).await, &turn, written[0], status);
        assert_eq!(stats(subject).await.total_messages, u64::from(2 * n));
    }
}

const FAILURES: [TurnFailure; 5] = [
    TurnFailure::ModelUnavailable,
    TurnFailure::ModelOverloaded,
    TurnFailure::ConversationTooLong,
    TurnFailure::AnswerInterrupted,
    TurnFailure::TurnTimedOut,
];

async fn finish_broken(subject: &Subject, turn: Turn, failure: TurnFailure, content: &str) {
    let usage = TokenUsage::default();
    let ended = turn.break_off(failure, !content.is_empty(), usage, sample::at(1)).unwrap();
    let end = TurnEnd { turn: ended, ..completion(turn, content, sample::at(1)) };
    assert!(subject.stores.turns.finish_turn(&end).await.unwrap());
}

/// The numbers of the turns that a sweep breaks off.
async fn interrupt(subject: &Subject, second: i64, limit: u32) -> Vec<u32> {
    let ids = subject.stores.turns.interrupt_expired_turns(sample::at(second), limit).await.unwrap();
    ids.into_iter().map(|id| (0..100).find(|n| sample::turn_id(*n) == id).unwrap()).collect()
}

/// The newest message of session 1.
async fn answer(subject: &Subject) -> Message {
    let found = subject.stores.sessions.list_messages(sample::session_id(1), None, 1).await.unwrap();
    found.into_iter().next().unwrap()
}

fn assert_answer(answer: &Message, turn: &Turn, content: &str, status: MessageStatus) {
    assert_eq!((answer.id, answer.content.as_str()), (turn.assistant_message_id, content));
    assert_eq!((answer.status, answer.created_at), (status, turn.started_at));
}

async fn stats(subject: &Subject) -> WidgetStats {
    let (team, id) = (sample::team_id(1), sample::widget_id(1));
    subject.stores.widgets.find_widget_stats(team, id, sample::day_start()).await.unwrap().unwrap()
}
