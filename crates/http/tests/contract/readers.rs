//! Viewers that leave, and viewers that stop reading: their streams are let go, at once or within the limit.
//!
//! Each test turns off whatever could end the connection beside the thing that it is about.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chatloom_domain::turn::{EventId, TurnEvent};
use chatloom_ports::visitor::StreamedEvent;
use chatloom_testkit::sample;
use futures::channel::oneshot;
use futures::{Stream, StreamExt as _, stream};
use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::socket::{SOON, Server, read_until, watch_request};
use crate::world::World;

/// So long that it cannot be what a test sees.
const NEVER: Duration = Duration::from_hours(1);

const PIECE_BYTES: usize = 8_000;

/// More pieces than all buffers on the way can take.
const MANY: usize = 500;

/// A piece of a long answer.
fn piece(seq: usize) -> StreamedEvent {
    let id = EventId { turn_id: sample::turn_id(1), generation: 1, seq: u32::try_from(seq).unwrap() };
    StreamedEvent { id, event: Arc::new(TurnEvent::Text("x".repeat(PIECE_BYTES))) }
}

/// Pieces that are ready at once, and then silence that does not end.
fn pieces(count: usize) -> impl Stream<Item = StreamedEvent> + Send + 'static {
    stream::iter(1..=count).map(piece).chain(stream::pending())
}

/// A server with one open stream that somebody has begun to read.
struct Watched {
    server: Server,
    socket: TcpStream,
    /// Ends when the stream is dropped.
    dropped: oneshot::Receiver<Infallible>,
    /// How many events were taken from the stream.
    taken: Arc<AtomicUsize>,
}

impl Watched {
    async fn begin(
        events: impl Stream<Item = StreamedEvent> + Send + 'static,
        stalled_reader_timeout: Duration,
        keep_alive: Duration,
    ) -> Self {
        let (witness, dropped) = oneshot::channel();
        let taken = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&taken);
        let events = events.inspect(move |_| {
            assert!(!witness.is_canceled());
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let mut world = World::new();
        world.config.stalled_reader_timeout = stalled_reader_timeout;
        world.config.keep_alive = keep_alive;
        world.visitors.expect_watch_turn().return_once(move |_, _, _| Ok(Some(Box::pin(events))));
        let server = Server::start(world);
        let mut socket = server.connect().await;
        socket.write_all(watch_request("HTTP/1.1").as_bytes()).await.unwrap();
        read_until(&mut socket, "retry: 2000\n").await;
        Self { server, socket, dropped, taken }
    }

    /// Waits until the stream is dropped.
    async fn let_go(dropped: oneshot::Receiver<Infallible>) {
        let outcome = tokio::time::timeout(SOON, dropped).await;
        assert_eq!(outcome, Ok(Err(oneshot::Canceled)), "the stream is still there");
    }
}

#[actix_web::test]
async fn a_viewer_that_closes_its_side_is_let_go_at_once() {
    let Watched { server, mut socket, dropped, .. } = Watched::begin(pieces(1), NEVER, NEVER).await;
    socket.shutdown().await.unwrap();
    Watched::let_go(dropped).await;
    // Our side is closed as well.
    socket.read_to_end(&mut Vec::new()).await.unwrap();
    server.stop().await;
}

#[actix_web::test]
async fn a_viewer_whose_connection_is_reset_is_let_go_at_once() {
    let Watched { server, socket, dropped, .. } = Watched::begin(pieces(0), NEVER, NEVER).await;
    // Without lingering a close is a reset.
    SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap();
    drop(socket);
    Watched::let_go(dropped).await;
    server.stop().await;
}

#[actix_web::test]
async fn a_viewer_that_leaves_without_reading_the_rest_is_let_go_at_once() {
    let Watched { server, socket, dropped, .. } = Watched::begin(pieces(MANY), NEVER, NEVER).await;
    drop(socket);
    Watched::let_go(dropped).await;
    server.stop().await;
}

#[cfg(target_os = "linux")]
#[actix_web::test]
async fn a_viewer_that_stops_reading_an_answer_is_let_go_within_the_limit() {
    let limit = Duration::from_millis(300);
    let Watched { server, socket, dropped, taken } = Watched::begin(pieces(MANY), limit, NEVER).await;
    Watched::let_go(dropped).await;
    // What it did not read stayed with the turn, but for what fits into the buffers of its connection.
    let taken = taken.load(Ordering::Relaxed) * PIECE_BYTES;
    assert!(taken < 400_000, "{taken} bytes were taken for it");
    drop(socket);
    server.stop().await;
}

#[cfg(target_os = "linux")]
#[actix_web::test]
async fn a_viewer_that_stops_reading_is_let_go_even_if_only_pings_follow() {
    let (limit, often) = (Duration::from_millis(300), Duration::from_millis(1));
    let Watched { server, socket, dropped, .. } = Watched::begin(pieces(0), limit, often).await;
    Watched::let_go(dropped).await;
    drop(socket);
    server.stop().await;
}
