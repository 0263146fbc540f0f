//! A thousand visitors who ask and then stop reading: their answers are finished, memory is bounded, nobody else notices,
//! and their connections are closed in the end.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chatloom_testkit::model_server::{Gate, ModelServer, Reply};
use tokio::task::JoinSet;

use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Client, Dashboard, Database, DatabaseKind, Process, RawConnection, Visitor,
    eventually, process_settings,
};

const READERS: usize = 1000;

/// An answer, which is told in pieces and once more as a whole, is more than the kernel holds for a reader on both sides.
const PIECE_BYTES: usize = 8 * 1024;
const PIECES: usize = 16;

/// Fits into every buffer, so that nobody is stuck before all are there.
const FIRST_PIECE: &str = "Well: ";

const ANSWER_BYTES: usize = FIRST_PIECE.len() + PIECE_BYTES * PIECES;

/// What a reader's own kernel takes before somebody has to read.
const RECEIVE_BUFFER: usize = 32 * 1024;

/// When a reader that has stopped is given up: after 30 seconds, and what timers and a busy machine add. A single segment
/// that still finds room begins the kernel's count anew, so a few take longer.
const GIVEN_UP: Duration = Duration::from_secs(35);

/// The most memory that the process may have, in KiB: one MiB for each reader, which is twice what they cost. Their answers
/// are kept until they have been read or given up, an eighth of a MiB piece by piece and as much in the last event.
const MOST_MEMORY: usize = READERS * 1024;

/// How many of them arrive at the same time, and how many are answered: more is a test of the database.
const AT_ONCE: usize = 8;
const WAVE: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h13_a_thousand_readers_who_stop_reading_cost_little_and_are_given_up() {
    let (database, model) = (Database::create(DatabaseKind::Postgres).await, ModelServer::start().await);
    let mut process = Process::start(&process_settings(&database, &model));
    let address = process.address().await;
    let client = process.client().await;
    let dashboard = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let token = dashboard.embed_token(&dashboard.create_widget_answered_by("openai").await).await;
    let healthy = Visitor::arrive(&client, &token).await;
    let visitors = arrive(&client, &token).await;

    let mut stuck = Vec::new();
    let mut gates = Vec::new();
    for wave in visitors.chunks(WAVE) {
        let gate = Gate::new();
        stuck.extend(ask_and_stop_reading(address, &model, wave, &gate).await);
        gates.push(gate);
    }
    assert!(connections(address.port()) >= READERS);
    for (wave, gate) in (1..).zip(gates) {
        gate.release();
        are_answered(&database, wave * WAVE).await;
        is_answered_as_ever(&healthy, &model).await;
    }
    let answered = Instant::now();
    eventually("most are given up", async || (connections(address.port()) < READERS / 10).then_some(()))
        .await;
    assert!(answered.elapsed() < GIVEN_UP, "it took {:?}", answered.elapsed());
    eventually("all are given up", async || (connections(address.port()) < AT_ONCE).then_some(())).await;
    for visitor in visitors.iter().step_by(WAVE) {
        let answer = visitor.last_message().await;
        assert_eq!(answer["content"].as_str().map(str::len), Some(ANSWER_BYTES));
    }
    let memory = most_memory(process.id());
    assert!(memory < MOST_MEMORY, "{memory} KiB of memory");
    drop(stuck);
}

/// Has each visitor ask for an answer that goes on when the gate is open, and read no more than its first event.
async fn ask_and_stop_reading(
    address: SocketAddr,
    model: &ModelServer,
    visitors: &[Visitor],
    gate: &Gate,
) -> Vec<RawConnection> {
    let piece = "b".repeat(PIECE_BYTES);
    let pieces = std::iter::once(FIRST_PIECE).chain([piece.as_str(); PIECES]);
    let reply = Reply::text(pieces).hold_after(1, gate);
    let mut connections = Vec::new();
    for visitor in visitors {
        model.queue(reply.clone());
        let mut connection = RawConnection::open(address, RECEIVE_BUFFER).await;
        connection.send(visitor.message("Tell me a lot")).await;
        connections.push(connection);
    }
    for connection in &mut connections {
        connection.read_until("event: token").await;
    }
    connections
}

/// Waits until so many whole answers are stored. Reading a thousand histories of this size would be the longest part.
async fn are_answered(database: &Database, count: usize) {
    let statement = format!(
        "DO $$ BEGIN
            IF (SELECT count(*) FROM messages
                WHERE status = 'complete' AND octet_length(content) = {ANSWER_BYTES}) <> {count}
            THEN RAISE EXCEPTION 'some are not answered'; END IF;
        END $$"
    );
    eventually("the answers are whole", async || database.administer(&statement).then_some(())).await;
}

/// Somebody who reads gets an answer as if nothing were the matter.
async fn is_answered_as_ever(visitor: &Visitor, model: &ModelServer) {
    model.queue(Reply::text(["Here you are"]));
    let asked = Instant::now();
    let told = visitor.ask("And me?").await.rest().await;
    assert_eq!(told.last().unwrap().data["content"], "Here you are");
    assert!(asked.elapsed() < Duration::from_secs(2), "it took {:?}", asked.elapsed());
}

/// Opens a session for each reader.
async fn arrive(client: &Client, token: &str) -> Vec<Visitor> {
    let mut arriving = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (client, token) = (client.clone(), token.to_owned());
        arriving.spawn(async move {
            let mut visitors = Vec::new();
            for _ in 0..READERS / AT_ONCE {
                visitors.push(Visitor::arrive(&client, &token).await);
            }
            visitors
        });
    }
    arriving.join_all().await.concat()
}

/// How many connections to a port of this machine are established, as the kernel lists them.
fn connections(port: u16) -> usize {
    const ESTABLISHED: &str = "01";
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let port = format!(":{port:04X}");
    let of_server = |line: &&str| {
        let mut columns = line.split_ascii_whitespace().skip(1);
        let (local, _, state) = (columns.next(), columns.next(), columns.next());
        local.is_some_and(|local| local.ends_with(&port)) && state == Some(ESTABLISHED)
    };
    table.lines().filter(of_server).count()
}

/// The most memory that a process has had so far, in KiB.
fn most_memory(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a high-water mark");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
