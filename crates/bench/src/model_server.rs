//! A provider in the Chat Completions format that says as many pieces as it is asked for, as fast as it is asked to.
//!
//! The model's name is the order: `paced:<pieces>:<gap in microseconds>`. So one server serves every measurement, and
//! the service passes the order on without knowing.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use chatloom_testkit::model_server::read_request;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::delays;

const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const BEFORE_PIECE: &str = r#"data: {"id":"c-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":""#;
const AFTER_PIECE: &str = r#""},"finish_reason":null}]}"#;
const FINISH: &[u8] = br#"data: {"id":"c-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
const DONE: &[u8] = b"data: [DONE]";

/// Without spacing, pieces leave in writes of about this size, as those of a fast provider do.
const BURST_BYTES: usize = 16 * 1024;

/// What an answer is to look like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) pieces: u32,
    /// Zero for no spacing at all.
    pub(crate) gap: Duration,
}

impl Order {
    /// The model's name that stands for this order.
    pub(crate) fn model(self) -> String {
        format!("paced:{}:{}", self.pieces, self.gap.as_micros())
    }

    fn parse(model: &str) -> Option<Self> {
        let (pieces, gap) = model.strip_prefix("paced:")?.split_once(':')?;
        Some(Self { pieces: pieces.parse().ok()?, gap: Duration::from_micros(gap.parse().ok()?) })
    }
}

/// The server, for as long as this value lives.
pub(crate) struct ModelServer {
    pub(crate) address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl ModelServer {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener));
        Ok(Self { address, _tasks: tasks })
    }
}

async fn accept(listener: TcpListener) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(async move {
            // A client that goes away ends its connection and nothing else.
            let _ = serve(stream).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut stream: TcpStream) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut unread = Vec::new();
    loop {
        let order = read_order(&mut stream, &mut unread).await?;
        stream.write_all(HEAD).await?;
        write_pieces(&mut stream, order).await?;
        let end = [&event(FINISH)[..], &event(DONE), b"0\r\n\r\n"].concat();
        stream.write_all(&end).await?;
    }
}

async fn write_pieces(stream: &mut TcpStream, order: Order) -> anyhow::Result<()> {
    if order.gap.is_zero() {
        let piece = piece("word ");
        let per_write = (BURST_BYTES / piece.len()).max(1);
        let mut left = usize::try_from(order.pieces)?;
        while left > 0 {
            let count = left.min(per_write);
            stream.write_all(&piece.repeat(count)).await?;
            left -= count;
        }
        return Ok(());
    }
    let mut ticks = interval_at(Instant::now() + order.gap, order.gap);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for _ in 0..order.pieces {
        ticks.tick().await;
        // The time at which it leaves is what it says.
        stream.write_all(&piece(&delays::stamp())).await?;
    }
    Ok(())
}

fn piece(content: &str) -> Vec<u8> {
    event([BEFORE_PIECE, content, AFTER_PIECE].concat().as_bytes())
}

/// An event in a chunk of its own.
fn event(text: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", text.len() + 2).as_bytes(), text, b"\n\n\r\n"].concat()
}

async fn read_order(stream: &mut TcpStream, unread: &mut Vec<u8>) -> anyhow::Result<Order> {
    let request = read_request(stream, unread).await?.context("closed")?;
    request.body["model"].as_str().and_then(Order::parse).context("no order")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_survives_the_trip_through_a_models_name() {
        let order = Order { pieces: 500, gap: Duration::from_millis(20) };
        let read = Order::parse(&order.model()).unwrap();
        assert_eq!((read.pieces, read.gap), (500, Duration::from_millis(20)));
        assert!(Order::parse("gpt-9").is_none());
    }
}
