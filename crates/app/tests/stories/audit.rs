//! What the audit log says of what was done.

use std::collections::BTreeMap;

use chatloom_domain::audit::{AuditAction, AuditEntry, AuditObject};
use chatloom_domain::customization::Data;
use chatloom_domain::team::{Membership, Role, TeamName};
use chatloom_ports::dashboard::{
    AccessError, ChangePasswordCommand, Credentials, RulesInput, UpdateWidgetCommand, UpdateWorkflowCommand,
    WidgetError,
};
use chatloom_ports::environment::Clock;
use chatloom_testkit::contract::Seed;
use chatloom_testkit::sample;
use jiff::SignedDuration;

use crate::app::{EMAIL, PASSWORD, World, agent, as_role, eventually};

/// All entries of the world's team, newest first.
async fn entries(world: &World) -> Vec<AuditEntry> {
    let page = world.app.audit.page(&world.member, None, 200).await.unwrap();
    page.entries.into_iter().map(|listed| listed.entry).collect()
}

/// The actions that were written since there were so many, oldest first.
async fn actions_after(world: &World, count: usize) -> Vec<AuditAction> {
    let entries = entries(world).await;
    entries[..entries.len() - count].iter().rev().map(|entry| entry.action).collect()
}

fn fields(names: &[&str]) -> BTreeMap<String, Data> {
    let names = names.iter().map(|name| Data::Text((*name).to_owned())).collect();
    BTreeMap::from([("fields".to_owned(), Data::List(names))])
}

#[tokio::test]
async fn a_widgets_life_is_told_with_who_when_and_from_where() {
    let world = World::with_domains(&["shop.example"]).await;
    let (widgets, actor, id) = (&world.app.widgets, &world.actor, world.widget.id);
    let count = entries(&world).await.len();
    world.clock.advance(SignedDuration::from_mins(1));
    let update = UpdateWidgetCommand {
        name: Some("SECRET NAME".into()),
        active: Some(false),
        allowed_domains: Some(Vec::new()),
        ..UpdateWidgetCommand::default()
    };
    widgets.update(actor, id, update.clone()).await.unwrap();
    // The same again changes nothing, and is told as such.
    widgets.update(actor, id, update).await.unwrap();
    let on = UpdateWidgetCommand { active: Some(true), ..UpdateWidgetCommand::default() };
    widgets.update(actor, id, on).await.unwrap();
    widgets.rotate_embed_token(actor, id, Some(60)).await.unwrap();
    widgets.delete(actor, id).await.unwrap();
    let expected = [
        AuditAction::WidgetUpdated,
        AuditAction::AllowedDomainsEmptied,
        AuditAction::WidgetSwitchedOff,
        AuditAction::WidgetUpdated,
        AuditAction::WidgetUpdated,
        AuditAction::WidgetSwitchedOn,
        AuditAction::TokenRegenerated,
        AuditAction::WidgetDeleted,
    ];
    assert_eq!(actions_after(&world, count).await, expected);
    let all = entries(&world).await;
    let told: Vec<_> = all[..expected.len()].iter().rev().collect();
    for entry in &told {
        assert_eq!((entry.actor, entry.caller), (Some(world.member.user_id), Some(sample::caller())));
        assert_eq!((entry.object, entry.at), (AuditObject::Widget(id), world.clock.now()));
        assert!(!format!("{entry:?}").contains("SECRET"), "{entry:?}");
    }
    assert_eq!(told[0].detail, fields(&["name", "active", "allowedDomains"]));
    assert_eq!(told[3].detail, fields(&[]));
    assert_eq!(told[4].detail, fields(&["active"]));
    assert_eq!(told[6].detail, BTreeMap::from([("graceSeconds".to_owned(), Data::Int(60))]));
}

#[tokio::test]
async fn rules_that_protect_visitors_and_owners_are_told_of_by_name() {
    let world = World::new().await;
    let count = entries(&world).await.len();
    let change = async |identity_required, retention_days| {
        let rules = RulesInput {
            identity_required: Some(identity_required),
            retention_days: Some(retention_days),
            ..RulesInput::default()
        };
        let command = UpdateWidgetCommand { rules, ..UpdateWidgetCommand::default() };
        world.app.widgets.update(&world.actor, world.widget.id, command).await.unwrap();
    };
    change(true, Some(30)).await;
    change(false, Some(30)).await;
    let expected = [
        AuditAction::WidgetUpdated,
        AuditAction::RetentionChanged,
        AuditAction::WidgetUpdated,
        AuditAction::IdentityRequirementLifted,
    ];
    assert_eq!(actions_after(&world, count).await, expected);
    assert_eq!(entries(&world).await[3].detail, fields(&["identityRequired", "retentionDays"]));
}

#[tokio::test]
async fn a_workflows_life_is_told_and_the_demonstration_was_made_by_nobody() {
    let world = World::new().await;
    let count = entries(&world).await.len();
    let (workflows, actor, id) = (&world.app.workflows, &world.actor, world.workflow.id);
    let command = UpdateWorkflowCommand { name: Some("New".into()), agent: Some(agent()) };
    workflows.update(actor, id, command).await.unwrap();
    assert_eq!(entries(&world).await[0].detail, fields(&["name"]));
    assert!(workflows.delete(actor, id).await.is_err());
    world.app.widgets.delete(actor, world.widget.id).await.unwrap();
    workflows.delete(actor, id).await.unwrap();
    world.app.prepare_demo().await.unwrap();
    let expected = [
        AuditAction::WorkflowUpdated,
        AuditAction::WidgetDeleted,
        AuditAction::WorkflowDeleted,
        AuditAction::WorkflowCreated,
        AuditAction::WidgetCreated,
    ];
    assert_eq!(actions_after(&world, count).await, expected);
    assert!(entries(&world).await[..2].iter().all(|entry| entry.actor.is_none() && entry.caller.is_none()));
}

#[tokio::test]
async fn what_is_refused_is_not_told() {
    let world = World::with_domains(&["shop.example"]).await;
    let before = entries(&world).await;
    let builder = as_role(world.actor, Role::Builder);
    let open = UpdateWidgetCommand { allowed_domains: Some(Vec::new()), ..UpdateWidgetCommand::default() };
    let refused = world.app.widgets.update(&builder, world.widget.id, open).await;
    assert!(matches!(refused, Err(WidgetError::NotPermitted(_))));
    let foreign = Some(sample::workflow_id(404));
    let lost = UpdateWidgetCommand { workflow_id: foreign, ..UpdateWidgetCommand::default() };
    assert!(world.app.widgets.update(&world.actor, world.widget.id, lost).await.is_err());
    assert!(world.app.widgets.delete(&world.actor, sample::widget_id(404)).await.is_err());
    assert_eq!(entries(&world).await, before);
}

#[tokio::test]
async fn sign_ins_are_told_in_all_teams_of_the_user_whose_address_was_given() {
    let world = World::new().await;
    let other = sample::team_id(2);
    let team_name = TeamName::parse("Other").unwrap();
    world.stores.add_team(other, &team_name, sample::at(0)).await;
    let both = [world.member.team_id, other];
    let memberships =
        both.map(|team_id| Membership { team_id, team_name: team_name.clone(), role: Role::Viewer }).into();
    let user = chatloom_domain::team::User { memberships, ..sample::user(5) };
    world.stores.add_user(&user, sample::PASSWORD_HASH).await;
    let counts = async || {
        let audit = world.stores.stores().audit;
        let count = async |team| audit.list_audit_log(team, None, 200).await.unwrap().len();
        (count(both[0]).await, count(both[1]).await)
    };
    let before = counts().await;
    let log_in = async |email: &str| world.app.access.log_in(email, "wrong", None, sample::caller()).await;
    assert!(log_in("user5@example.com").await.is_err());
    eventually("both teams are told", async || counts().await == (before.0 + 1, before.1 + 1)).await;
    let told = &world.stores.stores().audit.list_audit_log(other, None, 1).await.unwrap()[0].entry;
    assert_eq!((told.action, told.object), (AuditAction::LoginFailed, AuditObject::User(user.id)));
    // Whoever it was has not proven who they are.
    assert_eq!((told.actor, told.caller), (None, Some(sample::caller())));

    // Who is nobody is told of nowhere; what comes after it is written later.
    assert!(log_in("nobody@example.com").await.is_err());
    assert!(log_in("user5@example.com").await.is_err());
    eventually("both teams are told again", async || counts().await == (before.0 + 2, before.1 + 2)).await;
}

#[tokio::test]
async fn signing_in_and_out_and_a_new_password_are_told() {
    let world = World::new().await;
    let count = entries(&world).await.len();
    let (_, token) = world.app.access.log_in(EMAIL, PASSWORD, None, sample::caller()).await.unwrap();
    let command = ChangePasswordCommand { current: PASSWORD.into(), new: "battery staple".into() };
    let changed = world.app.access.change_password(&Credentials(token.0), command, sample::caller()).await;
    world.app.access.log_out(&Credentials(changed.unwrap().0), sample::caller()).await.unwrap();
    let expected = [AuditAction::LoginSucceeded, AuditAction::PasswordChanged, AuditAction::LoggedOut];
    assert_eq!(actions_after(&world, count).await, expected);
    for entry in &entries(&world).await[..3] {
        assert_eq!(entry.object, AuditObject::User(world.member.user_id));
        assert_eq!((entry.actor, entry.caller), (Some(world.member.user_id), Some(sample::caller())));
    }
}

#[tokio::test]
async fn an_account_that_is_being_guessed_at_is_told_of_once() {
    let world = World::new().await;
    let count = entries(&world).await.len();
    let told =
        async |action| actions_after(&world, count).await.into_iter().filter(|told| *told == action).count();
    for n in 0..13 {
        let refused = world.app.access.log_in(EMAIL, "wrong", None, sample::caller()).await;
        let is_throttled = matches!(refused, Err(AccessError::TooManyFailures { .. }));
        assert_eq!(is_throttled, n >= 10, "{n}");
    }
    eventually("all ten failures are told", async || told(AuditAction::LoginFailed).await == 10).await;
    eventually("the throttle is told of", async || told(AuditAction::LoginThrottled).await == 1).await;
    assert_eq!(entries(&world).await.len(), count + 11);
}

#[tokio::test]
async fn pages_of_the_log_lead_to_its_first_entry_and_no_further() {
    let world = World::new().await;
    for _ in 0..5 {
        world.app.widgets.rotate_embed_token(&world.actor, world.widget.id, None).await.unwrap();
    }
    let all = entries(&world).await;
    let (mut read, mut before) = (Vec::new(), None);
    loop {
        let page = world.app.audit.page(&world.member, before, 3).await.unwrap();
        assert!(page.entries.len() <= 3);
        read.extend(page.entries.into_iter().map(|listed| listed.entry));
        before = page.next_before;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(read, all);
    let exact = u32::try_from(all.len()).unwrap();
    let page = world.app.audit.page(&world.member, None, exact).await.unwrap();
    assert_eq!((page.entries.len(), page.next_before), (all.len(), None));
}
