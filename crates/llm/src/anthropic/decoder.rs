//! Reads the events of Anthropic's Messages, those of servers that imitate them included.

use chatloom_ports::chat_model::{ModelError, ModelErrorClass, ModelFinish};
use serde_json::Value;

use crate::answer::{Answer, Decoder};
use crate::json;

/// The state that outlives one event.
#[derive(Default)]
pub(crate) struct MessagesDecoder {
    usage: Usage,
}

/// The last value seen of each field: they are running totals, not differences, and later events may leave some out.
#[derive(Default)]
struct Usage {
    input: Option<u64>,
    cache_creation: Option<u64>,
    cache_read: Option<u64>,
    output: Option<u64>,
}

impl Decoder for MessagesDecoder {
    fn event(&mut self, mut payload: Value, answer: &mut Answer) -> Result<(), ModelError> {
        // `message_start` may be missing, so nothing depends on it. Unknown types are for newer clients.
        match json::text(&payload, "type").unwrap_or_default() {
            "message_start" => self.read_usage(payload.get("message").and_then(|m| m.get("usage")), answer),
            "content_block_start" => read_block(payload.get_mut("content_block"), answer),
            "content_block_delta" => read_block(payload.get_mut("delta"), answer),
            "message_delta" => {
                self.read_usage(payload.get("usage"), answer);
                read_stop(payload.get("delta"), answer);
            }
            "message_stop" => {
                answer.finish(ModelFinish::Stop);
                answer.close();
            }
            _ => {}
        }
        Ok(())
    }

    fn done(&mut self, _: &mut Answer) {
        // Not of this format: proxies that translate from the other one let it through, under cut answers too.
    }

    fn document(&mut self, mut payload: Value, answer: &mut Answer) -> Result<(), ModelError> {
        let Some(Value::Array(mut blocks)) = payload.get_mut("content").map(Value::take) else {
            return Err(ModelError::of(ModelErrorClass::Protocol));
        };
        self.read_usage(payload.get("usage"), answer);
        for block in &mut blocks {
            read_block(Some(block), answer);
        }
        read_stop(Some(&payload), answer);
        Ok(())
    }
}

impl MessagesDecoder {
    fn read_usage(&mut self, usage: Option<&Value>, answer: &mut Answer) {
        let Some(usage) = usage else { return };
        let known = &mut self.usage;
        for (key, field) in [
            ("input_tokens", &mut known.input),
            ("cache_creation_input_tokens", &mut known.cache_creation),
            ("cache_read_input_tokens", &mut known.cache_read),
            ("output_tokens", &mut known.output),
        ] {
            *field = usage.get(key).and_then(json::count).or(*field);
        }
        let parts = [known.input, known.cache_creation, known.cache_read];
        let input = parts.into_iter().flatten().reduce(u64::saturating_add);
        answer.usage(input, known.output);
    }
}

/// A block's beginning, a piece of one, or a whole one: they differ in the type's name only.
fn read_block(block: Option<&mut Value>, answer: &mut Answer) {
    let Some(block) = block else { return };
    match json::text(block, "type").unwrap_or_default() {
        "text" | "text_delta" => {
            if let Some(Value::String(text)) = block.get_mut("text").map(Value::take) {
                answer.text(text);
            }
        }
        "thinking" | "thinking_delta" if json::text(block, "thinking").is_some() => answer.reasoning(),
        _ => {}
    }
}

fn read_stop(stop: Option<&Value>, answer: &mut Answer) {
    match stop.and_then(|stop| json::text(stop, "stop_reason")) {
        None => {}
        Some("max_tokens" | "model_context_window_exceeded") => answer.finish(ModelFinish::Length),
        Some("refusal") => answer.finish(ModelFinish::ContentFilter),
        Some(_) => answer.finish(ModelFinish::Stop),
    }
}
