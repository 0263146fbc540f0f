//! Chat models over HTTP, and one that needs no network.
//!
//! Two wire formats cover what there is: Chat Completions, which every compatible server speaks, and Anthropic's
//! Messages. Both are read leniently, because servers differ from the vendors' documents and from each other, and
//! both are decoded by state machines that know no sockets ([`AnswerReader`]), so that recorded answers can be
//! replayed in every way of cutting them.
//!
//! The HTTP client of the whole process is built here, so key sets of identity providers are fetched here, too.

mod answer;
mod anthropic;
mod client;
mod config;
mod exchange;
mod failure;
mod json;
mod key_set;
mod openai;
mod scripted;
mod sse;

pub use answer::{AnswerReader, Phase};
pub use anthropic::AnthropicModel;
pub use client::{HttpClient, HttpClientConfig, HttpClientError};
pub use config::{KeyHeader, MaxTokensField, ProviderConfig, ProviderConfigError, ProviderKind};
pub use openai::OpenAiModel;
pub use scripted::ScriptedModel;
