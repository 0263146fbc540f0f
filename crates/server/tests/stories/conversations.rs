//! Questions and answers: streams, history, and visitors who do not stay.

use chatloom_testkit::model_server::{Gate, Reply};
use serde_json::json;

use crate::world::{Answer, DatabaseKind, World, spoken};

on_both_databases!(
    an_answer_streams_in_pieces_that_add_up_in_both_wire_formats,
    the_model_is_asked_with_the_key_and_the_conversation,
    a_visitor_who_leaves_in_mid_answer_finds_the_whole_answer,
    a_second_question_waits_for_the_first_answer,
    a_conversation_opens_only_with_its_secret,
);

async fn an_answer_streams_in_pieces_that_add_up_in_both_wire_formats(kind: DatabaseKind) {
    let world = World::start(kind).await;
    for provider in ["openai", "anthropic"] {
        let visitor = world.visitor(provider).await;
        let pieces = ["I can help ", "with billing: ", "**naïve** ", "👩‍🚀\n", "done."];
        world.model.queue(Reply::text(pieces));
        let events = visitor.ask("I need help with billing").await.rest().await;

        let names: Vec<_> = events.iter().map(|event| event.name.as_str()).collect();
        assert_eq!((names[0], names[names.len() - 1]), ("start", "done"), "{provider}");
        assert!(names[1..names.len() - 1].iter().all(|name| *name == "token"), "{names:?}");
        let (start, done) = (&events[0].data, &events[events.len() - 1].data);
        assert_eq!(spoken(&events), pieces.concat());
        assert_eq!(done["content"], pieces.concat());
        assert_eq!(done["messageId"], start["messageId"]);
        assert_eq!(done["finishReason"], "stop");
        assert_eq!(done["tokenUsage"], json!({ "input": 11, "output": 7 }));
        let turn = start["turnId"].as_str().unwrap();
        for (number, event) in events.iter().enumerate() {
            let (prefix, sequence) = event.id.rsplit_once(':').unwrap();
            assert_eq!(sequence.parse::<usize>().unwrap(), number + 1, "{}", event.id);
            assert_eq!(prefix, format!("{turn}:1"));
        }

        let history = visitor.history().await;
        let [question, answer] = &history[..] else { panic!("{history:?}") };
        assert_eq!((&question["id"], &answer["id"]), (&start["userMessageId"], &start["messageId"]));
        assert_eq!((&question["role"], &answer["role"]), (&json!("user"), &json!("assistant")));
        assert_eq!(
            (&question["content"], &answer["content"]),
            (&json!("I need help with billing"), &done["content"])
        );
        assert!(answer.get("status").is_none(), "{answer}");
    }
    world.stop().await;
}

async fn the_model_is_asked_with_the_key_and_the_conversation(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let visitor = world.visitor("openai").await;
    world.model.queue(Reply::text(["Forty-two."]));
    visitor.ask("What is the answer?").await.rest().await;
    visitor.ask("And the question?").await.rest().await;
    let requests = world.model.requests();
    let [_, second] = &requests[..] else { panic!("{} requests", requests.len()) };
    assert_eq!(second.header("authorization"), Some("Bearer sk-openai-canary"));
    let expected = json!([
        { "role": "system", "content": "Be brief." },
        { "role": "user", "content": "What is the answer?" },
        { "role": "assistant", "content": "Forty-two." },
        { "role": "user", "content": "And the question?" },
    ]);
    assert_eq!(second.body["messages"], expected);

    let visitor = world.visitor("anthropic").await;
    visitor.ask("Hello").await.rest().await;
    let requests = world.model.requests();
    let third = requests.last().unwrap();
    assert_eq!(third.path, "/v1/messages");
    assert_eq!(third.header("x-api-key"), Some("sk-anthropic-canary"));
    assert_eq!(third.body["system"], "Be brief.");
    world.stop().await;
}

async fn a_visitor_who_leaves_in_mid_answer_finds_the_whole_answer(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let visitor = world.visitor("openai").await;
    let gate = Gate::new();
    world.model.queue(Reply::text(["Once upon ", "a time."]).hold_after(1, &gate));
    let mut events = visitor.ask("Tell me a story").await;
    assert_eq!(events.until("token").await.data["content"], "Once upon ");
    drop(events);
    gate.release();
    let answer = visitor.last_message().await;
    assert_eq!(answer["content"], "Once upon a time.");
    assert!(answer.get("status").is_none(), "{answer}");
    world.stop().await;
}

async fn a_second_question_waits_for_the_first_answer(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let visitor = world.visitor("openai").await;
    let gate = Gate::new();
    world.model.queue(Reply::text(["One", "."]).hold_after(1, &gate));
    let mut events = visitor.ask("First").await;
    let turn = events.until("start").await.data["turnId"].clone();
    let refusal = Answer::read(visitor.send("Second").await).await.expect_error(409, "turn_running");
    assert_eq!(refusal["turnId"], turn);
    gate.release();
    events.until("done").await;
    visitor.ask("Second").await.until("done").await;
    assert_eq!(visitor.history().await.len(), 4);
    world.stop().await;
}

async fn a_conversation_opens_only_with_its_secret(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let visitor = world.visitor("openai").await;
    visitor.ask("A secret of mine").await.rest().await;
    let thief = visitor.with_secret("wrong");
    Answer::read(thief.send("What did I say?").await).await.expect_error(404, "session_not_found");
    thief.erase().await.expect_error(404, "session_not_found");
    world.stop().await;
}
