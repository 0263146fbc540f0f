//! Every route of the visitors' side, asked for with everything that can be wrong with a request, alone and together with
//! all that is checked later: the token first, then the widget's state, the origin, and the session.

use chatloom_domain::token::EmbedToken;
use chatloom_http::routes::{Family, ROUTES};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Client, Dashboard, DatabaseKind, Visitor, World};

on_both_databases!(t07_each_public_route_checks_token_widget_origin_and_session_in_this_order);

const SITE: &str = "https://shop.example";
const ANOTHER_SITE: &str = "https://shop.example.evil.example";

/// A route, and how it is used.
struct Row {
    method: &'static str,
    path: &'static str,
    /// A body that it takes, without the token.
    body: Option<fn() -> Value>,
    /// The status when nothing is wrong, for a session whose only turn has its answer.
    success: u16,
}

const fn row(method: &'static str, path: &'static str, success: u16, body: Option<fn() -> Value>) -> Row {
    Row { method, path, body, success }
}

/// One row for each route of the visitors' side. What erases the session comes last.
const ROWS: &[Row] = &[
    row("GET", "/api/widget-chat/init/{token}", 200, None),
    row("GET", "/api/widget-chat/init", 200, None),
    row("POST", "/api/widget-chat/challenges", 201, Some(|| json!({}))),
    row("POST", "/api/widget-chat/sessions", 201, Some(|| json!({}))),
    // Nobody here has proved who they are.
    row("GET", "/api/widget-chat/sessions", 401, None),
    row("GET", "/api/widget-chat/sessions/{id}/messages", 200, None),
    row("POST", "/api/widget-chat/sessions/{id}/messages", 200, Some(|| json!({ "content": "Hello" }))),
    row(
        "POST",
        "/api/widget-chat/sessions/{id}/messages/{messageId}/feedback",
        204,
        Some(|| json!({ "rating": "good" })),
    ),
    row("GET", "/api/widget-chat/sessions/{id}/turns/{turnId}/events", 200, None),
    row("POST", "/api/widget-chat/sessions/{id}/turns/{turnId}/stop", 202, None),
    row("POST", "/api/widget-chat/sessions/{id}/turns/{turnId}/retry", 409, None),
    row("DELETE", "/api/widget-chat/sessions/{id}", 204, None),
];

/// A widget with a session, and a turn in it that has its answer.
#[derive(Clone)]
struct Stage {
    widget: String,
    token: String,
    session: String,
    secret: String,
    turn: String,
    answer: String,
}

impl Stage {
    async fn build(client: &Client, dashboard: &Dashboard) -> Self {
        let widget = dashboard.create_widget_answered_by("openai").await;
        let token = dashboard.embed_token(&widget).await;
        let visitor = Visitor::arrive(client, &token).await;
        let events = visitor.ask("Hello").await.rest().await;
        let restrict = json!({ "allowedDomains": ["shop.example"] });
        dashboard.put(&format!("/widgets/{widget}"), &restrict).await.expect(200);
        let secret = visitor.secrets()[1].to_owned();
        Self {
            widget,
            token,
            session: visitor.session().to_owned(),
            secret,
            turn: events[0].turn().to_owned(),
            answer: events[0].data["messageId"].as_str().unwrap().to_owned(),
        }
    }
}

/// A request: what it presents.
#[derive(Clone)]
struct Request {
    token: Option<String>,
    origin: Option<&'static str>,
    session: String,
    secret: String,
    turn: String,
    answer: String,
}

impl Request {
    /// With nothing wrong.
    fn of(stage: &Stage) -> Self {
        let Stage { token, session, secret, turn, answer, .. } = stage.clone();
        Self { token: Some(token), origin: Some(SITE), session, secret, turn, answer }
    }

    async fn send(&self, client: &Client, row: &Row) -> Answer {
        let in_path = row.path.contains("{token}");
        let token = self.token.clone().unwrap_or_default();
        let path = row.path.replace("{token}", &token).replace("{id}", &self.session);
        let method: Method = row.method.parse().unwrap();
        let path = path.replace("{turnId}", &self.turn).replace("{messageId}", &self.answer);
        let mut request = client.request(method, &path);
        request = request.header("x-session-secret", &self.secret);
        if let Some(origin) = self.origin {
            request = request.header("origin", origin);
        }
        if let Some(token) = self.token.as_ref().filter(|_| !in_path) {
            request = request.header("x-widget-token", token);
        }
        Answer::of(match row.body {
            Some(body) => request.json(&body()),
            None => request,
        })
        .await
    }
}

/// What can be wrong, in the order in which it is looked for.
struct Fault {
    name: &'static str,
    /// Refusals of one rank are alternatives: only one of them can be wrong with a request.
    rank: u8,
    status: u16,
    code: &'static str,
    spoil: Box<dyn Fn(&mut Request)>,
}

fn fault(
    name: &'static str,
    rank: u8,
    (status, code): (u16, &'static str),
    spoil: impl Fn(&mut Request) + 'static,
) -> Fault {
    Fault { name, rank, status, code, spoil: Box::new(spoil) }
}

const BAD_TOKEN: (u16, &str) = (401, "invalid_token");
const GONE: (u16, &str) = (410, "widget_gone");
const BAD_ORIGIN: (u16, &str) = (403, "origin_not_allowed");
const NO_SESSION: (u16, &str) = (404, "session_not_found");

async fn faults(client: &Client, dashboard: &Dashboard) -> Vec<Fault> {
    let with_token = |token: &str| {
        let token = token.to_owned();
        move |request: &mut Request| request.token = Some(token.clone())
    };
    let rotated = Stage::build(client, dashboard).await;
    let regenerate = format!("/widgets/{}/regenerate-token", rotated.widget);
    dashboard.call(Method::POST, &regenerate, None).await.expect(200);
    let off = Stage::build(client, dashboard).await;
    dashboard.put(&format!("/widgets/{}", off.widget), &json!({ "active": false })).await.expect(200);
    let deleted = Stage::build(client, dashboard).await;
    dashboard.delete(&format!("/widgets/{}", deleted.widget)).await.expect(204);
    let other = Stage::build(client, dashboard).await;
    let unknown = EmbedToken::new([7; 32]).reveal().to_owned();
    let mut broken = unknown.clone();
    let last = if broken.pop() == Some('0') { '1' } else { '0' };
    broken.push(last);
    let (session, secret, turn) = (other.session.clone(), other.secret.clone(), other.turn.clone());
    vec![
        fault("no token", 0, (401, "missing_token"), |request| request.token = None),
        fault("a malformed token", 0, BAD_TOKEN, with_token("clw_nonsense")),
        fault("a token with a wrong checksum", 0, BAD_TOKEN, with_token(&broken)),
        fault("nobody's token", 0, BAD_TOKEN, with_token(&unknown)),
        fault("a rotated-out token", 0, BAD_TOKEN, with_token(&rotated.token)),
        fault("a widget that is switched off", 1, GONE, with_token(&off.token)),
        fault("a deleted widget", 1, GONE, with_token(&deleted.token)),
        fault("a forbidden origin", 2, BAD_ORIGIN, |request| request.origin = Some(ANOTHER_SITE)),
        fault("the origin null", 2, BAD_ORIGIN, |request| request.origin = Some("null")),
        fault("no origin", 2, BAD_ORIGIN, |request| request.origin = None),
        fault("an unknown session", 3, NO_SESSION, |request| {
            "00000000-0000-7000-8000-00000000dead".clone_into(&mut request.session);
        }),
        fault("a malformed session", 3, NO_SESSION, |request| "no-uuid".clone_into(&mut request.session)),
        fault("another widget's session", 3, NO_SESSION, move |request| {
            session.clone_into(&mut request.session);
            secret.clone_into(&mut request.secret);
            turn.clone_into(&mut request.turn);
        }),
        fault("a wrong secret", 3, NO_SESSION, |request| {
            let other = chatloom_domain::token::SessionSecret::new([7; 32]);
            other.reveal().clone_into(&mut request.secret);
        }),
    ]
}

impl Fault {
    /// Whether the route can tell.
    fn concerns(&self, row: &Row) -> bool {
        // Without a token this path is that of the other way to load a widget.
        let has_no_token = self.name == "no token" && row.path.contains("{token}");
        let is_about_session = self.rank == 3;
        !has_no_token && (!is_about_session || row.path.contains("{id}"))
    }

    /// The refusal. A body that should have the token lacks a field.
    fn refusal(&self, row: &Row) -> (u16, &'static str) {
        if self.name == "no token" && row.body.is_some() {
            (400, "missing_field")
        } else {
            (self.status, self.code)
        }
    }
}

/// All routes of the visitors' side, in the order of their rows.
fn rows() -> &'static [Row] {
    for route in ROUTES.iter().filter(|route| route.family == Family::Public) {
        let has_row = |row: &Row| row.method == route.method.as_str() && row.path == route.path;
        assert!(
            ROWS.iter().any(has_row),
            "{} {} has no row. Add one to ROWS in {}: row(method, path, the status when nothing is wrong with the \
             request, a body that it takes).",
            route.method,
            route.path,
            file!()
        );
    }
    ROWS
}

async fn t07_each_public_route_checks_token_widget_origin_and_session_in_this_order(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let (client, faults) = (&world.client, faults(&world.client, &dashboard).await);
    let stage = Stage::build(client, &dashboard).await;
    let mut cells = 0;
    for row in rows() {
        for fault in faults.iter().filter(|fault| fault.concerns(row)) {
            let mut alone = Request::of(&stage);
            (fault.spoil)(&mut alone);
            let mut together = alone.clone();
            for later in ["a forbidden origin", "an unknown session"] {
                let later = faults.iter().find(|fault| fault.name == later).unwrap();
                if later.rank > fault.rank {
                    (later.spoil)(&mut together);
                }
            }
            for request in [alone, together] {
                let answer = request.send(client, row).await;
                let found = (answer.status.as_u16(), answer.body["code"].as_str());
                let (status, code) = fault.refusal(row);
                assert_eq!(found, (status, Some(code)), "{} {} with {}", row.method, row.path, fault.name);
                cells += 1;
            }
        }
        // Nothing of all this has changed the session, so it can still be used for what the route is for.
        let fresh = Stage::build(client, &dashboard).await;
        let answer = Request::of(&fresh).send(client, row).await;
        assert_eq!(answer.status.as_u16(), row.success, "{} {}: {}", row.method, row.path, answer.body);
    }
    let is_history = |row: &&Row| row.method == "GET" && row.path.ends_with("/messages");
    let history = ROWS.iter().find(is_history).unwrap();
    let history = Request::of(&stage).send(client, history).await.expect(200);
    assert_eq!(history["messages"].as_array().unwrap().len(), 2, "a refused request left something behind");
    assert!(cells >= 100, "{cells}");
    world.stop().await;
}
