//! Messages of a chat session.

use thiserror::Error;

use crate::Timestamp;
use crate::feedback::Rating;
use crate::id::{MessageId, TurnId};
use crate::page_context::PageContext;

/// A visitor's message: 1 to 8,000 characters after trimming, without NUL.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageContent(String);

/// Why a visitor's message was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MessageContentError {
    /// Nothing is left after trimming.
    #[error("must not be empty")]
    Empty,
    /// More than [`MessageContent::MAX_CHARS`] characters.
    #[error("must be at most 8000 characters")]
    TooLong,
    /// PostgreSQL cannot store NUL in a text, and no visitor types it.
    #[error("must not contain NUL")]
    Nul,
}

impl MessageContent {
    /// The longest message, in Unicode scalar values.
    pub const MAX_CHARS: usize = 8_000;

    /// Trims and checks the text.
    pub fn parse(input: &str) -> Result<Self, MessageContentError> {
        let text = input.trim();
        if text.is_empty() {
            return Err(MessageContentError::Empty);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(MessageContentError::TooLong);
        }
        if text.contains('\0') {
            return Err(MessageContentError::Nul);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text, trimmed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for MessageContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What visitors write must not reach a log through a debug print.
        f.write_str("MessageContent")
    }
}

/// What a turn answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What the visitor wrote.
    pub content: MessageContent,
    /// What the page said of itself. The model sees it with this question only, not with later ones.
    pub context: Option<PageContext>,
}

impl From<MessageContent> for Question {
    fn from(content: MessageContent) -> Self {
        Self { content, context: None }
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Author {
    /// The visitor.
    User,
    /// The agent.
    Assistant,
}

impl Author {
    /// The name that the API, the databases and the models use for the role.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }

    /// Reads the name back.
    pub fn parse(input: &str) -> Option<Self> {
        match input {
            "user" => Some(Self::User),
            "assistant" => Some(Self::Assistant),
            _ => None,
        }
    }
}

/// How far a message has come. A visitor's message is complete from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageStatus {
    /// The whole text is there.
    Complete,
    /// The agent is still writing; the text is what has been stored so far.
    Streaming,
    /// The answer was cut off; the text is what had arrived.
    Interrupted,
    /// The model gave no answer; the text is empty.
    Failed,
}

impl MessageStatus {
    /// The name that the API and the databases use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Streaming => "streaming",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }

    /// Reads the name back.
    pub fn parse(input: &str) -> Option<Self> {
        match input {
            "complete" => Some(Self::Complete),
            "streaming" => Some(Self::Streaming),
            "interrupted" => Some(Self::Interrupted),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }
}

/// One message of a session, as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The message's id.
    pub id: MessageId,
    /// Its place in the session, from 1, without gaps.
    pub seq: i64,
    /// Who wrote it.
    pub author: Author,
    /// The text; empty only for an assistant's message that has none yet or never got one.
    pub content: String,
    /// How far it has come.
    pub status: MessageStatus,
    /// The turn that writes it or can write it anew; `None` for what is complete.
    pub turn_id: Option<TurnId>,
    /// What the visitor thinks of it; only of answers.
    pub feedback: Option<Rating>,
    /// When it was made; for an answer, when the turn began.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("seq", &self.seq)
            .field("author", &self.author)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
