//! Reads a stream of events as a browser would, and insists on what our streams promise.

use reqwest::Response;
use serde_json::Value;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) data: Value,
}

impl Event {
    /// The turn that it belongs to.
    pub(crate) fn turn(&self) -> &str {
        self.id.split(':').next().unwrap()
    }

    /// The turn's attempt at an answer that it belongs to.
    pub(crate) fn generation(&self) -> u32 {
        self.id.split(':').nth(1).unwrap().parse().unwrap()
    }

    /// Whether nothing comes after it.
    pub(crate) fn is_terminal(&self) -> bool {
        self.name == "done" || self.name == "error"
    }
}

/// A stream that is being read.
pub(crate) struct Events {
    response: Response,
    unread: Vec<u8>,
}

impl Events {
    /// Wraps an answer whose head promises a stream.
    pub(crate) fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        for (name, value) in [
            ("content-type", "text/event-stream"),
            ("cache-control", "no-store, no-transform"),
            ("x-accel-buffering", "no"),
        ] {
            assert_eq!(response.headers()[name], value, "{name}");
        }
        Self { response, unread: Vec::new() }
    }

    /// The next event; `None` when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.unread.drain(..end + 2).collect();
                if let Some(event) = parse(std::str::from_utf8(&block).unwrap()) {
                    return Some(event);
                }
                continue;
            }
            // A connection that breaks ends the stream like one that is closed; the last event tells them apart.
            match self.response.chunk().await {
                Ok(Some(chunk)) => self.unread.extend_from_slice(&chunk),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// Reads up to the first event of that name, and gives it.
    pub(crate) async fn until(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("the stream ended without {name}"));
            if event.name == name {
                return event;
            }
        }
    }

    /// All events to the end of the stream.
    pub(crate) async fn rest(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

/// The event of one block; `None` for a block of comments and settings only.
fn parse(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let data: Value = serde_json::from_str(field("data")?).unwrap();
    let event = Event { id: field("id").unwrap().to_owned(), name: field("event").unwrap().to_owned(), data };
    assert_eq!(event.data["type"], event.name.as_str());
    Some(event)
}

/// The pieces of an answer, put together.
pub(crate) fn spoken(events: &[Event]) -> String {
    let pieces = events.iter().filter(|event| event.name == "token");
    pieces.map(|event| event.data["content"].as_str().unwrap()).collect()
}
