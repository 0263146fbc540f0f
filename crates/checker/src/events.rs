//! The service's event streams, read as a browser reads them.

use std::fmt;

use serde_json::Value;

/// Where an event stands: its turn, the turn's generation, and its number in that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The turn's id.
    pub turn: String,
    /// Counts the attempts at the answer, from 1.
    pub generation: u32,
    /// Counts the events of the generation, from 1.
    pub seq: u32,
}

impl Position {
    /// Reads an event's id.
    pub fn parse(id: &str) -> Option<Self> {
        let mut parts = id.split(':');
        let position = Self {
            turn: parts.next()?.to_owned(),
            generation: parts.next()?.parse().ok()?,
            seq: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(position)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.turn, self.generation, self.seq)
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id.
    pub position: Position,
    /// Its name.
    pub name: String,
    /// Its data.
    pub data: Value,
}

impl Event {
    /// Whether nothing comes after it in its generation.
    pub fn is_terminal(&self) -> bool {
        self.name == "done" || self.name == "error"
    }
}

/// Puts events together from bytes that are cut anywhere.
#[derive(Debug, Default)]
pub struct EventReader {
    unread: Vec<u8>,
}

impl EventReader {
    /// Takes bytes and gives the events that they complete; an error for an event that is not as ours are.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, String> {
        self.unread.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.unread.windows(2).position(|pair| pair == b"\n\n") {
            let block: Vec<u8> = self.unread.drain(..end + 2).collect();
            let block = String::from_utf8(block).map_err(|_| "an event is not UTF-8".to_owned())?;
            // A block of comments and settings only is no event.
            if block.lines().any(|line| line.starts_with("data:")) {
                events.push(parse(&block).ok_or_else(|| format!("not an event of ours: {block:?}"))?);
            }
        }
        Ok(events)
    }
}

fn parse(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let (name, data): (_, Value) = (field("event")?, serde_json::from_str(field("data")?).ok()?);
    (data["type"] == name).then_some(())?;
    Some(Event { position: Position::parse(field("id")?)?, name: name.to_owned(), data })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "retry: 2000\nid: t:1:1\nevent: start\ndata: {\"type\":\"start\"}\n\n\
        : ping\nid: t:1:2\nevent: token\ndata: {\"type\":\"token\",\"content\":\"ü\"}\n\nretry: 500\n";

    #[test]
    fn events_are_the_same_wherever_the_stream_is_cut() {
        for cut in 0..=STREAM.len() {
            let mut reader = EventReader::default();
            let mut events = reader.push(&STREAM.as_bytes()[..cut]).unwrap();
            events.extend(reader.push(&STREAM.as_bytes()[cut..]).unwrap());
            let seen: Vec<_> = events.iter().map(|event| (event.position.seq, event.name.as_str())).collect();
            assert_eq!(seen, [(1, "start"), (2, "token")], "cut at {cut}");
        }
    }

    #[test]
    fn an_event_without_an_id_or_with_another_type_is_refused() {
        let push = |text: &str| EventReader::default().push(text.as_bytes());
        assert!(push("event: done\ndata: {\"type\":\"done\"}\n\n").is_err());
        assert!(push("id: t:1:1\nevent: done\ndata: {\"type\":\"token\"}\n\n").is_err());
        assert!(push(": only a comment\n\n").unwrap().is_empty());
    }

    #[test]
    fn a_position_has_three_parts() {
        let position = Position::parse("abc:2:17").unwrap();
        assert_eq!((position.generation, position.seq, position.to_string()), (2, 17, "abc:2:17".to_owned()));
        assert!(["abc:2", "abc:2:x", "abc:2:1:1", ""].iter().all(|id| Position::parse(id).is_none()));
    }
}
