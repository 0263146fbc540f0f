//! Answers in the two wire formats, as the vendors' own servers write them.

use chatloom_ports::chat_model::ModelFinish;
use serde_json::{Value, json};

use super::RecordedRequest;

/// The two formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `…/chat/completions`.
    ChatCompletions,
    /// `…/messages`.
    Messages,
}

impl Format {
    /// The format that belongs to a path.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        let path = path.split('?').next().unwrap_or_default();
        if path.ends_with("/chat/completions") {
            Some(Self::ChatCompletions)
        } else {
            path.ends_with("/messages").then_some(Self::Messages)
        }
    }
}

/// An answer before it is written in a format.
#[derive(Clone)]
pub(super) struct Answer {
    texts: Vec<String>,
    pub(super) usage: Option<(u64, u64)>,
    pub(super) finish: Option<ModelFinish>,
}

impl Answer {
    pub(super) fn of<'p>(pieces: impl IntoIterator<Item = &'p str>) -> Self {
        Self {
            texts: pieces.into_iter().map(str::to_owned).collect(),
            usage: Some((11, 7)),
            finish: Some(ModelFinish::Stop),
        }
    }

    /// The last message of the request, word by word.
    pub(super) fn echo(request: &RecordedRequest) -> Self {
        let messages = request.body["messages"].as_array();
        let said = messages.and_then(|messages| messages.last()).and_then(|last| last["content"].as_str());
        let answer = format!("You said: {}", said.unwrap_or_default());
        Self::of(answer.split_inclusive(' '))
    }

    /// The body, one piece for each piece of text: what comes before and behind is in the first and the last.
    pub(super) fn pieces(&self, format: Format) -> Vec<Vec<u8>> {
        let (before, text, after): (String, fn(&str) -> String, String) = match format {
            Format::ChatCompletions => (chat_start(), chat_text, self.chat_end()),
            Format::Messages => (self.messages_start(), messages_text, self.messages_end()),
        };
        let mut pieces: Vec<Vec<u8>> = self.texts.iter().map(|piece| text(piece).into_bytes()).collect();
        match pieces.first_mut() {
            Some(first) => drop(first.splice(0..0, before.into_bytes())),
            None => pieces.push(before.into_bytes()),
        }
        if !after.is_empty() {
            pieces.push(after.into_bytes());
        }
        pieces
    }

    fn chat_end(&self) -> String {
        let Some(finish) = self.finish else { return String::new() };
        let reason = match finish {
            ModelFinish::Stop => "stop",
            ModelFinish::Length => "length",
            ModelFinish::ContentFilter => "content_filter",
        };
        let mut end = chunk(&json!([{ "index": 0, "delta": {}, "finish_reason": reason }]), &Value::Null);
        if let Some((input, output)) = self.usage {
            let usage = json!({
                "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
            });
            end += &chunk(&json!([]), &usage);
        }
        end + "data: [DONE]\n\n"
    }

    fn messages_start(&self) -> String {
        let usage = self.usage.map(|(input, _)| json!({ "input_tokens": input, "output_tokens": 1 }));
        let start = json!({ "type": "message_start", "message": {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "scripted", "content": [],
            "stop_reason": null, "usage": usage,
        } });
        let block = json!({
            "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" },
        });
        event(&start) + &event(&block) + &event(&json!({ "type": "ping" }))
    }

    fn messages_end(&self) -> String {
        let Some(finish) = self.finish else { return String::new() };
        let reason = match finish {
            ModelFinish::Stop => "end_turn",
            ModelFinish::Length => "max_tokens",
            ModelFinish::ContentFilter => "refusal",
        };
        let usage = self.usage.map(|(_, output)| json!({ "output_tokens": output }));
        let delta = json!({ "stop_reason": reason, "stop_sequence": null });
        event(&json!({ "type": "content_block_stop", "index": 0 }))
            + &event(&json!({ "type": "message_delta", "delta": delta, "usage": usage }))
            + &event(&json!({ "type": "message_stop" }))
    }
}

/// An error's body, which both formats understand.
pub(super) fn error(kind: &str) -> Value {
    json!({ "type": "error", "error": { "type": kind, "message": "said by the model server of the tests" } })
}

fn chat_start() -> String {
    let delta = json!({ "role": "assistant", "content": "" });
    chunk(&json!([{ "index": 0, "delta": delta, "finish_reason": null }]), &Value::Null)
}

fn chat_text(text: &str) -> String {
    let choice = json!({ "index": 0, "delta": { "content": text }, "finish_reason": null });
    chunk(&json!([choice]), &Value::Null)
}

fn chunk(choices: &Value, usage: &Value) -> String {
    let chunk = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "scripted",
        "choices": choices, "usage": usage,
    });
    format!("data: {chunk}\n\n")
}

fn messages_text(text: &str) -> String {
    let delta = json!({ "type": "text_delta", "text": text });
    event(&json!({ "type": "content_block_delta", "index": 0, "delta": delta }))
}

fn event(payload: &Value) -> String {
    format!("event: {}\ndata: {payload}\n\n", payload["type"].as_str().unwrap_or_default())
}
