//! Everything that the service writes while it is used, searched for what must never be written.

use chatloom_testkit::model_server::{ModelServer, Reply};
use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Dashboard, Database, DatabaseKind, JWT_SECRET, Process, Visitor,
    settings,
};

on_both_databases!(no_secret_and_no_message_reaches_a_log_line);

async fn no_secret_and_no_message_reaches_a_log_line(kind: DatabaseKind) {
    let (database, model) = (Database::create(kind).await, ModelServer::start().await);
    let mut settings = settings(&database, &model);
    settings.insert("LOG_FORMAT", "json".to_owned());
    settings.insert("LOG", "debug".to_owned());
    let mut process = Process::start(&settings);
    let client = process.client().await;

    let wrong = json!({ "email": "canary-mail@example.com", "password": "canary-password" });
    let request = client.request(Method::POST, "/api/auth/login").json(&wrong);
    Answer::of(request).await.expect_error(401, "wrong_credentials");
    let dashboard = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let token = dashboard.embed_token(&widget).await;
    client.get(&format!("/api/widget-chat/init/{token}")).await.expect(200);
    client.get("/api/widget-chat/init/clw_canary-token").await.expect_error(401, "invalid_token");
    let visitor = Visitor::arrive(&client, &token).await;
    model.queue(Reply::text(["canary-answer"]));
    visitor.ask("canary-question").await.until("done").await;
    model.queue(Reply::json(401, &json!({ "error": { "message": "canary-upstream", "code": "bad_key" } })));
    visitor.ask("canary-question again").await.until("error").await;
    client.get("/canary-path?canary-query").await.expect_error(404, "route_not_found");
    process.signal(Signal::SIGTERM);
    assert_eq!(process.ended().await.code(), Some(0));

    let log = process.log();
    let [embed_token, session_secret] = visitor.secrets();
    let secrets = [embed_token, session_secret, ADMIN_EMAIL, ADMIN_PASSWORD, JWT_SECRET, "canary"];
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "not JSON: {line}");
        for secret in secrets {
            assert!(!line.contains(secret), "{secret} in {line}");
        }
    }
    // The search means something only if requests and failures are logged at all.
    assert!(log.contains("/api/widget-chat/init/{token}"), "{log}");
    assert!(log.contains("bad_key"), "{log}");
}
