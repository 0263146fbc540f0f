//! One connection: reads requests and writes replies by hand, one after the other.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::reply::{Close, Step};
use super::{Format, RecordedRequest, Reply, Shared};

/// Serves requests until either side ends the connection.
pub(super) async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    // Each piece must leave as it was cut.
    stream.set_nodelay(true).unwrap();
    let mut buffer = Vec::new();
    while let Ok(Some(request)) = read_request(&mut stream, &mut buffer).await {
        let format = Format::of_path(&request.path);
        shared.requests.send_modify(|requests| requests.push(request.clone()));
        let reply = if format.is_some() { shared.next_reply() } else { Reply::unknown_path() };
        let steps = reply.steps(format.unwrap_or(Format::ChatCompletions), &request);
        match write_reply(&mut stream, &reply, steps).await {
            Ok(Outcome::Whole) => {}
            Ok(Outcome::Closed) => return,
            Err(_) => {
                shared.hangups.send_modify(|hangups| *hangups += 1);
                return;
            }
        }
    }
}

/// How a reply ended, if the client stayed.
enum Outcome {
    Whole,
    Closed,
}

async fn write_reply(stream: &mut TcpStream, reply: &Reply, steps: Vec<Step>) -> io::Result<Outcome> {
    let mut head_due = true;
    for step in steps {
        if head_due && !matches!(step, Step::Hang | Step::Close(_)) {
            write(stream, head(reply).as_bytes()).await?;
            head_due = false;
        }
        match step {
            Step::Write(piece) => write(stream, &chunk(&piece)).await?,
            Step::Repeat(piece, pace) => return repeat(stream, &chunk(&piece), pace).await,
            Step::Pause(duration) => while_connected(stream, tokio::time::sleep(duration)).await?,
            Step::Gate(gate) => while_connected(stream, gate.pass()).await?,
            Step::Hang => while_connected(stream, std::future::pending()).await?,
            Step::Close(Close::Fin) => return Ok(Outcome::Closed),
            Step::Close(Close::Rst) => {
                stream.set_zero_linger()?;
                return Ok(Outcome::Closed);
            }
        }
    }
    if head_due {
        write(stream, head(reply).as_bytes()).await?;
    }
    write(stream, b"0\r\n\r\n").await?;
    Ok(Outcome::Whole)
}

/// Ends only when the client leaves.
async fn repeat(stream: &mut TcpStream, bytes: &[u8], pace: Duration) -> io::Result<Outcome> {
    loop {
        while_connected(stream, tokio::time::sleep(pace)).await?;
        write(stream, bytes).await?;
    }
}

fn head(reply: &Reply) -> String {
    let mut lines = vec![format!("HTTP/1.1 {} Scripted", reply.status)];
    lines.extend(reply.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.push("transfer-encoding: chunked\r\n\r\n".to_owned());
    lines.join("\r\n")
}

/// A chunk of the chunked coding. Nothing is no chunk, because an empty one would end the body.
fn chunk(piece: &[u8]) -> Vec<u8> {
    if piece.is_empty() {
        return Vec::new();
    }
    [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()
}

/// Writes, unless the client has gone away.
async fn write(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

/// Waits for something, and notices when the client goes away meanwhile. A client that waits for its answer sends
/// nothing, so whatever can be read is its leaving.
async fn while_connected(stream: &mut TcpStream, wait: impl Future<Output = ()>) -> io::Result<()> {
    let mut byte = [0];
    tokio::select! {
        () = wait => Ok(()),
        _ = stream.read(&mut byte) => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

/// The next request, or nothing if the client has closed the connection. `buffer` keeps what has arrived of the one after.
pub async fn read_request(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<RecordedRequest>> {
    let head_end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let (path, headers) = parse_head(&String::from_utf8_lossy(&buffer[..head_end]));
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    while buffer.len() < head_end + length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let request: Vec<u8> = buffer.drain(..head_end + length).collect();
    let body = serde_json::from_slice(&request[head_end..]).unwrap_or(Value::Null);
    Ok(Some(RecordedRequest { path, headers, body }))
}

fn parse_head(head: &str) -> (String, Vec<(String, String)>) {
    let mut lines = head.lines();
    let path = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    (path, headers)
}
