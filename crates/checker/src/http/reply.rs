//! An answer: its head, and its body whole or piece by piece.

use std::io;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::ChunkedDecoder;

/// How long a body that is no stream may take.
const WHOLE_BODY: Duration = Duration::from_secs(10);
/// A stream that is silent for so long is given up and resumed elsewhere: pieces come at least every 100 ms, and
/// waiting for another replica to take a turn over may as well be done in a new connection.
const SILENCE: Duration = Duration::from_secs(3);

enum Framing {
    Length(usize),
    Chunked(ChunkedDecoder),
}

/// An answer whose head has arrived.
pub struct Reply {
    /// The status.
    pub status: u16,
    head: String,
    framing: Framing,
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Reply {
    pub(super) async fn read_head(mut stream: TcpStream) -> io::Result<Self> {
        let mut unread = Vec::new();
        let end = loop {
            if let Some(end) = unread.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut unread).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let head: Vec<u8> = unread.drain(..end).collect();
        let head = String::from_utf8(head).map_err(io::Error::other)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("the answer has no status"))?;
        let length = header_of(&head, "content-length").and_then(|length| length.parse().ok());
        let framing = match header_of(&head, "transfer-encoding") {
            Some(_) => Framing::Chunked(ChunkedDecoder::default()),
            None => Framing::Length(length.unwrap_or(0)),
        };
        Ok(Self { status, head, framing, stream, unread })
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        header_of(&self.head, name)
    }

    /// The whole body as JSON; null if it has none; an error if it broke off.
    pub async fn json(mut self) -> io::Result<Value> {
        let read = async {
            let mut body = Vec::new();
            while let Some(bytes) = self.next_bytes().await? {
                body.extend(bytes);
            }
            io::Result::Ok(body)
        };
        let body = timeout(WHOLE_BODY, read).await??;
        Ok(serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// The next bytes of a stream, `None` at its proper end; an error when it broke off or fell silent.
    pub async fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        timeout(SILENCE, self.next_bytes()).await?
    }

    async fn next_bytes(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let arrived = std::mem::take(&mut self.unread);
            match &mut self.framing {
                Framing::Length(0) => return Ok(None),
                Framing::Length(left) if !arrived.is_empty() => {
                    let taken = arrived.len().min(*left);
                    *left -= taken;
                    return Ok(Some(arrived[..taken].to_vec()));
                }
                Framing::Length(_) => {}
                Framing::Chunked(decoder) => {
                    let carried = decoder.push(&arrived).map_err(io::Error::other)?;
                    if !carried.is_empty() {
                        return Ok(Some(carried));
                    }
                    if decoder.has_ended() {
                        return Ok(None);
                    }
                }
            }
            if self.stream.read_buf(&mut self.unread).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

fn header_of<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
}
