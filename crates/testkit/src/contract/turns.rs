//! Cases of `TurnStore`: beginning a turn, and what its model needs to know.

use chatloom_domain::id::TurnId;
use chatloom_domain::message::{Author, MessageStatus};
use chatloom_domain::session::ChatSession;
use chatloom_domain::turn::{Turn, TurnFailure};
use chatloom_domain::usage::TokenUsage;
use chatloom_domain::widget::Widget;
use chatloom_domain::workflow::{Workflow, WorkflowName};
use chatloom_ports::store::SaveOutcome;
use chatloom_ports::store::turns::{BeginTurnError, NewTurn, TurnContext, TurnEnd};

use super::Subject;
use super::subject::{at_once, completion};
use crate::sample;

/// Both messages are there at once, the agent's empty, on the session's next two places.
pub async fn begin_turn_stores_the_question_and_a_place_for_the_answer(subject: &Subject) {
    let session = subject.first_session().await;
    for n in 1..=2 {
        let turn = subject.begin_turn(&session, n).await;
        let found = subject.stores.sessions.list_messages(session.id, None, 2).await.unwrap();
        let (question, answer) = (&found[0], &found[1]);
        assert_eq!((question.id, answer.id), (turn.user_message_id, turn.assistant_message_id));
        assert_eq!((question.seq, answer.seq), (i64::from(2 * n - 1), i64::from(2 * n)));
        assert_eq!((question.author, answer.author), (Author::User, Author::Assistant));
        assert_eq!((question.content.as_str(), answer.content.as_str()), (&*format!("Question {n}?"), ""));
        assert_eq!(question.status, MessageStatus::Complete);
        assert_eq!(answer.status, MessageStatus::Streaming);
        assert_eq!((question.created_at, answer.created_at), (turn.started_at, turn.started_at));
        subject.complete(turn, "Answer.", sample::at(1)).await;
    }
}

/// A session has one running turn; who asks meanwhile learns which.
pub async fn begin_turn_is_refused_while_another_runs(subject: &Subject) {
    let session = subject.first_session().await;
    let running = subject.begin_turn(&session, 1).await;
    let refused = subject.stores.turns.begin_turn(&sample::new_turn(&session, 2)).await;
    assert!(matches!(refused, Err(BeginTurnError::TurnRunning(id)) if id == running.id), "{refused:?}");
    assert_wrote_nothing(subject, &session, 1).await;

    subject.complete(running, "Answer.", sample::at(1)).await;
    subject.begin_turn(&session, 2).await;
}

/// A lease that has ended does not end the turn: that takes somebody who breaks it off.
pub async fn begin_turn_is_refused_while_an_expired_turn_is_not_broken_off(subject: &Subject) {
    let session = subject.first_session().await;
    let running = subject.begin_turn(&session, 1).await;
    let mut late = sample::new_turn(&session, 2);
    late.turn.started_at = sample::at(10 * sample::LEASE_SECONDS);
    let refused = subject.stores.turns.begin_turn(&late).await;
    assert!(matches!(refused, Err(BeginTurnError::TurnRunning(id)) if id == running.id), "{refused:?}");
}

/// Of many questions at once exactly one is taken, and all others name the turn that answers it.
pub async fn of_many_turns_at_once_exactly_one_begins(subject: &Subject) {
    let session = subject.first_session().await;
    let begun = at_once(subject, 8, |stores, n| {
        let new = sample::new_turn(&session, n + 1);
        async move {
            match stores.turns.begin_turn(&new).await {
                Ok(_) => Ok(new.turn.id),
                Err(BeginTurnError::TurnRunning(id)) => Err(id),
                Err(error) => panic!("{error:?}"),
            }
        }
    });
    let (won, lost): (Vec<_>, Vec<Result<TurnId, TurnId>>) = begun.await.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    let winner = won[0].unwrap();
    assert!(lost.iter().all(|refusal| *refusal == Err(winner)), "{winner:?} and {lost:?}");
    let found = subject.stores.sessions.list_messages(session.id, None, 100).await.unwrap();
    let seqs: Vec<_> = found.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, [1, 2]);
    assert_wrote_nothing(subject, &session, 1).await;
}

/// Sessions do not wait for each other.
pub async fn sessions_run_turns_side_by_side(subject: &Subject) {
    let first = subject.first_session().await;
    for n in 2..=8 {
        subject
            .stores
            .sessions
            .open_session(&sample::chat_session(first.widget_id, n), 1, None)
            .await
            .unwrap();
    }
    let begun = at_once(subject, 8, |stores, n| {
        let new = sample::new_turn(&sample::chat_session(first.widget_id, n + 1), n + 1);
        async move { stores.turns.begin_turn(&new).await.is_ok() }
    });
    assert_eq!(begun.await, [true; 8]);
}

/// Neither a session that was never opened nor one of another widget.
pub async fn begin_turn_needs_a_session_of_the_widget(subject: &Subject) {
    let session = subject.first_session().await;
    let other = subject.add_widget(sample::team_id(1), 2).await;
    let unknown = sample::new_turn(&sample::chat_session(session.widget_id, 9), 1);
    let foreign = NewTurn { widget_id: other.id, ..sample::new_turn(&session, 1) };
    for new in [unknown, foreign] {
        let refused = subject.stores.turns.begin_turn(&new).await;
        assert!(matches!(refused, Err(BeginTurnError::SessionNotFound)), "{refused:?}");
    }
    assert_wrote_nothing(subject, &session, 0).await;
}

/// A request that was admitted to an older or newer version of the widget writes nothing.
pub async fn begin_turn_needs_the_widgets_version(subject: &Subject) {
    let session = subject.first_session().await;
    let (team, widgets) = (sample::team_id(1), &subject.stores.widgets);
    assert!(
        widgets
            .rotate_embed_token(team, session.widget_id, &sample::rotation(2, 1), &sample::audit_record())
            .await
            .unwrap()
    );
    for widget_version in [1, 3] {
        let new = NewTurn { widget_version, ..sample::new_turn(&session, 1) };
        let refused = subject.stores.turns.begin_turn(&new).await;
        assert!(matches!(refused, Err(BeginTurnError::WidgetChanged)), "{refused:?}");
    }
    assert_wrote_nothing(subject, &session, 0).await;
    let new = NewTurn { widget_version: 2, ..sample::new_turn(&session, 1) };
    subject.stores.turns.begin_turn(&new).await.unwrap();
}

/// The right version does not help when the widget is switched off.
pub async fn begin_turn_needs_an_active_widget(subject: &Subject) {
    let session = subject.first_session().await;
    let widget = sample::widget(sample::team_id(1), sample::workflow_id(1), 1);
    let inactive = Widget { active: false, ..widget };
    assert_eq!(
        subject.stores.widgets.save_widget(&inactive, &sample::audit_record()).await.unwrap(),
        SaveOutcome::Saved
    );
    let new = NewTurn { widget_version: 2, ..sample::new_turn(&session, 1) };
    let refused = subject.stores.turns.begin_turn(&new).await;
    assert!(matches!(refused, Err(BeginTurnError::WidgetChanged)), "{refused:?}");
    assert_wrote_nothing(subject, &session, 0).await;
}

/// An editor's change applies to the next turn, of sessions that are open already, too.
pub async fn the_context_has_the_workflow_as_it_is_now(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    let stored = sample::workflow(sample::team_id(1), 1);
    assert_eq!(context(subject, &turn, 10).await.workflow, Some(stored.clone()));
    let renamed = Workflow { name: WorkflowName::parse("Renamed").unwrap(), ..stored };
    assert_eq!(
        subject.stores.workflows.save_workflow(&renamed, &sample::audit_record()).await.unwrap(),
        SaveOutcome::Saved
    );
    let expected = Workflow { version: 2, ..renamed };
    assert_eq!(context(subject, &turn, 10).await.workflow, Some(expected));
}

/// A workflow may be gone by the time it is needed; the history is there all the same.
pub async fn the_context_says_when_the_workflow_is_gone(subject: &Subject) {
    let session = subject.first_session().await;
    let first = subject.begin_turn(&session, 1).await;
    subject.complete(first, "Answer.", sample::at(1)).await;
    let turn = subject.begin_turn(&session, 2).await;
    let turns = &subject.stores.turns;
    let found = turns.load_turn_context(session.id, turn.id, sample::workflow_id(9), 10).await.unwrap();
    assert_eq!(found.workflow, None);
    assert_eq!(found.history.len(), 2);
}

/// Oldest first, the newest within the limit, and never the turn's own messages or another session's.
pub async fn the_history_is_what_stands_before_the_turn(subject: &Subject) {
    let session = subject.first_session().await;
    let other = subject.open_session(&sample::widget(sample::team_id(1), sample::workflow_id(1), 1), 2).await;
    subject.begin_turn(&other, 8).await;
    for n in 1..=2 {
        let turn = subject.begin_turn(&session, n).await;
        subject.complete(turn, &format!("Answer {n}."), sample::at(1)).await;
    }
    let turn = subject.begin_turn(&session, 3).await;
    subject.append(&turn, &["Half"]).await;

    let all = ["Question 1?", "Answer 1.", "Question 2?", "Answer 2."];
    for (limit, expected) in [(0, &all[4..]), (1, &all[3..]), (3, &all[1..]), (4, &all[..]), (200, &all[..])]
    {
        assert_eq!(history(subject, &turn, limit).await, expected, "limit {limit}");
    }
}

/// The first turn of a session has nothing before it.
pub async fn the_history_of_the_first_turn_is_empty(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    assert_eq!(history(subject, &turn, 10).await, Vec::<String>::new());
}

/// An answer that was cut off was read; one that never came was not, and takes no place under the limit.
pub async fn the_history_leaves_out_answers_without_text(subject: &Subject) {
    let session = subject.first_session().await;
    for (n, content) in [(1, "Half"), (2, "")] {
        let turn = subject.begin_turn(&session, n).await;
        let has_text = !content.is_empty();
        let failure = TurnFailure::AnswerInterrupted;
        let ended = turn.break_off(failure, has_text, TokenUsage::default(), sample::at(1)).unwrap();
        let end = TurnEnd { turn: ended, ..completion(turn, content, sample::at(1)) };
        assert!(subject.stores.turns.finish_turn(&end).await.unwrap());
    }
    // A whole answer may be empty, too.
    let turn = subject.begin_turn(&session, 3).await;
    subject.complete(turn, "", sample::at(1)).await;
    let turn = subject.begin_turn(&session, 4).await;
    assert_eq!(history(subject, &turn, 10).await, ["Question 1?", "Half", "Question 2?", "Question 3?"]);
    assert_eq!(history(subject, &turn, 3).await, ["Half", "Question 2?", "Question 3?"]);
    let found = context(subject, &turn, 10).await.history;
    assert_eq!(found[1].status, MessageStatus::Interrupted);
}

/// Neither one with the same label nor one of the same proven visitor.
pub async fn the_history_never_has_another_session_of_the_visitor(subject: &Subject) {
    let first = subject.first_session().await;
    let of_ada = |n| ChatSession {
        visitor_id: first.visitor_id.clone(),
        subject: Some(sample::visitor_subject("ada")),
        ..sample::chat_session(first.widget_id, n)
    };
    for session in [of_ada(2), of_ada(3)] {
        subject.stores.sessions.open_session(&session, 1, None).await.unwrap();
    }
    for (session, n) in [(&first, 1), (&of_ada(2), 2)] {
        let turn = subject.begin_turn(session, n).await;
        subject.complete(turn, "Noted.", sample::at(1)).await;
    }
    let turn = subject.begin_turn(&of_ada(3), 3).await;
    assert_eq!(history(subject, &turn, 10).await, Vec::<String>::new());
}

/// That the session has `turns` turns, none of them counted or stored twice.
async fn assert_wrote_nothing(subject: &Subject, session: &ChatSession, turns: usize) {
    let found = subject.stores.sessions.list_messages(session.id, None, 100).await.unwrap();
    assert_eq!(found.len(), 2 * turns);
    let (team, day) = (sample::team_id(1), sample::day_start());
    let stats = subject.stores.widgets.find_widget_stats(team, session.widget_id, day).await.unwrap();
    assert_eq!(stats.unwrap().total_messages, turns as u64);
}

async fn context(subject: &Subject, turn: &Turn, history_limit: u32) -> TurnContext {
    let workflow = sample::workflow_id(1);
    subject.stores.turns.load_turn_context(turn.session_id, turn.id, workflow, history_limit).await.unwrap()
}

async fn history(subject: &Subject, turn: &Turn, limit: u32) -> Vec<String> {
    let found = context(subject, turn, limit).await.history;
    found.into_iter().map(|message| message.content).collect()
}
