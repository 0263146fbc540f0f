//! What is wrong with an answer.

use std::fmt;

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::operations::{Document, Operation};
use super::requests::Request;
use super::schema::faults;

/// An answer as far as it was read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Whether it was read to its end.
    pub(crate) is_whole: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}\n{:.2000}", self.status, self.headers, self.text())
    }
}

/// Everything about the answer that the document does not say of the operation.
pub(crate) fn problems(
    operation: &Operation,
    document: &Document,
    request: &Request,
    answer: &Answer,
) -> Vec<String> {
    let mut problems = Vec::new();
    if answer.status >= 500 {
        problems.push("a failure on the service's side".to_owned());
    }
    let id = answer.header("x-request-id").unwrap_or_default();
    if id.len() != 36 || answer.headers.get_all("x-request-id").iter().count() != 1 {
        problems.push("no request id, or several".to_owned());
    }
    match operation.answers.get(&answer.status) {
        None => problems.push(format!("{} does not document {}", operation.id, answer.status)),
        Some(None) if !answer.body.is_empty() => problems.push("a body that is not documented".to_owned()),
        Some(None) => {}
        Some(Some((media_type, schema))) => {
            if answer.header("content-type") != Some(media_type.as_str()) {
                problems.push(format!("it should be {media_type}"));
            }
            if media_type == "application/json" {
                problems.extend(faults(document, schema, &answer.json(), "body"));
            } else if answer.is_whole {
                problems.extend(of_stream(document, schema, &answer.text()));
            }
        }
    }
    if answer.status >= 400 {
        problems.extend(of_refusal(request, answer, id));
    }
    if operation.is_public() && answer.header("vary").is_none_or(|vary| !vary.contains("Origin")) {
        problems.push("caches are not told that it depends on the origin".to_owned());
    }
    problems
}

fn of_refusal(request: &Request, answer: &Answer, id: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let body = answer.json();
    let path = request.path.split('?').next().unwrap_or_default();
    for (field, expected) in
        [("status", Value::from(answer.status)), ("requestId", id.into()), ("path", path.into())]
    {
        if body[field] != expected {
            problems.push(format!("{field} should be {expected}"));
        }
    }
    let message = body["message"].as_str().unwrap_or_default();
    if message.is_empty() || message.contains(char::is_control) || message.len() > 1_000 {
        problems.push("its message is empty, long or has control characters".to_owned());
    }
    if [429, 503].contains(&answer.status) && answer.header("retry-after").is_none() {
        problems.push("it does not say when to try again".to_owned());
    }
    problems
}

/// A whole stream: events of the documented kinds, and one last one.
fn of_stream(document: &Document, schema: &Value, text: &str) -> Vec<String> {
    let data: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap_or_default())
        .collect();
    let mut problems: Vec<_> =
        data.iter().flat_map(|event| faults(document, schema, event, "event")).collect();
    let is_last = |event: &Value| event["type"] == "done" || event["type"] == "error";
    let lasts = data.iter().filter(|event| is_last(event)).count();
    if lasts != 1 || !data.last().is_some_and(is_last) {
        problems.push(format!("{lasts} events end the stream"));
    }
    problems
}
