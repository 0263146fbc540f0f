//! What clients and providers say to spoil a log.

use std::io;

use chatloom_testkit::model_server::{ModelServer, Reply};
use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Dashboard, Database, DatabaseKind, Process, RawConnection, Visitor,
    process_settings,
};

/// Colours, a cleared screen, lines of its own in both forms, formats, and the same in other encodings.
const HOSTILE: &str = "a\u{1b}[31m\u{1b}[2J\u{9b}2J\r\n2026-01-01T00:00:00Z ERROR forged: line\n\
                       {\"level\":\"ERROR\",\"message\":\"forged\"}\n%n%s%x${jndi:x}\u{2028}\u{7f}\u{8}\0";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g07_nothing_that_a_client_or_a_provider_sends_leaves_its_line_in_the_log() {
    for format in ["json", "text"] {
        let log = log_of_hostile_texts(format).await;
        assert!(log.lines().count() > 10, "{log}");
        for line in log.lines() {
            assert!(!line.contains(char::is_control), "{line:?}");
            assert!(!line.contains("forged") && !line.contains("jndi"), "{line}");
            let is_ours = if format == "json" {
                serde_json::from_str::<Value>(line).is_ok_and(|line| line["timestamp"].is_string())
            } else {
                line.starts_with("20") && line.contains("Z ")
            };
            assert!(is_ours, "{line}");
        }
    }
}

/// What the service writes, at its most talkative, while it is sent such texts in every place there is.
async fn log_of_hostile_texts(format: &'static str) -> String {
    let (database, model) = (Database::create(DatabaseKind::Sqlite).await, ModelServer::start().await);
    let mut settings = process_settings(&database, &model);
    // The readable form does not say where it listens in a form that this test could read.
    let port = free_port().unwrap();
    settings.extend([
        ("LOG_FORMAT", format.to_owned()),
        ("LOG", "trace".to_owned()),
        ("PORT", port.to_string()),
    ]);
    let mut process = Process::start(&settings);
    process.logged("accepting requests").await;
    let address = ([127, 0, 0, 1], port).into();
    let client = crate::world::Client::new(&format!("http://{address}"));
    let dashboard = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let visitor = Visitor::arrive(&client, &dashboard.embed_token(&widget).await).await;

    let body = json!({ "email": HOSTILE, "password": HOSTILE, HOSTILE: HOSTILE });
    Answer::of(client.request(Method::POST, "/api/auth/login").json(&body)).await.expect(400);
    let body =
        json!({ "name": HOSTILE, "workflowId": HOSTILE, "allowedDomains": [HOSTILE], HOSTILE: HOSTILE });
    dashboard.post("/widgets", &body).await.expect(400);
    let agent = json!({ "instructions": HOSTILE.replace('\0', ""), "provider": "openai", "model": "m" });
    dashboard.post("/workflows", &json!({ "name": "W", "agent": agent })).await;
    let body = json!({ "token": HOSTILE, "visitorId": HOSTILE, "content": HOSTILE });
    Answer::of(client.request(Method::POST, "/api/widget-chat/sessions").json(&body)).await.expect(401);
    let said = HOSTILE.replace('\0', "");
    model.queue(Reply::text([said.as_str()]));
    visitor.ask(&said).await.until("done").await;
    let error = json!({ "error": { "message": HOSTILE, "code": HOSTILE, "type": HOSTILE } });
    model.queue(Reply::json(401, &error).header("x-request-id", "forged {jndi}"));
    visitor.ask("And now?").await.until("error").await;

    // What a library would refuse to send, byte by byte, and the same as far as it may stand in a URL.
    for text in [HOSTILE, "%1b%5b31m%0d%0aforged%00", "\u{1b}[31mforged", "forged"] {
        for request in [
            format!("GET /{text} HTTP/1.1\r\nhost: test\r\n\r\n"),
            format!("{text} / HTTP/1.1\r\nhost: test\r\n\r\n"),
            format!("GET /healthz?{text} HTTP/1.1\r\nhost: test\r\n\r\n"),
            format!(
                "GET /healthz HTTP/1.1\r\nhost: {text}\r\nuser-agent: {text}\r\nx-request-id: {text}\r\n\r\n"
            ),
            format!("GET /healthz HTTP/1.1\r\nhost: test\r\ncontent-length: {text}\r\n\r\n"),
            format!("GET /healthz HTTP/1.1\r\nhost: test\r\ntransfer-encoding: {text}\r\n\r\n"),
        ] {
            let mut connection = RawConnection::open(address, 64 * 1024).await;
            connection.write(request.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n").as_bytes()).await;
            connection.rest().await;
        }
    }
    process.signal(Signal::SIGTERM);
    assert_eq!(process.ended().await.code(), Some(0));
    process.log()
}

/// A port that nobody listens on just now.
fn free_port() -> io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
