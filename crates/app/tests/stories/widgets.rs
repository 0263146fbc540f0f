//! Managing widgets.

use std::collections::BTreeMap;

use chatloom_app::{Application, Dependencies};
use chatloom_domain::customization::Data;
use chatloom_domain::team::{Permission, Role};
use chatloom_domain::widget::{RetentionDays, WidgetRules};
use chatloom_ports::dashboard::{CreateWidgetCommand, RulesInput, UpdateWidgetCommand, WidgetError};
use chatloom_ports::visitor::VisitorError;
use chatloom_testkit::sample;

use crate::app::{World, application, as_role, dependencies, stranger};

fn customization(entries: &[(&str, Data)]) -> BTreeMap<String, Data> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

fn text(text: &str) -> Data {
    Data::Text(text.to_owned())
}

#[tokio::test]
async fn only_given_fields_change_and_customization_merges_key_by_key() {
    let world = World::with_domains(&["shop.example"]).await;
    let update =
        async |command| world.app.widgets.update(&world.actor, world.widget.id, command).await.unwrap();
    let first = update(UpdateWidgetCommand {
        customization: Some(customization(&[("title", text("Hello")), ("primaryColor", text("#fff"))])),
        ..UpdateWidgetCommand::default()
    })
    .await;
    assert_eq!(first.name, world.widget.name);
    assert_eq!(first.allowed_domains, world.widget.allowed_domains);
    let second = update(UpdateWidgetCommand {
        name: Some("Renamed".into()),
        customization: Some(customization(&[("title", Data::Null), ("theme", text("dark"))])),
        ..UpdateWidgetCommand::default()
    })
    .await;
    assert_eq!(second.name.as_str(), "Renamed");
    let expected = customization(&[("primaryColor", text("#fff")), ("theme", text("dark"))]);
    assert_eq!(second.customization.entries(), &expected);
    assert_eq!(world.app.widgets.find(&world.member, world.widget.id).await.unwrap(), second);
}

#[tokio::test]
async fn opening_a_restricted_widget_to_every_site_takes_an_administrator() {
    let world = World::with_domains(&["shop.example"]).await;
    let open = UpdateWidgetCommand { allowed_domains: Some(Vec::new()), ..UpdateWidgetCommand::default() };
    let builder = as_role(world.actor, Role::Builder);
    let refused = world.app.widgets.update(&builder, world.widget.id, open.clone()).await;
    assert!(matches!(refused, Err(WidgetError::NotPermitted(Permission::OpenToAnySite))));
    let opened = world.app.widgets.update(&world.actor, world.widget.id, open.clone()).await.unwrap();
    assert!(opened.allowed_domains.is_empty());
    // A list that is empty already may be written as such by everybody who may change the widget.
    assert!(world.app.widgets.update(&builder, world.widget.id, open).await.is_ok());
}

#[tokio::test]
async fn rules_that_open_a_widget_further_or_keep_data_take_an_administrator() {
    let world = World::with_domains(&["shop.example"]).await;
    let update = async |role, rules| {
        let command = UpdateWidgetCommand { rules, ..UpdateWidgetCommand::default() };
        world.app.widgets.update(&as_role(world.actor, role), world.widget.id, command).await
    };
    let strict = RulesInput {
        identity_required: Some(true),
        bot_check: Some(true),
        hosted_page: Some(false),
        ..RulesInput::default()
    };
    update(Role::Builder, strict).await.unwrap();
    let no_origin = RulesInput { allow_no_origin: Some(true), ..RulesInput::default() };
    let hosted = RulesInput { hosted_page: Some(true), ..RulesInput::default() };
    let unproven = RulesInput { identity_required: Some(false), ..RulesInput::default() };
    let for_ever = RulesInput { retention_days: Some(Some(30)), ..RulesInput::default() };
    for (rules, needed) in [
        (no_origin, Permission::OpenToAnySite),
        (hosted, Permission::OpenToAnySite),
        (unproven, Permission::WaiveIdentity),
        (for_ever, Permission::SetRetention),
    ] {
        let refused = update(Role::Builder, rules).await;
        assert!(
            matches!(refused, Err(WidgetError::NotPermitted(permission)) if permission == needed),
            "{needed:?}"
        );
        update(Role::Admin, rules).await.unwrap();
        // What is so already may be written by everybody who may change the widget.
        update(Role::Builder, rules).await.unwrap();
    }
    let easy = RulesInput {
        bot_check: Some(false),
        page_context: Some(true),
        hosted_page: Some(false),
        ..RulesInput::default()
    };
    let widget = update(Role::Builder, easy).await.unwrap();
    let expected = WidgetRules {
        allow_no_origin: true,
        identity_required: false,
        bot_check: false,
        page_context: true,
        hosted_page: false,
        retention: Some(RetentionDays::parse(30).unwrap()),
    };
    assert_eq!(widget.rules, expected);
}

#[tokio::test]
async fn a_new_widget_keeps_conversations_for_90_days_unless_told_otherwise() {
    let world = World::new().await;
    let create = async |retention_days| {
        let command = CreateWidgetCommand {
            name: "Shop".into(),
            workflow_id: world.workflow.id,
            customization: BTreeMap::new(),
            allowed_domains: Vec::new(),
            rules: RulesInput { retention_days, ..RulesInput::default() },
        };
        world.app.widgets.create(&world.actor, command).await
    };
    assert_eq!(create(None).await.unwrap().rules.retention, Some(RetentionDays::DEFAULT));
    assert_eq!(create(Some(None)).await.unwrap().rules.retention, None);
    assert_eq!(create(Some(Some(1))).await.unwrap().rules.retention.map(RetentionDays::get), Some(1));
    for days in [0, -1, 3651, i64::MAX] {
        assert!(matches!(create(Some(Some(days))).await, Err(WidgetError::Retention(_))), "{days}");
    }
}

#[tokio::test]
async fn an_installation_can_refuse_widgets_without_a_list() {
    let world = World::new().await;
    let strict = Application::start(Dependencies {
        require_allowed_domains: true,
        ..dependencies(&world.stores, &world.clock, &world.model)
    });
    let create = |domains: &[&str]| CreateWidgetCommand {
        name: "Shop".into(),
        workflow_id: world.workflow.id,
        customization: BTreeMap::new(),
        allowed_domains: domains.iter().map(|&domain| domain.to_owned()).collect(),
        rules: RulesInput::default(),
    };
    let refused = strict.widgets.create(&world.actor, create(&[])).await;
    assert!(matches!(refused, Err(WidgetError::AllowedDomainsRequired)));
    assert!(strict.widgets.create(&world.actor, create(&["shop.example"])).await.is_ok());

    // A widget from before may be changed in other ways, but answers nobody until it has a list.
    let admit = async || strict.visitors.initialize(world.visitor(Some("https://shop.example"))).await;
    let update = async |command| strict.widgets.update(&world.actor, world.widget.id, command).await;
    let list = |domains: &[&str]| UpdateWidgetCommand {
        allowed_domains: Some(domains.iter().map(|&domain| domain.to_owned()).collect()),
        ..UpdateWidgetCommand::default()
    };
    let rename = UpdateWidgetCommand { name: Some("Renamed".into()), ..UpdateWidgetCommand::default() };
    assert!(update(rename).await.is_ok());
    assert!(matches!(admit().await, Err(VisitorError::OriginNotAllowed)));
    assert!(update(list(&["shop.example"])).await.is_ok());
    assert!(admit().await.is_ok());
    assert!(matches!(update(list(&[])).await, Err(WidgetError::AllowedDomainsRequired)));
}

#[tokio::test]
async fn what_breaks_a_rule_is_named_and_changes_nothing() {
    let world = World::new().await;
    let update = async |command| world.app.widgets.update(&world.actor, world.widget.id, command).await;
    let nothing = UpdateWidgetCommand::default;
    let refused = update(UpdateWidgetCommand { name: Some(" ".into()), ..nothing() }).await;
    assert!(matches!(refused, Err(WidgetError::Name(_))));
    let bad = customization(&[("primaryColor", text("red; background: url(evil)"))]);
    let refused = update(UpdateWidgetCommand { customization: Some(bad), ..nothing() }).await;
    assert!(matches!(refused, Err(WidgetError::Customization(_))));
    let bad = Some(vec!["good.example".into(), "*.com".into()]);
    let refused = update(UpdateWidgetCommand { allowed_domains: bad, ..nothing() }).await;
    assert!(matches!(refused, Err(WidgetError::AllowedDomains(_))));
    let foreign = Some(sample::workflow_id(404));
    let refused = update(UpdateWidgetCommand { workflow_id: foreign, ..nothing() }).await;
    assert!(matches!(refused, Err(WidgetError::WorkflowNotFound)));
    assert_eq!(world.app.widgets.find(&world.member, world.widget.id).await.unwrap(), world.widget);
}

#[tokio::test]
async fn other_teams_find_nothing() {
    let world = World::new().await;
    let (widgets, id, stranger) = (&world.app.widgets, world.widget.id, stranger());
    assert!(widgets.list(&stranger.member).await.unwrap().is_empty());
    assert!(matches!(widgets.find(&stranger.member, id).await, Err(WidgetError::NotFound)));
    let nothing = UpdateWidgetCommand::default();
    assert!(matches!(widgets.update(&stranger, id, nothing).await, Err(WidgetError::NotFound)));
    assert!(matches!(widgets.delete(&stranger, id).await, Err(WidgetError::NotFound)));
    assert!(matches!(widgets.embed_token(&stranger.member, id).await, Err(WidgetError::NotFound)));
    assert!(matches!(widgets.rotate_embed_token(&stranger, id, None).await, Err(WidgetError::NotFound)));
    assert!(matches!(widgets.tokens(&stranger.member, id).await, Err(WidgetError::NotFound)));
    assert!(matches!(widgets.stats(&stranger.member, id).await, Err(WidgetError::NotFound)));
    let command = CreateWidgetCommand {
        name: "Thief".into(),
        workflow_id: world.workflow.id,
        customization: BTreeMap::new(),
        allowed_domains: Vec::new(),
        rules: RulesInput::default(),
    };
    assert!(matches!(widgets.create(&stranger, command).await, Err(WidgetError::WorkflowNotFound)));
}

#[tokio::test]
async fn editors_at_the_same_time_never_mix_their_fields() {
    let world = World::new().await;
    let edits = (0..6).map(|number| {
        let command = UpdateWidgetCommand {
            customization: Some(customization(&[(format!("key{number}").as_str(), text("set"))])),
            ..UpdateWidgetCommand::default()
        };
        world.app.widgets.update(&world.actor, world.widget.id, command)
    });
    for edited in futures::future::join_all(edits).await {
        edited.unwrap();
    }
    let widget = world.app.widgets.find(&world.member, world.widget.id).await.unwrap();
    assert_eq!(widget.customization.entries().len(), 6);
    assert_eq!(widget.version, 7);
}

#[tokio::test]
async fn the_demonstration_shows_its_widgets_token_until_the_widget_is_deleted() {
    let world = World::new().await;
    let app = application(&world.stores, &world.clock, &world.model);
    app.prepare_demo().await.unwrap();
    let widgets = app.widgets.list(&world.member).await.unwrap();
    assert_eq!(widgets.len(), 2);
    let demo = widgets.iter().find(|widget| widget.name.as_str() == "Demo shop").unwrap();
    assert!(app.demo_site().embed_token().await.unwrap().is_some());
    app.widgets.delete(&world.actor, demo.id).await.unwrap();
    assert!(app.demo_site().embed_token().await.unwrap().is_none());
}
