//! Cases of `SessionStore`: conversations that have been kept for long enough.

use chatloom_domain::Timestamp;
use chatloom_domain::session::ChatSession;
use chatloom_domain::widget::{RetentionDays, Widget, WidgetRules};
use chatloom_ports::store::turns::{BeginTurnError, NewTurn};
use jiff::SignedDuration;

use super::Subject;
use super::subject::at_once;
use crate::sample;

/// To the microsecond: what is exactly as old as the rule says is kept.
pub async fn erase_outdated_sessions_takes_what_is_older_than_the_rule(subject: &Subject) {
    let widget = widget_kept_for(subject, 1, Some(1)).await;
    let micro = SignedDuration::from_micros(1);
    open_at(subject, &widget, 1, after_days(0) - micro).await;
    open_at(subject, &widget, 2, after_days(0)).await;
    open_at(subject, &widget, 3, after_days(0) + micro).await;
    assert_eq!(sweep(subject, after_days(1), 10).await, 1);
    assert_eq!(left(subject).await, [2, 3]);
    assert_eq!(sweep(subject, after_days(1), 10).await, 0);
}

/// The lengths differ, and so do the ages.
pub async fn each_widget_has_its_own_retention(subject: &Subject) {
    for (n, days) in [(1, 1), (2, 30), (3, 3650)] {
        let widget = widget_kept_for(subject, n, Some(days)).await;
        open_at(subject, &widget, 2 * n, after_days(0)).await;
        open_at(subject, &widget, 2 * n + 1, after_days(20)).await;
    }
    for (day, erased, kept) in [
        (1, 0, vec![2, 3, 4, 5, 6, 7]),
        (2, 1, vec![3, 4, 5, 6, 7]),
        (31, 2, vec![5, 6, 7]),
        (3649, 1, vec![6, 7]),
        (3651, 1, vec![7]),
    ] {
        assert_eq!(sweep(subject, after_days(day), 10).await, erased, "day {day}");
        assert_eq!(left(subject).await, kept, "day {day}");
    }
}

/// However old they are.
pub async fn sessions_of_a_widget_without_retention_are_kept(subject: &Subject) {
    let widget = widget_kept_for(subject, 1, None).await;
    open_at(subject, &widget, 1, after_days(0)).await;
    assert_eq!(sweep(subject, after_days(100_000), 10).await, 0);
    assert_eq!(left(subject).await, [1]);
}

/// It is once the turn has ended, if nothing else has happened in it.
pub async fn a_session_with_a_running_turn_is_not_outdated(subject: &Subject) {
    let widget = widget_kept_for(subject, 1, Some(1)).await;
    let session = open_at(subject, &widget, 1, after_days(0)).await;
    let turn = subject.begin_turn(&session, 1).await;
    assert_eq!(sweep(subject, after_days(9), 10).await, 0);
    subject.complete(turn, "Answer.", sample::at(1)).await;
    assert_eq!(sweep(subject, after_days(9), 10).await, 1);
    assert_eq!(left(subject).await, Vec::<u32>::new());
}

/// Not as its opening.
pub async fn a_session_is_as_old_as_its_last_message(subject: &Subject) {
    let widget = widget_kept_for(subject, 1, Some(2)).await;
    let session = open_at(subject, &widget, 1, after_days(0)).await;
    let mut new: NewTurn = sample::new_turn(&session, 1);
    new.turn.started_at = after_days(5);
    subject.stores.turns.begin_turn(&new).await.unwrap();
    subject.complete(new.turn, "Answer.", after_days(5)).await;
    assert_eq!(sweep(subject, after_days(7), 10).await, 0);
    assert_eq!(sweep(subject, after_days(8), 10).await, 1);
    assert_eq!(subject.stores.sessions.list_messages(session.id, None, 10).await.unwrap(), []);
}

/// What was counted stays counted.
pub async fn erase_outdated_sessions_keeps_statistics(subject: &Subject) {
    let widget = widget_kept_for(subject, 1, Some(1)).await;
    let session = open_at(subject, &widget, 1, sample::at(0)).await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.complete(turn, "Answer.", sample::at(1)).await;
    assert_eq!(sweep(subject, after_days(9), 10).await, 1);
    let widgets = &subject.stores.widgets;
    let stats = widgets.find_widget_stats(sample::team_id(1), widget.id, sample::day_start()).await.unwrap();
    let stats = stats.unwrap();
    assert_eq!((stats.total_sessions, stats.total_messages, stats.active_sessions_today), (1, 2, 0));
}

/// The limit is one over all widgets, and the rest is taken by the next calls.
pub async fn erase_outdated_sessions_keeps_to_its_limit(subject: &Subject) {
    for (n, days) in [(1, 1), (2, 2)] {
        let widget = widget_kept_for(subject, n, Some(days)).await;
        for m in 0..3 {
            open_at(subject, &widget, 1 + 3 * (n - 1) + m, after_days(0)).await;
        }
    }
    for (erased, left_over) in [(4, 2), (2, 0), (0, 0)] {
        assert_eq!(sweep(subject, after_days(9), 4).await, erased);
        assert_eq!(left(subject).await.len(), left_over);
    }
}

/// Replicas that sweep at once leave each other's sessions alone, and together take all of them.
pub async fn of_many_sweeps_at_once_each_session_is_counted_by_one(subject: &Subject) {
    let widget = widget_kept_for(subject, 1, Some(1)).await;
    for n in 1..=20 {
        open_at(subject, &widget, n, after_days(0)).await;
    }
    let erased = at_once(subject, 6, |stores, _| async move {
        stores.sessions.erase_outdated_sessions(after_days(9), 100).await.unwrap()
    });
    let erased: u64 = erased.await.into_iter().sum();
    assert_eq!(erased + sweep(subject, after_days(9), 100).await, 20);
    assert_eq!(left(subject).await, Vec::<u32>::new());
}

/// A message that was taken is not swept away with its session, and one that came too late is refused.
pub async fn a_message_that_meets_a_sweep_is_refused_or_keeps_its_session(subject: &Subject) {
    let widget = widget_kept_for(subject, 1, Some(1)).await;
    let mut sessions = Vec::new();
    for n in 1..=8 {
        sessions.push(open_at(subject, &widget, n, after_days(0)).await);
    }
    let taken = at_once(subject, 9, |stores, call| {
        let session = sessions.get(call as usize).cloned();
        async move {
            let Some(session) = session else {
                stores.sessions.erase_outdated_sessions(after_days(9), 100).await.unwrap();
                return None;
            };
            let mut new: NewTurn = sample::new_turn(&session, call);
            new.turn.started_at = after_days(9);
            match stores.turns.begin_turn(&new).await {
                Ok(_) => Some(call + 1),
                Err(BeginTurnError::SessionNotFound) => None,
                Err(error) => panic!("{error:?}"),
            }
        }
    });
    let mut taken: Vec<_> = taken.await.into_iter().flatten().collect();
    taken.sort_unstable();
    assert_eq!(left(subject).await, taken);
}

/// Widget `n`, whose conversations are kept for so many days, in version 1.
async fn widget_kept_for(subject: &Subject, n: u32, days: Option<i64>) -> Widget {
    let team = subject.add_team(n).await;
    let workflow = sample::workflow(team, n);
    subject.stores.workflows.create_workflow(&workflow, &sample::audit_record()).await.unwrap();
    let retention = days.map(|days| RetentionDays::parse(days).unwrap());
    let rules = WidgetRules { retention, ..WidgetRules::default() };
    let widget = Widget { rules, ..sample::widget(team, workflow.id, n) };
    subject
        .stores
        .widgets
        .create_widget(&widget, &sample::stored_token(n), &sample::audit_record())
        .await
        .unwrap();
    widget
}

async fn open_at(subject: &Subject, widget: &Widget, n: u32, at: Timestamp) -> ChatSession {
    let session = ChatSession { created_at: at, ..sample::chat_session(widget.id, n) };
    subject.stores.sessions.open_session(&session, 1, None).await.unwrap();
    session
}

/// So many days after the origin of the sample values.
fn after_days(days: i64) -> Timestamp {
    sample::at(0) + SignedDuration::from_hours(24 * days)
}

async fn sweep(subject: &Subject, now: Timestamp, limit: u32) -> u64 {
    subject.stores.sessions.erase_outdated_sessions(now, limit).await.unwrap()
}

/// The numbers of the sessions up to 20 that are still there.
async fn left(subject: &Subject) -> Vec<u32> {
    let mut left = Vec::new();
    for n in 1..=20 {
        let found = subject.stores.sessions.find_session(sample::session_id(n)).await.unwrap();
        left.extend(found.map(|_| n));
    }
    left
}
