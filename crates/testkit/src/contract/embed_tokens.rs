//! Cases of `WidgetStore`: embed tokens and their rotation.

use chatloom_domain::token::TokenHash;
use chatloom_domain::widget::Widget;
use chatloom_ports::store::SaveOutcome;
use chatloom_ports::store::widgets::{StoredToken, TokenOwner, WidgetWriteError};

use super::Subject;
use super::subject::at_once;
use crate::sample;

/// The owner is the widget as it is now, switched off or not.
pub async fn find_token_owner_gives_the_widget_as_it_is_now(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    subject.add_widget(team, 2).await;
    assert_eq!(owner(subject, 1).await, Some(TokenOwner::Widget(Box::new(widget.clone()))));
    let inactive = Widget { active: false, updated_at: sample::at(9), ..widget };
    assert_eq!(subject.stores.widgets.save_widget(&inactive).await.unwrap(), SaveOutcome::Saved);
    let expected = Widget { version: 2, ..inactive };
    assert_eq!(owner(subject, 1).await, Some(TokenOwner::Widget(Box::new(expected))));
}

/// A hash that differs in its last bit is another token.
pub async fn find_token_owner_of_an_unknown_token_is_none(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject.add_widget(team, 1).await;
    let mut bytes = *sample::stored_token(1).hash.as_bytes();
    bytes[31] ^= 1;
    for hash in [TokenHash::from_bytes(bytes), TokenHash::from_bytes([0; 32])] {
        assert_eq!(subject.stores.widgets.find_token_owner(&hash).await.unwrap(), None);
    }
}

/// The encrypted text is bytes, not text.
pub async fn the_sealed_token_comes_back_byte_for_byte(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject.stores.workflows.create_workflow(&sample::workflow(team, 1)).await.unwrap();
    let widget = sample::widget(team, sample::workflow_id(1), 1);
    let token = StoredToken { sealed: (0..=u8::MAX).collect(), ..sample::stored_token(1) };
    subject.stores.widgets.create_widget(&widget, &token).await.unwrap();
    assert_eq!(sealed(subject, 1).await, Some(token.sealed));
}

/// Neither an unknown widget's nor another team's.
pub async fn find_sealed_token_sees_only_the_teams_own(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    let widget = subject.add_widget(team, 1).await;
    assert_eq!(sealed(subject, 2).await, None);
    assert_eq!(subject.stores.widgets.find_sealed_token(other, widget.id).await.unwrap(), None);
}

/// A hash is unique over all widgets, deleted ones included; nothing is stored when it is taken.
pub async fn a_token_that_is_taken_is_refused(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject.add_widget(team, 1).await;
    let deleted = subject.add_widget(team, 2).await;
    let rotating = subject.add_widget(team, 3).await;
    assert!(subject.stores.widgets.delete_widget(team, deleted.id, sample::at(1)).await.unwrap());

    for taken in [1, 2].map(sample::stored_token) {
        let widget = sample::widget(team, sample::workflow_id(1), 4);
        let created = subject.stores.widgets.create_widget(&widget, &taken).await;
        assert!(matches!(created, Err(WidgetWriteError::Store(_))), "{created:?}");
        let widgets = &subject.stores.widgets;
        assert!(widgets.rotate_embed_token(team, rotating.id, &taken, sample::at(1)).await.is_err());
    }
    let found = subject.stores.widgets.find_widget(team, sample::widget_id(4)).await.unwrap();
    assert_eq!(found, None);
    assert_eq!(owner(subject, 3).await, Some(TokenOwner::Widget(Box::new(rotating))));
    assert_eq!(owner(subject, 2).await, Some(TokenOwner::Deleted));
}

/// The new token takes the old one's place; version and time of change tell that something happened.
pub async fn rotate_embed_token_makes_the_old_token_unknown(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    assert!(rotate(subject, 1, 11).await);
    assert_eq!(owner(subject, 1).await, None);
    let expected = Widget { version: 2, updated_at: sample::at(11), ..widget };
    assert_eq!(owner(subject, 11).await, Some(TokenOwner::Widget(Box::new(expected))));
    assert_eq!(sealed(subject, 1).await, Some(sample::stored_token(11).sealed));
}

/// Sessions belong to the widget and survive its token.
pub async fn rotate_embed_token_keeps_sessions(subject: &Subject) {
    let session = subject.first_session().await;
    assert!(rotate(subject, 1, 11).await);
    assert_eq!(subject.stores.sessions.find_session(session.id).await.unwrap(), Some(session));
}

/// Neither an unknown widget nor another team's; the latter keeps its token.
pub async fn rotate_embed_token_outside_of_the_team_does_nothing(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    let widget = subject.add_widget(team, 1).await;
    assert!(!rotate(subject, 9, 11).await);
    let token = sample::stored_token(11);
    let widgets = &subject.stores.widgets;
    assert!(!widgets.rotate_embed_token(other, widget.id, &token, sample::at(1)).await.unwrap());
    assert_eq!(owner(subject, 11).await, None);
    assert_eq!(owner(subject, 1).await, Some(TokenOwner::Widget(Box::new(widget))));
}

/// All succeed, one after the other: the last token stands, and every other is unknown.
pub async fn after_many_rotations_at_once_exactly_one_token_is_known(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject.add_widget(team, 1).await;
    let rotated = at_once(subject, 8, move |stores, n| async move {
        let token = sample::stored_token(100 + n);
        let at = sample::at(1);
        stores.widgets.rotate_embed_token(team, sample::widget_id(1), &token, at).await.unwrap()
    });
    assert!(rotated.await.into_iter().all(|done| done));
    assert_eq!(owner(subject, 1).await, None);
    let mut known = Vec::new();
    for n in 100..108 {
        if let Some(TokenOwner::Widget(widget)) = owner(subject, n).await {
            known.push((n, widget.version));
        }
    }
    assert!(matches!(known[..], [(_, 9)]), "{known:?}");
    assert_eq!(sealed(subject, 1).await, Some(sample::stored_token(known[0].0).sealed));
}

/// Whoever looks while a rotation is under way sees the old token until it is unknown, and never again; once
/// the rotation has returned, nobody sees it.
pub async fn find_token_owner_never_sees_a_token_again_after_its_rotation(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject.add_widget(team, 1).await;
    let seen = at_once(subject, 5, move |stores, call| async move {
        let (old, new) = (sample::stored_token(1), sample::stored_token(2));
        if call == 0 {
            let id = sample::widget_id(1);
            assert!(stores.widgets.rotate_embed_token(team, id, &new, sample::at(1)).await.unwrap());
            return vec![stores.widgets.find_token_owner(&old.hash).await.unwrap().is_some()];
        }
        let mut seen = vec![true];
        for _ in 0..20 {
            seen.push(stores.widgets.find_token_owner(&old.hash).await.unwrap().is_some());
        }
        seen
    });
    let seen = seen.await;
    assert!(seen.contains(&vec![false]));
    for looks in seen {
        assert!(looks.is_sorted_by(|earlier, later| earlier >= later), "{looks:?}");
    }
    assert!(matches!(owner(subject, 2).await, Some(TokenOwner::Widget(_))));
}

async fn owner(subject: &Subject, token: u32) -> Option<TokenOwner> {
    subject.stores.widgets.find_token_owner(&sample::stored_token(token).hash).await.unwrap()
}

async fn sealed(subject: &Subject, widget: u32) -> Option<Vec<u8>> {
    let (team, id) = (sample::team_id(1), sample::widget_id(widget));
    subject.stores.widgets.find_sealed_token(team, id).await.unwrap()
}

/// Gives widget `widget` of team 1 token `token`, at second `token`.
async fn rotate(subject: &Subject, widget: u32, token: u32) -> bool {
    let (team, id) = (sample::team_id(1), sample::widget_id(widget));
    let at = sample::at(i64::from(token));
    subject.stores.widgets.rotate_embed_token(team, id, &sample::stored_token(token), at).await.unwrap()
}
