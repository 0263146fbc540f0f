//! One class for each way in which somebody reacts differently.

use std::time::Duration;

use chatloom_ports::chat_model::ModelErrorClass;
use reqwest::StatusCode;

use super::Report;

/// Codes that say that waiting does not help: the money, the credit or the quota is used up.
const QUOTA: [&str; 6] = [
    "insufficient_quota",
    "credit_balance_exhausted",
    "enforced_spend_limit_reached",
    "quota_exceeded",
    "insufficient_balance",
    "insufficient_credits",
];

/// Codes of conversations that are longer than the context: OpenAI, llama.cpp, Anthropic.
const CONTEXT: [&str; 3] =
    ["context_length_exceeded", "exceed_context_size_error", "model_context_window_exceeded"];

/// Codes of requests that a filter refused: OpenAI, Azure.
const FILTER: [&str; 4] =
    ["content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation", "content_filtered"];

/// Phrases of servers that have no code for a conversation that is too long.
const CONTEXT_PHRASES: [&str; 5] =
    ["maximum context length", "prompt is too long", "context window", "context size", "context length"];

/// Finds the class from the codes first, because they tell more than the status, and then from the status.
pub(super) fn classify(
    status: Option<StatusCode>,
    report: &Report<'_>,
    retry_after: impl FnOnce() -> Option<Duration>,
) -> ModelErrorClass {
    let told = status.map(|status| status.as_u16()).or_else(|| status_of_codes(report));
    // A redirect, a login page or a broken gateway has nothing to say about the request.
    if told.is_none_or(|status| (400..500).contains(&status))
        && let Some(class) = class_of_codes(report)
    {
        return class;
    }
    match told {
        Some(401 | 403) => ModelErrorClass::Auth,
        Some(402) => ModelErrorClass::Quota,
        Some(404) => ModelErrorClass::NotFound,
        Some(413) => ModelErrorClass::ContextLength,
        Some(429) => ModelErrorClass::RateLimited { retry_after: retry_after() },
        Some(503 | 529) => ModelErrorClass::Overloaded { retry_after: retry_after() },
        Some(400 | 422) | None if says_context(report.message) => ModelErrorClass::ContextLength,
        // The provider waited too long for us or for itself.
        Some(408 | 500..) | None => ModelErrorClass::Upstream,
        Some(400..=499) => ModelErrorClass::BadRequest,
        Some(_) => ModelErrorClass::Protocol,
    }
}

fn class_of_codes(report: &Report<'_>) -> Option<ModelErrorClass> {
    report.codes.iter().map(String::as_str).find_map(|code| {
        if QUOTA.contains(&code) || code.starts_with("billing_") {
            Some(ModelErrorClass::Quota)
        } else if CONTEXT.contains(&code) {
            Some(ModelErrorClass::ContextLength)
        } else if FILTER.contains(&code) {
            Some(ModelErrorClass::ContentFilter)
        } else {
            None
        }
    })
}

/// The status that an error inside a stream would have had as a reply of its own.
fn status_of_codes(report: &Report<'_>) -> Option<u16> {
    report.codes.iter().find_map(|code| match code.as_str() {
        "invalid_request_error" | "bad_request" => Some(400),
        "authentication_error" | "invalid_api_key" => Some(401),
        "permission_error" => Some(403),
        "not_found_error" | "model_not_found" => Some(404),
        "request_too_large" => Some(413),
        "rate_limit_error" | "rate_limit_exceeded" | "too_many_requests" => Some(429),
        "api_error" | "server_error" | "internal_error" | "internal_server_error" => Some(500),
        "unavailable_error" | "service_unavailable" | "server_overloaded" => Some(503),
        "timeout_error" => Some(504),
        "overloaded_error" => Some(529),
        code => code.parse().ok().filter(|status| (400..600).contains(status)),
    })
}

fn says_context(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    CONTEXT_PHRASES.iter().any(|phrase| message.contains(phrase))
}
