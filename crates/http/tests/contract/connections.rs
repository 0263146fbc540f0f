//! What only a real connection shows: slow bodies, chunked bodies, streams that are open, and older clients.

use std::sync::Arc;
use std::time::Duration;

use chatloom_domain::turn::{EventId, TurnEvent};
use chatloom_ports::visitor::StreamedEvent;
use chatloom_testkit::sample;
use futures::channel::mpsc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::socket::{Server, read_until, watch_request};
use crate::streams::answer_of;
use crate::world::{World, messages_path, token, turn_path};

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
    let server = Server::start(world);
    let mut socket = server.connect().await;
    socket.write_all(send_head("content-length: 100").as_bytes()).await.unwrap();
    socket.write_all(b"{").await.unwrap();
    let answer = read_until(&mut socket, "body_timeout").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    server.stop().await;
}

#[actix_web::test]
async fn a_chunked_body_is_cut_off_at_the_limit() {
    let server = Server::start(World::new());
    let mut socket = server.connect().await;
    socket.write_all(send_head("transfer-encoding: chunked").as_bytes()).await.unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 40_000, " ".repeat(40_000));
    socket.write_all(chunk.as_bytes()).await.unwrap();
    let answer = read_until(&mut socket, "body_too_large").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    server.stop().await;
}

#[actix_web::test]
async fn pieces_leave_as_they_come() {
    let (pieces, events) = mpsc::unbounded::<StreamedEvent>();
    let mut world = World::new();
    world.visitors.expect_send().return_once(move |_| Ok(Box::pin(events)));
    let server = Server::start(world);
    let mut socket = server.connect().await;
    let body = format!(r#"{{"content":"Hi","token":"{}"}}"#, token());
    let request = format!("{}{body}", send_head(&format!("content-length: {}", body.len())));
    socket.write_all(request.as_bytes()).await.unwrap();
    let turn_id = sample::turn_id(1);
    for (seq, piece) in (1..).zip(["first", "second"]) {
        let id = EventId { turn_id, generation: 1, seq };
        let event = Arc::new(TurnEvent::Text(piece.to_owned()));
        pieces.unbounded_send(StreamedEvent { id, event }).unwrap();
        let seen = read_until(&mut socket, piece).await;
        assert!(seen.ends_with("\"}\n\n\r\n"), "{seen:?}");
    }
    server.stop().await;
}

#[actix_web::test]
async fn a_stop_needs_no_body_of_any_kind() {
    let mut world = World::new();
    world.visitors.expect_stop_turn().times(3).returning(|_, _| Ok(()));
    let server = Server::start(world);
    let mut socket = server.connect().await;
    for framing in ["", "content-length: 0\r\n", "transfer-encoding: chunked\r\n"] {
        let end = if framing.starts_with('t') { "0\r\n\r\n" } else { "" };
        let request = format!(
            "POST {} HTTP/1.1\r\nhost: localhost\r\nx-widget-token: {}\r\n{framing}\r\n{end}",
            turn_path("stop"),
            token()
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let answer = read_until(&mut socket, "\"turnId\"").await;
        assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    }
    server.stop().await;
}

#[actix_web::test]
async fn a_client_of_http_1_0_reads_a_stream_until_the_connection_ends() {
    let mut world = World::new();
    world.visitors.expect_watch_turn().return_once(|_, _, _| Ok(Some(answer_of(1, &["Hello"]))));
    let server = Server::start(world);
    let mut socket = server.connect().await;
    socket.write_all(watch_request("HTTP/1.0").as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200 ") && !head.contains("transfer-encoding"), "{head}");
    assert!(body.starts_with("retry: 2000\nid: ") && body.ends_with("}\n\n"), "{body}");
    server.stop().await;
}
