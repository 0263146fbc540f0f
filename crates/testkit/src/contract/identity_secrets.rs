//! Cases of `IdentityStore`: the secrets with which sites sign who their visitors are.

use chatloom_domain::id::TeamId;
use chatloom_domain::widget::Widget;
use chatloom_ports::store::SaveOutcome;
use chatloom_ports::store::identities::StoredIdentitySecrets;
use jiff::SignedDuration;

use super::Subject;
use super::subject::at_once;
use crate::sample;

/// The encrypted text is bytes, not text, and its time has microseconds.
pub async fn an_identity_secret_comes_back_byte_for_byte(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    let sealed: Vec<u8> = (0..=u8::MAX).collect();
    let made_at = sample::at(1) + SignedDuration::from_micros(1);
    let identities = &subject.stores.identities;
    assert!(
        identities
            .rotate_identity_secret(team, widget.id, &sealed, None, made_at, &sample::audit_record())
            .await
            .unwrap()
    );
    let found = find(subject, team, 1).await.unwrap();
    assert!(found == StoredIdentitySecrets { sealed, made_at, previous: None });
}

/// Neither a new widget nor one that is not there.
pub async fn a_widget_without_an_identity_secret_has_none(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject.add_widget(team, 1).await;
    for widget in [1, 9] {
        assert!(find(subject, team, widget).await.is_none());
    }
}

/// Only the last one is kept; that before it is forgotten although its grace is not over.
pub async fn rotate_identity_secret_keeps_the_one_before_for_its_grace(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject.add_widget(team, 1).await;
    // The first one has none before it to keep.
    assert!(rotate(subject, team, 1, Some(600)).await);
    assert!(find(subject, team, 1).await.unwrap().previous.is_none());
    for n in [2, 3] {
        assert!(rotate(subject, team, n, Some(1_000 + i64::from(n))).await);
        let found = find(subject, team, 1).await.unwrap();
        assert_eq!((found.sealed, found.made_at), (vec![n], sample::at(i64::from(n))));
        let previous = found.previous.unwrap();
        assert_eq!((previous.sealed, previous.until), (vec![n - 1], sample::at(1_000 + i64::from(n))));
    }
}

/// Neither the current one nor an earlier one that still had a grace.
pub async fn rotate_identity_secret_forgets_the_one_before_without_a_grace(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject.add_widget(team, 1).await;
    for (n, until) in [(1, None), (2, Some(600)), (3, None)] {
        assert!(rotate(subject, team, n, until).await);
    }
    let found = find(subject, team, 1).await.unwrap();
    assert!(found.sealed == [3] && found.previous.is_none());
}

/// Who was admitted with a proof of the old secret writes nothing afterwards.
pub async fn rotate_identity_secret_counts_the_widgets_version_up(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    assert!(rotate(subject, team, 5, None).await);
    let expected = Widget { version: 2, updated_at: sample::at(5), ..widget.clone() };
    let widgets = &subject.stores.widgets;
    assert_eq!(widgets.find_widget(team, widget.id).await.unwrap(), Some(expected));
    assert_eq!(widgets.save_widget(&widget, &sample::audit_record()).await.unwrap(), SaveOutcome::Stale);
}

/// Neither an unknown widget nor another team's; the latter keeps what it has.
pub async fn rotate_identity_secret_outside_of_the_team_does_nothing(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    let widget = subject.add_widget(team, 1).await;
    assert!(rotate(subject, team, 1, None).await);
    let identities = &subject.stores.identities;
    for (team, widget) in [(other, widget.id), (team, sample::widget_id(9))] {
        let at = sample::at(9);
        assert!(
            !identities
                .rotate_identity_secret(team, widget, &[9], None, at, &sample::audit_record())
                .await
                .unwrap()
        );
    }
    assert_eq!(find(subject, team, 1).await.unwrap().sealed, [1]);
    let found = subject.stores.widgets.find_widget(team, widget.id).await.unwrap();
    assert_eq!(found.unwrap().version, 2);
}

/// Another team's widget has none for this team, and widgets do not share theirs.
pub async fn find_identity_secrets_sees_only_the_teams_own(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    subject.add_widget(team, 1).await;
    subject.add_widget(team, 2).await;
    assert!(rotate(subject, team, 1, None).await);
    assert!(find(subject, other, 1).await.is_none());
    assert!(find(subject, team, 2).await.is_none());
}

/// It goes with the widget, and cannot be made for what is deleted.
pub async fn a_deleted_widget_has_no_identity_secret(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    assert!(rotate(subject, team, 1, None).await);
    assert!(
        subject
            .stores
            .widgets
            .delete_widget(team, widget.id, sample::at(2), &sample::audit_record())
            .await
            .unwrap()
    );
    assert!(find(subject, team, 1).await.is_none());
    assert!(!rotate(subject, team, 2, None).await);
    assert!(find(subject, team, 1).await.is_none());
}

/// All succeed, one after the other: the two that are known are two of them, and no others.
pub async fn after_many_rotations_at_once_one_identity_secret_and_one_before_it_are_known(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    let rotated = at_once(subject, 8, move |stores, n| async move {
        let sealed = [u8::try_from(n).unwrap()];
        let (id, until, at) = (sample::widget_id(1), Some(sample::at(600)), sample::at(1));
        stores
            .identities
            .rotate_identity_secret(team, id, &sealed, until, at, &sample::audit_record())
            .await
            .unwrap()
    });
    assert!(rotated.await.into_iter().all(|done| done));
    let found = find(subject, team, 1).await.unwrap();
    let previous = found.previous.unwrap();
    assert!(found.sealed[0] < 8 && previous.sealed[0] < 8 && found.sealed != previous.sealed);
    let found = subject.stores.widgets.find_widget(team, widget.id).await.unwrap();
    assert_eq!(found.unwrap().version, 9);
}

async fn find(subject: &Subject, team: TeamId, widget: u32) -> Option<StoredIdentitySecrets> {
    let widget = sample::widget_id(widget);
    subject.stores.identities.find_identity_secrets(team, widget).await.unwrap()
}

/// Gives widget 1 the secret `n` at second `n`; the one before it is kept until the given second.
async fn rotate(subject: &Subject, team: TeamId, n: u8, previous_until: Option<i64>) -> bool {
    let (id, until) = (sample::widget_id(1), previous_until.map(sample::at));
    let at = sample::at(i64::from(n));
    subject
        .stores
        .identities
        .rotate_identity_secret(team, id, &[n], until, at, &sample::audit_record())
        .await
        .unwrap()
}
