//! A database that an earlier version made is brought up to date, and goes on serving replicas of that version.

#![expect(clippy::unwrap_used, reason = "what a test needs is there, or the test fails")]

use chatloom_domain::customization::{Customization, Data};
use chatloom_domain::message::MessageStatus;
use chatloom_domain::turn::TurnEvent;
use chatloom_domain::widget::WidgetRules;
use chatloom_ports::store::Stores;
use chatloom_postgres::{PoolConfig, PostgresStore};
use chatloom_testkit::postgres::TestDatabase;
use chatloom_testkit::sample;
use tokio_postgres::{Client, NoTls};

/// What an owner kept under names that mean something by now, beside what must not change.
const NOTES: &str = concat!(
    r#"{"customCss":[1e16,"}"],"notes":{"strings":null,"x":"\u0000,\"strings\":"},"#,
    r#""strings":{"de":1},"stringsBefore":"mine","title":"Old"}"#
);
const FIRST: &str = include_str!("../../../migrations/postgres/0001_first_tables/up.sql");
const SECOND: &str = include_str!("../../../migrations/postgres/0002_keys_stops_and_fallbacks/up.sql");

async fn outsider(database: &TestDatabase) -> Client {
    let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "it ends with the client, and the client with the test")]
    tokio::spawn(connection);
    client
}

/// The tables of the first migration, with a conversation of which the answer broke off.
async fn first_version(client: &Client) {
    let (team, workflow, widget) = (sample::team_id(1), sample::workflow_id(1), sample::widget_id(1));
    let listed = sample::widget_id(2);
    let turn = sample::turn(sample::session_id(1), 1);
    let (session, question, answer) = (turn.session_id, turn.user_message_id, turn.assistant_message_id);
    let fill = format!(
        r#"{FIRST}
        CREATE TABLE __diesel_schema_migrations
            (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
        INSERT INTO __diesel_schema_migrations (version) VALUES ('0001');
        INSERT INTO teams VALUES ('{team}', 'One', now());
        INSERT INTO workflows (id, team_id, name, instructions, provider, model, created_at, updated_at, version)
            VALUES ('{workflow}', '{team}', 'Old', 'Be kind.', 'scripted', 'old-1', now(), now(), 1);
        INSERT INTO widgets (id, team_id, workflow_id, name, active, customization, allowed_domains, token_hash,
                sealed_token, created_at, updated_at, version)
            VALUES ('{widget}', '{team}', '{workflow}', 'Old', true, '{NOTES}', '{{}}', '\x00', '\x00', now(), now(), 1),
                ('{listed}', '{team}', '{workflow}', 'Old', true, '{{}}', '{{shop.example}}', '\x01', '\x01', now(), now(), 1);
        INSERT INTO chat_sessions (id, widget_id, created_at, last_active_at, last_seq)
            VALUES ('{session}', '{widget}', now(), now(), 2);
        INSERT INTO messages VALUES
            ('{question}', '{session}', 1, 'user', 'Question 1?', 'complete', now()),
            ('{answer}', '{session}', 2, 'assistant', 'Half', 'interrupted', now());
        INSERT INTO turns (id, session_id, user_message_id, assistant_message_id, generation, state, failure,
                input_tokens, output_tokens, started_at, ended_at, has_log)
            VALUES ('{}', '{session}', '{question}', '{answer}', 1, 'interrupted', 'answer_interrupted', 0, 0,
                now(), now(), true);
        INSERT INTO turn_events VALUES ('{}', 1, 1, 3, '[
            {{"started": {{"user_message_id": "{question}", "assistant_message_id": "{answer}"}}}},
            {{"text": "Half"}},
            {{"broken": {{"failure": "answer_interrupted", "at_us": 1}}}}]');"#,
        turn.id, turn.id
    );
    client.batch_execute(&fill).await.unwrap();
}

async fn connect(database: &TestDatabase) -> Stores {
    PostgresStore::connect(&database.url, PoolConfig::default()).await.unwrap().stores()
}

/// The owner's notes under the names that they have by now.
/// PostgreSQL cannot work on a text with NUL in it.
fn notes() -> Customization {
    let text = |text: &str| Data::Text(text.to_owned());
    let within = [("strings".to_owned(), Data::Null), ("x".to_owned(), text("\u{fffd},\"strings\":"))];
    let entries = [
        ("customCssBefore", Data::List(vec![Data::Float(1e16), text("}")])),
        ("notes", Data::Object(within.into())),
        ("stringsBefore", text("mine")),
        ("title", text("Old")),
    ];
    Customization::parse(entries.map(|(key, value)| (key.to_owned(), value)).into()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_first_version_stored_is_found_by_replicas_that_upgrade_at_once() {
    let database = TestDatabase::create().await;
    first_version(&outsider(&database).await).await;
    let (stores, other) = tokio::join!(connect(&database), connect(&database));

    let workflow = stores.workflows.find_workflow(sample::team_id(1), sample::workflow_id(1)).await.unwrap();
    assert_eq!(workflow.unwrap().agent.fallback, None);
    let widget = stores.widgets.find_widget(sample::team_id(1), sample::widget_id(1)).await.unwrap();
    let widget = widget.unwrap();
    assert_eq!((widget.rules, widget.customization), (WidgetRules::default(), notes()));
    let listed = stores.widgets.find_widget(sample::team_id(1), sample::widget_id(2)).await.unwrap();
    assert!(!listed.unwrap().rules.hosted_page, "nobody has asked for a page beside the list");
    let (session, turn) = (sample::chat_session(sample::widget_id(1), 1), sample::turn_id(1));
    let messages = other.sessions.list_messages(session.id, None, 10).await.unwrap();
    assert_eq!((messages[1].status, messages[1].turn_id), (MessageStatus::Interrupted, Some(turn)));
    let log = other.turns.find_turn_log(session.id, turn).await.unwrap().unwrap();
    assert_eq!(log.content, "Half");
    assert!(matches!(&log.events[1].event, TurnEvent::Text(text) if text == "Half"));
    assert!(log.events[2].event.is_terminal());

    let retried = stores.turns.retry_turn(&sample::turn_retry(&session, 1)).await.unwrap();
    assert_eq!((retried.turn.generation, retried.question.content.as_str()), (2, "Question 1?"));
    assert_eq!(other.turns.interrupt_expired_turns(sample::at(99), 10).await.unwrap(), [turn]);
    other.turns.begin_turn(&sample::keyed_turn(&session, 2, "key")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_died_half_way_is_done_again() {
    let database = TestDatabase::create().await;
    let client = outsider(&database).await;
    first_version(&client).await;
    client.batch_execute(&format!("BEGIN; {SECOND}")).await.unwrap();
    drop(client);
    let stores = connect(&database).await;
    let session = sample::chat_session(sample::widget_id(1), 1);
    stores.turns.begin_turn(&sample::keyed_turn(&session, 2, "key")).await.unwrap();
}

/// What a replica of the first version writes, in its words.
#[tokio::test(flavor = "multi_thread")]
async fn replicas_of_the_first_version_go_on_working() {
    let database = TestDatabase::create().await;
    let client = outsider(&database).await;
    first_version(&client).await;
    let stores = connect(&database).await;
    let (session, owner) = (sample::session_id(1), sample::replica_id(1));
    let turn = sample::turn(session, 2);
    let begin = format!(
        "UPDATE chat_sessions SET running_turn_id = '{turn}', last_seq = last_seq + 2;
        INSERT INTO messages (id, session_id, seq, author, content, status, created_at) VALUES
            ('{}', '{session}', 3, 'user', 'Old?', 'complete', now()),
            ('{}', '{session}', 4, 'assistant', '', 'streaming', now());
        INSERT INTO turns (state, input_tokens, output_tokens, has_log, id, session_id, user_message_id,
                assistant_message_id, generation, owner, lease_until, started_at)
            VALUES ('running', 0, 0, true, '{turn}', '{session}', '{}', '{}', 1, '{owner}', now(), now());
        UPDATE workflows SET name = 'Still old', version = version + 1;",
        turn.user_message_id,
        turn.assistant_message_id,
        turn.user_message_id,
        turn.assistant_message_id,
        turn = turn.id,
    );
    client.batch_execute(&begin).await.unwrap();
    let log = stores.turns.find_turn_log(session, turn.id).await.unwrap().unwrap();
    assert!(log.turn.is_running());
    assert_eq!(stores.turns.list_stop_requests(owner).await.unwrap(), []);
}
