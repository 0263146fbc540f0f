//! How an answer ended, and what a model's failure means to the visitor.

use chatloom_domain::turn::{FinishReason, TurnFailure};
use chatloom_domain::usage::TokenUsage;
use chatloom_ports::chat_model::{ModelErrorClass, ModelFinish};

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) result: Result<FinishReason, TurnFailure>,
    pub(super) usage: TokenUsage,
}

pub(super) fn finish_reason(finish: ModelFinish) -> FinishReason {
    match finish {
        ModelFinish::Stop => FinishReason::Stop,
        ModelFinish::Length => FinishReason::Length,
        ModelFinish::ContentFilter => FinishReason::ContentFilter,
    }
}

/// What a failure means to the visitor. Once there is text, whatever went wrong has interrupted the answer.
pub(super) fn result_of(class: ModelErrorClass, has_text: bool) -> Result<FinishReason, TurnFailure> {
    match class {
        ModelErrorClass::ContentFilter => Ok(FinishReason::ContentFilter),
        ModelErrorClass::FirstTokenTimeout | ModelErrorClass::IdleTimeout => Err(TurnFailure::TurnTimedOut),
        _ if has_text => Err(TurnFailure::AnswerInterrupted),
        ModelErrorClass::Truncated => Err(TurnFailure::AnswerInterrupted),
        ModelErrorClass::ContextLength => Err(TurnFailure::ConversationTooLong),
        ModelErrorClass::Quota | ModelErrorClass::RateLimited { .. } | ModelErrorClass::Overloaded { .. } => {
            Err(TurnFailure::ModelOverloaded)
        }
        ModelErrorClass::Auth
        | ModelErrorClass::BadRequest
        | ModelErrorClass::NotFound
        | ModelErrorClass::Connect
        | ModelErrorClass::Protocol
        | ModelErrorClass::Upstream => Err(TurnFailure::ModelUnavailable),
    }
}
