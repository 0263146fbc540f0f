//! One connection that shows events.

use std::collections::VecDeque;

use crate::events::{Event, EventReader};
use crate::http::Reply;

/// Reads the events of an answer whose head promised a stream.
pub struct EventStream {
    reply: Reply,
    reader: EventReader,
    ready: VecDeque<Event>,
    /// What the stream had that is no event of ours.
    pub problem: Option<String>,
}

impl EventStream {
    /// A stream whose events are still to come.
    pub fn of(reply: Reply) -> Self {
        let mut problem = None;
        if reply.header("content-type") != Some("text/event-stream") {
            problem = Some("the stream has another content type".to_owned());
        }
        Self { reply, reader: EventReader::default(), ready: VecDeque::new(), problem }
    }

    /// The next event; `None` when the connection has ended or broken, or was silent for too long.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let bytes = self.reply.chunk().await.ok().flatten()?;
            match self.reader.push(&bytes) {
                Ok(events) => self.ready.extend(events),
                Err(problem) => {
                    self.problem = Some(problem);
                    return None;
                }
            }
        }
    }
}
