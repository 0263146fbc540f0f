//! Group O: which pages may use a widget, and which answers they may read.

mod answers;
mod hosted;
mod lists;
mod refusals;
mod replicas;

use chatloom_testkit::model_server::ModelServer;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};

use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Client, Dashboard, Database, DatabaseKind, Process, Visitor, World,
    process_settings,
};

/// The list of the widget that most cases are about.
const LIST: [&str; 3] = ["example.com", "*.shop.example", "localhost:3000"];

/// A page that may use it, and one that may not.
const PAGE: &str = "https://example.com";
const EVIL: &str = "https://evil.example";

/// Names and values of headers.
type Headers<'a> = &'a [(&'a str, &'a [u8])];

/// A widget with a list, its owner, and a visitor on one of its pages.
struct Shop {
    world: World,
    dashboard: Dashboard,
    widget: String,
    token: String,
    visitor: Visitor,
}

/// A widget with the list on a server of its own that limits rates.
struct LimitedShop {
    client: Client,
    token: String,
    _process: Process,
    _database: Database,
    _model: ModelServer,
}

impl LimitedShop {
    async fn open(per_minute: u32) -> Self {
        let (database, model) = (Database::create(DatabaseKind::Sqlite).await, ModelServer::start().await);
        let mut settings = process_settings(&database, &model);
        settings.insert("PUBLIC_RATE_LIMIT_PER_MINUTE", per_minute.to_string());
        let mut process = Process::start(&settings);
        let client = process.client().await;
        let dashboard = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
        let widget = dashboard.create_widget_answered_by("openai").await;
        let token = dashboard.embed_token(&widget).await;
        dashboard.put(&format!("/widgets/{widget}"), &json!({ "allowedDomains": LIST })).await.expect(200);
        Self { client, token, _process: process, _database: database, _model: model }
    }
}

impl Shop {
    async fn open(kind: DatabaseKind, list: &[&str]) -> Self {
        let world = World::start(kind).await;
        let dashboard = world.dashboard().await;
        let widget = dashboard.create_widget_answered_by("openai").await;
        let token = dashboard.embed_token(&widget).await;
        let visitor = Visitor::arrive(&world.client, &token).await;
        let shop = Self { world, dashboard, widget, token, visitor };
        shop.allow(list).await.expect(200);
        shop
    }

    async fn allow(&self, list: &[&str]) -> Answer {
        self.dashboard.put(&format!("/widgets/{}", self.widget), &json!({ "allowedDomains": list })).await
    }

    /// The widget as its owner sees it.
    async fn shown(&self) -> Value {
        self.dashboard.get(&format!("/widgets/{}", self.widget)).await.expect(200)
    }

    /// Loads the widget on a page that sends these headers.
    async fn load(&self, headers: Headers<'_>) -> Answer {
        load(&self.world.client, &self.token, headers).await
    }

    /// What an effect would change: sessions and messages, and calls of the model.
    async fn effects(&self) -> (Value, usize) {
        let stats = self.dashboard.get(&format!("/widgets/{}/stats", self.widget)).await.expect(200);
        (stats, self.world.model.requests().len())
    }

    /// Every public route is refused for a page of this origin, without an echo and without an effect.
    async fn refuses(&self, origin: &str) {
        let before = self.effects().await;
        let header = HeaderValue::from_bytes(origin.as_bytes()).unwrap();
        let open = self.world.client.request(Method::POST, "/api/widget-chat/sessions");
        let requests = [
            self.world.client.request(Method::GET, &format!("/api/widget-chat/init/{}", self.token)),
            open.json(&json!({ "token": self.token })),
            self.visitor.request(Method::GET, "/messages"),
            self.visitor.message("Hello"),
            self.visitor.request(Method::DELETE, ""),
        ];
        for request in requests {
            let answer = Answer::of(request.header("origin", header.clone())).await;
            assert_eq!(echo(&answer), None, "{origin:?}");
            answer.expect_error(403, "origin_not_allowed");
        }
        assert_eq!(self.effects().await, before, "{origin:?}");
    }
}

async fn load(client: &Client, token: &str, headers: Headers<'_>) -> Answer {
    let mut request = client.request(Method::GET, "/api/widget-chat/init").header("x-widget-token", token);
    for (name, value) in headers {
        request = request.header(*name, HeaderValue::from_bytes(value).unwrap());
    }
    Answer::of(request).await
}

/// The origin that an answer repeats. Whatever the answer is, caches hear of it, and credentials are never allowed.
#[track_caller]
fn echo(answer: &Answer) -> Option<&str> {
    assert!(answer.header("vary").is_some_and(|vary| vary.contains("Origin")), "{:?}", answer.headers);
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let echoes: Vec<_> = answer.headers.get_all("access-control-allow-origin").iter().collect();
    assert!(echoes.len() <= 1 && echoes.iter().all(|echo| *echo != "*"), "{echoes:?}");
    answer.header("access-control-allow-origin")
}
