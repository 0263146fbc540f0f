//! A model that fails in one way after the other, and what the visitor is told.

use chatloom_testkit::model_server::{Close, Reply};
use serde_json::json;

use crate::world::{DatabaseKind, World, spoken};

on_both_databases!(
    each_failure_before_the_first_word_has_its_code_and_keeps_the_question,
    an_answer_that_breaks_off_keeps_its_text_and_is_marked,
    a_failed_turn_does_not_stand_in_the_way_of_the_next,
);

/// What providers say in prose must not come through.
const CANARY: &str = "upstream-canary";

async fn each_failure_before_the_first_word_has_its_code_and_keeps_the_question(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let error = |code: &str| json!({ "error": { "message": CANARY, "type": code, "code": code } });
    let cases = [
        (Reply::json(401, &error("invalid_api_key")), "model_unavailable", true),
        (Reply::json(404, &error("model_not_found")), "model_unavailable", true),
        (Reply::json(429, &error("rate_limit_exceeded")), "model_overloaded", true),
        (Reply::json(503, &error("overloaded")), "model_overloaded", true),
        (Reply::json(400, &error("context_length_exceeded")), "conversation_too_long", false),
        (Reply::body(200, "text/html", format!("<h1>{CANARY}</h1>")), "model_unavailable", true),
        (Reply::events(""), "answer_interrupted", true),
    ];
    for provider in ["openai", "anthropic"] {
        for (reply, code, retryable) in cases.clone() {
            let visitor = world.visitor(provider).await;
            world.model.queue(reply);
            let events = visitor.ask("Anybody there?").await.rest().await;
            let error = events.last().unwrap();
            assert_eq!(
                (error.name.as_str(), &error.data["code"]),
                ("error", &json!(code)),
                "{provider}: {error:?}"
            );
            assert_eq!(error.data["retryable"], retryable, "{code}");
            for field in ["status", "error", "message", "timestamp", "path"] {
                assert!(!error.data[field].is_null(), "no {field} in {error:?}");
            }
            assert!(!error.data.to_string().contains(CANARY), "{error:?}");
            let history = visitor.history().await;
            assert_eq!(history[0]["content"], "Anybody there?");
            assert_ne!(history[1].get("status"), None, "{code}");
        }
    }
    world.stop().await;
}

async fn an_answer_that_breaks_off_keeps_its_text_and_is_marked(kind: DatabaseKind) {
    let world = World::start(kind).await;
    for provider in ["openai", "anthropic"] {
        let visitor = world.visitor(provider).await;
        // The stream ends politely, but without the provider's terminal marker.
        world.model.queue(Reply::text(["Half an ", "answ"]).finish(None));
        let events = visitor.ask("Tell me all").await.rest().await;
        let error = &events.last().unwrap().data;
        assert_eq!(
            (&error["type"], &error["code"]),
            (&json!("error"), &json!("answer_interrupted")),
            "{provider}"
        );
        assert_eq!(spoken(&events), "Half an answ");
        let answer = visitor.last_message().await;
        assert_eq!((&answer["content"], &answer["status"]), (&json!("Half an answ"), &json!("interrupted")));
    }
    world.stop().await;
}

async fn a_failed_turn_does_not_stand_in_the_way_of_the_next(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let visitor = world.visitor("openai").await;
    world.model.queue(Reply::text(["Torn"]).close_after(20, Close::Rst));
    assert_eq!(visitor.ask("First").await.rest().await.last().unwrap().name, "error");
    assert_eq!(visitor.ask("Second").await.rest().await.last().unwrap().name, "done");
    world.stop().await;
}
