//! A file that an earlier version made is brought up to date, with what is in it.

#![expect(clippy::unwrap_used, reason = "what a test needs is there, or the test fails")]

use std::path::Path;

use chatloom_domain::customization::{Customization, Data};
use chatloom_domain::message::MessageStatus;
use chatloom_domain::turn::TurnEvent;
use chatloom_domain::widget::WidgetRules;
use chatloom_sqlite::SqliteStore;
use chatloom_testkit::sample;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use uuid::Uuid;

/// What an owner kept under names that mean something by now, beside what must not change.
const NOTES: &str = concat!(
    r#"{"customCss":[1e16,"}"],"notes":{"strings":null,"x":"\u0000,\"strings\":"},"#,
    r#""strings":{"de":1},"stringsBefore":"mine","title":"Old"}"#
);
const FIRST: &str = include_str!("../../../migrations/sqlite/0001_first_tables/up.sql");

/// An id as a literal.
fn blob(id: Uuid) -> String {
    format!("x'{}'", id.as_simple())
}

/// The tables of the first migration, with a conversation of which the answer broke off, and a second turn running.
fn first_version(path: &Path) {
    let (team, workflow) = (blob(sample::team_id(1).as_uuid()), blob(sample::workflow_id(1).as_uuid()));
    let (widget, session) = (blob(sample::widget_id(1).as_uuid()), blob(sample::session_id(1).as_uuid()));
    let listed = blob(sample::widget_id(2).as_uuid());
    let message = |n: u32| sample::message_id(n).as_uuid();
    let [question, answer, second, place] = [2, 3, 4, 5].map(|n| blob(message(n)));
    let [broken, running] = [1, 2].map(|n| blob(sample::turn_id(n).as_uuid()));
    let owner = blob(sample::replica_id(1).as_uuid());
    let fill = format!(
        r#"{FIRST}
        CREATE TABLE __diesel_schema_migrations
            (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
        INSERT INTO __diesel_schema_migrations (version) VALUES ('0001');
        INSERT INTO teams VALUES ({team}, 'One', 0);
        INSERT INTO workflows (id, team_id, name, instructions, provider, model, created_at, updated_at, version)
            VALUES ({workflow}, {team}, 'Old', 'Be kind.', 'scripted', 'old-1', 0, 0, 1);
        INSERT INTO widgets (id, team_id, workflow_id, name, active, customization, allowed_domains, token_hash,
                sealed_token, created_at, updated_at, version)
            VALUES ({widget}, {team}, {workflow}, 'Old', 1, '{NOTES}', '[]', x'00', x'00', 0, 0, 1),
                ({listed}, {team}, {workflow}, 'Old', 1, '{{}}', '["shop.example"]', x'01', x'01', 0, 0, 1);
        INSERT INTO chat_sessions (id, widget_id, created_at, last_active_at, last_seq, running_turn_id)
            VALUES ({session}, {widget}, 0, 0, 4, {running});
        INSERT INTO messages VALUES
            ({question}, {session}, 1, 'user', 'Question 1?', 'complete', 0),
            ({answer}, {session}, 2, 'assistant', 'Half', 'interrupted', 0),
            ({second}, {session}, 3, 'user', 'Question 2?', 'complete', 0),
            ({place}, {session}, 4, 'assistant', '', 'streaming', 0);
        INSERT INTO turns VALUES
            ({broken}, {session}, {question}, {answer}, 1, 'interrupted', NULL, NULL, NULL, 'answer_interrupted',
                0, 0, 0, 0, 1),
            ({running}, {session}, {second}, {place}, 1, 'running', {owner}, 1, NULL, NULL, 0, 0, 0, NULL, 1);
        INSERT INTO turn_events VALUES ({broken}, 1, 1, 3, '[
            {{"started": {{"user_message_id": "{}", "assistant_message_id": "{}"}}}},
            {{"text": "Half"}},
            {{"broken": {{"failure": "answer_interrupted", "at_us": 1}}}}]');"#,
        message(2),
        message(3),
    );
    SqliteConnection::establish(path.to_str().unwrap()).unwrap().batch_execute(&fill).unwrap();
}

/// The owner's notes under the names that they have by now.
fn notes() -> Customization {
    let text = |text: &str| Data::Text(text.to_owned());
    let within = [("strings".to_owned(), Data::Null), ("x".to_owned(), text("\u{0},\"strings\":"))];
    let entries = [
        ("customCssBefore", Data::List(vec![Data::Float(1e16), text("}")])),
        ("notes", Data::Object(within.into())),
        ("stringsBefore", text("mine")),
        ("title", text("Old")),
    ];
    Customization::parse(entries.map(|(key, value)| (key.to_owned(), value)).into()).unwrap()
}

#[tokio::test]
async fn what_the_first_version_stored_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chatloom.db");
    first_version(&path);
    let stores = SqliteStore::open(&path).await.unwrap().stores();

    let workflow = stores.workflows.find_workflow(sample::team_id(1), sample::workflow_id(1)).await.unwrap();
    assert_eq!(workflow.unwrap().agent.fallback, None);
    let widget = stores.widgets.find_widget(sample::team_id(1), sample::widget_id(1)).await.unwrap();
    let widget = widget.unwrap();
    assert_eq!((widget.rules, widget.customization), (WidgetRules::default(), notes()));
    let listed = stores.widgets.find_widget(sample::team_id(1), sample::widget_id(2)).await.unwrap();
    assert!(!listed.unwrap().rules.hosted_page, "nobody has asked for a page beside the list");
    let session = sample::chat_session(sample::widget_id(1), 1);
    let messages = stores.sessions.list_messages(session.id, None, 10).await.unwrap();
    assert_eq!(
        (messages[1].status, messages[1].turn_id),
        (MessageStatus::Interrupted, Some(sample::turn_id(1)))
    );
    let log = stores.turns.find_turn_log(session.id, sample::turn_id(1)).await.unwrap().unwrap();
    assert_eq!(log.content, "Half");
    assert!(matches!(&log.events[1].event, TurnEvent::Text(text) if text == "Half"));
    assert!(log.events[2].event.is_terminal());

    // The process that ran the second turn is dead.
    let broken = stores.turns.interrupt_expired_turns(sample::at(0), 10).await.unwrap();
    assert_eq!(broken, [sample::turn_id(2)]);
    let retried = stores.turns.retry_turn(&sample::turn_retry(&session, 2)).await.unwrap();
    assert_eq!((retried.turn.generation, retried.question.content.as_str()), (2, "Question 2?"));
    assert_eq!(stores.turns.interrupt_expired_turns(sample::at(99), 10).await.unwrap(), [retried.turn.id]);
    stores.turns.begin_turn(&sample::keyed_turn(&session, 3, "key")).await.unwrap();
}
