//! An HTTP/1.1 client that knows how far a request has come when something goes wrong.
//!
//! Each request has a connection of its own, so that a broken one takes nothing else with it.

mod chunked;
mod reply;
mod request;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

pub use chunked::ChunkedDecoder;
pub use reply::Reply;
pub use request::Request;

/// Loopback answers at once or never.
const CONNECT: Duration = Duration::from_secs(2);
/// How long the head of an answer may take. Who waits for less than the service may need (12 s, when its database is a
/// black hole) learns what a request does that is carried out after its sender has gone.
const HEAD: Duration = Duration::from_secs(4);

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallError {
    /// It is surely not done: not a byte of the request has left, or the service has given up waiting for the rest of it.
    NotSent,
    /// The request may have been done or not.
    Doubtful,
}

/// Sends a request and reads the head of its answer.
pub async fn call(address: SocketAddr, request: &Request) -> Result<Reply, CallError> {
    let connected = timeout(CONNECT, TcpStream::connect(address)).await;
    let Ok(Ok(mut stream)) = connected else {
        return Err(CallError::NotSent);
    };
    // A small request that waits for more to come would only cost time.
    let _ = stream.set_nodelay(true);
    stream.write_all(&request.to_bytes()).await.map_err(|_| CallError::Doubtful)?;
    match timeout(HEAD, Reply::read_head(stream)).await {
        // RFC 9110, section 15.5.9. A process that was frozen says so of all that came meanwhile: its clocks went on.
        Ok(Ok(reply)) if reply.status == 408 => Err(CallError::NotSent),
        Ok(Ok(reply)) => Ok(reply),
        _ => Err(CallError::Doubtful),
    }
}
