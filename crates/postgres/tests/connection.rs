//! What the stores do when others hold locks, connections run out, callers leave, or the database is not there.

#![expect(clippy::unwrap_used, reason = "what a test needs is there, or the test fails")]

use std::time::Duration;

use chatloom_domain::id::TeamId;
use chatloom_ports::store::{StoreError, Stores};
use chatloom_postgres::{ConnectError, PoolConfig, PostgresStore};
use chatloom_testkit::postgres::TestDatabase;
use chatloom_testkit::sample;
use tokio::task::{JoinSet, yield_now};
use tokio_postgres::{Client, NoTls};

async fn connect(database: &TestDatabase, pool: PoolConfig) -> Stores {
    PostgresStore::connect(&database.url, pool).await.unwrap().stores()
}

/// A connection past the stores.
async fn outsider(database: &TestDatabase) -> Client {
    let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "it ends with the client, and the client with the test")]
    tokio::spawn(connection);
    client
}

/// Waits until some of the store's connections are as the condition says. The outsider must not be in a transaction,
/// because that would show it the same connections for ever.
async fn until_some(outsider: &Client, condition: &str) {
    let count = format!(
        "SELECT count(*) FROM pg_stat_activity \
         WHERE application_name = 'chatloom' AND datname = current_database() AND {condition}"
    );
    while outsider.query_one(&count, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        yield_now().await;
    }
}

fn team() -> TeamId {
    sample::team_id(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_at_once_migrate_once() {
    let database = TestDatabase::create().await;
    let mut replicas = JoinSet::new();
    for _ in 0..8 {
        let url = database.url.clone();
        replicas.spawn(async move { PostgresStore::connect(&url, PoolConfig::default()).await.map(|_| ()) });
    }
    for connected in replicas.join_all().await {
        connected.unwrap();
    }
    let client = outsider(&database).await;
    let migrations = client.query("SELECT version FROM __diesel_schema_migrations", &[]).await.unwrap();
    assert_eq!(migrations.len(), std::fs::read_dir("../../migrations/postgres").unwrap().count());
}

#[tokio::test]
async fn a_single_threaded_runtime_will_do() {
    let database = TestDatabase::create().await;
    connect(&database, PoolConfig::default()).await.health.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_lock_ends_as_unavailable() {
    let database = TestDatabase::create().await;
    let stores = connect(&database, PoolConfig::default()).await;
    let client = outsider(&database).await;
    client.batch_execute("BEGIN; LOCK TABLE widgets IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let outcome = stores.widgets.list_widgets(team()).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))));
    client.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(stores.widgets.list_widgets(team()).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_connection_ends_as_unavailable() {
    let database = TestDatabase::create().await;
    let pool = PoolConfig { max_connections: 1, max_wait: Duration::from_millis(50) };
    let stores = connect(&database, pool).await;
    let (client, watcher) = (outsider(&database).await, outsider(&database).await);
    // Making the connection may take longer than the callers here wait for it.
    while stores.health.check().await.is_err() {
        yield_now().await;
    }
    client.batch_execute("BEGIN; LOCK TABLE widgets IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let widgets = stores.widgets.clone();
    let mut others = JoinSet::new();
    others.spawn(async move { widgets.list_widgets(team()).await });
    until_some(&watcher, "wait_event_type = 'Lock'").await;
    assert!(matches!(stores.health.check().await, Err(StoreError::Unavailable(_))));
    client.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(others.join_next().await.unwrap().unwrap().unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_is_finished_when_its_caller_has_left() {
    let database = TestDatabase::create().await;
    let stores = connect(&database, PoolConfig::default()).await;
    let (client, watcher) = (outsider(&database).await, outsider(&database).await);
    let name = sample::workflow(team(), 1).name.as_str().to_owned();
    let insert = "INSERT INTO teams (id, name, created_at) VALUES ($1::text::uuid, $2, now())";
    client.execute(insert, &[&team().to_string(), &name]).await.unwrap();
    client.batch_execute("BEGIN; LOCK TABLE workflows IN SHARE MODE").await.unwrap();

    let workflows = stores.workflows.clone();
    let mut callers = JoinSet::new();
    callers.spawn(async move {
        workflows.create_workflow(&sample::workflow(team(), 1), &sample::audit_record()).await
    });
    until_some(&watcher, "wait_event_type = 'Lock'").await;
    callers.shutdown().await;
    client.batch_execute("COMMIT").await.unwrap();

    while stores.workflows.list_workflows(team()).await.unwrap().is_empty() {
        yield_now().await;
    }
    let left = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    assert_eq!(client.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_server_ended_is_replaced() {
    let database = TestDatabase::create().await;
    let stores = connect(&database, PoolConfig { max_connections: 1, ..PoolConfig::default() }).await;
    stores.health.check().await.unwrap();
    let client = outsider(&database).await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
        WHERE application_name = 'chatloom' AND datname = current_database()";
    client.query(end, &[]).await.unwrap();
    // The news of the end may arrive after the next use has begun, which then fails; the one after that may not.
    while stores.health.check().await.is_err() {
        yield_now().await;
    }
    stores.health.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_error_repeats_the_password() {
    let folder = "/nowhere/at/all";
    for url in [
        format!("postgres://ada:hunter2@/chat?host={folder}"),
        "postgres://ada:hunter2@db.example:port/chat".to_owned(),
        "postgres://ada:hunter2@[::1/chat".to_owned(),
    ] {
        let Err(error) = PostgresStore::connect(&url, PoolConfig::default()).await else {
            panic!("nobody can connect there");
        };
        let mut texts = vec![format!("{error:?}"), error.to_string()];
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            texts.push(cause.to_string());
            source = cause.source();
        }
        assert!(texts.iter().all(|text| !text.contains("hunter2")), "{texts:?}");
        assert!(matches!(error, ConnectError::Connect(_) | ConnectError::Url));
    }
}
