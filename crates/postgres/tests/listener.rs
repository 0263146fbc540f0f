//! Wake-ups between replicas: they arrive, and they arrive again after whatever happens to the connection that listens.

#![expect(clippy::unwrap_used, reason = "what a test needs is there, or the test fails")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use chatloom_domain::session::ChatSession;
use chatloom_domain::turn::{Turn, TurnFailure};
use chatloom_domain::usage::TokenUsage;
use chatloom_ports::store::Stores;
use chatloom_ports::store::turns::{StopOutcome, TurnAppend, TurnChange, TurnChanges, TurnEnd};
use chatloom_postgres::{PoolConfig, PostgresStore};
use chatloom_testkit::postgres::TestDatabase;
use chatloom_testkit::sample;
use futures::StreamExt;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls};

/// Far more than a wake-up needs, also on a busy machine.
const SOON: Duration = Duration::from_secs(5);
/// A connection that has gone silent is noticed within 10 s; the rest is for making another.
const AFTER_SILENCE: Duration = Duration::from_secs(20);

async fn connect(url: &str) -> Stores {
    PostgresStore::connect(url, PoolConfig::default()).await.unwrap().stores()
}

/// A connection past the stores.
async fn outsider(database: &TestDatabase) -> Client {
    let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "it ends with the client, and the client with the test")]
    tokio::spawn(connection);
    client
}

/// A session of a widget in version 1.
async fn session(stores: &Stores, client: &Client) -> ChatSession {
    let team = sample::team_id(1);
    let insert = format!("INSERT INTO teams (id, name, created_at) VALUES ('{team}', 'One', now())");
    client.batch_execute(&insert).await.unwrap();
    let workflow = sample::workflow(team, 1);
    stores.workflows.create_workflow(&workflow, &sample::audit_record()).await.unwrap();
    let widget = sample::widget(team, workflow.id, 1);
    stores.widgets.create_widget(&widget, &sample::stored_token(1), &sample::audit_record()).await.unwrap();
    let session = sample::chat_session(widget.id, 1);
    stores.sessions.open_session(&session, widget.version, None).await.unwrap();
    session
}

/// Waits for a change of one kind, past those of the other.
async fn woken(changes: &mut TurnChanges, change: TurnChange, within: Duration) {
    let woken = async { while changes.next().await.unwrap() != change {} };
    timeout(within, woken).await.unwrap_or_else(|_| panic!("nobody was woken by {change:?}"));
}

/// Waits until the listener has begun to listen, which wakes everybody for everything.
async fn listening(changes: &mut TurnChanges, within: Duration) {
    let mut missing = vec![TurnChange::Logs, TurnChange::Stops];
    let heard = async {
        while !missing.is_empty() {
            let change = changes.next().await.unwrap();
            missing.retain(|other| *other != change);
        }
    };
    timeout(within, heard).await.unwrap();
}

async fn append(stores: &Stores, turn: &Turn) {
    let append =
        TurnAppend { turn_id: turn.id, generation: turn.generation, events: sample::log(turn, &["Half"]) };
    let until = sample::at(sample::LEASE_SECONDS);
    let lost = stores.turns.append_events(sample::replica_id(1), until, &[append]).await.unwrap();
    assert_eq!(lost, []);
}

/// How many connections listen.
async fn listeners(client: &Client) -> i64 {
    let count = "SELECT count(*) FROM pg_stat_activity \
        WHERE application_name = 'chatloom listener' AND datname = current_database()";
    client.query_one(count, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_stores_writes_wake_those_who_listen() {
    let database = TestDatabase::create().await;
    let (listener, writer) = (connect(&database.url).await, connect(&database.url).await);
    let session = session(&writer, &outsider(&database).await).await;
    let mut changes = listener.turns.changes();
    listening(&mut changes, SOON).await;

    let new = sample::new_turn(&session, 1);
    writer.turns.begin_turn(&new).await.unwrap();
    append(&writer, &new.turn).await;
    woken(&mut changes, TurnChange::Logs, SOON).await;
    let stopped = writer.turns.request_stop(session.id, new.turn.id).await.unwrap();
    assert_eq!(stopped, StopOutcome::Requested);
    woken(&mut changes, TurnChange::Stops, SOON).await;
    assert_eq!(writer.turns.interrupt_expired_turns(sample::at(99), 10).await.unwrap(), [new.turn.id]);
    woken(&mut changes, TurnChange::Logs, SOON).await;
    let again = writer.turns.retry_turn(&sample::turn_retry(&session, 1)).await.unwrap().turn;
    woken(&mut changes, TurnChange::Logs, SOON).await;
    let failed = again.break_off(TurnFailure::TurnTimedOut, false, TokenUsage::default(), sample::at(1));
    let (owner, turn) = (sample::replica_id(2), failed.unwrap());
    let end = TurnEnd { turn, owner, content: String::new(), events: vec![] };
    assert!(writer.turns.finish_turn(&end).await.unwrap());
    woken(&mut changes, TurnChange::Logs, SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_who_listen_are_woken_by_a_burst_of_writes() {
    let database = TestDatabase::create().await;
    let (listener, writer) = (connect(&database.url).await, connect(&database.url).await);
    let session = session(&writer, &outsider(&database).await).await;
    let new = sample::new_turn(&session, 1);
    writer.turns.begin_turn(&new).await.unwrap();
    let mut streams: Vec<_> = (0..3).map(|_| listener.turns.changes()).collect();
    for changes in &mut streams {
        listening(changes, SOON).await;
    }
    for _ in 0..50 {
        append(&writer, &new.turn).await;
    }
    for changes in &mut streams {
        woken(changes, TurnChange::Logs, SOON).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_the_server_ended_is_replaced() {
    let database = TestDatabase::create().await;
    let stores = connect(&database.url).await;
    let client = outsider(&database).await;
    let session = session(&stores, &client).await;
    let new = sample::new_turn(&session, 1);
    stores.turns.begin_turn(&new).await.unwrap();
    let mut changes = stores.turns.changes();
    listening(&mut changes, SOON).await;
    for _ in 0..2 {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE application_name = 'chatloom listener' AND datname = current_database()";
        assert_eq!(client.query(end, &[]).await.unwrap().len(), 1);
        // What was missed is made up for.
        listening(&mut changes, SOON).await;
        append(&stores, &new.turn).await;
        woken(&mut changes, TurnChange::Logs, SOON).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_hears_nothing_any_more_is_replaced() {
    let database = TestDatabase::create().await;
    let relay = Relay::start(&database.url);
    let (listener, writer) = (connect(&relay.url).await, connect(&database.url).await);
    let session = session(&writer, &outsider(&database).await).await;
    let new = sample::new_turn(&session, 1);
    writer.turns.begin_turn(&new).await.unwrap();
    let mut changes = listener.turns.changes();
    listening(&mut changes, SOON).await;

    relay.swallow();
    listening(&mut changes, AFTER_SILENCE).await;
    append(&writer, &new.turn).await;
    woken(&mut changes, TurnChange::Logs, SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn listening_begins_with_the_first_listener_and_ends_with_the_store() {
    let database = TestDatabase::create().await;
    let stores = connect(&database.url).await;
    let client = outsider(&database).await;
    stores.health.check().await.unwrap();
    assert_eq!(listeners(&client).await, 0);
    let mut changes = stores.turns.changes();
    listening(&mut changes, SOON).await;
    let second = stores.turns.changes();
    assert_eq!(listeners(&client).await, 1);
    drop(second);
    drop(stores);
    let ended = async { while changes.next().await.is_some() {} };
    timeout(SOON, ended).await.unwrap();
    let closed = async {
        while listeners(&client).await > 0 {
            yield_now().await;
        }
    };
    timeout(SOON, closed).await.unwrap();
}

/// Stands between a store and the server, and can turn into a black hole.
struct Relay {
    url: String,
    swallowing: watch::Sender<()>,
    _folder: tempfile::TempDir,
    _tasks: JoinSet<()>,
}

impl Relay {
    /// Takes connections on a socket of its own.
    fn start(url: &str) -> Self {
        let (_, server) = url.split_once("host=").unwrap();
        let server = server.split('&').next().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().to_str().unwrap().to_owned();
        let swallowing = watch::Sender::new(());
        let listener = UnixListener::bind(socket_in(Path::new(&own))).unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(take(listener, socket_in(Path::new(server)), swallowing.clone()));
        Self { url: url.replace(server, &own), swallowing, _folder: folder, _tasks: tasks }
    }

    /// Stops passing anything on for those who are connected, without their being told. Others may still connect.
    fn swallow(&self) {
        self.swallowing.send_replace(());
    }
}

fn socket_in(folder: &Path) -> PathBuf {
    folder.join(".s.PGSQL.5432")
}

async fn take(listener: UnixListener, server: PathBuf, swallowing: watch::Sender<()>) {
    let mut connections = JoinSet::new();
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut far = UnixStream::connect(&server).await.unwrap();
        let mut swallowed = swallowing.subscribe();
        connections.spawn(async move {
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                _ = swallowed.changed() => std::future::pending().await,
            }
        });
    }
}
