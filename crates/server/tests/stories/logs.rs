//! Everything that the service writes while every one of its routes is used, searched for what must never be written.

use std::net::IpAddr;

use chatloom_http::routes::{Family, ROUTES, Route};
use chatloom_testkit::model_server::{ModelServer, Reply};
use nix::sys::signal::Signal;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Client, Dashboard, Database, DatabaseKind, JWT_SECRET, Process,
    Visitor, settings,
};

on_both_databases!(no_secret_no_address_and_no_text_reaches_a_log_line_on_any_route);

/// Where our requests come from, and where a proxy says that they come from.
const PEER: &str = "127.0.0.77";
const FORWARDED: &str = "203.0.113.77";

/// The walk: each route, with a body that is good where one is needed. A route that is not here fails the test.
fn walk(workflow: &str, token: &str) -> Vec<(&'static str, &'static str, Option<Value>)> {
    let agent =
        json!({ "instructions": "canary-instructions", "provider": "openai", "model": "canary-model" });
    let widget = json!({
        "name": "canary-widget", "workflowId": workflow, "allowedDomains": [],
        "customization": { "title": "canary-title", "canary-key": "canary-value" },
    });
    let credentials = json!({ "email": "canary-mail@example.com", "password": "canary-password" });
    vec![
        ("POST", "/api/auth/login", Some(credentials)),
        ("POST", "/api/auth/exchange", None),
        ("POST", "/api/auth/refresh", None),
        ("GET", "/api/auth/me", None),
        (
            "PUT",
            "/api/auth/password",
            Some(json!({ "currentPassword": "canary-password", "newPassword": "canary-new-password" })),
        ),
        ("GET", "/api/teams/{teamId}/widgets", None),
        ("POST", "/api/teams/{teamId}/widgets", Some(widget)),
        ("GET", "/api/teams/{teamId}/widgets/{id}", None),
        ("PUT", "/api/teams/{teamId}/widgets/{id}", Some(json!({ "name": "canary-name" }))),
        ("GET", "/api/teams/{teamId}/widgets/{id}/embed-code", None),
        ("POST", "/api/teams/{teamId}/widgets/{id}/regenerate-token", None),
        ("GET", "/api/teams/{teamId}/widgets/{id}/tokens", None),
        ("POST", "/api/teams/{teamId}/widgets/{id}/identity-secret", None),
        ("GET", "/api/teams/{teamId}/widgets/{id}/identity-secret", None),
        (
            "POST",
            "/api/teams/{teamId}/widgets/{id}/erasures",
            Some(json!({ "visitorId": "canary-erased-visitor" })),
        ),
        ("GET", "/api/teams/{teamId}/widgets/{id}/stats", None),
        ("GET", "/api/teams/{teamId}/widgets/{id}/feedback", None),
        ("GET", "/api/teams/{teamId}/widgets/{id}/budget", None),
        ("PUT", "/api/teams/{teamId}/widgets/{id}/budget", Some(json!({ "dailyMessages": 1000 }))),
        ("GET", "/api/teams/{teamId}/budget", None),
        ("PUT", "/api/teams/{teamId}/budget", Some(json!({ "dailyTokens": null }))),
        ("GET", "/api/teams/{teamId}/audit-log", None),
        ("GET", "/api/teams/{teamId}/workflows", None),
        ("POST", "/api/teams/{teamId}/workflows", Some(json!({ "name": "canary-workflow", "agent": agent }))),
        ("GET", "/api/teams/{teamId}/workflows/{id}", None),
        ("PUT", "/api/teams/{teamId}/workflows/{id}", Some(json!({ "name": "canary-name", "agent": agent }))),
        ("DELETE", "/api/teams/{teamId}/workflows/{id}", None),
        ("DELETE", "/api/teams/{teamId}/widgets/{id}", None),
        ("GET", "/api/widget-chat/init/{token}", None),
        ("GET", "/api/widget-chat/init", None),
        ("POST", "/api/widget-chat/challenges", Some(json!({ "token": token }))),
        ("POST", "/api/widget-chat/sessions", Some(json!({ "token": token, "visitorId": "canary-visitor" }))),
        ("GET", "/api/widget-chat/sessions", None),
        ("GET", "/api/widget-chat/sessions/{id}/messages", None),
        (
            "POST",
            "/api/widget-chat/sessions/{id}/messages",
            Some(json!({
                "token": token, "content": "canary-question", "context": { "canary-page": "canary-context" },
            })),
        ),
        (
            "POST",
            "/api/widget-chat/sessions/{id}/messages/{messageId}/feedback",
            Some(json!({ "token": token, "rating": "bad", "reason": "canary-reason" })),
        ),
        ("GET", "/api/widget-chat/sessions/{id}/turns/{turnId}/events", None),
        ("POST", "/api/widget-chat/sessions/{id}/turns/{turnId}/stop", None),
        ("POST", "/api/widget-chat/sessions/{id}/turns/{turnId}/retry", None),
        ("DELETE", "/api/widget-chat/sessions/{id}", None),
        ("GET", "/healthz", None),
        ("GET", "/readyz", None),
        ("GET", "/api/openapi.json", None),
        ("GET", "/api/docs", None),
        ("GET", "/api/docs/style.css", None),
        ("GET", "/widget.js", None),
        ("GET", "/widget/{name}", None),
        ("GET", "/chat/{token}", None),
        ("GET", "/chat/assets/{name}", None),
        ("GET", "/demo", None),
        ("GET", "/demo/gallery", None),
        ("GET", "/demo/gallery/frame", None),
        ("GET", "/demo/assets/{name}", None),
        ("POST", "/api/auth/logout", None),
    ]
}

async fn no_secret_no_address_and_no_text_reaches_a_log_line_on_any_route(kind: DatabaseKind) {
    let (database, model) = (Database::create(kind).await, ModelServer::start().await);
    let mut settings = settings(&database, &model);
    settings.insert("LOG_FORMAT", "json".to_owned());
    settings.insert("LOG", "trace".to_owned());
    settings.insert("TRUSTED_PROXIES", "1".to_owned());
    let mut process = Process::start(&settings);
    let client =
        Client::from(&format!("http://{}", process.address().await), PEER.parse::<IpAddr>().unwrap());
    let dashboard = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let walker = Walker::arrive(&client, dashboard, &model).await;
    walker.walk(&model).await;
    process.signal(Signal::SIGTERM);
    assert_eq!(process.ended().await.code(), Some(0));

    let log = process.log();
    let [embed_token, session_secret] = walker.visitor.secrets();
    let cookie = walker.dashboard.cookie().split_once('=').unwrap().1;
    let secrets = [
        embed_token,
        session_secret,
        cookie,
        ADMIN_EMAIL,
        ADMIN_PASSWORD,
        JWT_SECRET,
        PEER,
        FORWARDED,
        "canary",
        "CANARY",
        "sk-openai",
        "sk-anthropic",
    ];
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "not JSON: {line}");
        for secret in secrets {
            assert!(!line.contains(secret), "{secret} in {line}");
        }
    }
    // The search means something only if requests and failures are logged at all, and each route was reached.
    for route in ROUTES {
        assert!(log.contains(&format!("\"{}\"", route.path)), "{} is not in the log", route.path);
    }
    assert!(log.contains("bad_key"), "{log}");
}

/// Somebody who has everything that the routes ask for.
struct Walker {
    client: Client,
    dashboard: Dashboard,
    visitor: Visitor,
    workflow: String,
    widget: String,
    turn: String,
    answer: String,
}

impl Walker {
    async fn arrive(client: &Client, dashboard: Dashboard, model: &ModelServer) -> Self {
        let workflow = dashboard.create_workflow("openai").await;
        // The visitors' widget is another one than the one that the walk changes and deletes.
        let chat = dashboard.create_widget_answered_by("openai").await;
        dashboard.put(&format!("/widgets/{chat}"), &json!({ "pageContext": true })).await.expect(200);
        let widget = dashboard.create_widget_answered_by("openai").await;
        let visitor = Visitor::arrive(client, &dashboard.embed_token(&chat).await).await;
        model.queue(Reply::text(["canary-answer"]));
        let told = visitor.ask("canary-question").await.rest().await;
        let turn = told[0].data["turnId"].as_str().unwrap().to_owned();
        let answer = told[0].data["messageId"].as_str().unwrap().to_owned();
        let error =
            json!({ "error": { "message": "canary-upstream", "code": "bad_key", "param": "canary" } });
        model.queue(Reply::json(401, &error).header("x-canary", "canary-header"));
        visitor.ask("canary-question again").await.until("error").await;
        Self { client: client.clone(), dashboard, visitor, workflow, widget, turn, answer }
    }

    /// Takes each route three times: as it should be, with a canary in every place, and with a body that is none.
    async fn walk(&self, model: &ModelServer) {
        let mut steps = walk(&self.workflow, self.visitor.secrets()[0]);
        for Route { method, path, .. } in ROUTES {
            let is_known = steps.iter().any(|(own, template, _)| *own == method.as_str() && template == path);
            assert!(is_known, "the walk does not know {method} {path}");
        }
        assert_eq!(steps.len(), ROUTES.len(), "the walk knows a route that is none");
        for (method, path, body) in steps.drain(..) {
            model.always(Reply::text(["canary-answer"]));
            let method: Method = method.parse().unwrap();
            let family = ROUTES.iter().find(|route| route.path == path).unwrap().family;
            let garbage = self.stuffed(self.client.request(method.clone(), &filled(path, |_| "canary-id")));
            Answer::of(garbage.json(&json!({ "canary-field": ["canary"], "token": "canary-token" }))).await;
            let broken = self
                .stuffed(self.client.request(method.clone(), &format!("{}?canary=canary", self.path(path))));
            Answer::of(broken.header("content-type", "application/json").body("{\"canary\": canary")).await;
            let good = self.admitted(self.client.request(method, &self.path(path)), family);
            let answer = Answer::of(match body {
                Some(body) => good.json(&body),
                None => good,
            })
            .await;
            assert!(answer.status.as_u16() < 500, "{path}: {}", answer.body);
        }
    }

    /// The path with ids that exist.
    fn path(&self, template: &str) -> String {
        let is_public = template.starts_with("/api/widget-chat");
        filled(template, |name| match name {
            "teamId" => self.dashboard.team(),
            "token" => self.visitor.secrets()[0],
            "turnId" => &self.turn,
            "messageId" => &self.answer,
            "id" if is_public => self.visitor.session(),
            "id" if template.contains("/workflows/") => &self.workflow,
            "id" => &self.widget,
            _ => "canary-name",
        })
    }

    /// With what opens the route, and canaries in the headers that do not decide.
    fn admitted(&self, request: RequestBuilder, family: Family) -> RequestBuilder {
        let request = request.header("user-agent", "canary-agent").header("x-forwarded-for", FORWARDED);
        let [token, secret] = self.visitor.secrets();
        match family {
            Family::Public => request
                .header("origin", "https://canary.example.com")
                .header("x-widget-token", token)
                .header("x-session-secret", secret)
                .header("idempotency-key", "canary-key"),
            _ => request.header("cookie", self.dashboard.cookie()),
        }
    }

    /// With a canary in every header that the service reads.
    fn stuffed(&self, request: RequestBuilder) -> RequestBuilder {
        let names = [
            "user-agent",
            "referer",
            "origin",
            "x-widget-token",
            "x-session-secret",
            "x-chatloom-session",
            "idempotency-key",
            "last-event-id",
            "x-request-id",
            "x-forwarded-host",
            "forwarded",
            "accept",
            "accept-language",
            "accept-encoding",
            "if-none-match",
            "sec-fetch-site",
            "x-canary",
        ];
        let request = names.into_iter().fold(request, |request, name| request.header(name, "canary-header"));
        let cookie =
            format!("{}; __Host-chatloom=canary-cookie", self.dashboard.cookie().replace('=', "-canary="));
        request.header("x-forwarded-for", FORWARDED).header("cookie", cookie)
    }
}

/// The template with something in the place of each name.
fn filled<'a>(template: &str, value: impl Fn(&str) -> &'a str) -> String {
    let parts = template.split('/').map(|part| {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        name.map_or(part.to_owned(), |name| value(name).to_owned())
    });
    parts.collect::<Vec<_>>().join("/")
}
