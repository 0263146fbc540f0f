//! Changing the secret under a running installation, and what a fresh one does not open to.

use reqwest::Method;
use serde_json::{Value, json};

use super::service::{COOKIE, Service, forge_with, texts_of, token_of};
use crate::world::{Answer, JWT_SECRET};

const NEXT_SECRET: &str = "tVnP1m0v8+9E4eWc3s0xJg6lC2RmZk1yqH7uB5dYw8Q=";

fn key_id(token: &str) -> Value {
    serde_json::from_str::<Value>(&texts_of(token)[0]).unwrap()["kid"].take()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a07_a_secret_is_changed_without_signing_anybody_out() {
    let mut service = Service::start().await;
    let dashboard = service.dashboard().await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let embed_token = dashboard.embed_token(&widget).await;
    let old = service.token().await;

    service.restart_with(&[("JWT_SECRET", NEXT_SECRET), ("JWT_SECRET_PREVIOUS", JWT_SECRET)]).await;
    service.me(&old).await.expect(200);
    assert_eq!(dashboard.at(&service.client).embed_token(&widget).await, embed_token);
    let new = service.token().await;
    assert_ne!(key_id(&new), key_id(&old));
    // A refreshed session is signed with the new secret, so nobody is left behind.
    let refresh = service.client.request(Method::POST, "/api/auth/refresh");
    let refreshed = Answer::of(refresh.header("cookie", format!("{COOKIE}={}", service.token().await))).await;
    assert_eq!(key_id(&token_of(&refreshed)), key_id(&new));
    let late = service.dashboard().await;
    let late_widget = late.create_widget_answered_by("openai").await;
    let late_token = late.embed_token(&late_widget).await;

    service.restart_with(&[("JWT_SECRET_PREVIOUS", "")]).await;
    service.me(&old).await.expect_error(401, "not_signed_in");
    service.me(&new).await.expect(200);
    let late = late.at(&service.client);
    assert_eq!(late.embed_token(&late_widget).await, late_token);
    late.get(&format!("/widgets/{widget}/embed-code")).await.expect_error(503, "token_unreadable");

    service.restart_with(&[("JWT_SECRET_PREVIOUS", JWT_SECRET)]).await;
    assert_eq!(late.at(&service.client).embed_token(&widget).await, embed_token);
    assert!(!service.process.log().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a07_tokens_from_before_keys_had_names_count_until_they_expire() {
    let service = Service::start().await;
    let [_, payload] = texts_of(&service.token().await);
    let nameless = r#"{"typ":"JWT","alg":"HS256"}"#;
    service.me(&forge_with(JWT_SECRET, nameless, &payload)).await.expect(200);
    let mut claims: Value = serde_json::from_str(&payload).unwrap();
    claims["exp"] = json!(claims["iat"].as_i64().unwrap() - 60);
    service.refuses(&[forge_with(JWT_SECRET, nameless, &claims.to_string())]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a24_a_fresh_installation_opens_to_nobody() {
    let service = Service::start().await;
    // After all that guessing nobody would get in from here for a while.
    let token = service.token().await;
    let users = ["admin", "admin@example.com", "admin@chatloom.local", "root@localhost", "test@example.com"];
    for email in users {
        for password in ["", "admin", "password", "changeme", "chatloom", "12345678"] {
            let body = json!({ "email": email, "password": password });
            let answer =
                Answer::of(service.client.request(Method::POST, "/api/auth/login").json(&body)).await;
            // Guessing may be slowed down, but never pays.
            assert!([401, 429].contains(&answer.status.as_u16()), "{email} {password}: {}", answer.status);
        }
    }
    let [header, payload] = texts_of(&token);
    let nameless = r#"{"typ":"JWT","alg":"HS256"}"#.to_owned();
    let mut forged = Vec::new();
    for key in ["", "secret", "changeme", "your-256-bit-secret", "jwt-secret", "chatloom", "password"] {
        for header in [&header, &nameless] {
            forged.push(forge_with(key, header, &payload));
        }
    }
    assert_eq!(service.refuses(&forged).await, 14);
    for path in
        ["/api/setup", "/api/auth/setup", "/api/auth/register", "/api/auth/signup", "/api/admin", "/setup"]
    {
        for method in ["GET", "POST"] {
            let status = service.status_of(method, path).await;
            assert!([401, 403, 404, 405].contains(&status), "{method} {path}: {status}");
        }
    }
}
