//! What a turn tells those who watch it, and the names of its events.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;
use uuid::Uuid;

use super::{FinishReason, TurnFailure};
use crate::Timestamp;
use crate::id::{MessageId, TurnId};
use crate::usage::TokenUsage;

/// What a turn tells those who watch it. Exactly one `Completed` or `Broken` ends it.
#[derive(Clone, PartialEq, Eq)]
pub enum TurnEvent {
    /// The visitor's message is stored; always the first event.
    Started {
        /// The visitor's message.
        user_message_id: MessageId,
        /// The agent's message.
        assistant_message_id: MessageId,
    },
    /// The next piece of the answer. The pieces add up to the whole.
    Text(String),
    /// The answer is whole.
    Completed {
        /// The agent's message.
        assistant_message_id: MessageId,
        /// The whole answer.
        content: Arc<str>,
        /// When the agent's message was made.
        created_at: Timestamp,
        /// Why the model stopped.
        finish_reason: FinishReason,
        /// Tokens spent.
        usage: TokenUsage,
    },
    /// The answer broke off or never came.
    Broken {
        /// Why.
        failure: TurnFailure,
        /// When it broke off.
        at: Timestamp,
    },
}

impl TurnEvent {
    /// Whether nothing follows.
    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::Completed { .. } | Self::Broken { .. })
    }

    /// How long the piece of the answer is that comes with it.
    pub const fn text_bytes(&self) -> usize {
        match self {
            Self::Text(piece) => piece.len(),
            Self::Started { .. } | Self::Completed { .. } | Self::Broken { .. } => 0,
        }
    }
}

impl fmt::Debug for TurnEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Answers must not reach a log through a debug print.
        f.write_str(match self {
            Self::Started { .. } => "Started",
            Self::Text(_) => "Text",
            Self::Completed { .. } => "Completed",
            Self::Broken { .. } => "Broken",
        })
    }
}

/// An event with its place in the turn's log. Sequence numbers start at 1 in each generation and have no gaps, but
/// for the one of [`LoggedEvent::after_loss`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedEvent {
    /// Its place in the log.
    pub seq: u32,
    /// What happened.
    pub event: TurnEvent,
}

impl LoggedEvent {
    /// More events than a turn can have shown and not stored: its text is bounded, and so is the time for storing it.
    const LOST_AT_MOST: u32 = 65_536;

    /// The end of a log whose owner is gone, after its last stored event.
    ///
    /// The owner may have shown more than was stored. The numbers of those events stay theirs: a viewer that saw them
    /// would otherwise take the end for one that it knows.
    pub const fn after_loss(last_stored: u32, event: TurnEvent) -> Self {
        Self { seq: last_stored.saturating_add(Self::LOST_AT_MOST), event }
    }
}

/// Names one event for good: `<turnId>:<generation>:<seq>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventId {
    /// The turn.
    pub turn_id: TurnId,
    /// The attempt at its answer.
    pub generation: u32,
    /// The event's place in that attempt's log.
    pub seq: u32,
}

/// The text is not an event's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be the id of an event: <turnId>:<generation>:<seq>")]
pub struct EventIdError;

impl EventId {
    /// Reads what [`fmt::Display`] writes, and nothing else.
    pub fn parse(input: &str) -> Result<Self, EventIdError> {
        // Longer than any name, and cheaper to refuse than to look at.
        if input.len() > 64 {
            return Err(EventIdError);
        }
        let mut parts = input.split(':');
        let (Some(turn), Some(generation), Some(seq), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(EventIdError);
        };
        let id = Self {
            turn_id: TurnId::from_uuid(Uuid::try_parse(turn).map_err(|_| EventIdError)?),
            generation: generation.parse().map_err(|_| EventIdError)?,
            seq: seq.parse().map_err(|_| EventIdError)?,
        };
        if id.to_string() == input { Ok(id) } else { Err(EventIdError) }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.turn_id, self.generation, self.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_id_is_read_back_and_nothing_else_is() {
        let id = EventId { turn_id: TurnId::from_uuid(Uuid::from_u128(7)), generation: 2, seq: 41 };
        assert_eq!(EventId::parse(&id.to_string()), Ok(id));
        let turn = id.turn_id;
        for text in [
            String::new(),
            turn.to_string(),
            format!("{turn}:1"),
            format!("{turn}:1:2:3"),
            format!("{turn}:-1:2"),
            format!("{turn}:+1:2"),
            format!("{turn}:01:2"),
            format!("{turn}:1:9223372036854775808"),
            format!("{turn}:1:2\n"),
            format!("{{{turn}}}:1:2"),
            format!("{}:1:2", turn.to_string().to_uppercase().replace('0', "O")),
            "x".repeat(1_000_000),
        ] {
            assert_eq!(EventId::parse(&text), Err(EventIdError), "{text:.80}");
        }
    }
}
