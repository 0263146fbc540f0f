//! The one encoder of event streams (WHATWG HTML, "Server-sent events").
//!
//! Only typed events go in, and every `data` is one line of JSON, so nothing that a model or a visitor writes can
//! end a line or begin an event (CVE-2026-33128 is what happens otherwise).

use std::convert::Infallible;
use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::http::{ConnectionType, Version};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use chatloom_domain::turn::TurnEvent;
use chatloom_ports::visitor::{StreamedEvent, TurnStream};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

mod wire;

pub(crate) use wire::events_schema;

/// How long a client waits before it looks again, in milliseconds. The single newline makes it part of the first
/// event: a block of its own would be an empty message to some clients.
const PREAMBLE: &[u8] = b"retry: 2000\n";

/// Ends a stream that has no last event, so that the client comes back soon: the answer goes on elsewhere. A line
/// alone counts at once (WHATWG HTML, "Interpreting an event stream"), and no blank line means no empty message.
const COME_BACK: &[u8] = b"retry: 500\n";

/// The comment that keeps proxies from closing a silent connection. It ends with one newline for the same reason.
const PING: &[u8] = b": ping\n";

/// Room for a few events of common size.
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

/// The answer that shows a turn's events until its last one.
pub(crate) fn response(events: TurnStream, request: &HttpRequest, keep_alive: Duration) -> HttpResponse {
    let mut response = HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        // Compression would hold pieces back, as would a buffering nginx, which the last header is for.
        .insert_header((CACHE_CONTROL, "no-store, no-transform"))
        .insert_header(("x-accel-buffering", "no"))
        .body(EventStream::new(events, request.path(), keep_alive));
    if request.version() < Version::HTTP_11 {
        // Such a client, or proxy, need not know chunks (RFC 9112 section 6.1); for it the end is the connection's.
        let head = response.head_mut();
        head.no_chunking(true);
        head.set_connection_type(ConnectionType::Close);
    }
    response
}

/// An open stream. Most of them wait most of the time, so it keeps nothing that only sending needs.
struct EventStream {
    /// `None` after the end.
    events: Option<TurnStream>,
    has_begun: bool,
    pings: Interval,
    /// The request's, for an error event.
    path: Box<str>,
}

impl EventStream {
    fn new(events: TurnStream, path: &str, keep_alive: Duration) -> Self {
        let mut pings = interval_at(Instant::now() + keep_alive, keep_alive);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { events: Some(events), has_begun: false, pings, path: path.into() }
    }

    /// All events that are ready now.
    fn ready(&mut self, context: &mut Context<'_>) -> Vec<u8> {
        let mut chunk = Vec::new();
        if !self.has_begun {
            self.has_begun = true;
            chunk.extend_from_slice(PREAMBLE);
        }
        while chunk.len() < CHUNK_BYTES
            && let Some(events) = &mut self.events
        {
            match events.as_mut().poll_next(context) {
                Poll::Ready(Some(event)) => {
                    encode(&mut chunk, &event, &self.path);
                    if event.event.is_terminal() {
                        self.events = None;
                    }
                }
                Poll::Ready(None) => {
                    chunk.extend_from_slice(COME_BACK);
                    self.events = None;
                }
                Poll::Pending => break,
            }
        }
        chunk
    }
}

impl MessageBody for EventStream {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let this = self.get_mut();
        let chunk = this.ready(context);
        if !chunk.is_empty() {
            return Poll::Ready(Some(Ok(chunk.into())));
        }
        if this.events.is_none() {
            return Poll::Ready(None);
        }
        this.pings.poll_tick(context).map(|_| Some(Ok(Bytes::from_static(PING))))
    }
}

/// Appends one event.
fn encode(chunk: &mut Vec<u8>, streamed: &StreamedEvent, path: &str) {
    let StreamedEvent { id, event } = streamed;
    if chunk.is_empty() {
        chunk.reserve(BUFFER_BYTES);
    }
    // Writing into memory cannot fail, neither here nor in `wire`.
    let _ = write!(chunk, "id: {id}\nevent: {}\ndata: ", name(event));
    wire::write_data(chunk, name(event), id.turn_id, event, path);
    chunk.extend_from_slice(b"\n\n");
}

#[cfg(test)]
mod tests;
