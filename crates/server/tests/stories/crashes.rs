//! `kill -9` in mid-answer: what was acknowledged is there, and the orphaned turn ends.

use std::collections::BTreeMap;

use chatloom_testkit::model_server::{Gate, ModelServer, Reply};
use nix::sys::signal::Signal;
use serde_json::json;

use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Dashboard, Database, DatabaseKind, Process, Visitor, eventually, settings,
};

on_both_databases!(a_turn_that_its_process_left_behind_becomes_interrupted);

fn json_settings(database: &Database, model: &ModelServer) -> BTreeMap<&'static str, String> {
    let mut settings = settings(database, model);
    settings.insert("LOG_FORMAT", "json".to_owned());
    settings
}

async fn a_turn_that_its_process_left_behind_becomes_interrupted(kind: DatabaseKind) {
    let (database, model) = (Database::create(kind).await, ModelServer::start().await);
    let settings = json_settings(&database, &model);
    let mut process = Process::start(&settings);
    let client = process.client().await;
    let dashboard = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let visitor = Visitor::arrive(&client, &dashboard.embed_token(&widget).await).await;
    let gate = Gate::new();
    model.queue(Reply::text(["Half ", "and half."]).hold_after(1, &gate));
    visitor.ask("Go on").await.until("token").await;
    // The history shows what the log in the database holds, so this waits for the flush.
    eventually("the first piece is stored", async || {
        (visitor.history().await.last()?["content"] == "Half ").then_some(())
    })
    .await;

    process.signal(Signal::SIGKILL);
    process.ended().await;
    let mut next = Process::start(&settings);
    let visitor = visitor.at(&next.client().await);
    let answer = visitor.last_message().await;
    assert_eq!((&answer["content"], &answer["status"]), (&json!("Half "), &json!("interrupted")));
    assert_eq!(visitor.history().await[0]["content"], "Go on");
    // The session is free again.
    assert_eq!(visitor.ask("Again").await.rest().await.last().unwrap().name, "done");
}
