//! Lists that are broken, missing, or beside the point.

use chatloom_testkit::model_server::ModelServer;
use reqwest::Method;
use serde_json::json;

use super::{EVIL, LIST, LimitedShop, PAGE, Shop, load};
use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Dashboard, Database, DatabaseKind, Process, process_settings,
};

on_both_databases!(
    o11_a_list_that_cannot_be_read_closes_the_widget_and_is_told_to_its_owner,
    an_installation_can_insist_on_lists,
);

/// What somebody may have written into the column by hand.
fn malformed(kind: DatabaseKind) -> &'static [&'static str] {
    match kind {
        DatabaseKind::Sqlite => &[
            "'\"*\"'",
            "'\"example.com\"'",
            "'{\"0\":\"example.com\"}'",
            "'[\"example.com\"'",
            "'example.com'",
            "''",
            "'null'",
            "'[\"example.com\",null]'",
            "'[[\"example.com\"]]'",
            "'[\"*\"]'",
            "'[\"\"]'",
        ],
        DatabaseKind::Postgres => {
            &["'{*}'", "'{example.com,NULL}'", "'{{example.com}}'", "'{\"\"}'", "'{https://example.com/}'"]
        }
    }
}

async fn o11_a_list_that_cannot_be_read_closes_the_widget_and_is_told_to_its_owner(kind: DatabaseKind) {
    let shop = Shop::open(kind, &LIST).await;
    assert_eq!(shop.shown().await.get("allowedDomainsInvalid"), None);
    for value in malformed(kind) {
        shop.world.database.execute(&format!("UPDATE widgets SET allowed_domains = {value}"));
        shop.refuses(PAGE).await;
        let shown = shop.shown().await;
        assert_eq!(shown["allowedDomains"], json!([]), "{value}");
        assert_eq!(shown["allowedDomainsInvalid"], true, "{value}");
        let all = shop.dashboard.get("/widgets").await.expect(200);
        assert_eq!(all[0]["allowedDomainsInvalid"], true, "{value}");
    }
    // A change of something else opens nothing.
    let path = format!("/widgets/{}", shop.widget);
    let renamed = shop.dashboard.put(&path, &json!({ "name": "Renamed" })).await.expect(200);
    assert_eq!((&renamed["name"], &renamed["allowedDomainsInvalid"]), (&json!("Renamed"), &json!(true)));
    shop.refuses(PAGE).await;
    shop.allow(&LIST).await.expect(200);
    assert_eq!(shop.load(&[("origin", PAGE.as_bytes())]).await.status, 200);
    assert_eq!(shop.shown().await.get("allowedDomainsInvalid"), None);
    shop.world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o20_only_the_browsers_own_header_says_where_a_page_is_from() {
    let shop = Shop::open(DatabaseKind::Sqlite, &LIST).await;
    let before = shop.effects().await;
    for name in ["x-embed-origin", "x-forwarded-host", "x-forwarded-origin", "x-original-host", "forwarded"] {
        for value in ["example.com", PAGE, "host=example.com"] {
            let answer = shop.load(&[("origin", EVIL.as_bytes()), (name, value.as_bytes())]).await;
            answer.expect_error(403, "origin_not_allowed");
        }
    }
    for name in ["origin", "embed_origin", "embedOrigin", "referer", "referrer", "domain", "host"] {
        let path = format!("/api/widget-chat/init?{name}={PAGE}");
        let request = shop.world.client.request(Method::GET, &path).header("x-widget-token", &shop.token);
        Answer::of(request.header("origin", EVIL)).await.expect_error(403, "origin_not_allowed");
        let open = shop.world.client.request(Method::POST, "/api/widget-chat/sessions");
        let body = json!({ "token": shop.token, name: PAGE });
        let answer = Answer::of(open.header("origin", EVIL).json(&body)).await;
        answer.expect_error(403, "origin_not_allowed");
    }
    assert_eq!(shop.effects().await, before);
    shop.world.stop().await;
}

/// The list keeps out browsers on other sites. Whoever writes the header by hand is let in, and has the limits of
/// everybody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o21_a_program_that_forges_an_origin_is_still_bound_by_the_limits() {
    let shop = LimitedShop::open(5).await;
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let answer = load(&shop.client, &shop.token, &[("origin", PAGE.as_bytes())]).await;
        statuses.push(answer.status.as_u16());
    }
    assert_eq!(statuses[..5], [200; 5]);
    // The allowance refills every twelve seconds, so that a slow machine may be let through once more.
    assert!(statuses[5..].iter().filter(|status| **status == 429).count() >= 2, "{statuses:?}");
}

async fn an_installation_can_insist_on_lists(kind: DatabaseKind) {
    let (database, model) = (Database::create(kind).await, ModelServer::start().await);
    let mut settings = process_settings(&database, &model);
    let mut process = Process::start(&settings);
    let client = process.client().await;
    let dashboard = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let token = dashboard.embed_token(&widget).await;
    assert_eq!(load(&client, &token, &[("origin", PAGE.as_bytes())]).await.status, 200);
    process.signal(nix::sys::signal::Signal::SIGTERM);
    process.ended().await;

    settings.insert("REQUIRE_ALLOWED_DOMAINS", "true".to_owned());
    let mut process = Process::start(&settings);
    let client = process.client().await;
    let dashboard = dashboard.at(&client);
    let page = async || load(&client, &token, &[("origin", PAGE.as_bytes())]).await;
    page().await.expect_error(403, "origin_not_allowed");
    load(&client, &token, &[]).await.expect_error(403, "origin_not_allowed");
    let path = format!("/widgets/{widget}");
    let listed = dashboard.put(&path, &json!({ "allowedDomains": LIST })).await.expect(200);
    assert_eq!(page().await.status, 200);

    let empty = json!({ "allowedDomains": [] });
    let created = json!({ "name": "Other", "workflowId": listed["workflowId"] });
    for refused in [dashboard.put(&path, &empty).await, dashboard.post("/widgets", &created).await] {
        let body = refused.expect_error(400, "invalid_field");
        let message = body["message"].as_str().unwrap();
        assert!(message.starts_with("allowedDomains must") && message.contains("REQUIRE_ALLOWED_DOMAINS"));
    }
    assert_eq!(page().await.status, 200);
}
