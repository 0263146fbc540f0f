//! Cases of `AuditStore`, and of the rule that a change and its entry are written together or not at all.

use std::collections::BTreeMap;

use chatloom_domain::audit::{AuditAction, AuditEntry, AuditObject, AuditRecord, Caller, ListedAuditEntry};
use chatloom_domain::budget::{BudgetChange, BudgetOwner, Day};
use chatloom_domain::customization::Data;
use chatloom_domain::id::{AuditEntryId, TeamId};
use chatloom_domain::session::SessionsOf;
use chatloom_domain::team::{Email, Membership, Role, TeamName, User};
use chatloom_domain::widget::Widget;
use chatloom_domain::workflow::Workflow;
use chatloom_ports::store::widgets::WidgetWriteError;
use chatloom_ports::store::workflows::WorkflowDeletion;
use chatloom_ports::store::{SaveOutcome, Stores};
use jiff::SignedDuration;

use super::Subject;
use super::subject::at_once;
use crate::sample;

/// Every action and every kind of object, with and without actor, caller and detail.
pub async fn an_audit_entry_comes_back_as_it_was_written(subject: &Subject) {
    let team = subject.add_team(1).await;
    let detail = BTreeMap::from([
        (
            "fields".to_owned(),
            Data::List(vec![Data::Text("it's \"quoted\" 🧑🏽‍💻".to_owned()), Data::Text(String::new())]),
        ),
        ("graceSeconds".to_owned(), Data::Int(i64::MAX)),
    ]);
    let objects = [
        AuditObject::Team(team),
        AuditObject::User(sample::user_id(1)),
        AuditObject::Widget(sample::widget_id(1)),
        AuditObject::Workflow(sample::workflow_id(1)),
    ];
    let address = "2001:db8:ffff:ffff:ffff:ffff:255.255.255.255".parse().unwrap();
    let mut written: Vec<_> = (1..)
        .zip(AuditAction::ALL)
        .map(|(n, action)| AuditEntry {
            action: *action,
            object: objects[n as usize % objects.len()],
            at: sample::at(0) + SignedDuration::from_micros(i64::from(n)),
            detail: detail.clone(),
            caller: Some(Caller { address, request_id: sample::request_id(n) }),
            ..sample::audit_entry(team, n)
        })
        .collect();
    written.push(AuditEntry { actor: None, caller: None, ..sample::audit_entry(team, 1_000) });
    subject.stores.audit.append_audit_entries(&written).await.unwrap();
    written.reverse();
    assert_eq!(entries(subject, team).await, written);
}

/// No entry is no error, and changes nothing.
pub async fn appending_no_audit_entries_writes_nothing(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject.stores.audit.append_audit_entries(&[]).await.unwrap();
    assert_eq!(entries(subject, team).await, []);
}

/// The actor's address is the one of now; who is gone has none, and is told of all the same.
pub async fn audit_entries_name_actors_who_are_there(subject: &Subject) {
    let team = subject.add_team(1).await;
    subject.seed.add_user(&sample::user(1), sample::PASSWORD_HASH).await;
    let entry = sample::audit_entry(team, 1);
    subject.stores.audit.append_audit_entries(std::slice::from_ref(&entry)).await.unwrap();
    let listed = async || subject.stores.audit.list_audit_log(team, None, 9).await.unwrap();
    let actor_email = Some(Email::parse("user1@example.com").unwrap());
    assert_eq!(listed().await, [ListedAuditEntry { entry: entry.clone(), actor_email }]);
    subject.seed.remove_user(sample::user_id(1)).await;
    assert_eq!(listed().await, [ListedAuditEntry { entry, actor_email: None }]);
}

/// By id and not by the time that was given, and only those of the team.
pub async fn list_audit_log_is_newest_first_and_of_the_team_only(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    let entry = |team, n, seconds| AuditEntry { at: sample::at(seconds), ..sample::audit_entry(team, n) };
    let written =
        [entry(team, 2, 5), entry(other, 3, 1), entry(team, 1, 9), entry(team, 5, 0), entry(other, 4, 2)];
    subject.stores.audit.append_audit_entries(&written).await.unwrap();
    assert_eq!(ids(subject, team, None, 9).await, numbered([5, 2, 1]));
    assert_eq!(ids(subject, other, None, 9).await, numbered([4, 3]));
    assert_eq!(ids(subject, sample::team_id(3), None, 9).await, []);
}

/// A place between two entries need not be one of them: the entry may be gone by now.
pub async fn pages_of_the_audit_log_reach_back_to_the_first_entry(subject: &Subject) {
    let team = subject.add_team(1).await;
    let written: Vec<_> = [1, 2, 3, 5, 6].map(|n| sample::audit_entry(team, n)).into();
    subject.stores.audit.append_audit_entries(&written).await.unwrap();
    let page = async |before: u32| ids(subject, team, Some(sample::audit_entry_id(before)), 2).await;
    assert_eq!(ids(subject, team, None, 2).await, numbered([6, 5]));
    assert_eq!(page(5).await, numbered([3, 2]));
    assert_eq!(page(4).await, numbered([3, 2]));
    assert_eq!(page(2).await, numbered([1]));
    assert_eq!(page(1).await, []);
}

/// The oldest go first, of all teams, and one at the border stays.
pub async fn prune_audit_log_takes_the_oldest_and_keeps_to_its_limit(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    let entry = |team, n, seconds| AuditEntry { at: sample::at(seconds), ..sample::audit_entry(team, n) };
    let written = [entry(team, 1, 3), entry(other, 2, 1), entry(team, 3, 2), entry(team, 4, 4)];
    let audit = &subject.stores.audit;
    audit.append_audit_entries(&written).await.unwrap();
    assert_eq!(audit.prune_audit_log(sample::at(4), 2).await.unwrap(), 2);
    assert_eq!(ids(subject, other, None, 9).await, []);
    assert_eq!(ids(subject, team, None, 9).await, numbered([4, 1]));
    assert_eq!(audit.prune_audit_log(sample::at(4), 2).await.unwrap(), 1);
    assert_eq!(audit.prune_audit_log(sample::at(4), 2).await.unwrap(), 0);
    assert_eq!(ids(subject, team, None, 9).await, numbered([4]));
}

/// With its team an entry has nobody left who may read it.
pub async fn the_audit_log_goes_with_its_team(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    let written = [sample::audit_entry(team, 1), sample::audit_entry(other, 2)];
    subject.stores.audit.append_audit_entries(&written).await.unwrap();
    subject.seed.remove_team(team).await;
    assert_eq!(ids(subject, team, None, 9).await, []);
    assert_eq!(ids(subject, other, None, 9).await, numbered([2]));
}

/// A budget that is set, an identity secret that is made and sessions that are erased are told, and none of it where there
/// is nothing to change.
pub async fn changes_around_a_widget_are_told_and_others_are_not(subject: &Subject) {
    let session = subject.first_session().await;
    let (team, widget, elsewhere) = (sample::team_id(1), session.widget_id, sample::widget_id(9));
    let Stores { budgets, identities, sessions, .. } = &subject.stores;
    let (day, change) = (Day::of(sample::at(0)), BudgetChange::default());
    let before = ids(subject, team, None, 99).await;
    for (widget, told) in [(elsewhere, 70), (widget, 80)] {
        let owner = BudgetOwner::Widget(widget);
        let set = budgets.set_budget(team, owner, change, day, &record([told])).await.unwrap();
        let at = sample::at(1);
        let made = identities
            .rotate_identity_secret(team, widget, &[1], None, at, &record([told + 1]))
            .await
            .unwrap();
        let whose = SessionsOf::Session(session.id);
        let entries = record([told + 2]);
        let erased = sessions.erase_sessions(widget, &whose, 9, entries.entries()).await.unwrap();
        assert_eq!((set.is_some(), made, erased > 0), (told == 80, told == 80, told == 80));
    }
    let mut new = ids(subject, team, None, 99).await;
    new.retain(|id| !before.contains(id));
    assert_eq!(new, numbered([82, 81, 80]));
}

/// Each change of a widget writes all entries of its record.
pub async fn changes_of_a_widget_are_told(subject: &Subject) {
    let (team, widgets) = (subject.add_team(1).await, &subject.stores.widgets);
    subject.stores.workflows.create_workflow(&sample::workflow(team, 1), &record([1])).await.unwrap();
    let widget = sample::widget(team, sample::workflow_id(1), 1);
    widgets.create_widget(&widget, &sample::stored_token(1), &record([2, 3])).await.unwrap();
    assert_eq!(widgets.save_widget(&widget, &record([4, 5])).await.unwrap(), SaveOutcome::Saved);
    let at = sample::at(1);
    assert!(
        widgets.rotate_embed_token(team, widget.id, &sample::rotation(2, 1), &record([6])).await.unwrap()
    );
    assert!(widgets.delete_widget(team, widget.id, at, &record([7])).await.unwrap());
    assert_eq!(ids(subject, team, None, 9).await, numbered([7, 6, 5, 4, 3, 2, 1]));
}

/// A change that is not made is not told: stale, absent, of another team, refused.
pub async fn what_does_not_change_a_widget_is_not_told(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    let (widget, widgets) = (subject.add_widget(team, 1).await, &subject.stores.widgets);
    let before = entries(subject, team).await;
    let record = || record([1]);
    let stale = Widget { version: 9, ..widget.clone() };
    assert_eq!(widgets.save_widget(&stale, &record()).await.unwrap(), SaveOutcome::Stale);
    let absent = Widget { id: sample::widget_id(9), ..widget.clone() };
    assert_eq!(widgets.save_widget(&absent, &record()).await.unwrap(), SaveOutcome::Absent);
    let lost = Widget { workflow_id: sample::workflow_id(9), ..widget.clone() };
    let refused = widgets.save_widget(&lost, &record()).await;
    assert!(matches!(refused, Err(WidgetWriteError::WorkflowNotFound)));
    let made = Widget { id: sample::widget_id(2), ..lost };
    let refused = widgets.create_widget(&made, &sample::stored_token(2), &record()).await;
    assert!(matches!(refused, Err(WidgetWriteError::WorkflowNotFound)));
    let at = sample::at(1);
    assert!(!widgets.rotate_embed_token(other, widget.id, &sample::rotation(2, 1), &record()).await.unwrap());
    assert!(!widgets.delete_widget(other, widget.id, at, &record()).await.unwrap());
    assert_eq!(entries(subject, team).await, before);
}

/// The same for workflows.
pub async fn changes_of_a_workflow_are_told_and_others_are_not(subject: &Subject) {
    let (team, workflows) = (subject.add_team(1).await, &subject.stores.workflows);
    let workflow = sample::workflow(team, 1);
    workflows.create_workflow(&workflow, &record([1])).await.unwrap();
    assert_eq!(workflows.save_workflow(&workflow, &record([2])).await.unwrap(), SaveOutcome::Saved);
    assert_eq!(workflows.save_workflow(&workflow, &record([9])).await.unwrap(), SaveOutcome::Stale);
    let absent = Workflow { id: sample::workflow_id(9), ..workflow.clone() };
    assert_eq!(workflows.save_workflow(&absent, &record([9])).await.unwrap(), SaveOutcome::Absent);
    let widget = sample::widget(team, workflow.id, 1);
    subject.stores.widgets.create_widget(&widget, &sample::stored_token(1), &record([3])).await.unwrap();
    let delete = async |n| workflows.delete_workflow(team, workflow.id, &record([n])).await.unwrap();
    assert_eq!(delete(9).await, WorkflowDeletion::InUse);
    assert!(
        subject.stores.widgets.delete_widget(team, widget.id, sample::at(1), &record([4])).await.unwrap()
    );
    assert_eq!(delete(5).await, WorkflowDeletion::Deleted);
    assert_eq!(delete(9).await, WorkflowDeletion::Absent);
    assert_eq!(ids(subject, team, None, 9).await, numbered([5, 4, 3, 2, 1]));
}

/// An entry that cannot be written takes its change back: here one for a team that is not there.
pub async fn a_change_whose_entry_cannot_be_written_is_not_made(subject: &Subject) {
    let team = subject.add_team(1).await;
    let entry = |n| AuditEntry { team_id: sample::team_id(7), ..sample::audit_entry(team, n) };
    let record = AuditRecord::of(sample::audit_entry(team, 1)).and(entry(2));
    assert!(subject.stores.workflows.create_workflow(&sample::workflow(team, 1), &record).await.is_err());
    assert_eq!(subject.stores.workflows.list_workflows(team).await.unwrap(), []);
    assert_eq!(entries(subject, team).await, []);
}

/// Who signs in, out, and changes a password is told of, in each of their teams, and only if it happened.
pub async fn what_becomes_of_sessions_is_told_if_it_happened(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    subject.seed.add_user(&in_teams(&[team, other]), sample::PASSWORD_HASH).await;
    let access = &subject.stores.access;
    let told = |n| [sample::audit_entry(team, n), sample::audit_entry(other, n + 1)];
    let session = sample::auth_session(sample::user_id(1), 1);
    assert!(access.start_auth_session(&session, sample::PASSWORD_HASH, &told(1)).await.unwrap());
    assert!(!access.start_auth_session(&session, "another hash", &told(11)).await.unwrap());
    access.end_auth_session(session.id, &told(3)).await.unwrap();
    access.end_auth_session(session.id, &told(13)).await.unwrap();
    assert_eq!(ids(subject, team, None, 9).await, numbered([3, 1]));
    assert_eq!(ids(subject, other, None, 9).await, numbered([4, 2]));
}

/// Entries of many writers at once are all there.
pub async fn of_many_audit_entries_at_once_none_is_lost(subject: &Subject) {
    let team = subject.add_team(1).await;
    at_once(subject, 8, |stores, n| async move {
        let entry = sample::audit_entry(sample::team_id(1), n);
        stores.audit.append_audit_entries(&[entry]).await.unwrap();
    })
    .await;
    assert_eq!(ids(subject, team, None, 9).await, numbered([7, 6, 5, 4, 3, 2, 1, 0]));
}

fn in_teams(teams: &[TeamId]) -> User {
    let name = TeamName::parse("Team").unwrap();
    let membership =
        |team: &TeamId| Membership { team_id: *team, team_name: name.clone(), role: Role::Admin };
    User { memberships: teams.iter().map(membership).collect(), ..sample::user(1) }
}

/// A record of team 1's entries with these numbers.
fn record<const N: usize>(numbers: [u32; N]) -> AuditRecord {
    let mut entries = numbers.into_iter().map(|n| sample::audit_entry(sample::team_id(1), n));
    let first = AuditRecord::of(entries.next().unwrap());
    entries.fold(first, AuditRecord::and)
}

async fn entries(subject: &Subject, team: TeamId) -> Vec<AuditEntry> {
    let listed = subject.stores.audit.list_audit_log(team, None, 100).await.unwrap();
    listed.into_iter().map(|listed| listed.entry).collect()
}

async fn ids(subject: &Subject, team: TeamId, before: Option<AuditEntryId>, limit: u32) -> Vec<AuditEntryId> {
    let listed = subject.stores.audit.list_audit_log(team, before, limit).await.unwrap();
    listed.iter().map(|listed| listed.entry.id).collect()
}

fn numbered<const N: usize>(numbers: [u32; N]) -> Vec<AuditEntryId> {
    numbers.map(sample::audit_entry_id).into()
}
