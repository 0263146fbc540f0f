//! Cases of `SessionStore`: erasing the conversations of one visitor.

use chatloom_domain::id::WidgetId;
use chatloom_domain::session::{ChatSession, SessionsOf, VisitorId};
use chatloom_ports::store::turns::BeginTurnError;

use super::Subject;
use super::subject::{append_of, at_once, completion};
use crate::sample;

/// This session, and a second call finds nothing.
pub async fn erase_sessions_takes_the_session_that_is_named(subject: &Subject) {
    let widget = sessions_of_ada(subject).await;
    let whose = SessionsOf::Session(sample::session_id(2));
    assert_eq!(erase(subject, widget, &whose, 10).await, 1);
    assert_eq!(left(subject).await, [1, 3, 4, 5]);
    assert_eq!(erase(subject, widget, &whose, 10).await, 0);
}

/// Not those of a proven visitor of the same name.
pub async fn erase_sessions_takes_all_with_the_label(subject: &Subject) {
    let widget = sessions_of_ada(subject).await;
    assert_eq!(erase(subject, widget, &label("ada"), 10).await, 2);
    assert_eq!(left(subject).await, [3, 4, 5]);
}

/// Not those that anybody opened under the same label.
pub async fn erase_sessions_takes_all_of_the_subject(subject: &Subject) {
    let widget = sessions_of_ada(subject).await;
    assert_eq!(erase(subject, widget, &SessionsOf::Subject(sample::visitor_subject("ada")), 10).await, 2);
    assert_eq!(left(subject).await, [1, 2, 5]);
}

/// Whatever they are named by.
pub async fn erase_sessions_of_another_widget_does_nothing(subject: &Subject) {
    sessions_of_ada(subject).await;
    let all = [
        SessionsOf::Session(sample::session_id(1)),
        label("ada"),
        SessionsOf::Subject(sample::visitor_subject("ada")),
    ];
    for whose in all {
        assert_eq!(erase(subject, sample::widget_id(9), &whose, 10).await, 0);
    }
    assert_eq!(left(subject).await, [1, 2, 3, 4, 5]);
}

/// The rest is taken by the next call.
pub async fn erase_sessions_keeps_to_its_limit(subject: &Subject) {
    let widget = sessions_of_ada(subject).await;
    for (erased, kept) in [(1, vec![2, 3, 4, 5]), (1, vec![3, 4, 5]), (0, vec![3, 4, 5])] {
        assert_eq!(erase(subject, widget, &label("ada"), 1).await, erased);
        assert_eq!(left(subject).await, kept);
    }
}

/// Messages, turns and keys are gone: nothing can be read, watched or repeated.
pub async fn erase_sessions_removes_all_of_them(subject: &Subject) {
    let widget = sessions_of_ada(subject).await;
    let session = session(subject, 1).await;
    let new = sample::keyed_turn(&session, 1, "key");
    let (sessions, turns) = (&subject.stores.sessions, &subject.stores.turns);
    turns.begin_turn(&new).await.unwrap();
    subject.complete(new.turn, "Answer.", sample::at(1)).await;
    assert_eq!(erase(subject, widget, &label("ada"), 10).await, 2);

    assert_eq!(sessions.list_messages(session.id, None, 100).await.unwrap(), []);
    assert!(turns.find_turn_log(session.id, new.turn.id).await.unwrap().is_none());
    let key = new.claim.clone().unwrap().key;
    assert!(turns.find_claimed(session.id, &key).await.unwrap().is_none());
    assert_eq!(turns.prune_events(sample::at(1_000), 10).await.unwrap(), 0);
    let begun = turns.begin_turn(&sample::new_turn(&session, 2)).await;
    assert!(matches!(begun, Err(BeginTurnError::SessionNotFound)), "{begun:?}");
}

/// Its writer learns that the turn is no longer its own, and nothing comes back.
pub async fn a_running_turn_can_write_nothing_after_an_erasure_by_label(subject: &Subject) {
    let widget = sessions_of_ada(subject).await;
    let session = session(subject, 1).await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.append(&turn, &["Half"]).await;
    assert_eq!(erase(subject, widget, &label("ada"), 10).await, 2);

    let (sessions, turns) = (&subject.stores.sessions, &subject.stores.turns);
    let appends = [append_of(&turn, vec![])];
    let lost = turns.append_events(sample::replica_id(1), sample::at(99), &appends).await.unwrap();
    assert_eq!(lost, [turn.id]);
    assert!(!turns.finish_turn(&completion(turn, "Late.", sample::at(1))).await.unwrap());
    assert_eq!(turns.interrupt_expired_turns(sample::at(1_000), 10).await.unwrap(), []);
    assert_eq!(sessions.list_messages(session.id, None, 100).await.unwrap(), []);
}

/// What was counted stays counted.
pub async fn erase_sessions_keeps_statistics(subject: &Subject) {
    let widget = sessions_of_ada(subject).await;
    let turn = subject.begin_turn(&session(subject, 1).await, 1).await;
    subject.complete(turn, "Answer.", sample::at(1)).await;
    assert_eq!(erase(subject, widget, &label("ada"), 10).await, 2);
    let widgets = &subject.stores.widgets;
    let stats = widgets.find_widget_stats(sample::team_id(1), widget, sample::day_start()).await.unwrap();
    let stats = stats.unwrap();
    assert_eq!((stats.total_sessions, stats.total_messages, stats.token_usage.output), (5, 2, 5));
}

/// Two administrators who erase the same visitor do not stand in each other's way.
pub async fn of_many_erasures_at_once_each_session_is_counted_by_one(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    for n in 1..=20 {
        open(subject, widget.id, n, Some("ada"), None).await;
    }
    let erased = at_once(subject, 8, move |stores, _| async move {
        let whose = SessionsOf::Visitor(VisitorId::parse("ada").unwrap());
        stores.sessions.erase_sessions(sample::widget_id(1), &whose, 100, &[]).await.unwrap()
    });
    assert_eq!(erased.await.into_iter().sum::<u64>(), 20);
    assert_eq!(left(subject).await, Vec::<u32>::new());
}

/// Writers of many turns and an erasure of all their sessions never wait for each other in a circle.
pub async fn sessions_may_be_erased_while_they_are_talked_to(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    let mut turns = Vec::new();
    for n in 1..=12 {
        open(subject, widget.id, n, Some("ada"), None).await;
        turns.push(subject.begin_turn(&session(subject, n).await, 13 - n).await);
    }
    let done = at_once(subject, 6, move |stores, call| {
        let mut appends: Vec<_> = turns.iter().map(|turn| append_of(turn, vec![])).collect();
        if call % 2 == 1 {
            appends.reverse();
        }
        async move {
            if call == 0 {
                let whose = SessionsOf::Visitor(VisitorId::parse("ada").unwrap());
                return stores.sessions.erase_sessions(sample::widget_id(1), &whose, 100, &[]).await.unwrap();
            }
            for _ in 0..5 {
                stores.turns.append_events(sample::replica_id(1), sample::at(99), &appends).await.unwrap();
            }
            0
        }
    });
    assert_eq!(done.await.into_iter().sum::<u64>(), 12);
}

/// It may be called at any time; what stays is what was there.
pub async fn remove_traces_keeps_what_was_not_erased(subject: &Subject) {
    let widget = sessions_of_ada(subject).await;
    let turn = subject.begin_turn(&session(subject, 5).await, 1).await;
    subject.complete(turn, "Answer.", sample::at(1)).await;
    assert_eq!(erase(subject, widget, &label("ada"), 10).await, 2);
    while !subject.stores.sessions.remove_traces().await.unwrap() {}
    assert!(subject.stores.sessions.remove_traces().await.unwrap());
    assert_eq!(left(subject).await, [3, 4, 5]);
    let kept = subject.stores.sessions.list_messages(sample::session_id(5), None, 10).await.unwrap();
    assert_eq!(kept[1].content, "Answer.");
}

/// Sessions 1 and 2 bear the label `ada`, 3 and 4 are of the proven visitor `ada` (one of them with another label), and
/// 5 is somebody else's.
async fn sessions_of_ada(subject: &Subject) -> WidgetId {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    let sessions = [
        (1, Some("ada"), None),
        (2, Some("ada"), None),
        (3, None, Some("ada")),
        (4, Some("eve"), Some("ada")),
        (5, Some("eve"), Some("eve")),
    ];
    for (n, label, name) in sessions {
        open(subject, widget.id, n, label, name).await;
    }
    widget.id
}

async fn open(subject: &Subject, widget: WidgetId, n: u32, label: Option<&str>, name: Option<&str>) {
    let session = ChatSession {
        visitor_id: label.map(|label| VisitorId::parse(label).unwrap()),
        subject: name.map(sample::visitor_subject),
        ..sample::chat_session(widget, n)
    };
    subject.stores.sessions.open_session(&session, 1, None).await.unwrap();
}

fn label(text: &str) -> SessionsOf {
    SessionsOf::Visitor(VisitorId::parse(text).unwrap())
}

async fn erase(subject: &Subject, widget: WidgetId, whose: &SessionsOf, limit: u32) -> u64 {
    subject.stores.sessions.erase_sessions(widget, whose, limit, &[]).await.unwrap()
}

async fn session(subject: &Subject, n: u32) -> ChatSession {
    subject.stores.sessions.find_session(sample::session_id(n)).await.unwrap().unwrap()
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
