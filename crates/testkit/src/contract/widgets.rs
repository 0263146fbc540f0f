//! Cases of `WidgetStore`: making, finding, listing and changing widgets.

use std::collections::BTreeMap;

use chatloom_domain::customization::{Customization, Data};
use chatloom_domain::origin::AllowedDomains;
use chatloom_domain::widget::{RetentionDays, Widget, WidgetName, WidgetRules};
use chatloom_ports::store::SaveOutcome;
use chatloom_ports::store::widgets::WidgetWriteError;
use jiff::SignedDuration;

use super::Subject;
use super::subject::at_once;
use crate::sample;

/// Every field survives, at its limits; customization is data, not text that happens to look alike.
pub async fn a_widget_comes_back_as_it_was_stored(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject
        .stores
        .workflows
        .create_workflow(&sample::workflow(team, 1), &sample::audit_record())
        .await
        .unwrap();
    let domains: Vec<_> = (0..100).rev().map(|n| format!("*.shop-{n}.example.com:*")).collect();
    let widget = Widget {
        name: WidgetName::parse(&"🛍".repeat(WidgetName::MAX_CHARS)).unwrap(),
        active: false,
        customization: awkward_customization(),
        allowed_domains: AllowedDomains::parse(domains).unwrap(),
        rules: strict_rules(),
        updated_at: sample::at(5) + SignedDuration::from_micros(1),
        version: i64::MAX - 1,
        ..sample::widget(team, sample::workflow_id(1), 1)
    };
    subject
        .stores
        .widgets
        .create_widget(&widget, &sample::stored_token(1), &sample::audit_record())
        .await
        .unwrap();
    assert_eq!(find(subject, 1).await, Some(widget));
}

/// Empty is a value, too.
pub async fn a_widget_without_customization_and_domains_comes_back_so(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject
        .stores
        .workflows
        .create_workflow(&sample::workflow(team, 1), &sample::audit_record())
        .await
        .unwrap();
    let widget = Widget {
        customization: Customization::empty(),
        allowed_domains: AllowedDomains::any_site(),
        ..sample::widget(team, sample::workflow_id(1), 1)
    };
    subject
        .stores
        .widgets
        .create_widget(&widget, &sample::stored_token(1), &sample::audit_record())
        .await
        .unwrap();
    assert_eq!(find(subject, 1).await, Some(widget));
}

/// Whatever else of the widget is changed; only another list ends it.
pub async fn an_unreadable_list_of_domains_stays_unreadable(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject
        .stores
        .workflows
        .create_workflow(&sample::workflow(team, 1), &sample::audit_record())
        .await
        .unwrap();
    let unreadable = Widget {
        allowed_domains: AllowedDomains::unreadable(),
        ..sample::widget(team, sample::workflow_id(1), 1)
    };
    subject
        .stores
        .widgets
        .create_widget(&unreadable, &sample::stored_token(1), &sample::audit_record())
        .await
        .unwrap();
    assert_eq!(find(subject, 1).await, Some(unreadable.clone()));

    let renamed = Widget { name: WidgetName::parse("Renamed").unwrap(), ..unreadable };
    assert_eq!(
        subject.stores.widgets.save_widget(&renamed, &sample::audit_record()).await.unwrap(),
        SaveOutcome::Saved
    );
    let found = find(subject, 1).await.unwrap();
    assert!(found.allowed_domains.is_unreadable() && found.name == renamed.name);

    let healed = Widget { allowed_domains: AllowedDomains::parse(["example.com"]).unwrap(), ..found };
    assert_eq!(
        subject.stores.widgets.save_widget(&healed, &sample::audit_record()).await.unwrap(),
        SaveOutcome::Saved
    );
    assert_eq!(find(subject, 1).await.unwrap().allowed_domains, healed.allowed_domains);
}

/// Another team's workflow is refused just as one that is not there, and neither widget nor token is stored.
pub async fn create_widget_refuses_a_workflow_of_another_team(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    subject
        .stores
        .workflows
        .create_workflow(&sample::workflow(other, 1), &sample::audit_record())
        .await
        .unwrap();
    for workflow in [1, 99].map(sample::workflow_id) {
        let widget = sample::widget(team, workflow, 1);
        let outcome = subject
            .stores
            .widgets
            .create_widget(&widget, &sample::stored_token(1), &sample::audit_record())
            .await;
        assert!(matches!(outcome, Err(WidgetWriteError::WorkflowNotFound)), "{outcome:?}");
    }
    assert_eq!(subject.stores.widgets.list_widgets(team).await.unwrap(), []);
    let owner = subject.stores.widgets.find_token_owner(&sample::stored_token(1).hash).await.unwrap();
    assert_eq!(owner, None);
}

/// Neither an unknown id nor another team's.
pub async fn find_widget_sees_only_the_teams_own(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    subject.add_widget(team, 1).await;
    assert_eq!(subject.stores.widgets.find_widget(team, sample::widget_id(2)).await.unwrap(), None);
    assert_eq!(subject.stores.widgets.find_widget(other, sample::widget_id(1)).await.unwrap(), None);
}

/// By time of making, then by id, both descending; changes do not move a widget.
pub async fn list_widgets_is_newest_first_and_of_the_team_only(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    subject
        .stores
        .workflows
        .create_workflow(&sample::workflow(team, 1), &sample::audit_record())
        .await
        .unwrap();
    for (n, second) in [(1, 10), (2, 30), (3, 20), (4, 20)] {
        let widget = Widget {
            created_at: sample::at(second),
            updated_at: sample::at(50),
            ..sample::widget(team, sample::workflow_id(1), n)
        };
        subject
            .stores
            .widgets
            .create_widget(&widget, &sample::stored_token(n), &sample::audit_record())
            .await
            .unwrap();
    }
    subject.add_widget(other, 5).await;
    let found = subject.stores.widgets.list_widgets(team).await.unwrap();
    let ids: Vec<_> = found.iter().map(|widget| widget.id).collect();
    assert_eq!(ids, [2, 4, 3, 1].map(sample::widget_id));
    assert!(found.iter().all(|widget| widget.team_id == team));
    assert_eq!(subject.stores.widgets.list_widgets(sample::team_id(3)).await.unwrap(), []);
}

/// The fields of the settings change, the version goes up by one, and the rest stays, the token too.
pub async fn save_widget_writes_and_counts_the_version_up(subject: &Subject) {
    let team = subject.add_team(1).await;
    let stored = subject.add_widget(team, 1).await;
    subject
        .stores
        .workflows
        .create_workflow(&sample::workflow(team, 2), &sample::audit_record())
        .await
        .unwrap();
    let changed = Widget {
        workflow_id: sample::workflow_id(2),
        active: false,
        customization: awkward_customization(),
        allowed_domains: AllowedDomains::parse(["example.com"]).unwrap(),
        rules: strict_rules(),
        ..renamed(&stored, "New name")
    };
    let attempt = Widget { created_at: sample::at(99), ..changed.clone() };
    assert_eq!(
        subject.stores.widgets.save_widget(&attempt, &sample::audit_record()).await.unwrap(),
        SaveOutcome::Saved
    );
    assert_eq!(find(subject, 1).await, Some(Widget { version: 2, ..changed }));
    let sealed = subject.stores.widgets.find_sealed_token(team, stored.id).await.unwrap();
    assert_eq!(sealed, Some(sample::stored_token(1).sealed));
}

/// Older and newer versions than the stored one are refused alike, and nothing is written.
pub async fn save_widget_is_stale_when_the_stored_version_differs(subject: &Subject) {
    let team = subject.add_team(1).await;
    let first = subject.add_widget(team, 1).await;
    assert_eq!(
        subject.stores.widgets.save_widget(&first, &sample::audit_record()).await.unwrap(),
        SaveOutcome::Saved
    );
    let stored = find(subject, 1).await.unwrap();
    for version in [1, 3] {
        let attempt = Widget { version, ..renamed(&stored, "Late") };
        assert_eq!(
            subject.stores.widgets.save_widget(&attempt, &sample::audit_record()).await.unwrap(),
            SaveOutcome::Stale
        );
    }
    assert_eq!(find(subject, 1).await, Some(stored));
}

/// A rotation is a change like any other: an editor who loaded the widget before it is late.
pub async fn save_widget_is_stale_after_a_rotation(subject: &Subject) {
    let team = subject.add_team(1).await;
    let loaded = subject.add_widget(team, 1).await;
    assert!(
        subject
            .stores
            .widgets
            .rotate_embed_token(team, loaded.id, &sample::rotation(2, 1), &sample::audit_record())
            .await
            .unwrap()
    );
    assert_eq!(
        subject.stores.widgets.save_widget(&loaded, &sample::audit_record()).await.unwrap(),
        SaveOutcome::Stale
    );
}

/// An unknown widget and another team's are both absent, and the latter stays as it is.
pub async fn save_widget_outside_of_the_team_is_absent(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    let stored = subject.add_widget(team, 1).await;
    let own = subject.add_widget(other, 2).await;
    let theft = Widget { team_id: other, workflow_id: own.workflow_id, ..renamed(&stored, "Theft") };
    for attempt in [theft, sample::widget(team, stored.workflow_id, 9)] {
        assert_eq!(
            subject.stores.widgets.save_widget(&attempt, &sample::audit_record()).await.unwrap(),
            SaveOutcome::Absent
        );
    }
    assert_eq!(find(subject, 1).await, Some(stored));
    assert_eq!(find(subject, 9).await, None);
}

/// Another team's workflow is refused just as one that is not there, and nothing is written.
pub async fn save_widget_refuses_a_workflow_of_another_team(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    let stored = subject.add_widget(team, 1).await;
    subject
        .stores
        .workflows
        .create_workflow(&sample::workflow(other, 2), &sample::audit_record())
        .await
        .unwrap();
    for workflow_id in [2, 99].map(sample::workflow_id) {
        let attempt = Widget { workflow_id, ..renamed(&stored, "New name") };
        let outcome = subject.stores.widgets.save_widget(&attempt, &sample::audit_record()).await;
        assert!(matches!(outcome, Err(WidgetWriteError::WorkflowNotFound)), "{outcome:?}");
    }
    assert_eq!(find(subject, 1).await, Some(stored));
}

/// Two editors cannot mix their fields.
pub async fn of_many_saves_of_a_widget_at_once_exactly_one_succeeds(subject: &Subject) {
    let team = subject.add_team(1).await;
    let stored = subject.add_widget(team, 1).await;
    let outcomes = at_once(subject, 8, |stores, n| {
        let attempt = renamed(&stored, &format!("Writer {n}"));
        async move { (stores.widgets.save_widget(&attempt, &sample::audit_record()).await.unwrap(), attempt) }
    });
    let (won, lost): (Vec<_>, Vec<_>) =
        outcomes.await.into_iter().partition(|(outcome, _)| *outcome == SaveOutcome::Saved);
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|(outcome, _)| *outcome == SaveOutcome::Stale));
    assert_eq!(find(subject, 1).await, Some(Widget { version: 2, ..won[0].1.clone() }));
}

async fn find(subject: &Subject, n: u32) -> Option<Widget> {
    subject.stores.widgets.find_widget(sample::team_id(1), sample::widget_id(n)).await.unwrap()
}

/// Every rule at its other value.
fn strict_rules() -> WidgetRules {
    WidgetRules {
        allow_no_origin: true,
        identity_required: true,
        bot_check: true,
        page_context: true,
        hosted_page: false,
        retention: Some(RetentionDays::parse(RetentionDays::MAX.into()).unwrap()),
    }
}

fn renamed(widget: &Widget, name: &str) -> Widget {
    Widget { name: WidgetName::parse(name).unwrap(), updated_at: sample::at(60), ..widget.clone() }
}

/// Data at the edges of what JSON, and a database's idea of JSON, can hold.
fn awkward_customization() -> Customization {
    let text = |text: &str| Data::Text(text.to_owned());
    let nested = Data::Object(BTreeMap::from([
        (String::new(), Data::Null),
        ("b".to_owned(), Data::List(vec![Data::Null, Data::List(vec![Data::List(vec![Data::Bool(true)])])])),
        ("a".to_owned(), Data::Object(BTreeMap::from([("ключ \"'\\".to_owned(), Data::Int(0))]))),
    ]));
    let entries = [
        ("title", text("It's \"quoted\" \\ 🧑🏽‍💻 %_; --")),
        ("welcomeMessage", text(&"é\n".repeat(500))),
        ("starterPrompts", Data::List(vec![text("1"), text("true"), text("null")])),
        ("least", Data::Int(i64::MIN)),
        ("greatest", Data::Int(i64::MAX)),
        ("beyond a double", Data::Int((1 << 53) + 1)),
        ("third", Data::Float(1.0 / 3.0)),
        ("tiny", Data::Float(5e-324)),
        ("many digits", Data::Float(1.844_674_407_370_685_5e22)),
        ("huge", Data::Float(f64::MAX)),
        ("half", Data::Float(-0.5)),
        ("a double without a fraction", Data::Float(1e16)),
        ("no", Data::Bool(false)),
        ("empty", text("")),
        ("looks like a number", text("1.50")),
        ("controls", text("\u{0}\u{1}\u{7f}\u{2028}\u{fffd}\t")),
        ("list", Data::List(vec![])),
        ("object", Data::Object(BTreeMap::new())),
        ("nested", nested),
    ];
    Customization::parse(entries.map(|(key, value)| (key.to_owned(), value)).into()).unwrap()
}
