//! A widget's hosted page, which is on no list of sites because it is none of its owner's.

use chatloom_domain::origin::{Origin, Source};
use chatloom_ports::dashboard::{RulesInput, UpdateWidgetCommand};
use chatloom_ports::visitor::{VisitorError, VisitorRequest};

use crate::app::World;

/// The widget's hosted page, and a page of our own origin that uses it.
async fn hosted(world: &World) -> [Result<(), VisitorError>; 2] {
    let own = Source::Own(Origin::parse("https://chat.example.com").unwrap());
    let from_page = VisitorRequest { token: world.token.clone(), source: own, identity: None };
    [
        world.app.visitors.hosted_page(world.token.clone()).await.map(drop),
        world.app.visitors.initialize(from_page).await.map(drop),
    ]
}

async fn set_rules(world: &World, rules: RulesInput) {
    let command = UpdateWidgetCommand { rules, ..UpdateWidgetCommand::default() };
    world.app.widgets.update(&world.actor, world.widget.id, command).await.unwrap();
}

#[tokio::test]
async fn the_hosted_page_and_its_origin_come_and_go_with_the_rule() {
    let world = World::with_domains(&["shop.example"]).await;
    let on = |hosted_page| RulesInput { hosted_page: Some(hosted_page), ..RulesInput::default() };
    assert!(hosted(&world).await.iter().all(Result::is_ok), "a new widget has a page");
    set_rules(&world, on(false)).await;
    for refused in hosted(&world).await {
        assert!(matches!(refused, Err(VisitorError::OriginNotAllowed)), "{refused:?}");
    }
    set_rules(&world, on(true)).await;
    assert!(hosted(&world).await.iter().all(Result::is_ok));
    // Our own origin opens the door for itself only.
    let evil = world.visitor(Some("https://evil.example"));
    assert!(matches!(world.app.visitors.initialize(evil).await, Err(VisitorError::OriginNotAllowed)));
}

#[tokio::test]
async fn without_a_hosted_page_our_own_origin_is_a_site_like_others() {
    let world = World::with_domains(&["chat.example.com"]).await;
    set_rules(&world, RulesInput { hosted_page: Some(false), ..RulesInput::default() }).await;
    let [page, request] = hosted(&world).await;
    assert!(matches!(page, Err(VisitorError::OriginNotAllowed)));
    request.unwrap();
}

#[tokio::test]
async fn where_proofs_are_demanded_there_is_no_page_on_which_nobody_can_give_one() {
    let world = World::new().await;
    set_rules(&world, RulesInput { identity_required: Some(true), ..RulesInput::default() }).await;
    let [page, _] = hosted(&world).await;
    assert!(matches!(page, Err(VisitorError::OriginNotAllowed)));
}

#[tokio::test]
async fn the_hosted_page_ends_with_its_widget_and_its_token() {
    let world = World::new().await;
    let command = UpdateWidgetCommand { active: Some(false), ..UpdateWidgetCommand::default() };
    world.app.widgets.update(&world.actor, world.widget.id, command).await.unwrap();
    for refused in hosted(&world).await {
        assert!(matches!(refused, Err(VisitorError::WidgetGone)), "{refused:?}");
    }
    world.app.widgets.rotate_embed_token(&world.actor, world.widget.id, None).await.unwrap();
    for refused in hosted(&world).await {
        assert!(matches!(refused, Err(VisitorError::InvalidToken)), "{refused:?}");
    }
}
