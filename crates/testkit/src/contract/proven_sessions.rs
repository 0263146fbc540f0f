//! Cases of `SessionStore`: sessions of visitors who have proved who they are.

use chatloom_domain::id::{SessionId, WidgetId};
use chatloom_domain::proof::VisitorSubject;
use chatloom_domain::session::{ChatSession, SessionSummary, VisitorId};
use chatloom_ports::store::turns::NewTurn;

use super::Subject;
use crate::sample;

/// With and without a secret; the name is kept as the site wrote it.
pub async fn a_proven_session_comes_back_with_its_subject(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    let secret = Some(sample::session_secret(1).hash());
    for (n, secret_hash, name) in [(1, None, "🙋".repeat(128)), (2, secret, " O'Neil \"\\% ".to_owned())] {
        let proven = Some(sample::visitor_subject(&name));
        let session = ChatSession { subject: proven, secret_hash, ..sample::chat_session(widget.id, n) };
        subject.stores.sessions.open_session(&session, 1, None).await.unwrap();
        assert_eq!(subject.stores.sessions.find_session(session.id).await.unwrap(), Some(session));
    }
}

/// Neither another visitor's, nor the same name's on another widget; names are compared as they are.
pub async fn list_proven_sessions_gives_those_of_the_subject_and_widget_alone(subject: &Subject) {
    let team = subject.add_team(1).await;
    let (widget, other) = (subject.add_widget(team, 1).await, subject.add_widget(team, 2).await);
    let sessions = [
        (widget.id, 1, "ada"),
        (widget.id, 2, "Ada"),
        (widget.id, 3, "ada "),
        (widget.id, 4, "eve"),
        (other.id, 5, "ada"),
    ];
    for (widget, n, name) in sessions {
        open(subject, widget, n, name).await;
    }
    assert_eq!(listed(subject, widget.id, "ada", None, 50).await, [sample::session_id(1)]);
    assert_eq!(listed(subject, other.id, "ada", None, 50).await, [sample::session_id(5)]);
    assert_eq!(listed(subject, other.id, "eve", None, 50).await, []);
}

/// Whoever makes up somebody's name before they prove it cannot plant a conversation.
pub async fn list_proven_sessions_never_gives_one_that_was_opened_without_a_proof(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    let visitor_id = Some(VisitorId::parse("ada").unwrap());
    let planted = ChatSession { visitor_id, ..sample::chat_session(widget.id, 1) };
    subject.stores.sessions.open_session(&planted, 1, None).await.unwrap();
    assert_eq!(listed(subject, widget.id, "ada", None, 50).await, []);
}

/// A new message brings a session to the front; without messages the opening counts, and ids decide between equals.
pub async fn the_proven_session_that_was_used_last_comes_first(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    for n in 1..=3 {
        open(subject, widget.id, n, "ada").await;
    }
    let first = subject.stores.sessions.find_session(sample::session_id(1)).await.unwrap().unwrap();
    let mut new: NewTurn = sample::new_turn(&first, 1);
    new.turn.started_at = sample::at(60);
    subject.stores.turns.begin_turn(&new).await.unwrap();
    let name = sample::visitor_subject("ada");
    let sessions = &subject.stores.sessions;
    let listed = sessions.list_proven_sessions(widget.id, &name, None, 50).await.unwrap();
    let expected = [(1, 60), (3, 0), (2, 0)].map(|(n, active)| SessionSummary {
        id: sample::session_id(n),
        created_at: sample::at(0),
        last_active_at: sample::at(active),
    });
    assert_eq!(listed, expected);
}

/// Each session is on one page, whether or not others are as old.
pub async fn pages_of_proven_sessions_reach_back_to_the_first(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    for n in 1..=5 {
        open(subject, widget.id, n, "ada").await;
    }
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = listed(subject, widget.id, "ada", before, 2).await;
        let Some(last) = page.last() else { break };
        before = Some(*last);
        seen.extend(page);
    }
    assert_eq!(seen, [5, 4, 3, 2, 1].map(sample::session_id));
}

/// Nor after one that is not there: a place in somebody else's list is none.
pub async fn nothing_comes_after_a_session_of_another_subject(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    open(subject, widget.id, 1, "ada").await;
    open(subject, widget.id, 2, "eve").await;
    for before in [2, 9].map(sample::session_id) {
        assert_eq!(listed(subject, widget.id, "ada", Some(before), 50).await, []);
    }
}

async fn open(subject: &Subject, widget: WidgetId, n: u32, name: &str) {
    let proven: Option<VisitorSubject> = Some(sample::visitor_subject(name));
    let session = ChatSession { subject: proven, ..sample::chat_session(widget, n) };
    subject.stores.sessions.open_session(&session, 1, None).await.unwrap();
}

async fn listed(
    subject: &Subject,
    widget: WidgetId,
    name: &str,
    before: Option<SessionId>,
    limit: u32,
) -> Vec<SessionId> {
    let name = sample::visitor_subject(name);
    let sessions = &subject.stores.sessions;
    let listed = sessions.list_proven_sessions(widget, &name, before, limit).await.unwrap();
    listed.into_iter().map(|summary| summary.id).collect()
}
