//! Cases of `WidgetStore::delete_widget`: everything that hangs on a widget goes with it.

use chatloom_domain::id::TeamId;
use chatloom_domain::widget::Widget;
use chatloom_ports::store::SaveOutcome;
use chatloom_ports::store::sessions::OpenSessionError;
use chatloom_ports::store::turns::BeginTurnError;
use chatloom_ports::store::widgets::TokenOwner;

use super::Subject;
use super::subject::{append_of, at_once, completion};
use crate::sample;

/// No method sees a deleted widget, except that its token still tells that there was one.
pub async fn a_deleted_widget_is_found_by_its_token_only(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    assert!(delete(subject, team, 1).await);

    let widgets = &subject.stores.widgets;
    assert_eq!(widgets.find_widget(team, widget.id).await.unwrap(), None);
    assert_eq!(widgets.list_widgets(team).await.unwrap(), []);
    assert_eq!(widgets.find_sealed_token(team, widget.id).await.unwrap(), None);
    assert_eq!(widgets.find_widget_stats(team, widget.id, sample::day_start()).await.unwrap(), None);
    let owner = widgets.find_token_owner(&sample::stored_token(1).hash).await.unwrap();
    assert_eq!(owner, Some(TokenOwner::Deleted));
}

/// What is deleted stays deleted and as it is.
pub async fn a_deleted_widget_cannot_be_changed(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    assert!(delete(subject, team, 1).await);

    let widgets = &subject.stores.widgets;
    assert!(!delete(subject, team, 1).await);
    for version in [1, 2] {
        let attempt = Widget { version, ..widget.clone() };
        assert_eq!(
            widgets.save_widget(&attempt, &sample::audit_record()).await.unwrap(),
            SaveOutcome::Absent
        );
    }
    assert!(
        !widgets
            .rotate_embed_token(team, widget.id, &sample::rotation(2, 2), &sample::audit_record())
            .await
            .unwrap()
    );
    assert_eq!(widgets.find_token_owner(&sample::stored_token(2).hash).await.unwrap(), None);
}

/// A token that had been rotated away is not brought back as a tombstone.
pub async fn a_deleted_widget_is_not_found_by_its_earlier_tokens(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    let widgets = &subject.stores.widgets;
    assert!(
        widgets
            .rotate_embed_token(team, widget.id, &sample::rotation(2, 1), &sample::audit_record())
            .await
            .unwrap()
    );
    assert!(delete(subject, team, 1).await);
    assert_eq!(widgets.find_token_owner(&sample::stored_token(1).hash).await.unwrap(), None);
    assert_eq!(
        widgets.find_token_owner(&sample::stored_token(2).hash).await.unwrap(),
        Some(TokenOwner::Deleted)
    );
}

/// Neither an unknown widget nor another team's; the latter stays whole.
pub async fn delete_widget_outside_of_the_team_does_nothing(subject: &Subject) {
    let session = subject.first_session().await;
    let other = subject.add_team(2).await;
    assert!(!delete(subject, other, 1).await);
    assert!(!delete(subject, sample::team_id(1), 9).await);
    let widget = subject.stores.widgets.find_widget(sample::team_id(1), session.widget_id).await.unwrap();
    assert!(widget.is_some());
    assert_eq!(subject.stores.sessions.find_session(session.id).await.unwrap(), Some(session));
}

/// All conversations of the widget are gone, the running turn can write nothing, and logs are not left behind.
pub async fn delete_widget_removes_sessions_messages_and_turns(subject: &Subject) {
    let session = subject.first_session().await;
    let ended = subject.begin_turn(&session, 1).await;
    subject.complete(ended, "Answer.", sample::at(1)).await;
    let running = subject.begin_turn(&session, 2).await;
    subject.append(&running, &["Half"]).await;
    assert!(delete(subject, sample::team_id(1), 1).await);

    let (sessions, turns) = (&subject.stores.sessions, &subject.stores.turns);
    assert_eq!(sessions.find_session(session.id).await.unwrap(), None);
    assert_eq!(sessions.list_messages(session.id, None, 100).await.unwrap(), []);
    assert!(!sessions.erase_session(session.id).await.unwrap());
    let appends = [append_of(&running, vec![])];
    let lost = turns.append_events(sample::replica_id(1), sample::at(99), &appends).await.unwrap();
    assert_eq!(lost, [running.id]);
    assert!(!turns.finish_turn(&completion(running, "Late.", sample::at(2))).await.unwrap());
    assert_eq!(turns.interrupt_expired_turns(sample::at(1_000), 10).await.unwrap(), []);
    assert_eq!(turns.prune_events(sample::at(1_000), 10).await.unwrap(), 0);
}

/// A visitor who was admitted before the deletion can no longer write.
pub async fn a_deleted_widget_takes_no_session_and_no_turn(subject: &Subject) {
    let session = subject.first_session().await;
    assert!(delete(subject, sample::team_id(1), 1).await);
    for version in [1, 2] {
        let opened = subject
            .stores
            .sessions
            .open_session(&sample::chat_session(session.widget_id, 2), version, None)
            .await;
        assert!(matches!(opened, Err(OpenSessionError::WidgetChanged)), "{opened:?}");
    }
    let begun = subject.stores.turns.begin_turn(&sample::new_turn(&session, 1)).await;
    // Widget and session are gone together, and either says so.
    let is_refused = matches!(begun, Err(BeginTurnError::SessionNotFound | BeginTurnError::WidgetChanged));
    assert!(is_refused, "{begun:?}");
}

/// The neighbour on the same workflow keeps its conversations and its statistics.
pub async fn delete_widget_leaves_other_widgets_alone(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject.add_widget(team, 1).await;
    let neighbour = sample::widget(team, sample::workflow_id(1), 2);
    subject
        .stores
        .widgets
        .create_widget(&neighbour, &sample::stored_token(2), &sample::audit_record())
        .await
        .unwrap();
    let session = subject.open_session(&neighbour, 2).await;
    let turn = subject.begin_turn(&session, 2).await;
    assert!(delete(subject, team, 1).await);

    subject.complete(turn, "Answer.", sample::at(1)).await;
    assert_eq!(subject.stores.sessions.list_messages(session.id, None, 10).await.unwrap().len(), 2);
    assert_eq!(subject.stores.widgets.list_widgets(team).await.unwrap(), [neighbour]);
    let widgets = &subject.stores.widgets;
    let stats = widgets.find_widget_stats(team, session.widget_id, sample::day_start()).await.unwrap();
    assert_eq!(stats.unwrap().total_messages, 2);
}

/// Exactly one of many callers deletes.
pub async fn of_many_deletions_of_a_widget_at_once_exactly_one_succeeds(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject.add_widget(team, 1).await;
    let deleted = at_once(subject, 8, move |stores, _| async move {
        stores
            .widgets
            .delete_widget(team, sample::widget_id(1), sample::at(1), &sample::audit_record())
            .await
            .unwrap()
    });
    assert_eq!(deleted.await.into_iter().filter(|deleted| *deleted).count(), 1);
}

/// A session that is opened while its widget is deleted either is refused or is deleted with it.
pub async fn no_session_outlives_its_widget(subject: &Subject) {
    let team = subject.add_team(1).await;
    for n in 1..=8 {
        let widget = subject.add_widget(team, n).await;
        let done = at_once(subject, 2, move |stores, call| async move {
            if call == 0 {
                return stores
                    .widgets
                    .delete_widget(team, sample::widget_id(n), sample::at(1), &sample::audit_record())
                    .await
                    .unwrap();
            }
            let session = sample::chat_session(sample::widget_id(n), n);
            match stores.sessions.open_session(&session, 1, None).await {
                Ok(()) | Err(OpenSessionError::WidgetChanged) => true,
                Err(error) => panic!("{error:?}"),
            }
        });
        assert!(done.await.into_iter().all(|done| done));
        let left = subject.stores.sessions.find_session(sample::session_id(n)).await.unwrap();
        assert_eq!(left, None, "session of {}", widget.id);
    }
}

async fn delete(subject: &Subject, team: TeamId, widget: u32) -> bool {
    subject
        .stores
        .widgets
        .delete_widget(team, sample::widget_id(widget), sample::at(1), &sample::audit_record())
        .await
        .unwrap()
}
