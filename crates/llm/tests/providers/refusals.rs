//! Replies that are no streams: statuses, pages, redirects, and whole answers in one document.

use std::time::Duration;

use chatloom_llm::{HttpClient, HttpClientConfig, ProviderKind};
use chatloom_ports::chat_model::{ModelErrorClass as Class, ModelEvent, ModelFinish};
use chatloom_testkit::model_server::{Close, Gate, ModelServer, Reply};
use serde_json::json;

use crate::world::{KEY, anthropic, config, connect, failure, openai, read, text};

async fn check(reply: Reply, class: Class, status: Option<u16>) {
    let server = ModelServer::start().await;
    server.always(reply);
    for model in [openai(&server), anthropic(&server)] {
        let error = failure(&*model).await;
        assert_eq!((error.class, error.status), (class, status));
    }
    assert_eq!(server.requests().len(), 2, "a request was repeated");
}

#[tokio::test]
async fn every_refusal_has_its_class() {
    let limited = Class::RateLimited { retry_after: None };
    for (status, kind, class) in [
        (400, "invalid_request_error", Class::BadRequest),
        (400, "context_length_exceeded", Class::ContextLength),
        (400, "content_filter", Class::ContentFilter),
        (401, "authentication_error", Class::Auth),
        (402, "billing_error", Class::Quota),
        (403, "permission_error", Class::Auth),
        (404, "not_found_error", Class::NotFound),
        (413, "request_too_large", Class::ContextLength),
        (429, "rate_limit_error", limited),
        (429, "insufficient_quota", Class::Quota),
        (500, "api_error", Class::Upstream),
        (503, "unavailable_error", Class::Overloaded { retry_after: None }),
        (504, "timeout_error", Class::Upstream),
        (529, "overloaded_error", Class::Overloaded { retry_after: None }),
    ] {
        let body = json!({ "type": "error", "error": { "type": kind, "message": "prose" } });
        check(Reply::json(status, &body), class, Some(status)).await;
    }
}

#[tokio::test]
async fn a_refusal_may_be_a_page_a_frame_or_nothing() {
    let page = "<html><body>502 Bad Gateway</body></html>";
    check(Reply::body(502, "text/html", page), Class::Upstream, Some(502)).await;
    let frame = "data: {\"error\":{\"code\":\"insufficient_quota\"}}\n\ndata: [DONE]\n\n";
    check(Reply::body(429, "text/event-stream", frame), Class::Quota, Some(429)).await;
    check(Reply::body(503, "text/plain", ""), Class::Overloaded { retry_after: None }, Some(503)).await;
}

#[tokio::test]
async fn the_providers_wait_and_its_request_id_are_kept() {
    let server = ModelServer::start().await;
    server.always(Reply::json(429, &json!({})).header("retry-after", "1.5").header("x-request-id", "req_7"));
    let error = failure(&*openai(&server)).await;
    assert_eq!(error.class, Class::RateLimited { retry_after: Some(Duration::from_millis(1500)) });
    assert_eq!(error.provider_request_id.as_deref(), Some("req_7"));
}

#[tokio::test]
async fn an_error_in_mid_stream_has_the_request_id_too() {
    let server = ModelServer::start().await;
    let body = "data: {\"error\":{\"code\":\"server_error\"}}\n\n";
    server.always(Reply::events(body).header("x-request-id", "req_7"));
    let error = failure(&*openai(&server)).await;
    assert_eq!((error.class, error.provider_request_id.as_deref()), (Class::Upstream, Some("req_7")));
}

#[tokio::test]
async fn neither_the_key_nor_prose_is_in_an_error() {
    let body = json!({ "error": { "code": KEY, "type": "a sentence", "message": format!("bad key {KEY}") } });
    for reply in [Reply::json(401, &body), Reply::events(format!("data: {body}\n\n"))] {
        let server = ModelServer::replying([reply.header("x-request-id", KEY)]).await;
        let error = failure(&*openai(&server)).await;
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("secret") && !shown.contains("sentence"), "{shown}");
    }
}

#[tokio::test]
async fn a_page_in_the_place_of_an_answer_is_not_an_empty_answer() {
    check(Reply::body(200, "text/html", "<html>Log in</html>"), Class::Protocol, Some(200)).await;
    check(Reply::body(200, "text/plain; charset=utf-8", "data: {}\n\n"), Class::Protocol, Some(200)).await;
    check(Reply::body(204, "text/event-stream", ""), Class::Protocol, Some(204)).await;
}

#[tokio::test]
async fn a_compressed_answer_is_refused() {
    let reply = Reply::text(["Hello"]).header("content-encoding", "gzip");
    check(reply, Class::Protocol, Some(200)).await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = ModelServer::start().await;
    for status in [301, 302, 307, 308] {
        let target = format!("{}/chat/completions", elsewhere.openai_base_url());
        check(
            Reply::body(status, "text/html", "").header("location", &target),
            Class::Protocol,
            Some(status),
        )
        .await;
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let server = ModelServer::start().await;
    let model = connect(ProviderKind::OpenAi, &format!("{}/x?y=/z", server.base_url()));
    assert!(read(&*model).await.is_ok());
    let lost = connect(ProviderKind::Anthropic, &format!("{}/v1?y=", server.base_url()));
    server.always(Reply::body(404, "text/plain", "404 page not found"));
    assert_eq!(failure(&*lost).await.class, Class::NotFound);
}

#[tokio::test]
async fn nobody_listens() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = failure(&*connect(ProviderKind::OpenAi, &address)).await;
    assert_eq!((error.class, error.status), (Class::Connect, None));
}

#[tokio::test]
async fn a_connection_that_takes_too_long_is_given_up() {
    // The server waits for a request and the client for the server's part of the handshake.
    let server = ModelServer::start().await;
    let impatient = HttpClient::new(&HttpClientConfig {
        connect_timeout: Duration::from_millis(20),
        system_proxy: false,
        ..HttpClientConfig::default()
    });
    let config = config(&server.base_url().replace("http:", "https:"));
    let model = ProviderKind::OpenAi.connect(config, &impatient.unwrap()).unwrap();
    assert_eq!(failure(&*model).await.class, Class::Connect);
}

#[tokio::test]
async fn a_long_error_is_not_read_to_its_end() {
    let gate = Gate::new();
    let body = vec![b'x'; 128 * 1024];
    check(Reply::body(500, "text/plain", body).hold_after(1, &gate), Class::Upstream, Some(500)).await;
}

#[tokio::test]
async fn an_error_whose_body_does_not_come_is_still_an_error() {
    let gate = Gate::new();
    let server = ModelServer::replying([Reply::json(401, &json!({})).hold_after(0, &gate)]).await;
    let model = openai(&server);
    let clock = async {
        gate.reached().await;
        // From here on, time passes whenever nothing else can happen.
        tokio::time::pause();
    };
    let (error, ()) = tokio::join!(failure(&*model), clock);
    assert_eq!(error.class, Class::Auth);
}

#[tokio::test]
async fn a_whole_answer_in_one_document_is_an_answer() {
    let chat = json!({
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": "Hello" }, "finish_reason": "length" }],
        "usage": { "prompt_tokens": 5, "completion_tokens": 2 },
    });
    let messages = json!({
        "type": "message", "content": [{ "type": "text", "text": "Hel" }, { "type": "text", "text": "lo" }],
        "stop_reason": "max_tokens", "usage": { "input_tokens": 5, "output_tokens": 2 },
    });
    let server =
        ModelServer::replying([Reply::json(200, &chat), Reply::json(200, &messages).cut_every(3)]).await;
    for model in [openai(&server), anthropic(&server)] {
        let events = read(&*model).await.unwrap();
        assert_eq!(text(&events), "Hello");
        assert!(events.contains(&ModelEvent::Usage { input: Some(5), output: Some(2) }));
        assert!(events.contains(&ModelEvent::Finish(ModelFinish::Length)));
    }
}

#[tokio::test]
async fn a_document_without_a_reason_is_complete_nevertheless() {
    let document = json!({ "choices": [{ "message": { "content": "Hello" } }] });
    let server = ModelServer::replying([Reply::json(200, &document)]).await;
    let events = read(&*openai(&server)).await.unwrap();
    assert!(events.contains(&ModelEvent::Finish(ModelFinish::Stop)));
}

#[tokio::test]
async fn a_document_that_is_no_answer_is_refused() {
    check(Reply::json(200, &json!({ "ok": true })), Class::Protocol, None).await;
    check(Reply::body(200, "application/json", "{"), Class::Protocol, None).await;
    let error = json!({ "error": { "type": "overloaded_error" } });
    check(Reply::json(200, &error), Class::Overloaded { retry_after: None }, None).await;
    let cut = Reply::json(200, &json!({ "choices": [] })).close_after(3, Close::Fin);
    check(cut, Class::Truncated, None).await;
}
