//! Starts that cannot succeed end at once, with status 1 and the name of the setting to look at.

use std::collections::BTreeMap;

use chatloom_testkit::model_server::ModelServer;

use crate::world::{Database, DatabaseKind, JWT_SECRET, Process, settings};

/// Runs the binary to its end and gives what it says about itself.
async fn complaint(settings: &BTreeMap<&'static str, String>) -> String {
    let mut process = Process::start(settings);
    assert_eq!(process.ended().await.code(), Some(1), "{}", process.log());
    assert_eq!(process.output(), "");
    let log = process.log();
    let line = log.lines().find(|line| line.starts_with("chatloom: "));
    line.unwrap_or_else(|| panic!("no complaint in {log}")).to_owned()
}

/// An empty database, and settings with which a server on it would start.
async fn good(kind: DatabaseKind) -> (Database, BTreeMap<&'static str, String>) {
    let (database, model) = (Database::create(kind).await, ModelServer::start().await);
    let settings = settings(&database, &model);
    (database, settings)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_setting_is_named() {
    let (_database, good) = good(DatabaseKind::Sqlite).await;
    let cases = [
        ("JWT_SECRET", "", "chatloom: JWT_SECRET must be set when DATABASE_URL is set"),
        ("JWT_SECRET", "short", "chatloom: JWT_SECRET must have at least 32 bytes"),
        ("JWT_SECRET", "changeme", "chatloom: JWT_SECRET is an example value"),
        (
            "JWT_SECRET_PREVIOUS",
            "changeme",
            "chatloom: JWT_SECRET_PREVIOUS has a secret, number 1, that is an example",
        ),
        (
            "JWT_SECRET_PREVIOUS",
            JWT_SECRET,
            "chatloom: JWT_SECRET_PREVIOUS has a secret, number 1, that is given more",
        ),
        ("PORT", "http", "chatloom: PORT must be a whole number"),
        ("APP_BASE_URL", "example.com", "chatloom: APP_BASE_URL is not a URL"),
        ("ADMIN_PASSWORD", "short", "chatloom: ADMIN_PASSWORD must have 8 to 128 characters"),
        ("DATABASE_URL", "mysql://localhost/x", "chatloom: DATABASE_URL must begin with"),
        ("HOST", "no such host", "chatloom: HOST and PORT: cannot listen on no such host:0"),
        ("OPENAI_API_KEY", "sk\u{7f}", "chatloom: OPENAI_API_KEY must be printable ASCII on one line"),
    ];
    for (name, value, expected) in cases {
        let mut settings = good.clone();
        settings.insert(name, value.to_owned());
        let complaint = complaint(&settings).await;
        assert!(complaint.starts_with(expected), "{complaint}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_named() {
    let (_database, mut settings) = good(DatabaseKind::Sqlite).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    settings.insert("PORT", port.to_string());
    let expected = format!("chatloom: HOST and PORT: cannot listen on 127.0.0.1:{port}");
    assert!(complaint(&settings).await.starts_with(&expected));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_be_used_is_named_without_its_password() {
    let unreachable = "postgres://user:canary-password@127.0.0.1:1/chatloom";
    let no_folder = "sqlite:/nowhere/at/all/chatloom.db";
    for (url, expected) in [
        (unreachable, "chatloom: DATABASE_URL: cannot use the PostgreSQL database"),
        (no_folder, "chatloom: DATABASE_URL: cannot open the database /nowhere/at/all/chatloom.db"),
    ] {
        let settings = BTreeMap::from([
            ("PORT", "0".to_owned()),
            ("DATABASE_URL", url.to_owned()),
            ("JWT_SECRET", JWT_SECRET.to_owned()),
        ]);
        let complaint = complaint(&settings).await;
        assert!(complaint.starts_with(expected), "{complaint}");
        assert!(!complaint.contains("canary"), "{complaint}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_users_needs_a_first_administrator() {
    for kind in [DatabaseKind::Sqlite, DatabaseKind::Postgres] {
        let (_database, mut settings) = good(kind).await;
        settings.remove("ADMIN_EMAIL");
        settings.remove("ADMIN_PASSWORD");
        let complaint = complaint(&settings).await;
        assert!(complaint.starts_with("chatloom: ADMIN_EMAIL and ADMIN_PASSWORD must be set"), "{complaint}");
    }
}
