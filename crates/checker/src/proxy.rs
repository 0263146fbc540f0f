//! A TCP proxy that spoils connections on request: the network between clients, service, database and model.

mod connection;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What connections lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// A TCP address.
    Tcp(SocketAddr),
    /// A Unix socket, which is where a throw-away PostgreSQL listens.
    Unix(PathBuf),
    /// Nothing: connections are closed at once.
    Nothing,
}

/// How the network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Bytes pass.
    Clear,
    /// Bytes are neither passed nor refused; those that wait pass when it clears.
    BlackHole,
    /// Bytes pass in slices of a few at a time.
    Slow,
}

/// A listening proxy, for as long as this value lives.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

struct Shared {
    upstream: Mutex<Upstream>,
    weather: watch::Sender<Weather>,
    /// Counts the cuts; connections that were open at one end with it.
    cuts: watch::Sender<u64>,
    /// After how many bytes of an answer the next connection is cut.
    next_limit: Mutex<Option<u64>>,
}

impl Proxy {
    /// Starts to listen on a free port of the loopback interface.
    pub async fn start(upstream: Upstream) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream: Mutex::new(upstream),
            weather: watch::Sender::new(Weather::Clear),
            cuts: watch::Sender::new(0),
            next_limit: Mutex::new(None),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, shared.clone()));
        Ok(Self { address, shared, _tasks: tasks })
    }

    /// Sends connections that come from now on somewhere else.
    pub fn lead_to(&self, upstream: Upstream) {
        *self.shared.upstream.lock().unwrap_or_else(PoisonError::into_inner) = upstream;
    }

    /// Changes how bytes pass, on open connections too.
    pub fn set_weather(&self, weather: Weather) {
        self.shared.weather.send_replace(weather);
    }

    /// Ends all open connections.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Cuts the next connection when this many bytes have come back on it.
    pub fn cut_next_after(&self, bytes: u64) {
        *self.shared.next_limit.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let shared = shared.clone();
        // Taken here, so that limits meet connections in the order in which both came.
        let limit = shared.next_limit.lock().unwrap_or_else(PoisonError::into_inner).take();
        connections.spawn(async move {
            // A connection that breaks has done what it is here for.
            let _ = connection::carry(client, &shared, limit).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::time::timeout;

    use super::*;

    /// A proxy before a server that sends back what it gets.
    async fn echo() -> (Proxy, JoinSet<()>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let proxy = Proxy::start(Upstream::Tcp(listener.local_addr().unwrap())).await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                connections.spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        (proxy, tasks)
    }

    async fn exchange(stream: &mut TcpStream, text: &[u8]) -> std::io::Result<Vec<u8>> {
        stream.write_all(text).await?;
        let mut back = vec![0; text.len()];
        stream.read_exact(&mut back).await?;
        Ok(back)
    }

    #[tokio::test]
    async fn bytes_pass_in_clear_and_in_slow_weather() {
        let (proxy, _server) = echo().await;
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        assert_eq!(exchange(&mut stream, b"hello").await.unwrap(), b"hello");
        proxy.set_weather(Weather::Slow);
        let long = vec![7; 500];
        assert_eq!(exchange(&mut stream, &long).await.unwrap(), long);
    }

    #[tokio::test]
    async fn a_black_hole_holds_bytes_back_until_it_clears() {
        let (proxy, _server) = echo().await;
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        exchange(&mut stream, b"hello").await.unwrap();
        proxy.set_weather(Weather::BlackHole);
        stream.write_all(b"lost?").await.unwrap();
        let mut back = [0; 5];
        assert!(timeout(Duration::from_millis(100), stream.read_exact(&mut back)).await.is_err());
        proxy.set_weather(Weather::Clear);
        stream.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"lost?");
    }

    #[tokio::test]
    async fn a_cut_ends_open_connections_and_no_later_ones() {
        let (proxy, _server) = echo().await;
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        exchange(&mut stream, b"hello").await.unwrap();
        proxy.cut();
        assert!(exchange(&mut stream, b"again").await.is_err());
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        assert_eq!(exchange(&mut stream, b"again").await.unwrap(), b"again");
    }

    #[tokio::test]
    async fn a_limit_cuts_one_connection_at_its_byte() {
        let (proxy, _server) = echo().await;
        proxy.cut_next_after(3);
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        stream.write_all(b"hello").await.unwrap();
        let mut seen = Vec::new();
        // The end may be a reset, which takes nothing back that has arrived.
        let _ = stream.read_to_end(&mut seen).await;
        assert_eq!(seen, b"hel");
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        assert_eq!(exchange(&mut stream, b"hello").await.unwrap(), b"hello");
    }
}
