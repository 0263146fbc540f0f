//! One connection through the proxy.

use std::io;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;

use super::{Shared, Upstream, Weather};

/// In slow weather so many bytes pass at once, with this pause behind them: about 20 KiB a second, which a stream of
/// pieces just fits through.
const SLICE_BYTES: usize = 100;
const SLICE_PAUSE: Duration = Duration::from_millis(5);

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Carries bytes both ways until either side ends or the connection is cut.
pub(super) async fn carry(client: TcpStream, shared: &Shared, limit: Option<u64>) -> io::Result<()> {
    let mut cuts = shared.cuts.subscribe();
    client.set_nodelay(true)?;
    let upstream = shared.upstream.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let opened = async {
        // A connection that is opened in a black hole goes nowhere until it clears.
        passable(&mut shared.weather.subscribe()).await;
        open(&upstream).await
    };
    let upstream = tokio::select! {
        opened = opened => opened?,
        _ = cuts.changed() => return Ok(()),
    };
    let (client_reads, client_writes) = client.into_split();
    let (upstream_reads, upstream_writes) = split(upstream);
    tokio::select! {
        ended = pump(client_reads, upstream_writes, shared.weather.subscribe(), None) => ended,
        ended = pump(upstream_reads, client_writes, shared.weather.subscribe(), limit) => ended,
        _ = cuts.changed() => Ok(()),
    }
}

async fn open(upstream: &Upstream) -> io::Result<Box<dyn Stream>> {
    match upstream {
        Upstream::Tcp(address) => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream))
        }
        Upstream::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
        Upstream::Nothing => Err(io::ErrorKind::ConnectionRefused.into()),
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut weather: watch::Receiver<Weather>,
    limit: Option<u64>,
) -> io::Result<()> {
    let mut left = limit.map_or(usize::MAX, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    let mut buffer = vec![0; 16 * 1024];
    while left > 0 {
        let room = buffer.len().min(left);
        let arrived = from.read(&mut buffer[..room]).await?;
        if arrived == 0 {
            return Ok(());
        }
        left -= arrived;
        let mut waiting = &buffer[..arrived];
        while !waiting.is_empty() {
            let slow = passable(&mut weather).await == Weather::Slow;
            let slice = if slow { waiting.len().min(SLICE_BYTES) } else { waiting.len() };
            to.write_all(&waiting[..slice]).await?;
            waiting = &waiting[slice..];
            if slow {
                tokio::time::sleep(SLICE_PAUSE).await;
            }
        }
    }
    Ok(())
}

/// Waits out a black hole.
async fn passable(weather: &mut watch::Receiver<Weather>) -> Weather {
    let found = weather.wait_for(|weather| *weather != Weather::BlackHole).await;
    // The proxy has gone; what it still carries may as well pass.
    found.map_or(Weather::Clear, |weather| *weather)
}
