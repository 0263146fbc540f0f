//! Cases of `WidgetStore`: embed tokens and their rotation.

use chatloom_domain::token::{TokenHash, TokenSlot, WidgetTokens};
use chatloom_domain::widget::Widget;
use chatloom_ports::store::SaveOutcome;
use chatloom_ports::store::widgets::{StoredToken, TokenOwner, TokenRotation, WidgetWriteError};

use super::Subject;
use super::subject::at_once;
use crate::sample;

/// The owner is the widget as it is now, switched off or not.
pub async fn find_token_owner_gives_the_widget_as_it_is_now(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    subject.add_widget(team, 2).await;
    assert_eq!(owner(subject, 1).await, Some(of(widget.clone())));
    let inactive = Widget { active: false, updated_at: sample::at(9), ..widget };
    assert_eq!(
        subject.stores.widgets.save_widget(&inactive, &sample::audit_record()).await.unwrap(),
        SaveOutcome::Saved
    );
    let expected = Widget { version: 2, ..inactive };
    assert_eq!(owner(subject, 1).await, Some(of(expected)));
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
    subject
        .stores
        .workflows
        .create_workflow(&sample::workflow(team, 1), &sample::audit_record())
        .await
        .unwrap();
    let widget = sample::widget(team, sample::workflow_id(1), 1);
    let token = StoredToken { sealed: (0..=u8::MAX).collect(), ..sample::stored_token(1) };
    subject.stores.widgets.create_widget(&widget, &token, &sample::audit_record()).await.unwrap();
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
    assert!(
        subject
            .stores
            .widgets
            .delete_widget(team, deleted.id, sample::at(1), &sample::audit_record())
            .await
            .unwrap()
    );

    for taken in [1, 2].map(sample::stored_token) {
        let widget = sample::widget(team, sample::workflow_id(1), 4);
        let created = subject.stores.widgets.create_widget(&widget, &taken, &sample::audit_record()).await;
        assert!(matches!(created, Err(WidgetWriteError::Store(_))), "{created:?}");
        let widgets = &subject.stores.widgets;
        let rotation = TokenRotation { token: taken, previous_until: None, at: sample::at(1) };
        assert!(
            widgets.rotate_embed_token(team, rotating.id, &rotation, &sample::audit_record()).await.is_err()
        );
    }
    let found = subject.stores.widgets.find_widget(team, sample::widget_id(4)).await.unwrap();
    assert_eq!(found, None);
    assert_eq!(owner(subject, 3).await, Some(of(rotating)));
    assert_eq!(owner(subject, 2).await, Some(TokenOwner::Deleted));
}

/// The new token takes the old one's place; version and time of change tell that something happened.
pub async fn rotate_embed_token_makes_the_old_token_unknown(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    assert!(rotate(subject, 1, 11).await);
    assert_eq!(owner(subject, 1).await, None);
    let expected = Widget { version: 2, updated_at: sample::at(11), ..widget };
    assert_eq!(owner(subject, 11).await, Some(of(expected)));
    assert_eq!(sealed(subject, 1).await, Some(sample::stored_token(11).sealed));
}

/// The token before is found with its end until the next rotation, whether or not that gives one a time to go on.
pub async fn rotate_embed_token_gives_the_token_before_a_time_to_go_on(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    let stores = &subject.stores.widgets;
    let graceful = |token, second| TokenRotation {
        previous_until: Some(sample::at(1000 + second)),
        ..sample::rotation(token, second)
    };
    assert!(
        stores.rotate_embed_token(team, widget.id, &graceful(2, 10), &sample::audit_record()).await.unwrap()
    );
    let slot = TokenSlot { valid_until: Some(sample::at(1010)), last_used_at: None };
    let rotated = Widget { version: 2, updated_at: sample::at(10), ..widget.clone() };
    assert_eq!(owner(subject, 2).await, Some(of(rotated.clone())));
    assert_eq!(owner(subject, 1).await, Some(TokenOwner::Widget(Box::new(rotated), slot)));
    let tokens = stores.find_tokens(team, widget.id).await.unwrap();
    let current = TokenSlot::default();
    assert_eq!(tokens, Some(WidgetTokens { made_at: Some(sample::at(10)), current, previous: Some(slot) }));

    // There are two slots and never more.
    assert!(
        stores.rotate_embed_token(team, widget.id, &graceful(3, 20), &sample::audit_record()).await.unwrap()
    );
    assert_eq!(owner(subject, 1).await, None);
    assert!(
        matches!(owner(subject, 2).await, Some(TokenOwner::Widget(_, slot)) if slot.valid_until.is_some())
    );
    assert!(
        stores
            .rotate_embed_token(team, widget.id, &sample::rotation(4, 30), &sample::audit_record())
            .await
            .unwrap()
    );
    assert_eq!((owner(subject, 2).await, owner(subject, 3).await), (None, None));
    let tokens = stores.find_tokens(team, widget.id).await.unwrap();
    assert_eq!(tokens, Some(WidgetTokens { made_at: Some(sample::at(30)), current, previous: None }));
    assert_eq!(stores.find_tokens(sample::team_id(2), widget.id).await.unwrap(), None);
}

/// Neither does a token that goes on outlive its widget.
pub async fn a_token_that_goes_on_ends_with_its_widget(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    let rotation = TokenRotation { previous_until: Some(sample::at(99)), ..sample::rotation(2, 1) };
    assert!(
        subject
            .stores
            .widgets
            .rotate_embed_token(team, widget.id, &rotation, &sample::audit_record())
            .await
            .unwrap()
    );
    assert!(
        subject
            .stores
            .widgets
            .delete_widget(team, widget.id, sample::at(2), &sample::audit_record())
            .await
            .unwrap()
    );
    assert_eq!((owner(subject, 1).await, owner(subject, 2).await), (None, Some(TokenOwner::Deleted)));
}

/// The use goes with the token when that becomes the one before, and neither version nor time of change move.
pub async fn note_token_use_notes_each_token_apart(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    let stores = &subject.stores.widgets;
    let note = async |token, second| {
        stores.note_token_use(&sample::stored_token(token).hash, sample::at(second)).await.unwrap();
    };
    note(1, 5).await;
    note(9, 5).await;
    let used = |second| TokenSlot { valid_until: None, last_used_at: Some(sample::at(second)) };
    assert_eq!(owner(subject, 1).await, Some(TokenOwner::Widget(Box::new(widget.clone()), used(5))));
    let rotation = TokenRotation { previous_until: Some(sample::at(99)), ..sample::rotation(2, 6) };
    assert!(stores.rotate_embed_token(team, widget.id, &rotation, &sample::audit_record()).await.unwrap());
    note(2, 7).await;
    let tokens = async || stores.find_tokens(team, widget.id).await.unwrap().unwrap();
    let previous = |second| Some(TokenSlot { valid_until: Some(sample::at(99)), ..used(second) });
    assert_eq!((tokens().await.current, tokens().await.previous), (used(7), previous(5)));
    note(1, 8).await;
    assert_eq!((tokens().await.current, tokens().await.previous), (used(7), previous(8)));
    assert!(
        stores
            .rotate_embed_token(team, widget.id, &sample::rotation(3, 9), &sample::audit_record())
            .await
            .unwrap()
    );
    note(1, 10).await;
    note(2, 10).await;
    assert_eq!((tokens().await.current, tokens().await.previous), (TokenSlot::default(), None));
}

/// Switched off or deleted, of whatever team.
pub async fn list_gone_gives_those_that_are_switched_off_or_deleted(subject: &Subject) {
    let team = subject.add_team(1).await;
    let mut widgets = Vec::new();
    for n in 1..=3 {
        widgets.push(subject.add_widget(team, n).await);
    }
    let off = Widget { active: false, ..widgets[1].clone() };
    assert_eq!(
        subject.stores.widgets.save_widget(&off, &sample::audit_record()).await.unwrap(),
        SaveOutcome::Saved
    );
    assert!(
        subject
            .stores
            .widgets
            .delete_widget(team, widgets[2].id, sample::at(1), &sample::audit_record())
            .await
            .unwrap()
    );
    let asked = [1, 2, 3, 9].map(sample::widget_id);
    let mut gone = subject.stores.widgets.list_gone(&asked).await.unwrap();
    gone.sort();
    assert_eq!(gone, [2, 3].map(sample::widget_id));
    assert_eq!(subject.stores.widgets.list_gone(&[]).await.unwrap(), []);
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
    let widgets = &subject.stores.widgets;
    assert!(
        !widgets
            .rotate_embed_token(other, widget.id, &sample::rotation(11, 1), &sample::audit_record())
            .await
            .unwrap()
    );
    assert_eq!(owner(subject, 11).await, None);
    assert_eq!(owner(subject, 1).await, Some(of(widget)));
}

/// All succeed, one after the other: the last token stands, and every other is unknown.
pub async fn after_many_rotations_at_once_exactly_one_token_is_known(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject.add_widget(team, 1).await;
    let rotated = at_once(subject, 8, move |stores, n| async move {
        let rotation = sample::rotation(100 + n, 1);
        stores
            .widgets
            .rotate_embed_token(team, sample::widget_id(1), &rotation, &sample::audit_record())
            .await
            .unwrap()
    });
    assert!(rotated.await.into_iter().all(|done| done));
    assert_eq!(owner(subject, 1).await, None);
    let mut known = Vec::new();
    for n in 100..108 {
        if let Some(TokenOwner::Widget(widget, _)) = owner(subject, n).await {
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
        let old = sample::stored_token(1);
        if call == 0 {
            let id = sample::widget_id(1);
            assert!(
                stores
                    .widgets
                    .rotate_embed_token(team, id, &sample::rotation(2, 1), &sample::audit_record())
                    .await
                    .unwrap()
            );
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
    assert!(matches!(owner(subject, 2).await, Some(TokenOwner::Widget(..))));
}

/// The widget's current token, which nobody has used.
fn of(widget: Widget) -> TokenOwner {
    TokenOwner::Widget(Box::new(widget), TokenSlot::default())
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
    let rotation = sample::rotation(token, token.into());
    subject.stores.widgets.rotate_embed_token(team, id, &rotation, &sample::audit_record()).await.unwrap()
}
