//! The hosted page, which is on our own origin and on no list of sites.

use chatloom_testkit::model_server::ModelServer;
use reqwest::Method;
use serde_json::json;

use super::{EVIL, Headers, LIST, load};
use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Client, Dashboard, Database, DatabaseKind, Process, process_settings,
};

on_both_databases!(
    d13_our_own_origin_is_admitted_for_as_long_as_the_widget_has_a_hosted_page,
    d13_the_hosted_page_is_refused_with_its_list_and_with_its_widget,
);

/// What `APP_BASE_URL` says in these stories.
const OWN: &str = "http://chat.example.com";

/// A widget with a list of sites, on a service whose own address is known.
struct Hosted {
    client: Client,
    dashboard: Dashboard,
    widget: String,
    token: String,
    database: Database,
    _process: Process,
    _model: ModelServer,
}

impl Hosted {
    async fn open(kind: DatabaseKind) -> Self {
        let (database, model) = (Database::create(kind).await, ModelServer::start().await);
        let mut process = Process::start(&process_settings(&database, &model));
        let client = process.client().await;
        let dashboard = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
        let widget = dashboard.create_widget_answered_by("openai").await;
        let token = dashboard.embed_token(&widget).await;
        let hosted = Self { client, dashboard, widget, token, database, _process: process, _model: model };
        hosted.set(json!({ "allowedDomains": LIST })).await;
        hosted
    }

    async fn set(&self, fields: serde_json::Value) {
        self.dashboard.put(&format!("/widgets/{}", self.widget), &fields).await.expect(200);
    }

    async fn page(&self) -> Answer {
        Answer::of(self.client.request(Method::GET, &format!("/chat/{}", self.token))).await
    }

    async fn load(&self, headers: Headers<'_>) -> u16 {
        load(&self.client, &self.token, headers).await.status.as_u16()
    }
}

async fn d13_our_own_origin_is_admitted_for_as_long_as_the_widget_has_a_hosted_page(kind: DatabaseKind) {
    let hosted = Hosted::open(kind).await;
    let own = OWN.as_bytes();
    // A browser names the origin of a same-origin read only as its referrer.
    let admitted: [Headers<'_>; 2] =
        [&[("origin", own)], &[("referer", b"http://chat.example.com/chat/clw_x")]];
    let forged: [Headers<'_>; 8] = [
        &[("origin", EVIL.as_bytes()), ("referer", b"http://chat.example.com/")],
        &[("origin", EVIL.as_bytes()), ("x-embed-origin", own)],
        &[("origin", EVIL.as_bytes()), ("x-forwarded-host", b"chat.example.com")],
        &[("origin", b"http://chat.example.com.evil.example")],
        &[("origin", b"https://chat.example.com")],
        &[("origin", b"http://chat.example.com:8080")],
        &[("origin", b"null"), ("referer", b"http://chat.example.com/")],
        &[("sec-fetch-site", b"same-origin"), ("x-forwarded-host", b"chat.example.com")],
    ];
    for on in [true, false, true] {
        hosted.set(json!({ "hostedPage": on })).await;
        assert_eq!(hosted.page().await.status, if on { 200 } else { 403 });
        for headers in admitted {
            assert_eq!(hosted.load(headers).await, if on { 200 } else { 403 }, "{headers:?}, page {on}");
        }
        for headers in forged {
            assert_eq!(hosted.load(headers).await, 403, "{headers:?}, page {on}");
        }
    }
    // Not only the first request: a conversation from our own origin, and its end with the rule.
    let open = hosted.client.request(Method::POST, "/api/widget-chat/sessions").header("origin", OWN);
    Answer::of(open.json(&json!({ "token": hosted.token }))).await.expect(201);
    hosted.set(json!({ "hostedPage": false })).await;
    let open = hosted.client.request(Method::POST, "/api/widget-chat/sessions").header("origin", OWN);
    Answer::of(open.json(&json!({ "token": hosted.token }))).await.expect_error(403, "origin_not_allowed");
}

async fn d13_the_hosted_page_is_refused_with_its_list_and_with_its_widget(kind: DatabaseKind) {
    let hosted = Hosted::open(kind).await;
    let page = hosted.page().await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains(
            "frame-ancestors 'self' https://example.com https://*.shop.example https://localhost:3000 \
             http://localhost:3000;"
        ),
        "{policy}"
    );
    let unreadable = match kind {
        DatabaseKind::Sqlite => "'[\"*\"]'",
        DatabaseKind::Postgres => "'{*}'",
    };
    hosted.database.execute(&format!("UPDATE widgets SET allowed_domains = {unreadable}"));
    assert_eq!(hosted.page().await.status, 403);
    assert_eq!(hosted.load(&[("origin", OWN.as_bytes())]).await, 403);
    hosted.set(json!({ "allowedDomains": LIST, "active": false })).await;
    assert_eq!(hosted.page().await.status, 410);
    let page = hosted.client.request(Method::GET, "/chat/clw_nonsense");
    assert_eq!(Answer::of(page).await.status, 401);
}
