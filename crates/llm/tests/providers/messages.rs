//! Anthropic's Messages, as the vendor and its imitators send it.

use chatloom_ports::chat_model::{ModelErrorClass, ModelFinish};

use crate::fixture::{data, messages, named};

type Event = (&'static str, &'static str);

const START: Event = (
    "message_start",
    r#"{"type":"message_start","message":{"id":"m","role":"assistant","content":[],"stop_reason":null,"usage":{"input_tokens":5,"output_tokens":1}}}"#,
);
const OPEN: Event = (
    "content_block_start",
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
);
const PING: Event = ("ping", r#"{"type":"ping"}"#);
const HEL: Event = (
    "content_block_delta",
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}"#,
);
const LO: Event = (
    "content_block_delta",
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lö 👋"}}"#,
);
const SHUT: Event = ("content_block_stop", r#"{"type":"content_block_stop","index":0}"#);
const DELTA: Event = (
    "message_delta",
    r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":9}}"#,
);
const STOP: Event = ("message_stop", r#"{"type":"message_stop"}"#);

#[test]
fn the_vendors_own_order() {
    messages(named(&[START, OPEN, PING, HEL, LO, SHUT, DELTA, STOP])).says("Hellö 👋").uses(5, 9).stops();
}

#[test]
fn carriage_returns_with_line_feeds() {
    let body = named(&[START, OPEN, HEL, LO, SHUT, DELTA, STOP]).replace('\n', "\r\n");
    messages(body).says("Hellö 👋").uses(5, 9).stops();
}

#[test]
fn events_without_names() {
    messages(data(&[START.1, HEL.1, DELTA.1, STOP.1])).says("Hel").uses(5, 9).stops();
}

#[test]
fn no_message_start() {
    let delta = (
        "message_delta",
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":5,"output_tokens":9}}"#,
    );
    messages(named(&[OPEN, HEL, delta, STOP])).says("Hel").uses(5, 9).stops();
}

#[test]
fn usage_that_is_right_only_at_the_end() {
    let start = (
        "message_start",
        r#"{"type":"message_start","message":{"usage":{"input_tokens":0,"output_tokens":0}}}"#,
    );
    let delta = (
        "message_delta",
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":5,"output_tokens":9}}"#,
    );
    messages(named(&[start, HEL, delta, STOP])).says("Hel").uses(5, 9).stops();
}

#[test]
fn cached_tokens_went_in_too() {
    let start = (
        "message_start",
        r#"{"type":"message_start","message":{"usage":{"input_tokens":5,"cache_creation_input_tokens":20,"cache_read_input_tokens":300,"output_tokens":1}}}"#,
    );
    messages(named(&[start, HEL, DELTA, STOP])).says("Hel").uses(325, 9).stops();
}

#[test]
fn running_totals_are_not_added_up() {
    let early = (
        "message_delta",
        r#"{"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":4}}"#,
    );
    messages(named(&[START, HEL, early, LO, DELTA, STOP])).says("Hellö 👋").uses(5, 9).stops();
}

#[test]
fn thoughts_and_their_signature() {
    let open = (
        "content_block_start",
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#,
    );
    let thought = (
        "content_block_delta",
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}}"#,
    );
    let signature = (
        "content_block_delta",
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"x"}}"#,
    );
    let body = named(&[START, open, thought, OPEN, HEL, SHUT, signature, SHUT, DELTA, STOP]);
    messages(body).says("Hel").thinks().uses(5, 9).stops();
}

#[test]
fn text_at_the_beginning_of_a_block() {
    let open = (
        "content_block_start",
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"Oh! "}}"#,
    );
    messages(named(&[START, open, HEL, DELTA, STOP])).says("Oh! Hel").uses(5, 9).stops();
}

#[test]
fn unknown_events_blocks_and_deltas() {
    let event = ("novelty", r#"{"type":"novelty","x":[1]}"#);
    let block = (
        "content_block_start",
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"server_tool_use","id":"t"}}"#,
    );
    let delta = (
        "content_block_delta",
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{}}}"#,
    );
    messages(named(&[START, event, block, delta, HEL, DELTA, STOP])).says("Hel").uses(5, 9).stops();
}

#[test]
fn a_stop_reason_without_message_stop() {
    messages(named(&[START, HEL, DELTA])).says("Hel").uses(5, 9).stops();
}

#[test]
fn message_stop_without_a_stop_reason() {
    messages(named(&[START, HEL, STOP])).says("Hel").uses(5, 1).stops();
}

#[test]
fn every_stop_reason_has_its_meaning() {
    for (reason, finish) in [
        ("stop_sequence", ModelFinish::Stop),
        ("something_new", ModelFinish::Stop),
        ("max_tokens", ModelFinish::Length),
        ("model_context_window_exceeded", ModelFinish::Length),
        ("refusal", ModelFinish::ContentFilter),
    ] {
        let delta = format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}"}}}}"#);
        messages(data(&[HEL.1, &delta, STOP.1])).says("Hel").finishes(finish);
    }
}

#[test]
fn an_end_without_a_stop_reason_is_no_end() {
    messages(named(&[START, OPEN, HEL, SHUT])).says("Hel").uses(5, 1).fails(ModelErrorClass::Truncated);
    messages(named(&[START, PING])).uses(5, 1).fails(ModelErrorClass::Truncated);
}

#[test]
fn done_is_no_end_here() {
    messages(data(&[HEL.1, "[DONE]"])).says("Hel").fails(ModelErrorClass::Truncated);
}

#[test]
fn an_overloaded_server_in_mid_stream() {
    let error = ("error", r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#);
    messages(named(&[START, HEL, error]))
        .says("Hel")
        .uses(5, 1)
        .fails(ModelErrorClass::Overloaded { retry_after: None });
}

#[test]
fn an_error_without_its_event_name() {
    let error = r#"{"type":"error","error":{"type":"api_error","message":"x"}}"#;
    messages(data(&[START.1, error])).uses(5, 1).fails(ModelErrorClass::Upstream);
}

#[test]
fn an_error_in_the_other_formats_shape() {
    let error = r#"{"error":{"code":400,"message":"x","type":"exceed_context_size_error"}}"#;
    messages(data(&[error])).fails(ModelErrorClass::ContextLength);
}

#[test]
fn an_error_after_the_end_takes_nothing_away() {
    let error = ("error", r#"{"type":"error","error":{"type":"api_error"}}"#);
    messages(named(&[START, HEL, DELTA, error])).says("Hel").uses(5, 9).stops();
}
