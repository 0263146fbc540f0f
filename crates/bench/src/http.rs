//! An HTTP/1.1 client that does no more than the load generator needs, so that it takes little from the machine.

use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How a body in chunks ends.
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// One connection, used for one request after the other.
pub(crate) struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// The head of an answer.
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let fields = self.text.lines().filter_map(|line| line.split_once(':'));
        fields.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, unread: Vec::new() })
    }

    /// Sends a request and reads its answer to the end of its `Content-Length`.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<(Head, Vec<u8>)> {
        self.stream.write_all(request).await?;
        let head = self.read_head().await?;
        let length: usize = head.header("content-length").unwrap_or("0").parse()?;
        while self.unread.len() < length {
            self.read_more().await?;
        }
        Ok((head, self.unread.drain(..length).collect()))
    }

    /// Sends JSON and gives the JSON of a good answer, with its head.
    pub(crate) async fn call(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(Head, Value)> {
        let (head, bytes) = self.exchange(&request(method, path, headers, body)).await?;
        if !(200..300).contains(&head.status) {
            bail!("{method} {path} answered {}: {}", head.status, String::from_utf8_lossy(&bytes));
        }
        Ok((head, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }

    /// Sends a request whose answer is a chunked stream, and hands over what arrives until the stream ends.
    pub(crate) async fn follow(
        &mut self,
        request: &[u8],
        mut arrived: impl FnMut(&[u8]),
    ) -> anyhow::Result<()> {
        self.stream.write_all(request).await?;
        let head = self.read_head().await?;
        ensure!(head.status == 200, "a stream answered {}", head.status);
        arrived(&self.unread);
        // Both servers write the last chunk at the end of a write, and no event ends like it.
        while !self.unread.ends_with(LAST_CHUNK) {
            // What arrived was handed over; only the last chunk may still be cut in two.
            let known = self.unread.len().min(LAST_CHUNK.len() - 1);
            self.unread.drain(..self.unread.len() - known);
            self.read_more().await?;
            arrived(&self.unread[known..]);
        }
        self.unread.clear();
        Ok(())
    }

    async fn read_head(&mut self) -> anyhow::Result<Head> {
        let end = loop {
            if let Some(end) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            self.read_more().await?;
        };
        let text = String::from_utf8(self.unread.drain(..end).collect())?;
        let status = text.split(' ').nth(1).context("no status")?.parse()?;
        Ok(Head { status, text })
    }

    async fn read_more(&mut self) -> anyhow::Result<()> {
        self.unread.reserve(16 * 1024);
        ensure!(self.stream.read_buf(&mut self.unread).await? > 0, "the server closed the connection");
        Ok(())
    }
}

/// A request as bytes. `headers` are whole lines, each ending in CRLF.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: Option<&Value>) -> Vec<u8> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}{kind}Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
