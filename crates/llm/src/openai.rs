//! Chat Completions: OpenAI's format, and that of every server which calls itself compatible.

mod decoder;
mod request;

use async_trait::async_trait;
use chatloom_ports::chat_model::{ChatModel, ModelError, ModelRequest, ModelStream};
use reqwest::header::{AUTHORIZATION, HeaderName};

pub(crate) use self::decoder::ChatCompletionsDecoder;
use crate::config::{KeyHeader, MaxTokensField, ProviderConfig, ProviderConfigError};
use crate::exchange::Endpoint;
use crate::{AnswerReader, HttpClient};

/// Models behind one server that speaks Chat Completions.
pub struct OpenAiModel {
    endpoint: Endpoint,
    max_tokens_field: MaxTokensField,
    send_stream_options: bool,
}

impl OpenAiModel {
    /// The models of one configured provider.
    pub fn new(config: ProviderConfig, client: &HttpClient) -> Result<Self, ProviderConfigError> {
        let url = config.endpoint("/chat/completions")?;
        let (name, prefix) = match config.key_header {
            KeyHeader::Bearer => (AUTHORIZATION, "Bearer "),
            KeyHeader::ApiKey => (HeaderName::from_static("api-key"), ""),
        };
        let key_header = config.key_value(prefix)?.map(|value| (name, value));
        Ok(Self {
            endpoint: Endpoint::new(client, url, key_header.into_iter().collect(), config.api_key),
            max_tokens_field: config.max_tokens_field,
            send_stream_options: config.send_stream_options,
        })
    }
}

#[async_trait]
impl ChatModel for OpenAiModel {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let body = request::body(&request, self.max_tokens_field, self.send_stream_options);
        self.endpoint.ask(&body, AnswerReader::chat_completions()).await
    }
}
