//! A model that fails in one way after the other, and what the visitor is told.

use chatloom_testkit::model_server::Reply;
use serde_json::json;

use crate::world::{Answer, DatabaseKind, Events, Visitor, World, spoken};

on_both_databases!(
    each_failure_before_the_first_word_has_its_code_and_keeps_the_question,
    an_answer_that_breaks_off_keeps_its_text_and_is_marked,
    a_failed_turn_does_not_stand_in_the_way_of_the_next,
    a_model_that_always_fails_is_left_alone_and_questions_are_refused_before_they_are_stored,
    the_fallback_answers_in_the_place_of_a_model_that_cannot,
);

/// What providers say in prose must not come through.
const CANARY: &str = "upstream-canary";

async fn each_failure_before_the_first_word_has_its_code_and_keeps_the_question(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let error = |code: &str| json!({ "error": { "message": CANARY, "type": code, "code": code } });
    // The last one opens the circuit: the model is not asked again for a while.
    let cases = [
        (Reply::json(401, &error("invalid_api_key")), "model_unavailable", true),
        (Reply::json(404, &error("model_not_found")), "model_unavailable", true),
        (Reply::json(503, &error("overloaded")), "model_overloaded", true),
        (Reply::json(400, &error("context_length_exceeded")), "conversation_too_long", false),
        (Reply::body(200, "text/html", format!("<h1>{CANARY}</h1>")), "model_unavailable", true),
        (Reply::events(""), "answer_interrupted", true),
        (Reply::json(429, &error("rate_limit_exceeded")), "model_overloaded", true),
    ];
    for provider in ["openai", "anthropic"] {
        for (reply, code, retryable) in cases.clone() {
            let visitor = world.visitor(provider).await;
            world.model.always(reply);
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
    world.model.queue(Reply::text(["Torn"]).finish(None));
    assert_eq!(visitor.ask("First").await.rest().await.last().unwrap().name, "error");
    assert_eq!(visitor.ask("Second").await.rest().await.last().unwrap().name, "done");
    world.stop().await;
}

async fn a_model_that_always_fails_is_left_alone_and_questions_are_refused_before_they_are_stored(
    kind: DatabaseKind,
) {
    let world = World::start(kind).await;
    let visitor = world.visitor("openai").await;
    world.model.always(Reply::json(500, &json!({ "error": CANARY })));
    let mut failed = 0;
    let refused = loop {
        let reply = visitor.send("Anybody there?").await;
        if reply.status() != 200 {
            break Answer::read(reply).await;
        }
        assert_eq!(Events::of(reply).rest().await.last().unwrap().data["code"], "model_unavailable");
        failed += 1;
    };
    assert!(failed <= 20, "{failed} questions failed before the model was left alone");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=10).contains(&wait), "{wait}");
    let body = refused.expect_error(503, "model_unavailable");
    assert!(!body.to_string().contains(CANARY));
    let requests = world.model.requests().len();
    assert!(requests <= 20 + 2, "{requests} requests");

    // Nothing was stored, with a key or without, nor does anybody ask the model meanwhile.
    Answer::read(visitor.send_as("key-1", "And now?").await).await.expect_error(503, "model_unavailable");
    assert_eq!(visitor.history().await.len(), 2 * failed);
    assert_eq!(world.model.requests().len(), requests);
    // The other provider is none of its business.
    world.model.always(Reply::echo());
    let other = world.visitor("anthropic").await;
    assert_eq!(other.ask("And you?").await.rest().await.last().unwrap().name, "done");
    world.stop().await;
}

async fn the_fallback_answers_in_the_place_of_a_model_that_cannot(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let agent = json!({
        "instructions": "Be brief.", "provider": "openai", "model": "first-model",
        "fallback": { "provider": "anthropic", "model": "second-model" },
    });
    let workflow =
        dashboard.post("/workflows", &json!({ "name": "Support", "agent": agent })).await.expect(201);
    let body = json!({ "name": "Support Chat", "workflowId": workflow["id"] });
    let widget = dashboard.post("/widgets", &body).await.expect(201);
    let token = dashboard.embed_token(widget["id"].as_str().unwrap()).await;
    let visitor = Visitor::arrive(&world.client, &token).await;
    // A spent quota: the first model is asked once, and then not for a while.
    world.model.queue(Reply::json(402, &json!({ "error": CANARY })));
    for question in ["Anybody there?", "And now?"] {
        let told = visitor.ask(question).await.rest().await;
        let answer = told.last().unwrap().data["content"].as_str().unwrap();
        assert_eq!(answer, format!("You said: {question}"));
    }
    let asked: Vec<_> = world.model.requests().iter().map(|request| request.body["model"].clone()).collect();
    assert_eq!(asked, ["first-model", "second-model", "second-model"]);
    world.stop().await;
}
