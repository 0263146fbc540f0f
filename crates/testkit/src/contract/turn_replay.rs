//! Cases of `TurnStore`: reading the logs of turns, whole or after a position.

use chatloom_domain::id::TurnId;
use chatloom_domain::turn::{FinishReason, LoggedEvent, Turn, TurnEvent, TurnFailure, TurnState};
use chatloom_domain::usage::TokenUsage;
use chatloom_ports::store::turns::{LogPosition, TurnEnd};

use super::Subject;
use super::subject::{append_of, breaking_off_after, completion, completion_after};
use crate::sample;

/// What was written in many flushes comes back event by event, with its end, and the numbers that it had.
pub async fn find_turn_log_gives_back_what_was_appended(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    let pieces: Vec<_> = (0..200).map(|n| format!("{}{n}", PIECES[n % PIECES.len()])).collect();
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    let mut events = sample::log(&turn, &pieces);
    for (flush, part) in events.chunks(7).enumerate() {
        append(subject, &turn, part.to_vec()).await;
        let log = subject.find_log(&turn).await;
        assert_eq!((log.turn.generation, log.turn.is_running()), (1, true));
        assert_eq!(log.events.len(), events.len().min(7 * (flush + 1)));
    }
    let whole = pieces.concat();
    let end = completion_after(201, turn, &whole, sample::at(1));
    assert!(subject.stores.turns.finish_turn(&end).await.unwrap());
    events.extend(end.events);
    let log = subject.find_log(&turn).await;
    assert_eq!((log.turn, log.content), (end.turn, whole));
    // Events do not print their text, so that a difference is looked for one by one.
    for (found, expected) in log.events.iter().zip(&events) {
        assert!(found == expected, "event {}", expected.seq);
    }
    assert_eq!(log.events.len(), events.len());
}

/// Each reason and each failure is read back, in the turn and in its last event.
pub async fn find_turn_log_gives_back_every_end(subject: &Subject) {
    let session = subject.first_session().await;
    let (usage, at) = (TokenUsage { input: 7, output: u64::from(u32::MAX) }, sample::at(3));
    let mut n = 0;
    for reason in
        [FinishReason::Stop, FinishReason::Length, FinishReason::Stopped, FinishReason::ContentFilter]
    {
        n += 1;
        let turn = subject.begin_turn(&session, n).await;
        let mut end = completion(turn, "", at);
        end.turn = turn.complete(reason, usage, at).unwrap();
        let TurnEvent::Completed { finish_reason, usage: told, .. } = &mut end.events[0].event else {
            panic!("a completion completes");
        };
        (*finish_reason, *told) = (reason, usage);
        assert_end_comes_back(subject, &end).await;
    }
    for (failure, text) in [
        (TurnFailure::ModelUnavailable, ""),
        (TurnFailure::ModelOverloaded, ""),
        (TurnFailure::ConversationTooLong, ""),
        (TurnFailure::AnswerInterrupted, "Half"),
        (TurnFailure::TurnTimedOut, "Half"),
    ] {
        n += 1;
        let turn = subject.begin_turn(&session, n).await;
        let mut end = breaking_off_after(0, turn, text);
        end.turn = turn.break_off(failure, !text.is_empty(), usage, at).unwrap();
        end.events[0].event = TurnEvent::Broken { failure, at };
        assert_end_comes_back(subject, &end).await;
    }
}

/// A turn that has just begun has no events yet.
pub async fn the_log_of_a_turn_that_has_just_begun_is_empty(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    let log = subject.find_log(&turn).await;
    assert_eq!((log.turn, log.events, log.content.as_str()), (turn, vec![], ""));
}

/// Neither an unknown turn, nor another session's, nor one that was erased.
pub async fn find_turn_log_sees_only_the_sessions_own(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    let turns = &subject.stores.turns;
    assert!(turns.find_turn_log(session.id, sample::turn_id(2)).await.unwrap().is_none());
    assert!(turns.find_turn_log(sample::session_id(2), turn.id).await.unwrap().is_none());
    assert!(subject.stores.sessions.erase_session(session.id).await.unwrap());
    assert!(turns.find_turn_log(session.id, turn.id).await.unwrap().is_none());
}

/// When the log has expired, the turn's end and its answer are still there.
pub async fn a_pruned_log_is_empty_and_the_turn_is_whole(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    let end = completion(turn, "Whole.", sample::at(1));
    assert!(subject.stores.turns.finish_turn(&end).await.unwrap());
    assert_eq!(subject.stores.turns.prune_events(sample::at(9), 10).await.unwrap(), 1);
    let log = subject.find_log(&turn).await;
    assert_eq!((log.turn, log.events, log.content.as_str()), (end.turn, vec![], "Whole."));
}

/// A takeover leaves the numbers free that the owner may have shown and not stored.
pub async fn the_end_of_an_expired_turn_stands_apart_from_its_log(subject: &Subject) {
    let session = subject.first_session().await;
    let mut turn = subject.begin_turn(&session, 1).await;
    for (pieces, logged) in [(Some(&["Half"][..]), 2), (Some(&[]), 1), (None, 0)] {
        let mut events = pieces.map_or_else(Vec::new, |pieces| sample::log(&turn, pieces));
        append(subject, &turn, events.clone()).await;
        let swept = subject.stores.turns.interrupt_expired_turns(sample::at(99), 10).await.unwrap();
        assert_eq!(swept, [turn.id]);
        let end = TurnEvent::Broken { failure: TurnFailure::AnswerInterrupted, at: sample::at(99) };
        events.push(LoggedEvent::after_loss(logged, end));
        assert_eq!(subject.find_log(&turn).await.events, events);
        turn = subject.retry_turn(&session, 1).await;
    }
}

/// The events of an earlier generation are not told again.
pub async fn find_turn_log_gives_the_current_generation_only(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.append(&turn, &["Half"]).await;
    assert!(subject.stores.turns.finish_turn(&breaking_off_after(2, turn, "Half")).await.unwrap());
    let again = subject.retry_turn(&session, 1).await;
    assert_eq!(subject.find_log(&again).await.events, []);
    let events = sample::log(&again, &["N", "ew"]);
    append(subject, &again, events.clone()).await;
    assert_eq!(subject.find_log(&again).await.events, events);
}

/// From every position what comes after it, also in the middle of what was written together.
pub async fn read_running_logs_gives_what_follows_a_position(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    let events = sample::log(&turn, &["a", "b", "c", "d", "e", "f", "g"]);
    for part in events.chunks(3) {
        append(subject, &turn, part.to_vec()).await;
    }
    for seq in 0..=10 {
        let expected = &events[events.len().min(seq as usize)..];
        assert_eq!(read(subject, &[after(&turn, seq)]).await, [(turn.id, expected.to_vec())], "after {seq}");
    }
}

/// Each position has its answer, in the order in which they were asked, and one that is asked twice has two.
pub async fn read_running_logs_answers_many_positions(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    let mut turns = Vec::new();
    for n in 1..=3 {
        let session = subject.open_session(&widget, n).await;
        let turn = subject.begin_turn(&session, n).await;
        subject.append(&turn, &["a", "b"][..n as usize - 1]).await;
        turns.push(turn);
    }
    // More than one statement takes.
    let unknown =
        (0..1_200).map(|n| LogPosition { turn_id: sample::turn_id(100 + n), ..after(&turns[0], 0) });
    let mut positions = vec![after(&turns[2], 1), after(&turns[1], 0), after(&turns[2], 0)];
    positions.extend(unknown);
    positions.push(after(&turns[0], 1));
    let log = |n: usize, pieces: &[&str]| sample::log(&turns[n], pieces);
    let expected = [
        (turns[2].id, log(2, &["a", "b"])[1..].to_vec()),
        (turns[1].id, log(1, &["a"])),
        (turns[2].id, log(2, &["a", "b"])),
        (turns[0].id, vec![]),
    ];
    assert_eq!(read(subject, &positions).await, expected);
    assert_eq!(read(subject, &[]).await, []);
}

/// A follower learns that there is nothing more to follow: the turn has ended, runs in another generation, or is gone.
pub async fn read_running_logs_leaves_out_what_does_not_run(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.append(&turn, &["Half"]).await;
    assert_eq!(read(subject, &[LogPosition { generation: 2, ..after(&turn, 0) }]).await, []);
    assert!(subject.stores.turns.finish_turn(&breaking_off_after(2, turn, "Half")).await.unwrap());
    assert_eq!(read(subject, &[after(&turn, 0)]).await, []);
    let again = subject.retry_turn(&session, 1).await;
    assert_eq!(read(subject, &[after(&turn, 0), after(&again, 0)]).await, [(again.id, vec![])]);
    assert!(subject.stores.sessions.erase_session(session.id).await.unwrap());
    assert_eq!(read(subject, &[after(&again, 0)]).await, []);
}

const PIECES: [&str; 8] = ["", " ", "\n\n", "\"q\" \\ ", "👩‍🚀", "\u{2028}", "data: {}\r\n", "ß\u{1}"];

async fn assert_end_comes_back(subject: &Subject, end: &TurnEnd) {
    assert!(subject.stores.turns.finish_turn(end).await.unwrap());
    let log = subject.find_log(&end.turn).await;
    assert_eq!((log.turn, &log.content), (end.turn, &end.content));
    assert_eq!(log.events, end.events);
}

/// Appends as the turn's owner.
async fn append(subject: &Subject, turn: &Turn, events: Vec<LoggedEvent>) {
    let TurnState::Running { lease } = turn.state else {
        panic!("an ended turn has no owner");
    };
    let appends = [append_of(turn, events)];
    let lost = subject.stores.turns.append_events(lease.owner, lease.until, &appends).await.unwrap();
    assert_eq!(lost, []);
}

fn after(turn: &Turn, seq: u32) -> LogPosition {
    LogPosition { turn_id: turn.id, generation: turn.generation, seq }
}

async fn read(subject: &Subject, positions: &[LogPosition]) -> Vec<(TurnId, Vec<LoggedEvent>)> {
    let found = subject.stores.turns.read_running_logs(positions).await.unwrap();
    found.into_iter().map(|log| (log.turn_id, log.events)).collect()
}
