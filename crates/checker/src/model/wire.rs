//! The model server's end of the Chat Completions format.

use anyhow::Context;
use chatloom_testkit::model_server::read_request;
use serde_json::{Value, json};
use tokio::net::TcpStream;

pub(super) const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
/// A failure that asking again may help against.
pub(super) const REFUSAL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
/// Tokens that every question is said to have.
const PROMPT_TOKENS: u32 = 11;

/// Reads one request and gives its body.
pub(super) async fn read_body(stream: &mut TcpStream, unread: &mut Vec<u8>) -> anyhow::Result<Value> {
    Ok(read_request(stream, unread).await?.context("closed")?.body)
}

/// The texts of visitors and agents in a request, the question last.
pub(super) fn conversation(body: &Value) -> Vec<&str> {
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let said = messages.iter().filter(|message| message["role"] != "system");
    said.filter_map(|message| message["content"].as_str()).collect()
}

/// A piece of text, as a chunk of its own.
pub(super) fn piece(text: &str) -> Vec<u8> {
    chunk(&event(&json!([{ "index": 0, "delta": { "content": text }, "finish_reason": null }]), &Value::Null))
}

/// All that comes after the last piece.
pub(super) fn end(pieces: usize) -> Vec<u8> {
    let finish = event(&json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]), &Value::Null);
    let usage = json!({ "prompt_tokens": PROMPT_TOKENS, "completion_tokens": pieces });
    let events = finish + &event(&json!([]), &usage) + "data: [DONE]\n\n";
    [&chunk(&events)[..], b"0\r\n\r\n"].concat()
}

fn event(choices: &Value, usage: &Value) -> String {
    let event = json!({
        "id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": choices, "usage": usage,
    });
    format!("data: {event}\n\n")
}

fn chunk(text: &str) -> Vec<u8> {
    format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_conversation_is_what_visitors_and_agents_said() {
        let body = json!({ "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "one" },
            { "role": "assistant", "content": "two" },
            { "role": "user", "content": "three" },
        ] });
        assert_eq!(conversation(&body), ["one", "two", "three"]);
        assert!(conversation(&Value::Null).is_empty());
    }
}
