//! Whole answers, however they are cut and however their end is told.

use std::time::Duration;

use chatloom_testkit::model_server::Reply;
use serde_json::json;

use crate::fault::{End, Fault};

/// What an answer takes whose provider is quick.
const AT_ONCE: Duration = Duration::from_millis(500);

/// How long usage is waited for that never comes.
const USAGE_LAG: Duration = Duration::from_secs(2);

/// Text with characters of two, three and four bytes.
const TEXT: &str = "Gr\u{fc}\u{df}e, \u{4f60}\u{597d} \u{1f44b}";

const FINISH: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";

/// Usage, in a chunk of its own.
pub(crate) const USAGE: &str =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}\n\n";

/// A piece of text as Chat Completions streams it.
pub(crate) fn chunk(text: &str) -> String {
    let choice = json!({ "index": 0, "delta": { "content": text }, "finish_reason": null });
    format!("data: {}\n\n", json!({ "choices": [choice] }))
}

pub(crate) async fn faults() -> Vec<Fault> {
    let whole = chunk(TEXT) + FINISH + USAGE + DONE;
    let one_frame = format!(
        "data: {}\n\n",
        json!({ "choices": [{ "index": 0, "delta": { "content": TEXT }, "finish_reason": "stop" }] })
    );
    let comments = format!(": hello\n\n{}\nid: 1\nretry: 1\nevent: done\n\n{whole}", ": ping\n".repeat(100));
    let document = json!({ "choices": [{ "message": { "content": TEXT }, "finish_reason": "stop" }] });
    let mut faults = Vec::new();
    for (name, reply) in [
        ("one byte at a time", Reply::events(whole.clone()).cut_every(1)),
        ("three bytes at a time, in the other line ends", {
            Reply::events(format!("\u{feff}{}", whole.replace('\n', "\r\n"))).cut_every(3)
        }),
        ("comments and fields of no meaning", Reply::events(comments)),
        ("a reason and no [DONE]", Reply::events(chunk(TEXT) + FINISH)),
        ("the reason in the last piece", Reply::events(one_frame)),
        ("usage after the reason", Reply::events(chunk(TEXT) + FINISH + USAGE)),
        ("no blank line at the end", Reply::events((chunk(TEXT) + FINISH).trim_end().to_owned())),
        ("garbage after the end", Reply::events(chunk(TEXT) + FINISH + "data: {oops\n\n")),
        ("a document in the place of a stream", Reply::json(200, &document)),
    ] {
        let fault = Fault::openai(name, [reply]).await;
        faults.push(fault.ends(End::Completed(TEXT.to_owned()), 1, AT_ONCE));
    }
    let open = Reply::events(chunk(TEXT) + FINISH).paced(Duration::from_millis(50)).for_ever(": ping\n");
    let fault = Fault::openai("a connection that stays open after the end", [open]).await;
    faults.push(fault.ends(End::Completed(TEXT.to_owned()), 1, USAGE_LAG).endless());
    let anthropic = Fault::anthropic("the other format", [Reply::text([TEXT])]).await;
    faults.push(anthropic.ends(End::Completed(TEXT.to_owned()), 1, AT_ONCE));
    faults
}
