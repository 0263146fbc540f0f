//! Cases of `TurnStore::retry_turn`: who may run a turn again, and what becomes of its answer.

use chatloom_domain::message::{Message, MessageStatus};
use chatloom_domain::session::ChatSession;
use chatloom_domain::turn::{Turn, TurnState};
use chatloom_domain::usage::TokenUsage;
use chatloom_domain::widget::Widget;
use chatloom_ports::store::SaveOutcome;
use chatloom_ports::store::turns::{BeginTurnError, RetriedTurn, RetryTurnError, TurnEnd, TurnRetry};

use super::Subject;
use super::subject::{append_of, at_once, breaking_off_after, completion, completion_after};
use crate::sample;

/// An interrupted turn and a failed one run again under the new lease, with their question.
pub async fn retry_turn_begins_the_next_generation(subject: &Subject) {
    let session = subject.first_session().await;
    for (n, text) in [(1, "Half"), (2, "")] {
        let turn = subject.begin_turn(&session, n).await;
        subject.break_off(turn, text).await;
        let retry = sample::turn_retry(&session, n);
        let RetriedTurn { turn: again, question, .. } =
            subject.stores.turns.retry_turn(&retry).await.unwrap();
        let state = TurnState::Running { lease: retry.lease };
        assert_eq!(again, Turn { generation: 2, state, ..turn });
        assert_eq!(question, sample::content(&format!("Question {n}?")).into());
        let log = subject.find_log(&turn).await;
        assert_eq!((log.turn, log.events.len(), log.content.as_str()), (again, 0, text));
        assert_answer(&answer(subject).await, &turn, "", MessageStatus::Streaming);
        subject.complete(again, "Whole.", sample::at(1)).await;
    }
}

/// A turn may be run again as often as it breaks off.
pub async fn retry_turn_counts_generations_up(subject: &Subject) {
    let session = subject.first_session().await;
    let mut turn = subject.begin_turn(&session, 1).await;
    for generation in 2..=5 {
        subject.break_off(turn, "Half").await;
        turn = subject.retry_turn(&session, 1).await;
        assert_eq!(turn.generation, generation);
    }
}

/// Who has the answer needs no other.
pub async fn retry_turn_is_refused_when_the_turn_has_its_answer(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.complete(turn, "Whole.", sample::at(1)).await;
    let refused = retry(subject, &sample::turn_retry(&session, 1)).await;
    assert!(matches!(refused, RetryTurnError::NotRetryable), "{refused:?}");
    assert_answer(&answer(subject).await, &turn, "Whole.", MessageStatus::Complete);
    subject.begin_turn(&session, 2).await;
}

/// A question in the middle of a conversation is not answered anew.
pub async fn retry_turn_is_refused_unless_the_turn_is_the_newest(subject: &Subject) {
    let session = subject.first_session().await;
    let first = subject.begin_turn(&session, 1).await;
    subject.break_off(first, "Half").await;
    let second = subject.begin_turn(&session, 2).await;
    subject.break_off(second, "").await;
    let refused = retry(subject, &sample::turn_retry(&session, 1)).await;
    assert!(matches!(refused, RetryTurnError::NotRetryable), "{refused:?}");
    subject.retry_turn(&session, 2).await;
}

/// This turn or another one: the session is busy.
pub async fn retry_turn_is_refused_while_a_turn_runs(subject: &Subject) {
    let session = subject.first_session().await;
    let first = subject.begin_turn(&session, 1).await;
    let refused = retry(subject, &sample::turn_retry(&session, 1)).await;
    assert!(matches!(refused, RetryTurnError::TurnRunning(id) if id == first.id), "{refused:?}");
    subject.break_off(first, "Half").await;
    let second = subject.begin_turn(&session, 2).await;
    let refused = retry(subject, &sample::turn_retry(&session, 1)).await;
    assert!(matches!(refused, RetryTurnError::TurnRunning(id) if id == second.id), "{refused:?}");
}

/// Neither an unknown turn nor another session's.
pub async fn retry_turn_needs_a_turn_of_the_session(subject: &Subject) {
    let session = subject.first_session().await;
    let other = subject.open_session(&sample::widget(sample::team_id(1), sample::workflow_id(1), 1), 2).await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.break_off(turn, "Half").await;
    for stray in [sample::turn_retry(&session, 9), sample::turn_retry(&other, 1)] {
        let refused = retry(subject, &stray).await;
        assert!(matches!(refused, RetryTurnError::TurnNotFound), "{refused:?}");
    }
    // The claim of the session was taken back.
    subject.begin_turn(&other, 2).await;
    subject.retry_turn(&session, 1).await;
}

/// Neither a session that was never opened nor one of another widget.
pub async fn retry_turn_needs_a_session_of_the_widget(subject: &Subject) {
    let session = broken_session(subject).await;
    let widget = subject.add_widget(sample::team_id(1), 2).await;
    let unknown = sample::turn_retry(&sample::chat_session(session.widget_id, 9), 1);
    let foreign = TurnRetry { widget_id: widget.id, ..sample::turn_retry(&session, 1) };
    for stray in [unknown, foreign] {
        let refused = retry(subject, &stray).await;
        assert!(matches!(refused, RetryTurnError::SessionNotFound), "{refused:?}");
    }
}

/// The widget has to be as it was when the request was admitted: of its version and switched on.
pub async fn retry_turn_needs_the_widget_as_it_was(subject: &Subject) {
    let session = broken_session(subject).await;
    for widget_version in [0, 2] {
        let stale = TurnRetry { widget_version, ..sample::turn_retry(&session, 1) };
        let refused = retry(subject, &stale).await;
        assert!(matches!(refused, RetryTurnError::WidgetChanged), "{refused:?}");
    }
    let widget = sample::widget(sample::team_id(1), sample::workflow_id(1), 1);
    let inactive = Widget { active: false, ..widget };
    assert_eq!(
        subject.stores.widgets.save_widget(&inactive, &sample::audit_record()).await.unwrap(),
        SaveOutcome::Saved
    );
    let switched_off = TurnRetry { widget_version: 2, ..sample::turn_retry(&session, 1) };
    let refused = retry(subject, &switched_off).await;
    assert!(matches!(refused, RetryTurnError::WidgetChanged), "{refused:?}");
}

/// The text of the log is shown while it grows, and replaces the earlier one at the end.
pub async fn a_new_answer_takes_the_place_of_the_earlier_one(subject: &Subject) {
    let session = broken_session(subject).await;
    let again = subject.retry_turn(&session, 1).await;
    append(subject, &again, &["Who"]).await;
    assert_answer(&answer(subject).await, &again, "Who", MessageStatus::Streaming);
    assert_eq!(subject.find_log(&again).await.content, "Half");
    let end = completion_after(2, again, "Whole.", sample::at(1));
    assert!(subject.stores.turns.finish_turn(&end).await.unwrap());
    assert_answer(&answer(subject).await, &again, "Whole.", MessageStatus::Complete);
}

/// A generation that comes to nothing takes nothing away, whoever ends it and however.
pub async fn a_generation_without_text_leaves_the_earlier_text(subject: &Subject) {
    let session = broken_session(subject).await;
    let failed = subject.retry_turn(&session, 1).await;
    subject.break_off(failed, "").await;
    assert_answer(&answer(subject).await, &failed, "Half", MessageStatus::Interrupted);
    assert!(matches!(subject.find_log(&failed).await.turn.state, TurnState::Failed { .. }));

    let lost = subject.retry_turn(&session, 1).await;
    append(subject, &lost, &[]).await;
    let swept = subject.stores.turns.interrupt_expired_turns(sample::at(99), 10).await.unwrap();
    assert_eq!(swept, [lost.id]);
    assert_answer(&answer(subject).await, &lost, "Half", MessageStatus::Interrupted);
    assert!(matches!(subject.find_log(&lost).await.turn.state, TurnState::Failed { .. }));

    let stopped = subject.retry_turn(&session, 1).await;
    subject.complete(stopped, "", sample::at(1)).await;
    assert_answer(&answer(subject).await, &stopped, "Half", MessageStatus::Complete);
}

/// What a takeover finds in the log of a later generation replaces the earlier text, too.
pub async fn an_expired_generation_keeps_the_text_of_its_log(subject: &Subject) {
    let session = broken_session(subject).await;
    let again = subject.retry_turn(&session, 1).await;
    append(subject, &again, &["Other half"]).await;
    let swept = subject.stores.turns.interrupt_expired_turns(sample::at(99), 10).await.unwrap();
    assert_eq!(swept, [again.id]);
    assert_answer(&answer(subject).await, &again, "Other half", MessageStatus::Interrupted);
}

/// One answer is one message, in however many generations; tokens were spent in each.
pub async fn an_answer_is_counted_with_its_first_text(subject: &Subject) {
    let session = subject.first_session().await;
    let mut turn = subject.begin_turn(&session, 1).await;
    for (text, messages) in [("", 1), ("Half", 2), ("", 2), ("Other half", 2)] {
        subject.break_off(turn, text).await;
        assert_eq!(total_messages(subject).await, messages);
        turn = subject.retry_turn(&session, 1).await;
    }
    subject.complete(turn, "Whole.", sample::at(1)).await;
    assert_eq!(total_messages(subject).await, 2);
    let (team, id) = (sample::team_id(1), sample::widget_id(1));
    let stats = subject.stores.widgets.find_widget_stats(team, id, sample::day_start()).await.unwrap();
    assert_eq!(stats.unwrap().token_usage, TokenUsage { input: 50, output: 25 });
}

/// A replica that comes back after its turn was run again finds the fence, also for the end that it had written.
pub async fn the_generation_before_can_write_nothing(subject: &Subject) {
    let session = subject.first_session().await;
    let before = subject.begin_turn(&session, 1).await;
    subject.append(&before, &["Half"]).await;
    let end = breaking_off_after(2, before, "Half");
    assert!(subject.stores.turns.finish_turn(&end).await.unwrap());
    let again = subject.retry_turn(&session, 1).await;
    append(subject, &again, &["New"]).await;

    let turns = &subject.stores.turns;
    for owner in [1, 2].map(sample::replica_id) {
        let late = [append_of(&before, sample::log(&before, &["Half", " more"]))];
        assert_eq!(turns.append_events(owner, sample::at(999), &late).await.unwrap(), [before.id]);
        let late = TurnEnd { owner, ..end.clone() };
        assert!(!turns.finish_turn(&late).await.unwrap());
    }
    assert!(!turns.finish_turn(&completion(before, "Whole.", sample::at(3))).await.unwrap());
    let log = subject.find_log(&again).await;
    assert_eq!((log.turn, log.events), (again, sample::log(&again, &["New"])));
}

/// An old end does not make a running turn's log old.
pub async fn prune_events_leaves_a_turn_alone_that_runs_again(subject: &Subject) {
    let session = broken_session(subject).await;
    let turns = &subject.stores.turns;
    assert_eq!(turns.prune_events(sample::at(999), 10).await.unwrap(), 1);
    let again = subject.retry_turn(&session, 1).await;
    append(subject, &again, &["New"]).await;
    assert_eq!(turns.prune_events(sample::at(999), 10).await.unwrap(), 0);
    assert_eq!(subject.find_log(&again).await.events.len(), 2);
    assert!(turns.finish_turn(&breaking_off_after(2, again, "New")).await.unwrap());
    assert_eq!(turns.prune_events(sample::at(999), 10).await.unwrap(), 1);
    assert_eq!(subject.find_log(&again).await.events, []);
}

/// Two clicks run a turn again once.
pub async fn of_many_retries_at_once_exactly_one_succeeds(subject: &Subject) {
    let session = broken_session(subject).await;
    let outcomes = at_once(subject, 8, |stores, _| {
        let retry = sample::turn_retry(&session, 1);
        async move {
            match stores.turns.retry_turn(&retry).await {
                Ok(retried) => Some(retried.turn.generation),
                Err(RetryTurnError::TurnRunning(id)) if id == retry.turn_id => None,
                Err(error) => panic!("{error:?}"),
            }
        }
    });
    let won: Vec<_> = outcomes.await.into_iter().flatten().collect();
    assert_eq!(won, [2]);
}

/// Whoever comes first has the session; the other is told by which turn.
pub async fn a_retry_and_a_new_message_exclude_each_other(subject: &Subject) {
    let session = broken_session(subject).await;
    for n in 2..=25 {
        let running = at_once(subject, 2, |stores, call| {
            let (retry, new) = (sample::turn_retry(&session, n - 1), sample::new_turn(&session, n));
            async move {
                if call == 0 {
                    match stores.turns.retry_turn(&retry).await {
                        Ok(retried) => return Some(retried.turn),
                        Err(RetryTurnError::TurnRunning(id)) if id == new.turn.id => return None,
                        Err(error) => panic!("{error:?}"),
                    }
                }
                match stores.turns.begin_turn(&new).await {
                    Ok(_) => Some(new.turn),
                    Err(BeginTurnError::TurnRunning(id)) if id == retry.turn_id => None,
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
        let running: Vec<_> = running.await.into_iter().flatten().collect();
        assert_eq!(running.len(), 1, "{running:?}");
        subject.break_off(running[0], "Half").await;
        if running[0].generation > 1 {
            let next = subject.begin_turn(&session, n).await;
            subject.break_off(next, "Half").await;
        }
    }
}

/// Session 1 with a turn 1 whose answer broke off after "Half".
async fn broken_session(subject: &Subject) -> ChatSession {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.break_off(turn, "Half").await;
    session
}

async fn retry(subject: &Subject, retry: &TurnRetry) -> RetryTurnError {
    subject.stores.turns.retry_turn(retry).await.unwrap_err()
}

/// Writes the first events of a turn of replica 2.
async fn append(subject: &Subject, turn: &Turn, pieces: &[&str]) {
    let appends = [append_of(turn, sample::log(turn, pieces))];
    let until = sample::at(sample::LEASE_SECONDS);
    let lost = subject.stores.turns.append_events(sample::replica_id(2), until, &appends).await.unwrap();
    assert_eq!(lost, []);
}

/// The newest message of session 1.
async fn answer(subject: &Subject) -> Message {
    let found = subject.stores.sessions.list_messages(sample::session_id(1), None, 1).await.unwrap();
    found.into_iter().next().unwrap()
}

fn assert_answer(answer: &Message, turn: &Turn, content: &str, status: MessageStatus) {
    assert_eq!((answer.id, answer.content.as_str()), (turn.assistant_message_id, content));
    assert_eq!(answer.status, status);
}

async fn total_messages(subject: &Subject) -> u64 {
    let (team, id) = (sample::team_id(1), sample::widget_id(1));
    let stats = subject.stores.widgets.find_widget_stats(team, id, sample::day_start()).await.unwrap();
    stats.unwrap().total_messages
}
