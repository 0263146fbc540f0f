//! What is sent. The format is stricter about a conversation's shape than the other one.

use chatloom_domain::message::Author;
use chatloom_ports::chat_model::{ModelMessage, ModelRequest};
use serde_json::{Value, json};

/// The limit of an answer when the workflow sets none; the format demands one.
const DEFAULT_MAX_TOKENS: u32 = 4096;

/// The request's body.
pub(super) fn body(request: &ModelRequest) -> Value {
    let mut body = json!({
        "model": request.model.as_str(),
        "max_tokens": request.max_output_tokens.unwrap_or(DEFAULT_MAX_TOKENS),
        "system": request.instructions,
        "messages": conversation(&request.messages),
        "stream": true,
    });
    if let Some(temperature) = request.temperature {
        // The format's range ends at 1, that of workflows at 2, as Chat Completions has it.
        body["temperature"] = json!(temperature.min(1.0));
    }
    body
}

/// The messages in the shape that the format demands: the visitor begins, the roles alternate, nothing is blank.
fn conversation(messages: &[ModelMessage]) -> Vec<Value> {
    let mut merged: Vec<(Author, String)> = Vec::with_capacity(messages.len());
    for message in messages.iter().filter(|message| !message.content.trim().is_empty()) {
        match merged.last_mut() {
            None if message.author == Author::Assistant => {}
            Some((author, content)) if *author == message.author => {
                content.push_str("\n\n");
                content.push_str(&message.content);
            }
            _ => merged.push((message.author, message.content.clone())),
        }
    }
    merged
        .into_iter()
        .map(|(author, content)| json!({ "role": author.as_str(), "content": content }))
        .collect()
}
