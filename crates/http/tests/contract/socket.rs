//! A server of a test's own, real connections to it, and what stands on them.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpSocket, TcpStream};

use crate::world::{World, token, turn_path};

/// Longer than anything that a test waits for takes, and shorter than a ping or a limit that must not be what ends it.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A server on a free port.
pub(crate) struct Server {
    handle: ServerHandle,
    address: SocketAddr,
}

impl Server {
    pub(crate) fn start(world: World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (services, config) = world.into_parts();
        let server = chatloom_http::serve(listener, services, config).unwrap();
        let handle = server.handle();
        rt::spawn(server);
        Self { handle, address }
    }

    /// A connection whose receiving side is as small as the kernel makes it, so that little fills it.
    pub(crate) async fn connect(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    pub(crate) async fn stop(self) {
        self.handle.stop(false).await;
    }
}

/// The request that watches the sample turn.
pub(crate) fn watch_request(version: &str) -> String {
    format!("GET {} {version}\r\nhost: localhost\r\nx-widget-token: {}\r\n\r\n", turn_path("events"), token())
}

pub(crate) async fn read_until(socket: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    while !String::from_utf8_lossy(&bytes).contains(end) {
        let mut chunk = [0; 4096];
        let length = socket.read(&mut chunk).await.unwrap();
        assert_ne!(length, 0, "closed after {}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&chunk[..length]);
    }
    String::from_utf8(bytes).unwrap()
}
