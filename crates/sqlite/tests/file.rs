//! The database file: who may open it, and what is found in it after a process has died.

#![expect(clippy::unwrap_used, reason = "what a test needs is there, or the test fails")]

use std::path::Path;

use chatloom_domain::message::MessageStatus;
use chatloom_domain::session::ChatSession;
use chatloom_ports::store::{StoreError, Stores};
use chatloom_sqlite::{OpenError, SqliteStore};
use chatloom_testkit::sample;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

/// Opens the file and adds a team, a workflow, a widget and a session to it.
async fn open_with_session(path: &Path) -> (Stores, ChatSession) {
    let stores = SqliteStore::open(path).await.unwrap().stores();
    let team = sample::team_id(1);
    let add_team = format!(
        "INSERT INTO teams (id, name, created_at) VALUES (x'{}', 'One', 0)",
        team.as_uuid().as_simple()
    );
    SqliteConnection::establish(path.to_str().unwrap()).unwrap().batch_execute(&add_team).unwrap();
    let workflow = sample::workflow(team, 1);
    stores.workflows.create_workflow(&workflow, &sample::audit_record()).await.unwrap();
    let widget = sample::widget(team, workflow.id, 1);
    stores.widgets.create_widget(&widget, &sample::stored_token(1), &sample::audit_record()).await.unwrap();
    let session = sample::chat_session(widget.id, 1);
    stores.sessions.open_session(&session, widget.version, None).await.unwrap();
    (stores, session)
}

#[tokio::test]
async fn a_file_that_is_open_already_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chatloom.db");
    let first = SqliteStore::open(&path).await.unwrap();
    let Err(error) = SqliteStore::open(&path).await else {
        panic!("the file was opened twice");
    };
    assert!(matches!(&error, OpenError::InUse(busy) if *busy == path));
    assert_eq!(error.to_string(), format!("database file {} is in use by another process", path.display()));
    drop(first);
    SqliteStore::open(&path).await.unwrap();
}

#[tokio::test]
async fn a_file_without_a_folder_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = SqliteStore::open(&folder.path().join("missing/chatloom.db")).await;
    assert!(matches!(outcome.map(|_| ()), Err(OpenError::File(..))));
}

#[tokio::test]
async fn a_file_of_another_kind_is_an_error_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    let letter = "Dear database, ".repeat(100);
    std::fs::write(&path, &letter).unwrap();
    assert!(matches!(SqliteStore::open(&path).await.map(|_| ()), Err(OpenError::Prepare(..))));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), letter);
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_a_new_file() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chatloom.db");
    let (_stores, _) = open_with_session(&path).await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
    }
}

#[tokio::test]
async fn a_turn_that_a_dead_process_left_running_can_be_broken_off_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chatloom.db");
    let (stores, session) = open_with_session(&path).await;
    let new = sample::new_turn(&session, 1);
    stores.turns.begin_turn(&new).await.unwrap();
    let long_before_the_lease_ends = new.turn.started_at;
    assert_eq!(stores.turns.interrupt_expired_turns(long_before_the_lease_ends, 10).await.unwrap(), []);
    drop(stores);

    let stores = SqliteStore::open(&path).await.unwrap().stores();
    let broken = stores.turns.interrupt_expired_turns(long_before_the_lease_ends, 10).await.unwrap();
    assert_eq!(broken, [new.turn.id]);
    let messages = stores.sessions.list_messages(session.id, None, 10).await.unwrap();
    assert_eq!(messages[1].status, MessageStatus::Failed);
}

#[tokio::test]
async fn work_is_finished_when_its_caller_has_left() {
    let folder = tempfile::tempdir().unwrap();
    let (stores, _) = open_with_session(&folder.path().join("chatloom.db")).await;
    let team = sample::team_id(1);
    let abandoned: Vec<_> = (2..102).map(|n| sample::workflow(team, n)).collect();
    for workflow in &abandoned {
        let record = sample::audit_record();
        let work = stores.workflows.create_workflow(workflow, &record);
        // Dropped at its first wait, on a runtime with a single thread.
        assert!(futures::FutureExt::now_or_never(work).is_none());
    }
    // The writer comes back from those that had begun, without an open transaction.
    stores.workflows.create_workflow(&sample::workflow(team, 102), &sample::audit_record()).await.unwrap();
    let begun = stores.workflows.find_workflow(team, abandoned[0].id).await.unwrap();
    assert_eq!(begun.as_ref(), Some(&abandoned[0]));
}

#[tokio::test]
async fn turns_that_cannot_be_read_do_not_keep_others_running() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chatloom.db");
    let (stores, first) = open_with_session(&path).await;
    let sessions = [first.clone(), sample::chat_session(first.widget_id, 2)];
    stores.sessions.open_session(&sessions[1], 1, None).await.unwrap();
    let turns = [sample::new_turn(&sessions[0], 1), sample::new_turn(&sessions[1], 2)];
    for new in &turns {
        stores.turns.begin_turn(new).await.unwrap();
    }
    let spoil = format!(
        "PRAGMA busy_timeout = 5000; UPDATE turns SET generation = -1 WHERE id = x'{}'",
        turns[0].turn.id.as_uuid().as_simple()
    );
    SqliteConnection::establish(path.to_str().unwrap()).unwrap().batch_execute(&spoil).unwrap();
    let sweep = || stores.turns.interrupt_expired_turns(sample::at(99), 10);
    assert_eq!(sweep().await.unwrap(), [turns[1].turn.id]);
    assert!(matches!(sweep().await, Err(StoreError::Inconsistent { .. })));
}
