//! More connections than the service can hold.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::world::{Client, Database, DatabaseKind, Process, RawConnection, eventually, process_settings};
use chatloom_testkit::model_server::ModelServer;

use super::Target;

const ATTEMPTS: usize = 20_000;

/// How many of them try at the same time.
const AT_ONCE: usize = 500;

const MAX_CONNECTIONS: usize = 2000;

/// How soon everybody is served again after the flood.
const RECOVERED: Duration = Duration::from_secs(5);

/// What a connection may cost, in KiB: the framework's two buffers of 8 KiB, and its state.
const KIB_PER_CONNECTION: usize = 32;

const ASK: &[u8] = b"GET /api/widget-chat/init HTTP/1.1\r\nhost: test\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h12_a_flood_of_connections_is_answered_bounded_and_over_when_it_is_over() {
    raise_file_limit();
    let target = Target::start_with(&[("MAX_CONNECTIONS", "2000")]).await;
    target.serves().await;
    let before = Footprint::of(&target.process);

    let flood = flood(target.address).await;
    let during = Footprint::of(&target.process);
    // The connections that the client and the model's provider had open before count as well.
    assert!(
        (MAX_CONNECTIONS - 20..=MAX_CONNECTIONS).contains(&flood.held.len()),
        "{} held",
        flood.held.len()
    );
    assert_eq!(flood.held.len() + flood.refused + flood.closed, ATTEMPTS);
    assert!(flood.refused > flood.closed, "{} refused, {} closed", flood.refused, flood.closed);
    let growth = during.kib - before.kib;
    assert!(growth < (MAX_CONNECTIONS + 256) * KIB_PER_CONNECTION, "{growth} KiB more");

    // A visitor who was there is served on; one who comes is told so; the service answers for itself.
    target.serves().await;
    let stranger = Client::new(&format!("http://{}", target.address));
    stranger.get("/healthz").await.expect(200);
    stranger.get("/readyz").await.expect(200);
    stranger.get("/api/auth/me").await.expect_error(401, "not_signed_in");
    let told = stranger.get("/api/widget-chat/init").await;
    assert_eq!(told.header("retry-after"), Some("1"));
    told.expect_error(503, "overloaded");

    drop(flood.held);
    let over = Instant::now();
    eventually("strangers are served", async || {
        let answer = stranger.get("/api/widget-chat/init").await;
        (answer.status == 401).then_some(())
    })
    .await;
    eventually("all files are closed", async || {
        (Footprint::of(&target.process).files <= before.files + 2).then_some(())
    })
    .await;
    let recovered = over.elapsed();
    assert!(recovered < RECOVERED, "it took {recovered:?}");
    target.serves().await;
    let after = Footprint::of(&target.process);
    let (refused, closed) = (flood.refused, flood.closed);
    println!(
        "{before:?}, {during:?}, {after:?}, recovered in {recovered:?}; {refused} refused, {closed} closed"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_runs_out_of_files_waits_for_some_and_goes_on() {
    const FILES: usize = 128;
    let (database, model) = (Database::create(DatabaseKind::Sqlite).await, ModelServer::start().await);
    let mut settings = process_settings(&database, &model);
    settings.insert("MAX_CONNECTIONS", "10000".to_owned());
    let mut process = Process::start_with_files(&settings, FILES);
    let address = process.address().await;
    process.logged("the limit of open files is low").await;
    let began = Instant::now();
    let mut silent = Vec::new();
    for _ in 0..2 * FILES {
        silent.push(RawConnection::open(address, 1024).await);
    }
    process.logged("Error accepting connection").await;
    // The first are given up, and as many others come in.
    for connection in silent {
        let answer = connection.rest().await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
    let complaints = process.log().matches("Error accepting connection").count();
    // It looks again twice a second.
    let most = usize::try_from(began.elapsed().as_secs()).unwrap() * 2 + 3;
    assert!(complaints <= most, "{complaints} complaints in {:?}", began.elapsed());
    Client::new(&format!("http://{address}")).get("/readyz").await.expect(200);
    process.signal(Signal::SIGTERM);
    assert_eq!(process.ended().await.code(), Some(0));
}

/// What became of all who tried.
#[derive(Default)]
struct Flood {
    /// They were answered and keep their connections.
    held: Vec<TcpStream>,
    /// They were told to come back.
    refused: usize,
    /// Their connection ended without an answer.
    closed: usize,
}

/// Tries to open all those connections and to be answered on each.
async fn flood(address: SocketAddr) -> Flood {
    let mut attackers = JoinSet::new();
    for _ in 0..AT_ONCE {
        attackers.spawn(async move {
            let mut flood = Flood::default();
            for _ in 0..ATTEMPTS / AT_ONCE {
                match attempt(address).await {
                    Some((connection, answer)) if answer.starts_with("HTTP/1.1 401 ") => {
                        flood.held.push(connection);
                    }
                    Some((_, answer)) if answer.starts_with("HTTP/1.1 503 ") => {
                        let says_when = answer.contains("retry-after: ");
                        assert!(says_when && answer.contains("connection: close"), "{answer}");
                        flood.refused += 1;
                    }
                    Some((_, answer)) => panic!("{answer}"),
                    None => flood.closed += 1,
                }
            }
            flood
        });
    }
    attackers.join_all().await.into_iter().fold(Flood::default(), |mut all, one| {
        all.held.extend(one.held);
        Flood { held: all.held, refused: all.refused + one.refused, closed: all.closed + one.closed }
    })
}

/// The connection and the head of what was answered; `None` if it was closed without an answer.
async fn attempt(address: SocketAddr) -> Option<(TcpStream, String)> {
    let mut connection = TcpStream::connect(address).await.ok()?;
    connection.write_all(ASK).await.ok()?;
    let mut answer = Vec::new();
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = timeout(Duration::from_secs(30), connection.read_buf(&mut answer)).await;
        if read.expect("nobody answers and nobody hangs up").ok()? == 0 {
            return None;
        }
    }
    Some((connection, String::from_utf8_lossy(&answer).into_owned()))
}

/// What the process has of the machine.
#[derive(Debug)]
struct Footprint {
    files: usize,
    kib: usize,
}

impl Footprint {
    fn of(process: &Process) -> Self {
        let folder = format!("/proc/{}", process.id());
        let status = std::fs::read_to_string(format!("{folder}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        Self {
            files: std::fs::read_dir(format!("{folder}/fd")).unwrap().count(),
            kib: line.trim().trim_end_matches(" kB").parse().unwrap(),
        }
    }
}

/// The other ends of the connections are files of this process.
fn raise_file_limit() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
}
