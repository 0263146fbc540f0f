//! Reads the chunks of Chat Completions as real servers send them, not only as the vendor documents them.

use chatloom_ports::chat_model::{ModelError, ModelErrorClass, ModelFinish};
use serde_json::Value;

use crate::answer::{Answer, Decoder};
use crate::json;

/// The state that outlives one chunk.
#[derive(Default)]
pub(crate) struct ChatCompletionsDecoder {
    /// Text of a refusal came, so the end counts as filtered whatever reason it gives.
    refused: bool,
    /// A chunk had `finish_reason: ""`, which some servers send on every chunk, the last one included.
    empty_finish: bool,
}

impl Decoder for ChatCompletionsDecoder {
    fn event(&mut self, mut payload: Value, answer: &mut Answer) -> Result<(), ModelError> {
        read_usage(&payload, answer);
        if let Some(choice) = first_choice(&mut payload) {
            self.read_choice(choice, answer);
        }
        Ok(())
    }

    fn done(&mut self, answer: &mut Answer) {
        // A server that never gives a reason but ends properly has finished. One that never mentions a reason at
        // all is left to be judged by the missing marker: proxies write `[DONE]` under cut answers too.
        if self.empty_finish {
            answer.finish(self.finish("stop"));
        }
    }

    fn document(&mut self, mut payload: Value, answer: &mut Answer) -> Result<(), ModelError> {
        read_usage(&payload, answer);
        // Any server on the way may answer 200 with some JSON; without choices it is not an answer.
        let choice = first_choice(&mut payload).ok_or(ModelError::of(ModelErrorClass::Protocol))?;
        self.read_choice(choice, answer);
        if self.refused {
            answer.finish(ModelFinish::ContentFilter);
        }
        Ok(())
    }
}

impl ChatCompletionsDecoder {
    fn read_choice(&mut self, choice: &mut Value, answer: &mut Answer) {
        // Azure's asynchronous filter sends choices without a delta; whole answers have a message in its place.
        for part in ["delta", "message"] {
            if let Some(delta) = choice.get_mut(part) {
                self.read_delta(delta, answer);
            }
        }
        match choice.get("finish_reason").and_then(Value::as_str) {
            Some("") => self.empty_finish = true,
            Some(reason) => answer.finish(self.finish(reason)),
            None => {}
        }
    }

    fn read_delta(&mut self, delta: &mut Value, answer: &mut Answer) {
        if ["reasoning_content", "reasoning"].iter().any(|key| json::text(delta, key).is_some()) {
            answer.reasoning();
        }
        match delta.get_mut("content").map(Value::take) {
            Some(Value::String(text)) => answer.text(text),
            Some(Value::Array(parts)) => parts.into_iter().for_each(|part| read_part(part, answer)),
            _ => {}
        }
        if let Some(Value::String(refusal)) = delta.get_mut("refusal").map(Value::take)
            && !refusal.is_empty()
        {
            self.refused = true;
            answer.text(refusal);
        }
    }

    /// What a reason means to us. Unknown ones are a plain stop, as they are to every other client.
    fn finish(&self, reason: &str) -> ModelFinish {
        match reason {
            _ if self.refused => ModelFinish::ContentFilter,
            "length" | "max_tokens" => ModelFinish::Length,
            "content_filter" | "refusal" | "safety" => ModelFinish::ContentFilter,
            _ => ModelFinish::Stop,
        }
    }
}

/// The choice with index 0, or the first without an index. We ask for one, but a proxy may ask for more.
fn first_choice(payload: &mut Value) -> Option<&mut Value> {
    payload.get_mut("choices")?.as_array_mut()?.iter_mut().find(|choice| {
        choice.is_object() && choice.get("index").and_then(json::count).is_none_or(|index| index == 0)
    })
}

/// One part of a content that is a list, as reasoning models of Mistral send it.
fn read_part(part: Value, answer: &mut Answer) {
    match part {
        Value::String(text) => answer.text(text),
        mut part => match (json::text(&part, "type"), part.get("text").is_some()) {
            (Some("thinking" | "reasoning"), _) => answer.reasoning(),
            (_, true) => {
                if let Value::String(text) = part["text"].take() {
                    answer.text(text);
                }
            }
            _ => {}
        },
    }
}

/// Usage may come on any chunk, before or after the end, and with or without choices beside it.
fn read_usage(payload: &Value, answer: &mut Answer) {
    let groq = payload.get("x_groq").and_then(|own| own.get("usage"));
    for usage in [groq, payload.get("usage")].into_iter().flatten() {
        let number = |key| usage.get(key).and_then(json::count);
        answer.usage(number("prompt_tokens"), number("completion_tokens"));
    }
}
