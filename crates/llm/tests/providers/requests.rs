//! What is sent: bodies and headers, whole.

use chatloom_domain::message::Author::{Assistant, User};
use chatloom_llm::{KeyHeader, MaxTokensField, ProviderConfig, ProviderKind};
use chatloom_ports::chat_model::{ChatModel, ModelRequest};
use chatloom_testkit::model_server::{ModelServer, RecordedRequest};
use serde_json::json;

use crate::world::{KEY, anthropic, client, config, conversation, openai, question};

/// What the server received.
async fn sent(server: &ModelServer, model: &dyn ChatModel, request: ModelRequest) -> RecordedRequest {
    drop(model.stream(request).await.unwrap());
    server.requests().pop().unwrap()
}

fn header_names(request: &RecordedRequest) -> Vec<&str> {
    let mut names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn chat_completions_say_only_what_is_set() {
    let server = ModelServer::start().await;
    let request = conversation(&[(User, "Hello?"), (Assistant, "Hi!"), (User, "Grüße 👋")]);
    let request = sent(&server, &*openai(&server), request).await;
    assert_eq!(request.path, "/v1/chat/completions");
    assert_eq!(
        request.body,
        json!({
            "model": "some-model",
            "messages": [
                { "role": "system", "content": "Be kind." },
                { "role": "user", "content": "Hello?" },
                { "role": "assistant", "content": "Hi!" },
                { "role": "user", "content": "Grüße 👋" },
            ],
            "stream": true,
            "stream_options": { "include_usage": true },
        })
    );
    assert_eq!(request.header("authorization"), Some("Bearer sk-very-secret"));
    assert_eq!(request.header("accept"), Some("text/event-stream"));
    assert_eq!(request.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn nothing_of_a_visitor_and_no_compression_is_in_the_headers() {
    let server = ModelServer::start().await;
    let common = ["accept", "content-length", "content-type", "host", "user-agent"];
    let request = sent(&server, &*openai(&server), question()).await;
    assert_eq!(header_names(&request), [&["accept", "authorization"], &common[1..]].concat());
    let request = sent(&server, &*anthropic(&server), question()).await;
    assert_eq!(
        header_names(&request),
        [&["accept", "anthropic-version"], &common[1..], &["x-api-key"]].concat()
    );
}

#[tokio::test]
async fn chat_completions_carry_temperature_and_limit() {
    let server = ModelServer::start().await;
    let request = ModelRequest { temperature: Some(1.5), max_output_tokens: Some(300), ..question() };
    let body = sent(&server, &*openai(&server), request).await.body;
    assert_eq!((&body["temperature"], &body["max_tokens"]), (&json!(1.5), &json!(300)));
}

#[tokio::test]
async fn what_servers_are_particular_about_is_respected() {
    let server = ModelServer::start().await;
    let config = ProviderConfig {
        key_header: KeyHeader::ApiKey,
        max_tokens_field: MaxTokensField::MaxCompletionTokens,
        send_stream_options: false,
        ..config(&format!("{}/openai/deployments/d?api-version=2024-10-21", server.base_url()))
    };
    let model = ProviderKind::OpenAi.connect(config, &client()).unwrap();
    let request = ModelRequest { max_output_tokens: Some(300), ..question() };
    let request = sent(&server, &*model, request).await;
    assert_eq!(request.path, "/openai/deployments/d/chat/completions?api-version=2024-10-21");
    assert_eq!((request.header("api-key"), request.header("authorization")), (Some(KEY), None));
    assert_eq!(request.body["max_completion_tokens"], 300);
    assert!(request.body.get("max_tokens").is_none());
    assert!(request.body.get("stream_options").is_none());
}

#[tokio::test]
async fn without_a_key_no_header_carries_one() {
    let server = ModelServer::start().await;
    for kind in [ProviderKind::OpenAi, ProviderKind::Anthropic] {
        let config = ProviderConfig { api_key: None, ..config(&server.base_url()) };
        let model = kind.connect(config, &client()).unwrap();
        let request = sent(&server, &*model, question()).await;
        assert_eq!((request.header("authorization"), request.header("x-api-key")), (None, None));
    }
}

#[tokio::test]
async fn messages_say_only_what_is_set_and_the_limit_that_the_format_demands() {
    let server = ModelServer::start().await;
    let request = sent(&server, &*anthropic(&server), question()).await;
    assert_eq!(request.path, "/v1/messages");
    assert_eq!(
        request.body,
        json!({
            "model": "some-model",
            "max_tokens": 4096,
            "system": "Be kind.",
            "messages": [{ "role": "user", "content": "Hello?" }],
            "stream": true,
        })
    );
    assert_eq!(request.header("x-api-key"), Some(KEY));
    assert_eq!(request.header("anthropic-version"), Some("2023-06-01"));
}

#[tokio::test]
async fn messages_carry_limit_and_temperature_up_to_one() {
    let server = ModelServer::start().await;
    for (temperature, sent_temperature) in [(0.5, 0.5), (1.5, 1.0)] {
        let request =
            ModelRequest { temperature: Some(temperature), max_output_tokens: Some(300), ..question() };
        let body = sent(&server, &*anthropic(&server), request).await.body;
        assert_eq!((&body["temperature"], &body["max_tokens"]), (&json!(sent_temperature), &json!(300)));
    }
}

#[tokio::test]
async fn messages_alternate_and_begin_with_the_visitor() {
    let server = ModelServer::start().await;
    let request = conversation(&[
        (Assistant, "cut off from its question"),
        (User, "one"),
        (User, "two"),
        (Assistant, " \n"),
        (User, "three"),
        (Assistant, "four"),
        (Assistant, "five"),
        (User, "six"),
    ]);
    let request = sent(&server, &*anthropic(&server), request).await;
    assert_eq!(
        request.body["messages"],
        json!([
            { "role": "user", "content": "one\n\ntwo\n\nthree" },
            { "role": "assistant", "content": "four\n\nfive" },
            { "role": "user", "content": "six" },
        ])
    );
}

#[tokio::test]
async fn a_base_address_of_messages_may_name_the_version() {
    let server = ModelServer::start().await;
    let model = ProviderKind::Anthropic.connect(config(&server.openai_base_url()), &client()).unwrap();
    assert_eq!(sent(&server, &*model, question()).await.path, "/v1/messages");
}
