//! Turns that cannot be read, and turns that somebody else has locked.

#![expect(clippy::unwrap_used, reason = "what a test needs is there, or the test fails")]

use chatloom_domain::turn::Turn;
use chatloom_ports::store::turns::TurnAppend;
use chatloom_ports::store::{StoreError, Stores};
use chatloom_postgres::{PoolConfig, PostgresStore};
use chatloom_testkit::postgres::TestDatabase;
use chatloom_testkit::sample;
use tokio_postgres::{Client, NoTls};

/// Three running turns with text in their logs, each in a session of its own, and a connection past the stores.
async fn three_turns(database: &TestDatabase) -> (Stores, Client, Vec<Turn>) {
    let stores = PostgresStore::connect(&database.url, PoolConfig::default()).await.unwrap().stores();
    let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "it ends with the client, and the client with the test")]
    tokio::spawn(connection);
    let team = sample::team_id(1);
    let insert = format!("INSERT INTO teams (id, name, created_at) VALUES ('{team}', 'One', now())");
    client.batch_execute(&insert).await.unwrap();
    let workflow = sample::workflow(team, 1);
    stores.workflows.create_workflow(&workflow, &sample::audit_record()).await.unwrap();
    let widget = sample::widget(team, workflow.id, 1);
    stores.widgets.create_widget(&widget, &sample::stored_token(1), &sample::audit_record()).await.unwrap();
    let mut turns = Vec::new();
    for n in 1..=3 {
        let session = sample::chat_session(widget.id, n);
        stores.sessions.open_session(&session, widget.version, None).await.unwrap();
        let new = sample::new_turn(&session, n);
        stores.turns.begin_turn(&new).await.unwrap();
        turns.push(new.turn);
    }
    let append = |turn: &Turn| TurnAppend {
        turn_id: turn.id,
        generation: turn.generation,
        events: sample::log(turn, &["Half"]),
    };
    let appends: Vec<_> = turns.iter().map(append).collect();
    let lease_until = sample::at(sample::LEASE_SECONDS);
    stores.turns.append_events(sample::replica_id(1), lease_until, &appends).await.unwrap();
    (stores, client, turns)
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_that_cannot_be_read_do_not_keep_others_running() {
    let database = TestDatabase::create().await;
    let (stores, client, turns) = three_turns(&database).await;
    let spoil = format!(
        "UPDATE turns SET generation = -1 WHERE id = '{}';
         UPDATE turn_events SET body = 'nonsense' WHERE turn_id = '{}'",
        turns[0].id, turns[1].id
    );
    client.batch_execute(&spoil).await.unwrap();
    let sweep = || stores.turns.interrupt_expired_turns(sample::at(99), 10);
    assert_eq!(sweep().await.unwrap(), [turns[2].id]);
    assert!(matches!(sweep().await, Err(StoreError::Inconsistent { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_passes_by_turns_that_are_being_deleted() {
    let database = TestDatabase::create().await;
    let (stores, client, turns) = three_turns(&database).await;
    assert_eq!(stores.turns.interrupt_expired_turns(sample::at(99), 10).await.unwrap().len(), 3);
    let erase = format!("BEGIN; DELETE FROM chat_sessions WHERE id = '{}'", turns[0].session_id);
    client.batch_execute(&erase).await.unwrap();
    // It neither waits for the deletion nor keeps it from going on.
    assert_eq!(stores.turns.prune_events(sample::at(999), 10).await.unwrap(), 2);
    client.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(stores.turns.prune_events(sample::at(999), 10).await.unwrap(), 1);
}
