//! The throw-away PostgreSQL starts, separates its databases, survives outages, and leaves nothing behind.

#![expect(clippy::expect_used, reason = "a test that cannot ask the server fails")]

use std::path::{Path, PathBuf};
use std::process::Command;

use chatloom_testkit::postgres::{TestDatabase, ThrowawayPostgres};

/// What `psql` prints for a statement, without decoration; `None` if it fails.
fn answer(url: &str, statement: &str) -> Option<String> {
    let output = Command::new("psql").args(["-X", "-q", "-A", "-t", "-d", url, "-c", statement]).output();
    let output = output.expect("psql comes with the server");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The server's folder, which its URL names.
fn folder_of(url: &str) -> PathBuf {
    let (_, parameters) = url.split_once("?host=").expect("the URL names a socket's folder");
    Path::new(parameters.split('&').next().expect("split gives at least one part")).to_owned()
}

#[tokio::test]
async fn each_test_has_a_database_of_its_own() {
    let (one, other) = tokio::join!(TestDatabase::create(), TestDatabase::create());
    assert!(answer(&one.url, "CREATE TABLE mine (id int)").is_some());
    assert_eq!(answer(&one.url, "SELECT count(*) FROM mine").as_deref(), Some("0"));
    assert_eq!(answer(&other.url, "SELECT count(*) FROM mine"), None);
}

#[tokio::test]
async fn a_database_is_dropped_with_its_handle() {
    let database = TestDatabase::create().await;
    let url = database.url.clone();
    assert!(answer(&url, "SELECT 1").is_some());
    drop(database);
    assert_eq!(answer(&url, "SELECT 1"), None);
}

#[test]
fn committed_data_survives_both_kinds_of_stop() {
    let server = ThrowawayPostgres::start().unwrap();
    let url = server.url();
    assert!(answer(&url, "CREATE TABLE kept (id int); CHECKPOINT").is_some());
    for stop in [ThrowawayPostgres::stop_fast, ThrowawayPostgres::stop_immediate] {
        stop(&server).unwrap();
        assert_eq!(answer(&url, "SELECT 1"), None);
        server.start_again().unwrap();
        assert_eq!(answer(&url, "SELECT count(*) FROM kept").as_deref(), Some("0"));
    }
}

#[test]
fn the_server_is_gone_with_its_handle() {
    let server = ThrowawayPostgres::start().unwrap();
    let (url, folder) = (server.url(), folder_of(&server.url()));
    assert!(folder.is_dir());
    drop(server);
    assert_eq!(answer(&url, "SELECT 1"), None);
    assert!(!folder.exists());
}

#[test]
fn a_stopped_server_leaves_nothing_behind_either() {
    let server = ThrowawayPostgres::start().unwrap();
    let folder = folder_of(&server.url());
    server.stop_immediate().unwrap();
    drop(server);
    assert!(!folder.exists());
}
