//! Clients that hang up while their request is being worked on: no transaction stays open, and no turn hangs.

use std::time::Duration;

use chatloom_testkit::model_server::ModelServer;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Client, Dashboard, Database, DatabaseKind, Process, RawConnection, Visitor,
    eventually, process_settings,
};

on_both_databases!(a_thousand_requests_that_are_dropped_leave_nothing_behind);

const REQUESTS: usize = 1000;
const VISITORS: usize = 20;

/// Raises an exception while somebody of the service holds a transaction open and does nothing in it.
const NO_IDLE_TRANSACTION: &str = "DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND state LIKE 'idle in transaction%')
    THEN RAISE EXCEPTION 'a transaction was left open'; END IF;
END $$";

async fn a_thousand_requests_that_are_dropped_leave_nothing_behind(kind: DatabaseKind) {
    let (database, model) = (Database::create(kind).await, ModelServer::start().await);
    let mut process = Process::start(&process_settings(&database, &model));
    let (address, client) = (process.address().await, process.client().await);
    let dashboard = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let token = dashboard.embed_token(&dashboard.create_widget_answered_by("openai").await).await;
    let mut visitors = Vec::new();
    for _ in 0..VISITORS {
        visitors.push(Visitor::arrive(&client, &token).await);
    }

    for number in 0..REQUESTS {
        let mut connection = RawConnection::open(address, 64 * 1024).await;
        connection.send(request(&client, &visitors[number % VISITORS], &token, number)).await;
        // Each is caught at another point of its way, from the first byte to the middle of the answer.
        tokio::time::sleep(Duration::from_micros(number as u64 % 16 * 250)).await;
        connection.reset();
    }

    for visitor in &visitors {
        let last = visitor.last_message().await;
        assert_eq!((&last["role"], last.get("status")), (&json!("assistant"), None));
        let told = visitor.ask("Is all well?").await.rest().await;
        assert_eq!(told.last().unwrap().data["content"], "You said: Is all well?");
        let history = visitor.history().await;
        for pair in history.chunks(2) {
            assert_eq!((&pair[0]["role"], &pair[1]["role"]), (&json!("user"), &json!("assistant")));
            assert_eq!(pair[1]["content"], format!("You said: {}", pair[0]["content"].as_str().unwrap()));
        }
    }
    if kind == DatabaseKind::Postgres {
        eventually("no transaction is open", async || database.administer(NO_IDLE_TRANSACTION).then_some(()))
            .await;
    }
    assert!(!process.log().contains("panicked"), "{}", process.log());
}

/// Requests of all sorts, those that write more often.
fn request(client: &Client, visitor: &Visitor, token: &str, number: usize) -> RequestBuilder {
    let content = format!("Question {number}");
    match number / VISITORS % 5 {
        0 | 1 => visitor.message(&content),
        2 => visitor.message(&content).header("idempotency-key", format!("key-{number}")),
        3 => visitor.request(Method::GET, "/messages"),
        _ => client.request(Method::POST, "/api/widget-chat/sessions").json(&json!({ "token": token })),
    }
}
