//! S01 to S08: sessions, their secrets, and visitors' labels.

use std::collections::HashSet;

use futures::StreamExt;
use futures::stream;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::world::{Answer, Client, DatabaseKind, Visitor, World};

on_both_databases!(
    s02_a_session_with_a_secret_is_there_for_nobody_else,
    s04_a_client_cannot_choose_a_sessions_id,
    s05_a_label_brings_back_nothing,
    s07_the_model_is_not_told_of_another_session_of_the_label,
    s08_nothing_tells_whether_a_label_is_known,
);

const SESSIONS: &str = "/api/widget-chat/sessions";

/// A world with one widget, and its token.
async fn widget(kind: DatabaseKind) -> (World, String) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let token = dashboard.embed_token(&widget).await;
    (world, token)
}

async fn open(client: &Client, body: &Value) -> Answer {
    let request = client.request(Method::POST, SESSIONS).header("x-chatloom-session", "secret");
    Answer::of(request.json(body)).await
}

/// Opens a session with a label and asks one question in it.
async fn visitor_of_label(world: &World, token: &str, label: &str) -> Value {
    let session = open(&world.client, &json!({ "token": token, "visitorId": label })).await.expect(201);
    let path = format!("{SESSIONS}/{}/messages", session["sessionId"].as_str().unwrap());
    let request = world.client.request(Method::POST, &path);
    let request = request.header("x-session-secret", session["sessionSecret"].as_str().unwrap());
    let sent = request.json(&json!({ "token": token, "content": "My secret is CANARY" })).send().await;
    assert!(sent.unwrap().text().await.unwrap().contains("CANARY"));
    session
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s01_ten_thousand_sessions_share_neither_ids_nor_secrets() {
    let (world, token) = widget(DatabaseKind::Postgres).await;
    let (client, body) = (&world.client, &json!({ "token": token }));
    let opened = stream::iter(0..10_000).map(|_| async move { open(client, body).await.expect(201) });
    let opened: Vec<Value> = opened.buffer_unordered(32).collect().await;
    let all = |name: &str| -> HashSet<String> {
        opened.iter().map(|session| session[name].as_str().unwrap().to_owned()).collect()
    };
    let (ids, secrets) = (all("sessionId"), all("sessionSecret"));
    assert_eq!((ids.len(), secrets.len()), (10_000, 10_000));
    // 43 digits in base 62 are 256 bits, and no place among them is always the same.
    let digits: Vec<&str> = secrets.iter().map(|secret| &secret["cls_".len()..secret.len() - 6]).collect();
    assert!(digits.iter().all(|digits| digits.len() == 43));
    for place in 1..43 {
        let seen: HashSet<_> = digits.iter().map(|digits| digits.as_bytes()[place]).collect();
        assert_eq!(seen.len(), 62, "place {place}");
    }
    assert!(world.database.holds(
        "(SELECT count(DISTINCT secret_hash) FROM chat_sessions WHERE length(secret_hash) = 32) = 10000"
    ));

    // No other answer has the secret.
    let session = &opened[0];
    let (id, secret) = (session["sessionId"].as_str().unwrap(), session["sessionSecret"].as_str().unwrap());
    let request = client.request(Method::GET, &format!("{SESSIONS}/{id}/messages"));
    let request = request.header("x-widget-token", &token).header("x-session-secret", secret);
    let answer = Answer::of(request).await;
    assert!(!format!("{:?} {}", answer.headers, answer.body).contains(secret));
    world.stop().await;
}

/// Everything that can be done with a session, without its secret.
fn deeds(visitor: &Visitor, client: &Client, token: &str, turn: &str, query: &str) -> Vec<RequestBuilder> {
    let below = |method: Method, path: String| {
        client.request(method, &format!("{SESSIONS}/{}{path}{query}", visitor.session()))
    };
    let with_token = |request: RequestBuilder| request.header("x-widget-token", token);
    vec![
        with_token(below(Method::GET, "/messages".into())),
        below(Method::POST, "/messages".into()).json(&json!({ "token": token, "content": "Let me in" })),
        with_token(below(Method::GET, format!("/turns/{turn}/events"))),
        with_token(below(Method::POST, format!("/turns/{turn}/stop"))),
        with_token(below(Method::POST, format!("/turns/{turn}/retry"))),
        with_token(below(Method::DELETE, String::new())),
    ]
}

async fn s02_a_session_with_a_secret_is_there_for_nobody_else(kind: DatabaseKind) {
    let (world, token) = widget(kind).await;
    let visitor = Visitor::arrive(&world.client, &token).await;
    let other = Visitor::arrive(&world.client, &token).await;
    let events = visitor.ask("My secret is CANARY").await.rest().await;
    let turn = events[0].turn();
    let asked = world.model.requests().len();
    let [_, own] = visitor.secrets();
    let [_, foreign] = other.secrets();
    let upper = own.to_uppercase();
    let longer = format!("{own}0");
    let mut seen = HashSet::new();
    for secret in [None, Some(foreign), Some(""), Some("cls_"), Some(&own[..20]), Some(&upper), Some(&longer)]
    {
        for deed in deeds(&visitor, &world.client, &token, turn, "") {
            let deed = match secret {
                Some(secret) => deed.header("x-session-secret", secret),
                None => deed,
            };
            let mut body = Answer::of(deed).await.expect_error(404, "session_not_found");
            for own in ["path", "requestId", "timestamp"] {
                body[own].take();
            }
            seen.insert(body.to_string());
        }
    }
    assert_eq!(seen.len(), 1, "the answers differ: {seen:?}");
    // A session that is not there looks the same.
    let unknown = deeds(&visitor, &world.client, &token, turn, "").remove(0).build().unwrap();
    let path = unknown.url().path().replace(visitor.session(), turn);
    let unknown = world.client.request(Method::GET, &path).header("x-widget-token", &token);
    let mut body = Answer::of(unknown).await.expect_error(404, "session_not_found");
    for own in ["path", "requestId", "timestamp"] {
        body[own].take();
    }
    assert!(seen.contains(&body.to_string()));
    for deed in deeds(&visitor, &world.client, &token, turn, &format!("?sessionSecret={own}")) {
        Answer::of(deed).await.expect_error(400, "secret_in_url");
    }
    assert_eq!(world.model.requests().len(), asked);
    assert!(world.database.holds("(SELECT count(*) FROM messages) = 2 AND (SELECT count(*) FROM turns) = 1"));
    assert_eq!(visitor.history().await.len(), 2);
    world.stop().await;
}

async fn s04_a_client_cannot_choose_a_sessions_id(kind: DatabaseKind) {
    let (world, token) = widget(kind).await;
    let wish = "0197e0a4-f000-7000-8000-00000000000a";
    let body = json!({ "token": token, "sessionId": wish, "id": wish, "chatId": wish });
    let session = open(&world.client, &body).await.expect(201);
    assert_ne!(session["sessionId"], wish);
    let message = json!({ "token": token, "content": "Hi" });
    let request = world.client.request(Method::POST, &format!("{SESSIONS}/{wish}/messages")).json(&message);
    Answer::of(request).await.expect_error(404, "session_not_found");
    assert!(world.database.holds("(SELECT count(*) FROM chat_sessions) = 1"));
    world.stop().await;
}

async fn s05_a_label_brings_back_nothing(kind: DatabaseKind) {
    let (world, token) = widget(kind).await;
    let first = visitor_of_label(&world, &token, "ada@example.com").await;
    let opened = open(&world.client, &json!({ "token": token, "visitorId": "ada@example.com" })).await;
    assert_eq!(opened.status, 201);
    assert_ne!(opened.body["sessionId"], first["sessionId"]);
    assert!(!opened.body.to_string().contains("CANARY"));
    let path = format!("{SESSIONS}/{}/messages", opened.body["sessionId"].as_str().unwrap());
    let secret = opened.body["sessionSecret"].as_str().unwrap();
    let request = world.client.request(Method::GET, &path).header("x-widget-token", &token);
    let history = Answer::of(request.header("x-session-secret", secret)).await.expect(200);
    assert_eq!(history, json!({ "messages": [] }));
    // Nor is there a list for who proves nothing.
    let list = world.client.request(Method::GET, SESSIONS).header("x-widget-token", &token);
    Answer::of(list).await.expect_error(401, "identity_required");
    world.stop().await;
}

async fn s07_the_model_is_not_told_of_another_session_of_the_label(kind: DatabaseKind) {
    let (world, token) = widget(kind).await;
    visitor_of_label(&world, &token, "ada@example.com").await;
    let second =
        open(&world.client, &json!({ "token": token, "visitorId": "ada@example.com" })).await.expect(201);
    let path = format!("{SESSIONS}/{}/messages", second["sessionId"].as_str().unwrap());
    let request = world.client.request(Method::POST, &path);
    let request = request.header("x-session-secret", second["sessionSecret"].as_str().unwrap());
    let sent = request.json(&json!({ "token": token, "content": "What is my secret?" })).send().await;
    let answer = sent.unwrap().text().await.unwrap();
    assert!(answer.contains("What is my secret?") && !answer.contains("CANARY"), "{answer}");
    let asked = world.model.requests();
    assert!(!asked.last().unwrap().body.to_string().contains("CANARY"));
    world.stop().await;
}

/// The same status, size and headers, whether or not there is a visitor of the label.
async fn s08_nothing_tells_whether_a_label_is_known(kind: DatabaseKind) {
    let (world, token) = widget(kind).await;
    visitor_of_label(&world, &token, "visitor-0500").await;
    let guess = async |number: u32| {
        let body = json!({ "token": token, "visitorId": format!("visitor-{number:04}") });
        let answer = open(&world.client, &body).await;
        let mut headers: Vec<_> =
            answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        headers.retain(|header| !header.starts_with("x-request-id") && !header.starts_with("date"));
        headers.sort();
        (answer.status, answer.body.to_string().len(), headers)
    };
    let guesses: HashSet<_> = stream::iter(0..1_000).map(guess).buffer_unordered(16).collect().await;
    assert_eq!(guesses.len(), 1, "{guesses:?}");
    world.stop().await;
}
