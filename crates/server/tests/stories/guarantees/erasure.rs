//! G01 to G06: what is erased is gone, for those alone who may erase it, and by itself when its time has come.

use chatloom_testkit::model_server::{Gate, ModelServer, Reply};
use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::json;

use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Dashboard, Database, DatabaseKind, Events, Process, Visitor, World,
    eventually, files_contain, process_settings,
};

on_both_databases!(
    g01_a_visitor_erases_their_own_conversation_and_nobody_elses,
    g03_only_an_administrator_of_the_team_erases_a_visitor,
    g04_what_was_kept_for_long_enough_goes_though_sweepers_are_killed,
    g06_a_deleted_widget_leaves_one_hash,
);

const CANARY: &str = "canary-9f31c07a";

/// No table has the text any more.
const NOWHERE: &str = "(SELECT count(*) FROM messages WHERE content LIKE '%canary-%' \
        OR page_context LIKE '%canary-%' OR feedback_reason LIKE '%canary-%') = 0 \
    AND (SELECT count(*) FROM turn_events WHERE body LIKE '%canary-%') = 0";

async fn gone_from_files(database: &Database) {
    eventually("the text is in no file", async || (!database.files_contain(CANARY)).then_some(())).await;
}

async fn g01_a_visitor_erases_their_own_conversation_and_nobody_elses(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    dashboard.put(&format!("/widgets/{widget}"), &json!({ "pageContext": true })).await.expect(200);
    let visitor = Visitor::arrive(&world.client, &dashboard.embed_token(&widget).await).await;
    let said = json!({ "content": format!("My number is {CANARY}"), "context": { "number": CANARY } });
    let sent = visitor.request(Method::POST, "/messages").json(&said);
    let events = Events::of(sent.send().await.unwrap()).rest().await;
    let answer = events[0].data["messageId"].as_str().unwrap();
    let thought = json!({ "rating": "bad", "reason": format!("You told me {CANARY}") });
    let rate = visitor.request(Method::POST, &format!("/messages/{answer}/feedback"));
    Answer::of(rate.json(&thought)).await.expect(204);
    assert!(world.database.holds(
        "(SELECT count(*) FROM messages WHERE page_context LIKE '%canary-%' OR feedback_reason LIKE '%canary-%') = 2"
    ));
    assert_eq!(world.database.files_contain(CANARY), kind == DatabaseKind::Sqlite);
    let foreign = world.visitor("openai").await;
    let [_, secret] = foreign.secrets();
    for stranger in [visitor.clone().with_secret(""), visitor.clone().with_secret(secret)] {
        stranger.erase().await.expect_error(404, "session_not_found");
    }
    visitor.clone().with_token(foreign.secrets()[0]).erase().await.expect_error(404, "session_not_found");
    assert_eq!(visitor.history().await.len(), 2);

    visitor.erase().await.expect(204);
    visitor.erase().await.expect_error(404, "session_not_found");
    let watched = Answer::read(visitor.watch(events[0].turn(), None).await).await;
    watched.expect_error(404, "session_not_found");
    assert!(world.database.holds(NOWHERE));
    assert!(world.database.holds("(SELECT count(*) FROM turns) = 0"));
    gone_from_files(&world.database).await;
    world.stop().await;
}

async fn g03_only_an_administrator_of_the_team_erases_a_visitor(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let admin = world.dashboard().await;
    let other_team = "00000000-0000-7000-8000-0000000000aa";
    world.database.execute(&format!(
        "INSERT INTO teams (id, name, created_at) SELECT {}, 'Others', created_at FROM teams LIMIT 1",
        world.database.id(other_team)
    ));
    let widget = admin.create_widget_answered_by("openai").await;
    let token = admin.embed_token(&widget).await;
    let visitor = Visitor::arrive(&world.client, &token).await;
    let gate = Gate::new();
    world.model.queue(Reply::text(["Noted: ", CANARY, "."]).hold_after(2, &gate));
    let mut events = visitor.ask(&format!("My number is {CANARY}")).await;
    events.until("token").await;

    let path = format!("/widgets/{widget}/erasures");
    let body = json!({ "sessionId": visitor.session() });
    for (number, (role, status)) in (1..).zip([("VIEWER", 403), ("OPERATOR", 403), ("BUILDER", 403)]) {
        let email = format!("{}@example.com", role.to_lowercase());
        world.database.add_user(number, &email, admin.team(), role);
        let member = Dashboard::sign_in(&world.client, &email, ADMIN_PASSWORD).await;
        member.post(&path, &body).await.expect_error(status, "not_permitted");
        member
            .post(&format!("/widgets/{widget}/identity-secret"), &json!({}))
            .await
            .expect_error(403, "not_permitted");
    }
    world.database.add_user(9, "other@example.com", other_team, "ADMIN");
    let stranger = Dashboard::sign_in(&world.client, "other@example.com", ADMIN_PASSWORD).await;
    stranger.post(&path, &body).await.expect_error(404, "widget_not_found");
    stranger.in_team_of(&admin).post(&path, &body).await.expect_error(404, "team_not_found");
    let foreign = admin.create_widget_answered_by("openai").await;
    let elsewhere = admin.post(&format!("/widgets/{foreign}/erasures"), &body).await;
    assert_eq!(elsewhere.expect(200), json!({ "erasedSessions": 0 }));
    assert_eq!(visitor.history().await.len(), 2);
    assert!(
        world.database.holds("(SELECT count(*) FROM chat_sessions WHERE running_turn_id IS NOT NULL) = 1")
    );

    // The administrator's erasure ends the answer that is being written, and it does not come back.
    assert_eq!(admin.post(&path, &body).await.expect(200), json!({ "erasedSessions": 1 }));
    let rest = events.rest().await;
    assert_eq!(rest.last().unwrap().name, "error", "{rest:?}");
    gate.release();
    Answer::read(visitor.send("Still there?").await).await.expect_error(404, "session_not_found");
    let stats = admin.get(&format!("/widgets/{widget}/stats")).await.expect(200);
    assert_eq!(stats["totalSessions"], 1);
    let database = &world.database;
    assert!(database.holds(NOWHERE) && database.holds("(SELECT count(*) FROM turns) = 0"));
    gone_from_files(database).await;
    world.stop().await;
}

/// Puts as many old conversations into the database as takes a sweeper some seconds.
fn add_old_conversations(database: &Database, widget: &str, count: u32, kind: DatabaseKind) {
    let (widget, old) = (database.id(widget), database.days_ago(3));
    let (numbers, id) = match kind {
        DatabaseKind::Sqlite => (
            format!(
                "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT i FROM n)"
            ),
            "randomblob(16)",
        ),
        DatabaseKind::Postgres => (format!("(SELECT generate_series(1, {count}) AS i)"), "gen_random_uuid()"),
    };
    database.execute(&format!(
        "INSERT INTO chat_sessions (id, widget_id, visitor_id, created_at, last_active_at, last_seq) \
         SELECT {id}, {widget}, 'old', {old}, {old}, 1 FROM {numbers} AS numbers; \
         INSERT INTO messages (id, session_id, seq, author, content, status, created_at) \
         SELECT {id}, id, 1, 'user', '{CANARY}', 'complete', {old} FROM chat_sessions WHERE visitor_id = 'old';"
    ));
}

async fn g04_what_was_kept_for_long_enough_goes_though_sweepers_are_killed(kind: DatabaseKind) {
    let (database, model) = (Database::create(kind).await, ModelServer::start().await);
    let settings = process_settings(&database, &model);
    let mut process = Process::start(&settings);
    let client = process.client().await;
    let dashboard = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let path = format!("/widgets/{widget}");
    dashboard.put(&path, &json!({ "retentionDays": 1 })).await.expect(200);
    let newer = Visitor::arrive(&client, &dashboard.embed_token(&widget).await).await;
    newer.ask("I am new").await.rest().await;
    let stats = dashboard.get(&format!("{path}/stats")).await.expect(200);
    process.signal(Signal::SIGKILL);
    process.ended().await;

    add_old_conversations(&database, &widget, 6_000, kind);
    let old = |comparison: &str| {
        database.holds(&format!("(SELECT count(*) FROM chat_sessions WHERE visitor_id = 'old') {comparison}"))
    };
    let mut process = Process::start(&settings);
    eventually("the first have been erased", async || old("< 6000").then_some(())).await;
    process.signal(Signal::SIGKILL);
    process.ended().await;
    assert!(old("> 0"), "the sweep was not cut off in its middle");

    let mut process = Process::start(&settings);
    let client = process.client().await;
    eventually("all old ones have been erased", async || old("= 0").then_some(())).await;
    assert!(database.holds(NOWHERE));
    gone_from_files(&database).await;
    let newer = newer.at(&client);
    assert_eq!(newer.history().await.len(), 2);
    assert_eq!(dashboard.at(&client).get(&format!("{path}/stats")).await.expect(200), stats);
}

async fn g06_a_deleted_widget_leaves_one_hash(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let path = format!("/widgets/{widget}");
    let named = json!({ "name": CANARY, "allowedDomains": ["canary.example"], "allowNoOrigin": true });
    dashboard.put(&path, &named).await.expect(200);
    dashboard.post(&format!("{path}/identity-secret"), &json!({})).await.expect(200);
    let token = dashboard.embed_token(&widget).await;
    let visitor = Visitor::arrive(&world.client, &token).await;
    visitor.ask(&format!("My number is {CANARY}")).await.rest().await;
    dashboard.delete(&path).await.expect(204);

    for table in ["chat_sessions", "messages", "turns", "turn_events", "widget_daily", "identity_secrets"] {
        assert!(world.database.holds(&format!("(SELECT count(*) FROM {table}) = 0")), "{table}");
    }
    assert!(world.database.holds(
        "(SELECT count(*) FROM widgets) = 1 AND (SELECT count(*) FROM widgets WHERE length(token_hash) = 32 \
         AND name IS NULL AND workflow_id IS NULL AND customization IS NULL AND allowed_domains IS NULL \
         AND sealed_token IS NULL AND previous_token_hash IS NULL AND deleted_at IS NOT NULL) = 1"
    ));
    world.client.get(&format!("/api/widget-chat/init/{token}")).await.expect_error(410, "widget_gone");
    gone_from_files(&world.database).await;
    world.stop().await;
}

/// The default that nobody has configured: what a visitor erases is in none of its files a minute later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_default_keeps_no_trace_of_what_was_erased() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let settings = [("PORT", "0"), ("LOG_FORMAT", "json"), ("DATA_DIR", data.to_str().unwrap())];
    let mut process = Process::start(&settings.map(|(name, value)| (name, value.to_owned())).into());
    let client = process.client().await;
    let page = client.request(reqwest::Method::GET, "/demo").send().await.unwrap().text().await.unwrap();
    let token = page.split_once("data-token=\"").unwrap().1.split('"').next().unwrap();
    let visitor = Visitor::arrive(&client, token).await;
    visitor.ask(CANARY).await.until("done").await;
    assert!(files_contain(&data, CANARY));
    visitor.erase().await.expect(204);
    eventually("the text is in no file", async || (!files_contain(&data, CANARY)).then_some(())).await;
    process.signal(Signal::SIGTERM);
    assert_eq!(process.ended().await.code(), Some(0));
    assert!(!files_contain(&data, CANARY));
}
