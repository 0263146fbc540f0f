//! The driven port to language models.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chatloom_domain::message::Author;
use chatloom_domain::workflow::{ModelName, ProviderName};
use futures_core::Stream;
use thiserror::Error;

/// One earlier message, or the question, as the model sees it.
#[derive(Clone, PartialEq, Eq)]
pub struct ModelMessage {
    /// Who wrote it.
    pub author: Author,
    /// The text; never empty.
    pub content: String,
}

/// What a model is asked.
#[derive(Clone, PartialEq)]
pub struct ModelRequest {
    /// The model's name as its provider spells it.
    pub model: ModelName,
    /// What the model is told before the conversation.
    pub instructions: String,
    /// The conversation, oldest first; begins and ends with a message of the visitor.
    pub messages: Vec<ModelMessage>,
    /// Sampling temperature; `None` sends none.
    pub temperature: Option<f64>,
    /// The most tokens of the answer; `None` leaves it to the provider.
    pub max_output_tokens: Option<u32>,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelFinish {
    /// It had nothing more to say.
    Stop,
    /// Its output limit was reached, or its context was full.
    Length,
    /// The provider's filter withheld the rest, or the model refused.
    ContentFilter,
}

/// What arrives from a model, in the provider's order.
#[derive(Clone, PartialEq, Eq)]
pub enum ModelEvent {
    /// The next piece of the answer; never empty.
    Text(String),
    /// The model is thinking. Nobody is shown the thoughts, so the text is not kept; the event proves progress.
    Reasoning,
    /// Tokens used so far; a later value replaces an earlier one, field by field.
    Usage {
        /// Tokens that went in, cached ones included.
        input: Option<u64>,
        /// Tokens that came out.
        output: Option<u64>,
    },
    /// The terminal marker. Usage may follow; text does not.
    Finish(ModelFinish),
}

/// The class of a model's failure: one for each way in which somebody reacts differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelErrorClass {
    /// The key is missing or refused.
    Auth,
    /// The account's money or quota is used up; waiting does not help.
    Quota,
    /// Too many requests; `retry_after` is the provider's word, if it gave one.
    RateLimited {
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
    },
    /// The provider has too much to do; `retry_after` is its word, if it gave one.
    Overloaded {
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
    },
    /// The conversation is longer than the model's context.
    ContextLength,
    /// The request was refused by a content filter.
    ContentFilter,
    /// The provider finds the request wrong.
    BadRequest,
    /// There is no such model or path.
    NotFound,
    /// No connection: refused, no such host, TLS.
    Connect,
    /// Nothing meaningful came within the time for the first token.
    FirstTokenTimeout,
    /// Nothing meaningful came for too long in mid-answer.
    IdleTimeout,
    /// The stream ended, or its connection broke, without a terminal marker.
    Truncated,
    /// The answer is not in the protocol: another content type, a giant line, not JSON.
    Protocol,
    /// Any other failure at the provider.
    Upstream,
}

impl ModelErrorClass {
    /// The stable name, for logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Quota => "quota",
            Self::RateLimited { .. } => "rate_limited",
            Self::Overloaded { .. } => "overloaded",
            Self::ContextLength => "context_length",
            Self::ContentFilter => "content_filter",
            Self::BadRequest => "bad_request",
            Self::NotFound => "not_found",
            Self::Connect => "connect",
            Self::FirstTokenTimeout => "first_token_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::Truncated => "truncated",
            Self::Protocol => "protocol",
            Self::Upstream => "upstream",
        }
    }
}

/// A model's failure. It carries nothing that the provider wrote in prose: keys and prompts leak there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("model failed: {}", class.as_str())]
pub struct ModelError {
    /// What kind of failure it is.
    pub class: ModelErrorClass,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// The provider's own code or type, at most 64 characters of `A-Za-z0-9_.-`.
    pub provider_code: Option<String>,
    /// The provider's id of the request, at most 128 printable ASCII characters.
    pub provider_request_id: Option<String>,
}

impl ModelError {
    /// A failure of which nothing but the class is known.
    pub const fn of(class: ModelErrorClass) -> Self {
        Self { class, status: None, provider_code: None, provider_request_id: None }
    }
}

/// A model's answer as it arrives. Dropping it cancels the request at the provider.
pub type ModelStream = Pin<Box<dyn Stream<Item = Result<ModelEvent, ModelError>> + Send>>;

/// Asks one provider's models.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// Asks, and gives the answer as a stream.
    ///
    /// MUST give up connecting after its connect timeout; silence and the whole turn are timed by the caller,
    /// who counts every event as progress, so keep-alive signs MUST NOT become events.
    /// A good stream has exactly one [`ModelEvent::Finish`]. A stream that ends without a terminal marker MUST
    /// end with [`ModelErrorClass::Truncated`]. Nothing follows an error.
    /// MUST NOT repeat a request. MUST bound what it buffers, whatever the provider sends.
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError>;
}

/// The providers that the operator configured, by name.
#[derive(Clone, Default)]
pub struct Providers(BTreeMap<ProviderName, Arc<dyn ChatModel>>);

impl Providers {
    /// Collects named providers; a later one of the same name replaces an earlier one.
    pub fn new(providers: impl IntoIterator<Item = (ProviderName, Arc<dyn ChatModel>)>) -> Self {
        Self(providers.into_iter().collect())
    }

    /// The provider of that name.
    pub fn find(&self, name: &ProviderName) -> Option<Arc<dyn ChatModel>> {
        self.0.get(name).cloned()
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &ProviderName> {
        self.0.keys()
    }
}
