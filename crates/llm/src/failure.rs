//! Turns what a provider says about its failure into one class, keeping nothing that it wrote in prose.

mod classify;
mod retry_after;

use chatloom_ports::chat_model::{ModelError, ModelErrorClass};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::json;

use self::classify::classify;
pub(crate) use self::retry_after::retry_after;

/// What a provider says about a failure, gathered from every place where providers say it.
#[derive(Default)]
struct Report<'v> {
    /// Codes and types, the most telling first.
    codes: Vec<String>,
    /// Prose, for looking up known phrases only.
    message: &'v str,
}

/// An error inside a stream or inside a 200 reply; `None` if the payload is not an error.
///
/// Servers say it as `event: error`, as a top-level `error` that is an object or a text, as a top-level object or
/// type named `error`, or as a choice that finished with `error`.
pub(crate) fn in_stream(event: &[u8], payload: &Value) -> Option<ModelError> {
    let named = |key| payload.get(key).and_then(Value::as_str) == Some("error");
    let told = payload.get("error").is_some_and(json::says_something);
    let is_error =
        event == b"error" || told || named("object") || named("type") || finished_with_error(payload);
    is_error.then(|| failure(None, &HeaderMap::new(), payload))
}

fn finished_with_error(payload: &Value) -> bool {
    payload
        .get("choices")
        .and_then(|choices| choices.get(0))
        .and_then(|choice| choice.get("finish_reason"))
        .and_then(Value::as_str)
        == Some("error")
}

/// An error that came as `event: error` with something that is not JSON.
pub(crate) const fn unreadable_in_stream() -> ModelError {
    ModelError::of(ModelErrorClass::Upstream)
}

/// A reply whose status is not 200, with as much of its body as was read.
///
/// The body may be JSON, HTML, plain text, or JSON in the frame of an event; only JSON says anything to us.
pub(crate) fn of_reply(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ModelError {
    let payload = json::parse(event_data(body)).unwrap_or_default();
    let payload = match &payload {
        // Google's compatible server wraps the error in a list.
        Value::Array(items) => items.first().unwrap_or(&Value::Null),
        payload => payload,
    };
    let mut error = failure(Some(status), headers, payload);
    error.provider_request_id = request_id(headers);
    error
}

fn failure(status: Option<StatusCode>, headers: &HeaderMap, payload: &Value) -> ModelError {
    let report = Report::read(payload);
    ModelError {
        class: classify(status, &report, || retry_after(headers)),
        status: status.map(|status| status.as_u16()),
        provider_code: report.codes.iter().find_map(|code| plain_code(code)),
        provider_request_id: None,
    }
}

impl<'v> Report<'v> {
    fn read(payload: &'v Value) -> Self {
        let error = match payload.get("error") {
            Some(error) if json::says_something(error) => error,
            _ => payload,
        };
        let details = error.get("details");
        let inner = error.get("innererror").or_else(|| error.get("inner_error"));
        let codes = [
            details.and_then(|details| details.get("error_code")),
            error.get("code"),
            inner.and_then(|inner| inner.get("code")),
            error.get("type"),
        ];
        let codes = codes.into_iter().flatten().filter_map(scalar).filter(|code| code != "error").collect();
        let message =
            error.as_str().or_else(|| json::text(error, "message")).or_else(|| json::text(payload, "detail"));
        Self { codes, message: message.unwrap_or_default() }
    }
}

/// A code, which some servers write as a number.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The payload of a body that may be framed as an event.
fn event_data(body: &[u8]) -> &[u8] {
    body.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"data:")).unwrap_or(body)
}

/// The code, if it is one word of at most 64 characters. Whatever has a space in it could be prose with a key in it,
/// and is dropped instead of cut, because a part of a key is still a part of a key.
fn plain_code(code: &str) -> Option<String> {
    let plain = (1..=64).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    plain.then(|| code.to_owned())
}

/// The provider's id of the request: at most 128 printable characters.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    ["x-request-id", "request-id", "x-generation-id", "apim-request-id"]
        .into_iter()
        .find_map(|name| headers.get(name)?.to_str().ok())
        .filter(|id| (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()))
        .map(str::to_owned)
}

/// Drops what a hostile server may have copied from the request: its key, in a place where we keep a word.
pub(crate) fn without_key(mut error: ModelError, key: Option<&str>) -> ModelError {
    let Some(key) = key.filter(|key| !key.is_empty()) else { return error };
    let shows_key = |word: &String| word.contains(key);
    error.provider_code = error.provider_code.filter(|code| !shows_key(code));
    error.provider_request_id = error.provider_request_id.filter(|id| !shows_key(id));
    error
}

#[cfg(test)]
mod tests;
