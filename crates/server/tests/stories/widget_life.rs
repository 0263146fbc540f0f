//! The whole life of a widget, from its making to its tombstone, as the API's specification tells it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Client, Dashboard, DatabaseKind, Visitor, World};

on_both_databases!(
    a_widget_is_made_embedded_used_and_counted,
    changes_touch_only_the_given_fields,
    a_switched_off_widget_is_gone_until_it_is_switched_on_again,
    a_new_token_ends_the_old_one_at_once_and_keeps_the_conversation,
    only_the_allowed_sites_may_use_a_widget,
    a_deleted_widget_leaves_nothing_but_a_410,
    erasing_a_conversation_leaves_the_statistics,
);

async fn initialize(client: &Client, token: &str) -> Answer {
    client.get(&format!("/api/widget-chat/init/{token}")).await
}

async fn a_widget_is_made_embedded_used_and_counted(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let workflow = dashboard.create_workflow("openai").await;
    let wish = json!({
        "name": "Support Chat",
        "workflowId": workflow,
        "customization": { "primaryColor": "#6366f1", "title": "How can we help?", "position": "bottom-right" },
    });
    let made = dashboard.post("/widgets", &wish).await.expect(201);
    for (key, value) in wish.as_object().unwrap() {
        assert_eq!(made[key], *value, "{key}");
    }
    assert_eq!((&made["active"], &made["allowedDomains"]), (&json!(true), &json!([])));
    let id = made["id"].as_str().unwrap();
    assert_eq!(dashboard.get("/widgets").await.expect(200), json!([made]));
    assert_eq!(dashboard.get(&format!("/widgets/{id}")).await.expect(200), made);

    let token = dashboard.embed_token(id).await;
    let shown = initialize(&world.client, &token).await.expect(200);
    assert_eq!((&shown["widgetId"], &shown["name"]), (&made["id"], &made["name"]));
    assert_eq!(shown["customization"]["title"], "How can we help?");
    assert_eq!(shown["customization"]["avatarUrl"], Value::Null);

    let visitor = Visitor::arrive(&world.client, &token).await;
    let events = visitor.ask("I need help with billing").await.rest().await;
    assert_eq!(events.last().unwrap().name, "done");
    let stats = dashboard.get(&format!("/widgets/{id}/stats")).await.expect(200);
    let expected = json!({
        "totalSessions": 1,
        "totalMessages": 2,
        "avgMessagesPerSession": 2.0,
        "activeSessionsToday": 1,
        "tokenUsage": { "input": 11, "output": 7 },
    });
    assert_eq!(stats, expected);
    world.stop().await;
}

async fn changes_touch_only_the_given_fields(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let id = dashboard.create_widget_answered_by("openai").await;
    let path = format!("/widgets/{id}");
    let styled = json!({ "customization": { "title": "Hello", "primaryColor": "#000000" } });
    let before = dashboard.put(&path, &styled).await.expect(200);
    let change = json!({ "customization": { "title": null, "position": "top-left" } });
    let after = dashboard.put(&path, &change).await.expect(200);
    assert_eq!(after["customization"], json!({ "primaryColor": "#000000", "position": "top-left" }));
    for unchanged in ["id", "name", "workflowId", "active", "allowedDomains", "createdAt"] {
        assert_eq!(after[unchanged], before[unchanged], "{unchanged}");
    }
    let typo = dashboard.put(&path, &json!({ "allowedDomain": ["example.com"] })).await;
    typo.expect_error(400, "unknown_field");
    world.stop().await;
}

async fn set_active(dashboard: &Dashboard, widget: &str, active: bool) {
    dashboard.put(&format!("/widgets/{widget}"), &json!({ "active": active })).await.expect(200);
}

async fn a_switched_off_widget_is_gone_until_it_is_switched_on_again(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let id = dashboard.create_widget_answered_by("openai").await;
    let token = dashboard.embed_token(&id).await;
    let visitor = Visitor::arrive(&world.client, &token).await;

    set_active(&dashboard, &id, false).await;
    initialize(&world.client, &token).await.expect_error(410, "widget_gone");
    Answer::read(visitor.send("Hello?").await).await.expect_error(410, "widget_gone");

    set_active(&dashboard, &id, true).await;
    initialize(&world.client, &token).await.expect(200);
    assert_eq!(visitor.ask("Hello?").await.rest().await.last().unwrap().name, "done");
    world.stop().await;
}

async fn a_new_token_ends_the_old_one_at_once_and_keeps_the_conversation(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let id = dashboard.create_widget_answered_by("openai").await;
    let old = dashboard.embed_token(&id).await;
    let visitor = Visitor::arrive(&world.client, &old).await;
    visitor.ask("Before").await.rest().await;

    let answer = dashboard.call(Method::POST, &format!("/widgets/{id}/regenerate-token"), None).await;
    let rotated = answer.expect(200);
    assert_eq!(rotated["message"], "Token regenerated. Update your embed code.");
    let new = rotated["token"].as_str().unwrap();
    assert_ne!(new, old);
    assert_eq!(dashboard.embed_token(&id).await, new);
    initialize(&world.client, &old).await.expect_error(401, "invalid_token");
    Answer::read(visitor.send("After").await).await.expect_error(401, "invalid_token");
    let visitor = visitor.with_token(new);
    assert_eq!(visitor.ask("After").await.rest().await.last().unwrap().name, "done");
    assert_eq!(visitor.history().await.len(), 4);
    world.stop().await;
}

async fn only_the_allowed_sites_may_use_a_widget(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let id = dashboard.create_widget_answered_by("openai").await;
    let token = dashboard.embed_token(&id).await;
    let list = json!({ "allowedDomains": ["example.com", "*.shop.example"] });
    dashboard.put(&format!("/widgets/{id}"), &list).await.expect(200);
    let from = async |origin: &str| {
        let request = world.client.request(Method::GET, &format!("/api/widget-chat/init/{token}"));
        Answer::of(request.header("origin", origin)).await
    };
    for allowed in ["https://example.com", "https://a.shop.example"] {
        let answer = from(allowed).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some(allowed));
        answer.expect(200);
    }
    for forbidden in
        ["https://shop.example", "http://example.com", "https://example.com.attacker.example", "null"]
    {
        let answer = from(forbidden).await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{forbidden}");
        answer.expect_error(403, "origin_not_allowed");
    }
    initialize(&world.client, &token).await.expect_error(403, "origin_not_allowed");
    world.stop().await;
}

async fn a_deleted_widget_leaves_nothing_but_a_410(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let id = dashboard.create_widget_answered_by("openai").await;
    let token = dashboard.embed_token(&id).await;
    let visitor = Visitor::arrive(&world.client, &token).await;
    visitor.ask("Remember me").await.rest().await;

    dashboard.delete(&format!("/widgets/{id}")).await.expect(204);
    dashboard.get(&format!("/widgets/{id}")).await.expect_error(404, "widget_not_found");
    assert_eq!(dashboard.get("/widgets").await.expect(200), json!([]));
    initialize(&world.client, &token).await.expect_error(410, "widget_gone");
    Answer::read(visitor.send("Still there?").await).await.expect_error(410, "widget_gone");
    world.stop().await;
}

async fn erasing_a_conversation_leaves_the_statistics(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let id = dashboard.create_widget_answered_by("openai").await;
    let visitor = Visitor::arrive(&world.client, &dashboard.embed_token(&id).await).await;
    visitor.ask("Forget me").await.rest().await;
    visitor.erase().await.expect(204);
    Answer::read(visitor.send("Who am I?").await).await.expect_error(404, "session_not_found");
    let stats = dashboard.get(&format!("/widgets/{id}/stats")).await.expect(200);
    assert_eq!((&stats["totalSessions"], &stats["totalMessages"]), (&json!(1), &json!(2)));
    world.stop().await;
}
