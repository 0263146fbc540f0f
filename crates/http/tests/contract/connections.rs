//! What only a real connection shows: slow bodies, chunked bodies, streams that are open, and the end.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt;
use chatloom_domain::turn::{EventId, TurnEvent};
use chatloom_ports::visitor::StreamedEvent;
use chatloom_testkit::sample;
use futures::channel::mpsc;
use futures::{StreamExt as _, stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::{World, messages_path, token};

/// A server of its own on a free port, and a connection to it.
async fn connect(world: World) -> (actix_web::dev::ServerHandle, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (services, config) = world.into_parts();
    let server = chatloom_http::serve(listener, services, config).unwrap();
    let handle = server.handle();
    rt::spawn(server);
    (handle, TcpStream::connect(address).await.unwrap())
}

async fn read_until(socket: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    while !String::from_utf8_lossy(&bytes).contains(end) {
        let mut chunk = [0; 4096];
        let length = socket.read(&mut chunk).await.unwrap();
        assert_ne!(length, 0, "closed after {}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&chunk[..length]);
    }
    String::from_utf8(bytes).unwrap()
}

fn send_head(length: &str) -> String {
    format!(
        "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{length}\r\n\r\n",
        messages_path()
    )
}

#[actix_web::test]
async fn a_body_that_does_not_arrive_in_time_is_given_up() {
    let mut world = World::new();
    world.config.body_timeout = Duration::from_millis(20);
    let (handle, mut socket) = connect(world).await;
    socket.write_all(send_head("content-length: 100").as_bytes()).await.unwrap();
    socket.write_all(b"{").await.unwrap();
    let answer = read_until(&mut socket, "body_timeout").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    handle.stop(false).await;
}

#[actix_web::test]
async fn a_chunked_body_is_cut_off_at_the_limit() {
    let (handle, mut socket) = connect(World::new()).await;
    socket.write_all(send_head("transfer-encoding: chunked").as_bytes()).await.unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 40_000, " ".repeat(40_000));
    socket.write_all(chunk.as_bytes()).await.unwrap();
    let answer = read_until(&mut socket, "body_too_large").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    handle.stop(false).await;
}

#[actix_web::test]
async fn pieces_leave_as_they_come_and_a_client_that_leaves_is_noticed() {
    let (pieces, events) = mpsc::unbounded::<StreamedEvent>();
    let events = std::sync::Mutex::new(Some(events));
    let mut world = World::new();
    world.visitors.expect_send().returning(move |_, _| Ok(Box::pin(events.lock().unwrap().take().unwrap())));
    let (handle, mut socket) = connect(world).await;
    let body = format!(r#"{{"content":"Hi","token":"{}"}}"#, token());
    let request = format!("{}{body}", send_head(&format!("content-length: {}", body.len())));
    socket.write_all(request.as_bytes()).await.unwrap();

    let turn_id = sample::turn(sample::session_id(1), 1).id;
    for (seq, piece) in (1..).zip(["first", "second"]) {
        let id = EventId { turn_id, generation: 1, seq };
        pieces
            .unbounded_send(StreamedEvent { id, event: Arc::new(TurnEvent::Text(piece.to_owned())) })
            .unwrap();
        let seen = read_until(&mut socket, piece).await;
        assert!(seen.ends_with("\"}\n\n\r\n"), "{seen:?}");
    }
    drop(socket);
    // The stream is dropped with the connection, and with it the receiving end of this channel.
    while !pieces.is_closed() {
        rt::task::yield_now().await;
    }
    handle.stop(false).await;
}

#[cfg(target_os = "linux")]
#[actix_web::test]
async fn a_client_that_stops_reading_is_disconnected() {
    let (alive, mut dropped) = mpsc::unbounded::<()>();
    let alive = std::sync::Mutex::new(Some(alive));
    let mut world = World::new();
    world.config.stalled_reader_timeout = Duration::from_millis(300);
    world.visitors.expect_send().returning(move |_, _| {
        let alive = alive.lock().unwrap().take();
        let turn_id = sample::turn(sample::session_id(1), 1).id;
        // More than all buffers on the way can take; the channel closes when the stream is dropped.
        let endless = stream::iter(1..).map(move |seq| {
            assert!(alive.is_some());
            let id = EventId { turn_id, generation: 1, seq };
            StreamedEvent { id, event: Arc::new(TurnEvent::Text("x".repeat(8_000))) }
        });
        Ok(Box::pin(endless))
    });
    let (handle, mut socket) = connect(world).await;
    let body = format!(r#"{{"content":"Hi","token":"{}"}}"#, token());
    let request = format!("{}{body}", send_head(&format!("content-length: {}", body.len())));
    socket.write_all(request.as_bytes()).await.unwrap();
    let closed = tokio::time::timeout(Duration::from_secs(20), dropped.next()).await;
    assert_eq!(closed, Ok(None), "the stream is still there");
    handle.stop(false).await;
}
