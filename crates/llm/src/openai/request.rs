//! What is sent: the conversation, and only those parameters that somebody set.

use chatloom_ports::chat_model::ModelRequest;
use serde_json::{Value, json};

use crate::config::MaxTokensField;

/// The request's body.
///
/// Parameters that nobody set are left out, because some models refuse even the default of one, such as a
/// temperature of 1. Instructions go as `system`, which older servers know and newer ones take for `developer`.
pub(super) fn body(request: &ModelRequest, limit: MaxTokensField, stream_options: bool) -> Value {
    let instructions = json!({ "role": "system", "content": request.instructions });
    let conversation = request
        .messages
        .iter()
        .map(|message| json!({ "role": message.author.as_str(), "content": message.content }));
    let messages: Vec<Value> = std::iter::once(instructions).chain(conversation).collect();
    let mut body = json!({ "model": request.model.as_str(), "messages": messages, "stream": true });
    if stream_options {
        body["stream_options"] = json!({ "include_usage": true });
    }
    if let Some(temperature) = request.temperature {
        body["temperature"] = json!(temperature);
    }
    if let Some(tokens) = request.max_output_tokens {
        let field = match limit {
            MaxTokensField::MaxTokens => "max_tokens",
            MaxTokensField::MaxCompletionTokens => "max_completion_tokens",
        };
        body[field] = json!(tokens);
    }
    body
}
