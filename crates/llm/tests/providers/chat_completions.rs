//! Chat Completions as real servers send it.

use chatloom_ports::chat_model::{ModelErrorClass, ModelFinish};

use crate::fixture::{chat, data};

const ROLE: &str = r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#;
const HEL: &str =
    r#"{"id":"c","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}],"usage":null}"#;
const LO: &str =
    r#"{"id":"c","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}],"usage":null}"#;
const STOP: &str = r#"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}"#;
const DONE: &str = "[DONE]";

#[test]
fn the_vendors_own_order() {
    let usage =
        r#"{"id":"c","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}"#;
    chat(data(&[ROLE, HEL, LO, STOP, usage, DONE])).says("Hello").uses(5, 2).stops();
}

#[test]
fn usage_with_choices_null() {
    let usage = r#"{"choices":null,"usage":{"prompt_tokens":5,"completion_tokens":2}}"#;
    chat(data(&[ROLE, HEL, STOP, usage, DONE])).says("Hel").uses(5, 2).stops();
}

#[test]
fn usage_without_choices() {
    let usage = r#"{"usage":{"prompt_tokens":5,"completion_tokens":2}}"#;
    chat(data(&[ROLE, HEL, STOP, usage, DONE])).says("Hel").uses(5, 2).stops();
}

#[test]
fn usage_beside_an_empty_choice_and_no_reason_until_the_end() {
    let text = r#"{"choices":[{"index":0,"delta":{"content":"Hi"}}]}"#;
    let usage = r#"{"choices":[{"index":0,"delta":{}}],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#;
    chat(data(&[text, STOP, usage, DONE])).says("Hi").uses(5, 2).stops();
}

#[test]
fn usage_beside_the_finish_reason() {
    let end = r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#;
    chat(data(&[HEL, end, DONE])).says("Hel").uses(5, 2).stops();
}

#[test]
fn usage_on_every_chunk_is_a_running_total() {
    let one = r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":5,"completion_tokens":1}}"#;
    let two = r#"{"choices":[{"delta":{"content":"b"}}],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#;
    chat(data(&[one, two, STOP, DONE])).says("ab").uses(5, 2).stops();
}

#[test]
fn usage_that_is_empty_on_the_way() {
    let empty = r#"{"choices":[{"delta":{"content":"a"}}],"usage":{}}"#;
    let full = r#"{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#;
    chat(data(&[empty, STOP, full, empty, DONE])).says("a").uses(5, 2).stops();
}

#[test]
fn usage_in_a_field_of_the_vendors_own() {
    let end = r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"x_groq":{"usage":{"prompt_tokens":5,"completion_tokens":2}}}"#;
    chat(data(&[HEL, end, DONE])).says("Hel").uses(5, 2).stops();
}

#[test]
fn usage_in_floats_and_texts() {
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":5.0,"completion_tokens":"2"}}"#;
    chat(data(&[HEL, STOP, usage, DONE])).says("Hel").uses(5, 2).stops();
}

#[test]
fn a_finish_reason_beside_the_last_text() {
    let last = r#"{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}"#;
    chat(data(&[HEL, last, DONE])).says("Hello").stops();
}

#[test]
fn an_empty_finish_reason_is_none() {
    let text = r#"{"choices":[{"delta":{"content":"a"},"finish_reason":""}]}"#;
    chat(data(&[text, text, STOP, DONE])).says("aa").stops();
}

#[test]
fn an_empty_finish_reason_on_every_chunk_and_then_done() {
    let text = r#"{"choices":[{"delta":{"content":"a"},"finish_reason":""}]}"#;
    chat(data(&[text, text, DONE])).says("aa").stops();
}

#[test]
fn an_empty_finish_reason_without_done_is_no_end() {
    let text = r#"{"choices":[{"delta":{"content":"a"},"finish_reason":""}]}"#;
    chat(data(&[text])).says("a").fails(ModelErrorClass::Truncated);
}

#[test]
fn done_without_any_finish_reason_is_no_end() {
    chat(data(&[ROLE, HEL, DONE])).says("Hel").fails(ModelErrorClass::Truncated);
}

#[test]
fn an_unknown_finish_reason_is_a_stop() {
    let end = r#"{"choices":[{"delta":{},"finish_reason":"eos"}]}"#;
    chat(data(&[HEL, end, DONE])).says("Hel").stops();
}

#[test]
fn a_full_answer_and_a_filtered_one() {
    for (reason, finish) in [("length", ModelFinish::Length), ("content_filter", ModelFinish::ContentFilter)]
    {
        let end = format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{reason}"}}]}}"#);
        chat(data(&[HEL, &end, DONE])).says("Hel").finishes(finish);
    }
}

#[test]
fn roles_and_contents_that_are_null() {
    let start = r#"{"choices":[{"delta":{"role":null,"content":null},"finish_reason":null}]}"#;
    chat(data(&[start, HEL, STOP, DONE])).says("Hel").stops();
}

#[test]
fn the_least_that_a_chunk_can_be() {
    let text = r#"{"choices":[{"delta":{"content":"a"}}]}"#;
    chat(data(&["{}", text, r#"{"choices":[{}]}"#, r#"{"choices":[null]}"#, STOP])).says("a").stops();
}

#[test]
fn odd_scalars_and_unknown_fields() {
    let text = r#"{"id":7,"created":1.5,"obfuscation":"xx","timings":{"n":1},"choices":[{"index":"0","logprobs":{},"delta":{"content":"a","role":""}}]}"#;
    chat(data(&[text, STOP, DONE])).says("a").stops();
}

#[test]
fn azures_filter_results_without_choices_and_without_deltas() {
    let prompt = r#"{"choices":[],"prompt_filter_results":[{"prompt_index":0}]}"#;
    let later =
        r#"{"choices":[{"index":0,"finish_reason":null,"content_filter_offsets":{"check_offset":1}}]}"#;
    chat(data(&[prompt, HEL, later, STOP, later, DONE])).says("Hel").stops();
}

#[test]
fn thoughts_in_both_fields() {
    for field in ["reasoning_content", "reasoning"] {
        let thought = format!(r#"{{"choices":[{{"delta":{{"{field}":"Hm.","content":null}}}}]}}"#);
        chat(data(&[&thought, HEL, STOP, DONE])).says("Hel").thinks().stops();
    }
}

#[test]
fn contents_in_parts() {
    let thought = r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm."}]}]}}]}"#;
    let text = r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"},{"type":"image"},"b"]}}]}"#;
    chat(data(&[thought, text, STOP, DONE])).says("ab").thinks().stops();
}

#[test]
fn a_refusal_is_text_and_ends_as_filtered() {
    let refusal = r#"{"choices":[{"delta":{"refusal":"I cannot."}}]}"#;
    chat(data(&[ROLE, refusal, STOP, DONE])).says("I cannot.").finishes(ModelFinish::ContentFilter);
}

#[test]
fn only_the_first_of_several_choices_is_taken() {
    let other = r#"{"choices":[{"index":1,"delta":{"content":"X"},"finish_reason":"length"}]}"#;
    let both = r#"{"choices":[{"index":1,"delta":{"content":"X"}},{"index":0,"delta":{"content":"lo"}}]}"#;
    chat(data(&[HEL, other, both, STOP, other, DONE])).says("Hello").stops();
}

#[test]
fn text_after_the_end_is_dropped() {
    chat(data(&[HEL, STOP, LO, STOP, DONE])).says("Hel").stops();
}

#[test]
fn whatever_follows_done_is_not_read() {
    chat(data(&[HEL, STOP, DONE, "nonsense", LO])).says("Hel").stops();
}

#[test]
fn an_error_after_the_end_takes_nothing_away() {
    chat(data(&[HEL, STOP, r#"{"error":{"message":"x"}}"#])).says("Hel").stops();
    chat(data(&[HEL, STOP, "nonsense"])).says("Hel").stops();
}

#[test]
fn an_error_in_mid_stream() {
    let error = r#"{"error":{"message":"The server had an error","type":"server_error","code":null}}"#;
    chat(data(&[ROLE, HEL, error, DONE])).says("Hel").fails(ModelErrorClass::Upstream);
}

#[test]
fn an_error_that_is_a_text() {
    chat(data(&[HEL, r#"{"error":"something broke"}"#])).says("Hel").fails(ModelErrorClass::Upstream);
}

#[test]
fn an_error_event_before_anything_else() {
    let body = "event: error\ndata: {\"message\":\"x\",\"type\":\"overloaded_error\"}\n\ndata: [DONE]\n\n";
    chat(body).fails(ModelErrorClass::Overloaded { retry_after: None });
}

#[test]
fn an_error_event_that_is_not_json() {
    chat(data(&[HEL]) + "event: error\ndata: upstream connect error\n\n")
        .says("Hel")
        .fails(ModelErrorClass::Upstream);
}

#[test]
fn an_error_without_an_error_field() {
    let error = r#"{"object":"error","message":"x","type":"InternalServerError","param":null,"code":500}"#;
    chat(data(&[HEL, error, DONE])).says("Hel").fails(ModelErrorClass::Upstream);
}

#[test]
fn an_error_in_a_chunk_with_choices() {
    let error = r#"{"id":"g","error":{"code":429,"message":"x"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}"#;
    let limited = ModelErrorClass::RateLimited { retry_after: None };
    chat(data(&[HEL, error])).says("Hel").fails(limited);
}

#[test]
fn an_error_that_is_only_a_finish_reason() {
    let error = r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#;
    chat(data(&[HEL, error, DONE])).says("Hel").fails(ModelErrorClass::Upstream);
}

#[test]
fn used_up_quota_in_mid_stream() {
    let error = r#"{"error":{"message":"x","type":"insufficient_quota","code":"insufficient_quota"}}"#;
    chat(data(&[error])).fails(ModelErrorClass::Quota);
}

#[test]
fn a_full_context_in_mid_stream() {
    let error = r#"{"error":{"code":400,"message":"x","type":"exceed_context_size_error","n_ctx":8}}"#;
    chat(data(&[error])).fails(ModelErrorClass::ContextLength);
}

#[test]
fn an_error_field_that_says_nothing_is_no_error() {
    let text = r#"{"error":null,"choices":[{"delta":{"content":"a"}}]}"#;
    chat(data(&[text, STOP, DONE])).says("a").stops();
}
