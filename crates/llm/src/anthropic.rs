//! Messages: Anthropic's format, which some local servers speak as well.

mod decoder;
mod request;

use async_trait::async_trait;
use chatloom_ports::chat_model::{ChatModel, ModelError, ModelRequest, ModelStream};
use reqwest::header::{HeaderName, HeaderValue};

pub(crate) use self::decoder::MessagesDecoder;
use crate::config::{ProviderConfig, ProviderConfigError};
use crate::exchange::Endpoint;
use crate::{AnswerReader, HttpClient};

/// The only version of the format that there is.
const VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

/// Models behind one server that speaks Anthropic's Messages.
pub struct AnthropicModel {
    endpoint: Endpoint,
}

impl AnthropicModel {
    /// The models of one configured provider. A base address may end with `/v1` or leave it out, because the
    /// vendor's own tools leave it out and everybody else's do not.
    pub fn new(config: ProviderConfig, client: &HttpClient) -> Result<Self, ProviderConfigError> {
        let has_version = config.base_url.path().trim_end_matches('/').ends_with("/v1");
        let url = config.endpoint(if has_version { "/messages" } else { "/v1/messages" })?;
        let key_header = config.key_value("")?.map(|value| (HeaderName::from_static("x-api-key"), value));
        let version = (HeaderName::from_static("anthropic-version"), VERSION);
        let headers = key_header.into_iter().chain([version]).collect();
        Ok(Self { endpoint: Endpoint::new(client, url, headers, config.api_key) })
    }
}

#[async_trait]
impl ChatModel for AnthropicModel {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        self.endpoint.ask(&request::body(&request), AnswerReader::messages()).await
    }
}
