//! The one encoder of event streams (WHATWG HTML, "Server-sent events").
//!
//! Only typed events go in, and every `data` is one line of JSON, so nothing that a model or a visitor writes can
//! end a line or begin an event (CVE-2026-33128 is what happens otherwise).

use std::convert::Infallible;
use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use bytes::{BufMut as _, Bytes, BytesMut};
use chatloom_domain::turn::TurnEvent;
use chatloom_ports::visitor::{StreamedEvent, TurnStream};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

mod wire;

pub(crate) use wire::events_schema;

/// How long a client waits before it looks again, in milliseconds. The single newline makes it part of the first
/// event: a block of its own would be an empty message to some clients.
const PREAMBLE: &str = "retry: 2000\n";

/// The comment that keeps proxies from closing a silent connection. It ends with one newline for the same reason.
const PING: &[u8] = b": ping\n";

/// Room for a few events of common size. A buffer that is still being sent is not reused.
const BUFFER_BYTES: usize = 1024;

/// Events that are ready together go out together, up to this size.
const CHUNK_BYTES: usize = 16 * 1024;

/// The names of the events.
const fn name(event: &TurnEvent) -> &'static str {
    match event {
        TurnEvent::Started { .. } => "start",
        TurnEvent::Text(_) => "token",
        TurnEvent::Completed { .. } => "done",
        TurnEvent::Broken { .. } => "error",
    }
}

/// The answer that shows a turn's events until its last one. `path` is the request's, for an error event.
pub(crate) fn response(events: TurnStream, path: &str, keep_alive: Duration) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        // Compression would hold pieces back, as would a buffering nginx, which the last header is for.
        .insert_header((CACHE_CONTROL, "no-store, no-transform"))
        .insert_header(("x-accel-buffering", "no"))
        .body(EventStream::new(events, path, keep_alive))
}

struct EventStream {
    /// `None` after the last event.
    events: Option<TurnStream>,
    buffer: BytesMut,
    pings: Interval,
    path: Box<str>,
}

impl EventStream {
    fn new(events: TurnStream, path: &str, keep_alive: Duration) -> Self {
        let mut pings = interval_at(Instant::now() + keep_alive, keep_alive);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut buffer = BytesMut::with_capacity(BUFFER_BYTES);
        buffer.put_slice(PREAMBLE.as_bytes());
        Self { events: Some(events), buffer, pings, path: path.into() }
    }

    /// Writes all events that are ready now.
    fn fill(&mut self, context: &mut Context<'_>) {
        while self.buffer.len() < CHUNK_BYTES
            && let Some(events) = &mut self.events
        {
            match events.as_mut().poll_next(context) {
                Poll::Ready(Some(event)) => {
                    encode(&mut self.buffer, &event, &self.path);
                    if event.event.is_terminal() {
                        self.events = None;
                    }
                }
                Poll::Ready(None) => self.events = None,
                Poll::Pending => return,
            }
        }
    }
}

impl MessageBody for EventStream {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let this = self.get_mut();
        this.fill(context);
        if !this.buffer.is_empty() {
            return Poll::Ready(Some(Ok(this.buffer.split().freeze())));
        }
        if this.events.is_none() {
            return Poll::Ready(None);
        }
        this.pings.poll_tick(context).map(|_| Some(Ok(Bytes::from_static(PING))))
    }
}

/// Appends one event.
fn encode(buffer: &mut BytesMut, streamed: &StreamedEvent, path: &str) {
    let StreamedEvent { id, event } = streamed;
    if buffer.is_empty() {
        // Takes the memory of the last chunk again once that has been sent.
        buffer.reserve(BUFFER_BYTES);
    }
    // Writing into memory cannot fail, neither here nor in `wire`.
    let _ = write!(buffer, "id: {id}\nevent: {}\ndata: ", name(event));
    wire::write_data(buffer, name(event), id.turn_id, event, path);
    buffer.put_slice(b"\n\n");
}

#[cfg(test)]
mod tests;
