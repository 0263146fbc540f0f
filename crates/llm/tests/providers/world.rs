//! What every test needs: a client, a model, and something to ask it.

use std::sync::{Arc, LazyLock};

use chatloom_domain::message::Author;
use chatloom_domain::workflow::ModelName;
use chatloom_llm::{HttpClient, HttpClientConfig, ProviderConfig, ProviderKind};
use chatloom_ports::chat_model::{ChatModel, ModelError, ModelEvent, ModelMessage, ModelRequest};
use chatloom_testkit::model_server::ModelServer;
use futures::StreamExt;

/// The key of every model here, so that a test can look for it where it must not be.
pub(crate) const KEY: &str = "sk-very-secret";

/// A client that no proxy of the machine leads astray. It is shared, because reading the machine's certificate
/// authorities takes longer than any test here; no two tests share a server, and so no connection.
pub(crate) fn client() -> HttpClient {
    static CLIENT: LazyLock<HttpClient> = LazyLock::new(|| {
        HttpClient::new(&HttpClientConfig { system_proxy: false, ..HttpClientConfig::default() }).unwrap()
    });
    CLIENT.clone()
}

/// A provider's settings with a key.
pub(crate) fn config(base_url: &str) -> ProviderConfig {
    ProviderConfig::new(base_url.parse().unwrap(), Some(KEY.to_owned().into()))
}

/// The models at an address.
pub(crate) fn connect(kind: ProviderKind, base_url: &str) -> Arc<dyn ChatModel> {
    kind.connect(config(base_url), &client()).unwrap()
}

/// Models of the Chat Completions format at the server.
pub(crate) fn openai(server: &ModelServer) -> Arc<dyn ChatModel> {
    connect(ProviderKind::OpenAi, &server.openai_base_url())
}

/// Models of Anthropic's format at the server.
pub(crate) fn anthropic(server: &ModelServer) -> Arc<dyn ChatModel> {
    connect(ProviderKind::Anthropic, &server.base_url())
}

/// A request with one message and nothing set.
pub(crate) fn question() -> ModelRequest {
    conversation(&[(Author::User, "Hello?")])
}

/// A request with these messages and nothing set.
pub(crate) fn conversation(messages: &[(Author, &str)]) -> ModelRequest {
    let messages = messages
        .iter()
        .map(|(author, content)| ModelMessage { author: *author, content: (*content).to_owned() })
        .collect();
    ModelRequest {
        model: ModelName::parse("some-model").unwrap(),
        instructions: "Be kind.".to_owned(),
        messages,
        temperature: None,
        max_output_tokens: None,
    }
}

/// Asks, and reads to the end or to the error.
pub(crate) async fn read(model: &dyn ChatModel) -> Result<Vec<ModelEvent>, ModelError> {
    let mut stream = model.stream(question()).await?;
    let mut events = Vec::new();
    while let Some(event) = stream.next().await {
        events.push(event?);
    }
    Ok(events)
}

/// The error that asking must end with.
pub(crate) async fn failure(model: &dyn ChatModel) -> ModelError {
    match read(model).await {
        Ok(_) => panic!("a complete answer where a failure was due"),
        Err(error) => error,
    }
}

/// The text among the events.
pub(crate) fn text(events: &[ModelEvent]) -> String {
    let pieces = events.iter().filter_map(|event| match event {
        ModelEvent::Text(text) => Some(text.as_str()),
        _ => None,
    });
    pieces.collect()
}
