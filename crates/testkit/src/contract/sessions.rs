//! Cases of `SessionStore`: opening, finding and erasing sessions.

use chatloom_domain::id::WidgetId;
use chatloom_domain::session::{ChatSession, VisitorId};
use chatloom_domain::widget::Widget;
use chatloom_ports::store::SaveOutcome;
use chatloom_ports::store::sessions::OpenSessionError;
use chatloom_ports::store::turns::BeginTurnError;
use jiff::SignedDuration;

use super::Subject;
use super::subject::{append_of, at_once, completion, completion_after};
use crate::sample;

/// Label, secret and time survive; without label or secret there is none afterwards.
pub async fn a_session_comes_back_as_it_was_stored(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    let full = ChatSession {
        visitor_id: Some(VisitorId::parse(&"🙋".repeat(128)).unwrap()),
        secret_hash: Some(sample::session_secret(1).hash()),
        created_at: sample::at(1) + SignedDuration::from_micros(1),
        ..sample::chat_session(widget.id, 1)
    };
    let quoted = ChatSession {
        // A label is kept as the page wrote it, not trimmed.
        visitor_id: Some(VisitorId::parse(" O'Neil \"\\% ").unwrap()),
        ..sample::chat_session(widget.id, 2)
    };
    let bare = ChatSession { visitor_id: None, ..sample::chat_session(widget.id, 3) };
    for session in [full, quoted, bare] {
        subject.stores.sessions.open_session(&session, 1, None).await.unwrap();
        let found = subject.stores.sessions.find_session(session.id).await.unwrap();
        assert_eq!(found, Some(session));
    }
}

/// An id that was never given out, among others that were.
pub async fn an_unknown_session_is_none(subject: &Subject) {
    subject.first_session().await;
    assert_eq!(subject.stores.sessions.find_session(sample::session_id(2)).await.unwrap(), None);
}

/// A label groups; it does not name one session.
pub async fn one_visitor_may_have_many_sessions(subject: &Subject) {
    let first = subject.first_session().await;
    let second =
        ChatSession { visitor_id: first.visitor_id.clone(), ..sample::chat_session(first.widget_id, 2) };
    subject.stores.sessions.open_session(&second, 1, None).await.unwrap();
    for session in [first, second] {
        assert_eq!(subject.stores.sessions.find_session(session.id).await.unwrap(), Some(session));
    }
}

/// Older and newer versions are refused alike; nothing is stored and nothing counted.
pub async fn open_session_is_refused_unless_the_widget_is_of_the_version(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    assert_eq!(
        subject.stores.widgets.save_widget(&widget, &sample::audit_record()).await.unwrap(),
        SaveOutcome::Saved
    );
    refuses_session(subject, widget.id, 1).await;
    refuses_session(subject, widget.id, 3).await;
    subject.stores.sessions.open_session(&sample::chat_session(widget.id, 1), 2, None).await.unwrap();
}

/// The right version does not help when the widget is switched off.
pub async fn open_session_is_refused_unless_the_widget_is_active(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = Widget { active: false, ..subject.add_widget(team, 1).await };
    assert_eq!(
        subject.stores.widgets.save_widget(&widget, &sample::audit_record()).await.unwrap(),
        SaveOutcome::Saved
    );
    refuses_session(subject, widget.id, 2).await;
}

/// There was no such widget, ever.
pub async fn open_session_is_refused_unless_the_widget_is_there(subject: &Subject) {
    subject.add_widget(subject.add_team(1).await, 1).await;
    refuses_session(subject, sample::widget_id(9), 1).await;
}

/// Session, messages, turns and log are gone, and a second call finds nothing.
pub async fn erase_session_removes_all_of_it(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.append(&turn, &["Answer."]).await;
    let end = completion_after(2, turn, "Answer.", sample::at(1));
    assert!(subject.stores.turns.finish_turn(&end).await.unwrap());

    let (sessions, turns) = (&subject.stores.sessions, &subject.stores.turns);
    assert!(sessions.erase_session(session.id).await.unwrap());
    assert_eq!(sessions.find_session(session.id).await.unwrap(), None);
    assert_eq!(sessions.list_messages(session.id, None, 100).await.unwrap(), []);
    assert_eq!(turns.prune_events(sample::at(1_000), 10).await.unwrap(), 0);
    let context = turns.load_turn_context(session.id, turn.id, sample::workflow_id(1), 10).await.unwrap();
    assert_eq!(context.history, []);
    let begun = turns.begin_turn(&sample::new_turn(&session, 2)).await;
    assert!(matches!(begun, Err(BeginTurnError::SessionNotFound)), "{begun:?}");
    assert!(!sessions.erase_session(session.id).await.unwrap());
}

/// The writer learns that the turn is no longer its own, and nothing comes back.
pub async fn a_running_turn_can_write_nothing_after_erasure(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.append(&turn, &["Half"]).await;
    let (sessions, turns) = (&subject.stores.sessions, &subject.stores.turns);
    assert!(sessions.erase_session(session.id).await.unwrap());

    let appends = [append_of(&turn, vec![])];
    let lost = turns.append_events(sample::replica_id(1), sample::at(99), &appends).await.unwrap();
    assert_eq!(lost, [turn.id]);
    assert!(!turns.finish_turn(&completion(turn, "Late.", sample::at(1))).await.unwrap());
    assert_eq!(turns.interrupt_expired_turns(sample::at(1_000), 10).await.unwrap(), []);
    assert_eq!(sessions.list_messages(session.id, None, 100).await.unwrap(), []);
}

/// The same visitor's other session on the same widget stays whole.
pub async fn erase_session_leaves_other_sessions_alone(subject: &Subject) {
    let erased = subject.first_session().await;
    let kept =
        ChatSession { visitor_id: erased.visitor_id.clone(), ..sample::chat_session(erased.widget_id, 2) };
    subject.stores.sessions.open_session(&kept, 1, None).await.unwrap();
    subject.begin_turn(&erased, 1).await;
    let turn = subject.begin_turn(&kept, 2).await;
    assert!(subject.stores.sessions.erase_session(erased.id).await.unwrap());

    assert_eq!(subject.stores.sessions.list_messages(kept.id, None, 10).await.unwrap().len(), 2);
    subject.complete(turn, "Answer.", sample::at(1)).await;
    assert_eq!(subject.stores.sessions.find_session(kept.id).await.unwrap(), Some(kept));
}

/// Nothing to erase is not an error.
pub async fn erase_session_of_an_unknown_session_is_false(subject: &Subject) {
    let session = subject.first_session().await;
    assert!(!subject.stores.sessions.erase_session(sample::session_id(2)).await.unwrap());
    assert_eq!(subject.stores.sessions.find_session(session.id).await.unwrap(), Some(session));
}

/// Exactly one of many callers erases, and a turn that begins meanwhile leaves nothing behind.
pub async fn no_turn_outlives_its_session(subject: &Subject) {
    let session = subject.first_session().await;
    let erased = at_once(subject, 8, |stores, call| {
        let new = sample::new_turn(&session, call);
        async move {
            if call > 0 {
                return stores.sessions.erase_session(new.turn.session_id).await.unwrap();
            }
            match stores.turns.begin_turn(&new).await {
                Ok(_) | Err(BeginTurnError::SessionNotFound) => false,
                Err(error) => panic!("{error:?}"),
            }
        }
    });
    assert_eq!(erased.await.into_iter().filter(|erased| *erased).count(), 1);
    assert_eq!(subject.stores.sessions.list_messages(session.id, None, 10).await.unwrap(), []);
    assert_eq!(subject.stores.turns.interrupt_expired_turns(sample::at(1_000), 10).await.unwrap(), []);
}

async fn refuses_session(subject: &Subject, widget: WidgetId, version: i64) {
    let session = sample::chat_session(widget, 1);
    let opened = subject.stores.sessions.open_session(&session, version, None).await;
    assert!(matches!(opened, Err(OpenSessionError::WidgetChanged)), "{opened:?}");
    assert_eq!(subject.stores.sessions.find_session(session.id).await.unwrap(), None);
    let widgets = &subject.stores.widgets;
    let stats = widgets.find_widget_stats(sample::team_id(1), widget, sample::day_start()).await.unwrap();
    assert_eq!(stats.unwrap_or_default().total_sessions, 0);
}

/// Only what is old and has no message goes: a conversation stays, and so does a session of today.
pub async fn purge_empty_sessions_takes_old_sessions_without_messages(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    let spoken = subject.open_session(&widget, 1).await;
    subject.begin_turn(&spoken, 1).await;
    subject.open_session(&widget, 2).await;
    let young = ChatSession { created_at: sample::at(10), ..sample::chat_session(widget.id, 3) };
    let sessions = &subject.stores.sessions;
    sessions.open_session(&young, 1, None).await.unwrap();
    assert_eq!(sessions.purge_empty_sessions(sample::at(0), 10).await.unwrap(), 0);
    assert_eq!(sessions.purge_empty_sessions(sample::at(10), 10).await.unwrap(), 1);
    for (n, is_kept) in [(1, true), (2, false), (3, true)] {
        let found = sessions.find_session(sample::session_id(n)).await.unwrap();
        assert_eq!(found.is_some(), is_kept, "session {n}");
    }
}

/// A flood is worked off in steps, and stays counted.
pub async fn purge_empty_sessions_keeps_to_its_limit_and_leaves_statistics(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    for n in 1..=5 {
        subject.open_session(&widget, n).await;
    }
    let sessions = &subject.stores.sessions;
    for expected in [2, 2, 1, 0] {
        assert_eq!(sessions.purge_empty_sessions(sample::at(1), 2).await.unwrap(), expected);
    }
    let (team, day) = (widget.team_id, sample::day_start());
    let stats = subject.stores.widgets.find_widget_stats(team, widget.id, day).await.unwrap().unwrap();
    assert_eq!(stats.total_sessions, 5);
}

/// A first message that comes after a day finds its session, or is told that it is gone; it is never lost with it.
pub async fn a_session_is_either_purged_or_written_in(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    for n in 1..=8 {
        let session = subject.open_session(&widget, n).await;
        let outcomes = at_once(subject, 2, move |stores, call| {
            let new = sample::new_turn(&session, n);
            async move {
                if call == 0 {
                    return stores.sessions.purge_empty_sessions(sample::at(1), 10).await.unwrap() == 1;
                }
                match stores.turns.begin_turn(&new).await {
                    Ok(_) => true,
                    Err(BeginTurnError::SessionNotFound) => false,
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
        let done = outcomes.await.into_iter().filter(|is_done| *is_done).count();
        assert_eq!(done, 1, "round {n}");
    }
}
