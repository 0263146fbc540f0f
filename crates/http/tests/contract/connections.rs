//! What only a real connection shows: slow bodies, chunked bodies, streams that are open, and older clients.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use chatloom_domain::team::Role;
use chatloom_domain::turn::{EventId, TurnEvent};
use chatloom_ports::visitor::{StreamedEvent, TurnStream};
use chatloom_testkit::sample;
use futures::channel::mpsc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::socket::{SOON, Server, read_until, watch_request};
use crate::streams::answer_of;
use crate::world::{JWT, World, messages_path, token, turn_path, widgets_path};

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
    world.visitors.expect_send().return_once(move |_| Ok((Box::pin(events) as TurnStream).into()));
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

/// The framework would wait for the end of the connection, and take a second request for a part of the first one's body.
#[actix_web::test]
async fn an_offer_to_speak_another_protocol_does_not_move_the_end_of_a_body() {
    let mut world = World::new();
    world.visitors.expect_stop_turn().times(4).returning(|_, _| Ok(()));
    let server = Server::start(world);
    let body = format!(r#"{{"token":"{}"}}"#, token());
    let declared = format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let chunked = format!(
        "content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let next = format!("{declared}GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
    for rest in ["\r\n", &declared, &chunked, &next] {
        let mut socket = server.connect().await;
        let request = format!(
            "POST {} HTTP/1.1\r\nhost: localhost\r\nx-widget-token: {}\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\n{rest}",
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

#[actix_web::test]
async fn a_later_request_whose_head_never_ends_loses_its_connection() {
    let mut world = World::new();
    world.config.unanswered_timeout = Duration::from_millis(200);
    let server = Server::start(world);
    let mut socket = server.connect().await;
    socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    read_until(&mut socket, "ok").await;
    socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: lo").await.unwrap();
    let rest = tokio::time::timeout(SOON, socket.read(&mut [0; 64])).await;
    assert!(matches!(rest, Ok(Ok(0) | Err(_))), "{rest:?}");
    server.stop().await;
}

#[actix_web::test]
async fn a_body_that_goes_on_after_its_refusal_loses_its_connection() {
    let mut world = World::new();
    world.config.unanswered_timeout = Duration::from_millis(200);
    let server = Server::start(world);
    let mut socket = server.connect().await;
    socket.write_all(send_head("transfer-encoding: chunked").as_bytes()).await.unwrap();
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(4096));
    socket.write_all(chunk.repeat(10).as_bytes()).await.unwrap();
    read_until(&mut socket, "body_too_large").await;
    // The framework would read for ever, to keep the connection for another request.
    let cut_off = async { while socket.write_all(chunk.as_bytes()).await.is_ok() {} };
    assert!(tokio::time::timeout(SOON, cut_off).await.is_ok());
    server.stop().await;
}

#[actix_web::test]
async fn a_stream_is_no_unanswered_request() {
    let (pieces, events) = mpsc::unbounded::<StreamedEvent>();
    let mut world = World::new();
    world.config.unanswered_timeout = Duration::from_millis(200);
    world.config.keep_alive = Duration::from_millis(300);
    world.visitors.expect_watch_turn().return_once(|_, _, _| Ok(Some(Box::pin(events))));
    let server = Server::start(world);
    let mut socket = server.connect().await;
    socket.write_all(watch_request("HTTP/1.1").as_bytes()).await.unwrap();
    for _ in 0..3 {
        read_until(&mut socket, ": ping").await;
    }
    drop(pieces);
    server.stop().await;
}

#[actix_web::test]
async fn h10_handlers_that_panic_harm_no_other_request_and_no_worker() {
    let mut world = World::with_member(Role::Viewer);
    world.config.workers = 2;
    let workers = Arc::new(Mutex::new(HashSet::new()));
    let (one, other) = (workers.clone(), workers.clone());
    world.widgets.expect_list().returning(move |_| panic_noting(&one));
    world.visitors.expect_initialize().returning(move |_| panic_noting(&other));
    let (pieces, events) = mpsc::unbounded::<StreamedEvent>();
    world.visitors.expect_watch_turn().return_once(|_, _, _| Ok(Some(Box::pin(events))));
    let server = Server::start(world);
    let mut other = server.connect().await;
    other.write_all(watch_request("HTTP/1.1").as_bytes()).await.unwrap();
    read_until(&mut other, "retry: 2000").await;
    for _ in 0..10 {
        let authorization = format!("authorization: Bearer {JWT}\r\n");
        let init = format!("/api/widget-chat/init/{}", token());
        for (path, headers) in [(widgets_path(), authorization.as_str()), (init, "")] {
            // A connection each, so that every worker gets some.
            let mut socket = server.connect().await;
            let answer = ask(&mut socket, &path, headers, "\"requestId\"").await;
            assert!(answer.starts_with("HTTP/1.1 500 ") && answer.contains("\"internal\""), "{answer}");
            assert!(!answer.contains("CANARY"), "{answer}");
            ask(&mut socket, "/healthz", "", "{\"status\":\"ok\"}").await;
        }
    }
    // A worker that dies is replaced by a thread of another id.
    assert_eq!(workers.lock().unwrap().len(), 2);
    let event = Arc::new(TurnEvent::Text("unharmed".to_owned()));
    let id = EventId { turn_id: sample::turn_id(1), generation: 1, seq: 1 };
    pieces.unbounded_send(StreamedEvent { id, event }).unwrap();
    read_until(&mut other, "unharmed").await;
    server.stop().await;
}

#[actix_web::test]
async fn beyond_the_bound_the_service_itself_is_answered_and_visitors_are_told_to_come_back() {
    let mut world = World::new();
    world.config.max_connections = 1;
    let server = Server::start(world);
    let mut regular = server.connect().await;
    assert!(!ask(&mut regular, "/healthz", "", "}").await.contains("connection: close"));
    let mut late = server.connect().await;
    assert!(ask(&mut late, "/healthz", "", "}").await.contains("connection: close"));
    assert_eq!(late.read(&mut [0; 64]).await.unwrap(), 0);

    let mut visitor = server.connect().await;
    let origin = "origin: https://example.com\r\n";
    let answer = ask(&mut visitor, "/api/widget-chat/init", origin, "\"overloaded\"").await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 1\r\n"), "{answer}");
    assert!(answer.contains("access-control-allow-origin: https://example.com\r\n"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    // The regular connection knows nothing of all this.
    ask(&mut regular, "/api/widget-chat/init", "", "\"missing_token\"").await;
    drop(regular);
    server.stop().await;
}

fn panic_noting(workers: &Mutex<HashSet<ThreadId>>) -> ! {
    workers.lock().unwrap().insert(thread::current().id());
    panic!("CANARY")
}

async fn ask(socket: &mut TcpStream, path: &str, headers: &str, end: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    read_until(socket, end).await
}
