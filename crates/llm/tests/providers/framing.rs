//! What the framing may look like, with answers that are otherwise plain.

use chatloom_ports::chat_model::ModelErrorClass;

use crate::fixture::{chat, data, messages};

const TEXT: &str = r#"{"choices":[{"index":0,"delta":{"content":"Grüße 👩‍👩‍👧 日本"},"finish_reason":null}]}"#;
const END: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
const SAID: &str = "Grüße 👩‍👩‍👧 日本";

fn plain() -> String {
    data(&[TEXT, END, "[DONE]"])
}

#[test]
fn line_feeds() {
    chat(plain()).says(SAID).stops();
}

#[test]
fn carriage_returns_with_line_feeds() {
    chat(plain().replace('\n', "\r\n")).says(SAID).stops();
}

#[test]
fn carriage_returns_alone() {
    chat(plain().replace('\n', "\r")).says(SAID).stops();
}

#[test]
fn a_byte_order_mark() {
    chat(format!("\u{FEFF}{}", plain())).says(SAID).stops();
}

#[test]
fn no_space_after_the_colon() {
    chat(plain().replace("data: ", "data:")).says(SAID).stops();
}

#[test]
fn comments_and_blank_lines_between_events() {
    chat(plain().replace("data: ", ": OPENROUTER PROCESSING\n\n\n:\n\ndata: ")).says(SAID).stops();
}

#[test]
fn ids_names_retries_and_unknown_fields() {
    chat(plain().replace("data: ", "id: 1\nretry: 5\nevent: message\nunknown\nx: y\ndata: "))
        .says(SAID)
        .stops();
}

#[test]
fn a_payload_over_several_lines() {
    chat(plain().replace(",\"delta\"", ",\ndata: \"delta\"")).says(SAID).stops();
}

#[test]
fn a_last_event_without_a_blank_line() {
    chat(data(&[TEXT, END]).trim_end().to_owned()).says(SAID).stops();
}

#[test]
fn no_done_after_the_finish_reason() {
    chat(data(&[TEXT, END])).says(SAID).stops();
}

#[test]
fn an_end_between_two_events_is_no_end() {
    chat(data(&[TEXT])).says(SAID).fails(ModelErrorClass::Truncated);
}

#[test]
fn an_end_inside_an_event_is_no_end() {
    let cut = END.len() - 8;
    chat(data(&[TEXT]) + "data: " + &END[..cut]).says(SAID).fails(ModelErrorClass::Truncated);
}

#[test]
fn nothing_at_all_is_no_end() {
    chat("").fails(ModelErrorClass::Truncated);
    messages("").fails(ModelErrorClass::Truncated);
}

#[test]
fn only_comments_are_no_end() {
    chat(": ping\n\n".repeat(20)).fails(ModelErrorClass::Truncated);
}

#[test]
fn a_broken_character_costs_a_replacement_character() {
    let mut body = data(&[r#"{"choices":[{"delta":{"content":"a?b"}}]}"#, END]).into_bytes();
    let at = body.iter().position(|byte| *byte == b'?').unwrap();
    body[at] = 0xFF;
    chat(body).says("a\u{FFFD}b").stops();
}

#[test]
fn a_payload_that_is_not_json() {
    chat(data(&[TEXT, "<html>502</html>", END])).says(SAID).fails(ModelErrorClass::Protocol);
}

#[test]
fn a_payload_that_is_not_an_object() {
    chat(data(&[TEXT, "[1]", END])).says(SAID).fails(ModelErrorClass::Protocol);
}

#[test]
fn an_event_that_is_too_long() {
    let giant = format!(r#"{{"choices":[{{"delta":{{"content":"{}"}}}}]}}"#, "a".repeat(256 * 1024));
    chat(data(&[TEXT, &giant, END])).says(SAID).fails(ModelErrorClass::Protocol);
}

#[test]
fn a_line_that_never_ends() {
    chat(data(&[TEXT]) + "data: " + &"a".repeat(300 * 1024)).says(SAID).fails(ModelErrorClass::Protocol);
}
