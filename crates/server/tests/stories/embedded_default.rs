//! No settings at all: the service makes its own database, secret, administrator and demo.

use std::collections::BTreeMap;
use std::path::Path;

use nix::sys::signal::Signal;

use crate::world::{Dashboard, DatabaseKind, Process, Visitor, World};

fn nothing_but(data: &Path) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("PORT", "0".to_owned()),
        ("LOG_FORMAT", "json".to_owned()),
        ("DATA_DIR", data.display().to_string()),
    ])
}

/// The password in the line that is made to be copied.
fn printed_password(output: &str) -> Option<&str> {
    output.split_once("\"password\":\"")?.1.split('"').next()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_printed_password_signs_in_and_the_demo_answers() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(&nothing_but(folder.path()));
    let client = process.client().await;
    process.printed("shown this once").await;
    let output = process.output();
    let dashboard =
        Dashboard::sign_in(&client, "admin@chatloom.local", printed_password(&output).unwrap()).await;
    let widgets = dashboard.get("/widgets").await.expect(200);
    assert_eq!(widgets[0]["name"], "Demo shop");
    let page = client.request(reqwest::Method::GET, "/demo").send().await.unwrap().text().await.unwrap();
    let token = dashboard.embed_token(widgets[0]["id"].as_str().unwrap()).await;
    assert!(page.contains(&token), "the demo page does not embed the demo widget");
    let visitor = Visitor::arrive(&client, &token).await;
    let events = visitor.ask("What can you do?").await.rest().await;
    assert_eq!(events.last().unwrap().name, "done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_keeps_the_secret_and_shows_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let settings = nothing_but(folder.path());
    let mut first = Process::start(&settings);
    first.client().await;
    first.printed("shown this once").await;
    let secret = std::fs::read(folder.path().join("jwt-secret")).unwrap();
    first.signal(Signal::SIGTERM);
    assert_eq!(first.ended().await.code(), Some(0));
    let mut second = Process::start(&settings);
    second.client().await;
    second.printed("YOUR-PASSWORD").await;
    assert_eq!(std::fs::read(folder.path().join("jwt-secret")).unwrap(), secret);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_on_the_same_folder_ends_with_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let settings = nothing_but(folder.path());
    let mut first = Process::start(&settings);
    first.client().await;
    let mut second = Process::start(&settings);
    assert_eq!(second.ended().await.code(), Some(1));
    let complaint = second.log();
    assert!(complaint.contains("chatloom: DATA_DIR: cannot open the database"), "{complaint}");
    assert!(complaint.contains("in use by another process"), "{complaint}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_no_demo_on_a_configured_database() {
    let world = World::start(DatabaseKind::Sqlite).await;
    world.client.get("/demo").await.expect_error(404, "route_not_found");
    world.stop().await;
}
