//! One connection, with a limit for which the framework has none, and without line ends that are a matter of opinion.
//!
//! The framework gives the head of a connection's *first* request five seconds. Later ones may take for ever: a client
//! that asks once and then sends a byte of its next request now and then would keep its place for good.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::Place;
use super::lines::Lines;

/// No answer, but leave to send the body.
const CONTINUE: &[u8] = b"HTTP/1.1 100 ";

/// A connection that is closed when it has been asked something and nothing was answered for too long.
pub(crate) struct Socket {
    stream: TcpStream,
    place: Place,
    lines: Lines,
    patience: Duration,
    /// Runs from the first byte that was read after the last one that was written.
    unanswered: Pin<Box<Sleep>>,
    is_unanswered: bool,
}

impl Socket {
    /// `patience` must be longer than any request takes to be answered with its first byte.
    pub(crate) fn new(stream: TcpStream, place: Place, patience: Duration) -> Self {
        let unanswered = Box::pin(sleep(patience));
        Self { stream, place, lines: Lines::new(), patience, unanswered, is_unanswered: false }
    }

    pub(super) fn is_late(&self) -> bool {
        self.place.is_late
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.lines.pass(&mut buffer.filled_mut()[before..]);
        if buffer.filled().len() > before && !self.is_unanswered {
            let deadline = Instant::now() + self.patience;
            self.is_unanswered = true;
            self.unanswered.as_mut().reset(deadline);
        }
        // Asked even if something was read, so that a client which never stops sending is cut off as well.
        if self.is_unanswered && self.unanswered.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        outcome
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        if matches!(outcome, Poll::Ready(Ok(written)) if written > 0) {
            self.is_unanswered = false;
            if !bytes.starts_with(CONTINUE) {
                self.lines.answered();
            }
        }
        outcome
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
