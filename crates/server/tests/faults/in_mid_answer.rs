//! Answers that break off after their first word. Nothing is asked again then, and the text is kept.

use std::time::Duration;

use chatloom_testkit::model_server::{Close, Gate, Reply};
use serde_json::json;

use crate::fault::{CANARY, End, Fault};
use crate::framing::{USAGE, chunk};
use crate::service::{ANSWER_BYTES, PATIENCE, WHOLE_TURN};

/// The longest that the end of an answer takes which nobody waits for.
const AT_ONCE: Duration = Duration::ZERO;

pub(crate) async fn faults() -> Vec<Fault> {
    let mut faults = cut_off().await;
    faults.extend(ended_without_a_marker().await);
    faults.extend(broken().await);
    faults.extend(endless().await);
    faults
}

fn interrupted(text: &str) -> End {
    End::Interrupted("answer_interrupted", text.to_owned())
}

fn timed_out(text: &str) -> End {
    End::Interrupted("turn_timed_out", text.to_owned())
}

/// These bytes, and then the end of the connection in the middle of the body.
fn torn(body: Vec<u8>, close: Close) -> Reply {
    let length = body.len();
    Reply::events(body).close_after(length, close)
}

async fn cut_off() -> Vec<Fault> {
    let whole = chunk("Half ");
    let half_a_frame = [whole.as_bytes(), &chunk("a frame").as_bytes()[..40]].concat();
    let mut half_a_character = [whole.as_bytes(), chunk("caf\u{e9}").as_bytes()].concat();
    let position = half_a_character.iter().position(|byte| *byte == 0xC3).unwrap();
    half_a_character.truncate(position + 1);
    let mut faults = Vec::new();
    for (name, body, close) in [
        ("closed between two frames", whole.clone().into_bytes(), Close::Fin),
        ("reset between two frames", whole.into_bytes(), Close::Rst),
        ("closed within a frame", half_a_frame, Close::Fin),
        ("closed within a character", half_a_character, Close::Fin),
    ] {
        faults.push(Fault::openai(name, [torn(body, close)]).await.ends(interrupted("Half "), 1, AT_ONCE));
    }
    faults
}

/// The body ends in good order, but nothing says that the answer does.
async fn ended_without_a_marker() -> Vec<Fault> {
    let text = || Reply::text(["Half ", "an answer"]).finish(None);
    let end = interrupted("Half an answer");
    let with_usage = chunk("Half ") + &chunk("an answer") + USAGE;
    let with_done = chunk("Half ") + &chunk("an answer") + "data: [DONE]\n\n";
    vec![
        Fault::openai("no marker", [text()]).await.ends(end.clone(), 1, AT_ONCE),
        Fault::anthropic("no marker in the other format", [text()]).await.ends(end.clone(), 1, AT_ONCE),
        Fault::openai("usage and no marker", [Reply::events(with_usage)]).await.ends(end.clone(), 1, AT_ONCE),
        Fault::openai("[DONE] and no reason", [Reply::events(with_done)]).await.ends(end, 1, AT_ONCE),
    ]
}

/// What comes after the first word is no answer any more.
async fn broken() -> Vec<Fault> {
    let error = json!({ "error": { "message": CANARY, "type": "server_error" } });
    let overloaded = json!({ "type": "error", "error": { "type": "overloaded_error", "message": CANARY } });
    let overloaded = format!("event: error\ndata: {overloaded}\n\n");
    let anthropic =
        "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"Half \"}}\n\n";
    let mut faults = Vec::new();
    for (name, rest) in [
        ("an error event", format!("data: {error}\n\n")),
        ("invalid JSON", format!("data: {{\"{CANARY}\n\n")),
        ("a long line", format!("data: {}", "a".repeat(300 * 1024))),
    ] {
        let reply = Reply::events(chunk("Half ") + &rest + &chunk("too late"));
        let name = format!("{name} in mid-answer");
        faults.push(Fault::openai(&name, [reply]).await.ends(interrupted("Half "), 1, AT_ONCE));
    }
    let reply = Reply::events(anthropic.to_owned() + &overloaded);
    faults.push(Fault::anthropic("an overload in mid-answer", [reply]).await.ends(
        interrupted("Half "),
        1,
        AT_ONCE,
    ));
    faults
}

/// Answers that would never end.
async fn endless() -> Vec<Fault> {
    let three = || Reply::text(["One, ", "two, ", "three"]).finish(None);
    let pings = three().for_ever(": ping\n\n").paced(Duration::from_millis(50));
    let empty = three().for_ever(chunk("")).paced(Duration::from_millis(50));
    // Exactly as many of these fit as an answer may have, and the next one is too much.
    let piece = "b".repeat(1024);
    let flood = Reply::events("").for_ever(chunk(&piece));
    let full = piece.repeat(ANSWER_BYTES / piece.len());
    let mut faults =
        vec![
            Fault::openai("silence after three pieces", [three().hold_after(3, &Gate::new())]).await.ends(
                timed_out("One, two, three"),
                1,
                PATIENCE,
            ),
            Fault::anthropic("silence in the other format", [three().hold_after(3, &Gate::new())])
                .await
                .ends(timed_out("One, two, three"), 1, PATIENCE),
            Fault::openai("comments after three pieces", [pings]).await.ends(
                timed_out("One, two, three"),
                1,
                PATIENCE,
            ),
            Fault::openai("empty pieces after three", [empty]).await.ends(
                timed_out("One, two, three"),
                1,
                PATIENCE,
            ),
            Fault::openai("an answer without an end", [flood]).await.ends(interrupted(&full), 1, AT_ONCE),
        ];
    // Never silent for too long, but nine pieces take twice as long as a turn may.
    let slow = Reply::text(["1", "2", "3", "4", "5", "6", "7", "8", "9"]).paced(PATIENCE.mul_f64(0.7));
    faults.push(Fault::openai("an answer that is too slow", [slow]).await.ends(
        timed_out("1234"),
        1,
        WHOLE_TURN,
    ));
    faults.into_iter().map(Fault::endless).collect()
}
