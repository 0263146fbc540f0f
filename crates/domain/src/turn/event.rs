//! What a turn tells those who watch it, and the names of its events.

use std::fmt;
use std::sync::Arc;

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

/// An event with its place in the turn's log. Sequence numbers start at 1 in each generation and have no gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedEvent {
    /// Its place in the log.
    pub seq: u32,
    /// What happened.
    pub event: TurnEvent,
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

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.turn_id, self.generation, self.seq)
    }
}
