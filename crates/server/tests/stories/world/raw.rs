//! Connections that behave as no library would: they stop reading, or hang up in the middle.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::RequestBuilder;
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// Far longer than anything takes that a test waits for.
const GIVE_UP: Duration = Duration::from_mins(1);

/// A connection on which the test writes the bytes of requests itself.
pub(crate) struct RawConnection(TcpStream);

impl RawConnection {
    /// Connects, with a kernel that takes only about so many bytes before somebody reads.
    pub(crate) async fn open(address: SocketAddr, receive_buffer: usize) -> Self {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(receive_buffer).unwrap();
        socket.set_nonblocking(true).unwrap();
        let socket = TcpSocket::from_std_stream(socket.into());
        Self(socket.connect(address).await.unwrap())
    }

    /// Writes a request and reads nothing.
    pub(crate) async fn send(&mut self, request: RequestBuilder) {
        let request = request.build().unwrap();
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        let mut head = vec![format!("{} {} HTTP/1.1", request.method(), request.url().path())];
        head.push("host: test".to_owned());
        let headers = request.headers().iter();
        head.extend(headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())));
        head.push(format!("content-length: {}\r\n\r\n", body.len()));
        self.0.write_all(&[head.join("\r\n").as_bytes(), body].concat()).await.unwrap();
    }

    /// Writes bytes as they are, as far as the other side takes them.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        // Who has read enough to refuse may close before the rest is written.
        let _ = self.0.write_all(bytes).await;
    }

    /// Reads until the other side has closed the connection.
    pub(crate) async fn rest(mut self) -> String {
        let mut answer = Vec::new();
        // A reset is an end as well: what came before it counts.
        let _ = timeout(GIVE_UP, self.0.read_to_end(&mut answer)).await.expect("the connection stays open");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Reads until this text has come, and then no more.
    pub(crate) async fn read_until(&mut self, text: &str) {
        let mut read = Vec::new();
        while !String::from_utf8_lossy(&read).contains(text) {
            let mut some = [0; 512];
            let count = self.0.read(&mut some).await.unwrap();
            assert_ne!(count, 0, "the stream ended: {}", String::from_utf8_lossy(&read));
            read.extend_from_slice(&some[..count]);
        }
    }

    /// Hangs up with a reset.
    pub(crate) fn reset(self) {
        self.0.set_zero_linger().unwrap();
    }
}
