//! What an operator says about a provider.

use std::sync::Arc;

use chatloom_ports::chat_model::ChatModel;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use url::Url;

use crate::{AnthropicModel, HttpClient, OpenAiModel};

/// The wire format that a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderKind {
    /// Chat Completions: OpenAI, Azure, vLLM, llama.cpp, Ollama, LiteLLM, OpenRouter and everything compatible.
    OpenAi,
    /// Anthropic's Messages.
    Anthropic,
}

impl ProviderKind {
    /// Reads the kind as settings spell it: `openai` or `anthropic`.
    pub fn parse(input: &str) -> Option<Self> {
        match input {
            "openai" => Some(Self::OpenAi),
            "anthropic" => Some(Self::Anthropic),
            _ => None,
        }
    }

    /// The kind as settings spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
        }
    }

    /// The vendor's own address, for settings that name none.
    pub const fn default_base_url(self) -> &'static str {
        match self {
            Self::OpenAi => "https://api.openai.com/v1",
            Self::Anthropic => "https://api.anthropic.com",
        }
    }

    /// The provider's models, reached through the client that all providers share.
    pub fn connect(
        self,
        config: ProviderConfig,
        client: &HttpClient,
    ) -> Result<Arc<dyn ChatModel>, ProviderConfigError> {
        Ok(match self {
            Self::OpenAi => Arc::new(OpenAiModel::new(config, client)?),
            Self::Anthropic => Arc::new(AnthropicModel::new(config, client)?),
        })
    }
}

/// The header that carries the key to a server of the Chat Completions format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyHeader {
    /// `authorization: Bearer …`.
    Bearer,
    /// `api-key: …`, as Azure wants it.
    ApiKey,
}

/// The field that carries the limit of the answer to a server of the Chat Completions format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxTokensField {
    /// `max_tokens`, which every compatible server reads.
    MaxTokens,
    /// `max_completion_tokens`, which OpenAI's reasoning models demand.
    MaxCompletionTokens,
}

/// One provider: where it is, what opens it, and what its server is particular about.
#[derive(Clone)]
pub struct ProviderConfig {
    /// The address up to the version, for example `https://api.openai.com/v1`. The path of the format is appended;
    /// a query such as Azure's `?api-version=…` is kept.
    pub base_url: Url,
    /// The key; local servers often want none.
    pub api_key: Option<SecretString>,
    /// The header of the key. Anthropic's format has its own and ignores this.
    pub key_header: KeyHeader,
    /// The field of the answer's limit. Anthropic's format has its own and ignores this.
    pub max_tokens_field: MaxTokensField,
    /// Whether to ask for usage with `stream_options`, which some older servers refuse. Anthropic's format always
    /// reports usage and ignores this.
    pub send_stream_options: bool,
}

impl ProviderConfig {
    /// A provider with what most servers want: a bearer key, `max_tokens`, and usage asked for.
    pub const fn new(base_url: Url, api_key: Option<SecretString>) -> Self {
        Self {
            base_url,
            api_key,
            key_header: KeyHeader::Bearer,
            max_tokens_field: MaxTokensField::MaxTokens,
            send_stream_options: true,
        }
    }

    /// The address of one path below the base.
    pub(crate) fn endpoint(&self, path: &str) -> Result<Url, ProviderConfigError> {
        if !matches!(self.base_url.scheme(), "http" | "https") || !self.base_url.has_host() {
            return Err(ProviderConfigError::BaseUrl);
        }
        let mut url = self.base_url.clone();
        let base = url.path().trim_end_matches('/');
        url.set_path(&format!("{base}{path}"));
        url.set_fragment(None);
        Ok(url)
    }

    /// The key as a header's value, marked so that it prints as `Sensitive`.
    pub(crate) fn key_value(&self, prefix: &str) -> Result<Option<HeaderValue>, ProviderConfigError> {
        let Some(key) = &self.api_key else { return Ok(None) };
        let mut value = HeaderValue::try_from(format!("{prefix}{}", key.expose_secret()))
            .map_err(|_| ProviderConfigError::ApiKey)?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

/// A provider's settings cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProviderConfigError {
    /// The address is not one of a server.
    #[error("the base URL must begin with http:// or https:// and name a host")]
    BaseUrl,
    /// The key has characters that no header can carry, most likely a line break from a file.
    #[error("the API key must be printable ASCII on one line")]
    ApiKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base: &str) -> String {
        let config = ProviderConfig::new(Url::parse(base).unwrap(), None);
        config.endpoint("/chat/completions").map_or_else(|error| error.to_string(), |url| url.to_string())
    }

    #[test]
    fn the_path_is_appended_whether_or_not_the_base_ends_with_a_slash() {
        assert_eq!(endpoint("http://h:1/v1"), "http://h:1/v1/chat/completions");
        assert_eq!(endpoint("http://h:1/v1/"), "http://h:1/v1/chat/completions");
        assert_eq!(endpoint("http://h:1"), "http://h:1/chat/completions");
    }

    #[test]
    fn a_query_of_the_base_is_kept() {
        assert_eq!(
            endpoint("https://h/openai/deployments/d?api-version=1#x"),
            "https://h/openai/deployments/d/chat/completions?api-version=1"
        );
    }

    #[test]
    fn only_addresses_of_servers_are_taken() {
        for base in ["file:///etc/passwd", "mailto:a@example.com", "ftp://h/"] {
            assert_eq!(endpoint(base), ProviderConfigError::BaseUrl.to_string(), "{base}");
        }
    }

    #[test]
    fn a_key_with_a_line_break_is_refused_without_showing_it() {
        let url = Url::parse("http://h").unwrap();
        let config = ProviderConfig::new(url, Some("sk-secret\n".to_owned().into()));
        assert_eq!(config.key_value(""), Err(ProviderConfigError::ApiKey));
        assert!(!ProviderConfigError::ApiKey.to_string().contains("secret"));
    }

    #[test]
    fn a_key_does_not_print() {
        let config =
            ProviderConfig::new(Url::parse("http://h").unwrap(), Some("sk-secret".to_owned().into()));
        assert_eq!(format!("{:?}", config.key_value("Bearer ").unwrap().unwrap()), "Sensitive");
    }

    #[test]
    fn kinds_are_read_as_they_are_written() {
        for kind in [ProviderKind::OpenAi, ProviderKind::Anthropic] {
            assert_eq!(ProviderKind::parse(kind.as_str()), Some(kind));
            assert!(Url::parse(kind.default_base_url()).is_ok());
        }
        assert_eq!(ProviderKind::parse("OpenAI"), None);
    }
}
