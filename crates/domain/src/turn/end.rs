//! How a turn can end, and the names of it.

/// Why a model stopped writing although the answer counts as given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FinishReason {
    /// The model had nothing more to say.
    Stop,
    /// The answer reached its token limit.
    Length,
    /// Somebody asked the turn to stop.
    Stopped,
    /// The provider or the model withheld the rest.
    ContentFilter,
}

impl FinishReason {
    /// The name that the API and the databases use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::Stopped => "stopped",
            Self::ContentFilter => "content_filter",
        }
    }

    /// Reads the name back.
    pub fn parse(input: &str) -> Option<Self> {
        match input {
            "stop" => Some(Self::Stop),
            "length" => Some(Self::Length),
            "stopped" => Some(Self::Stopped),
            "content_filter" => Some(Self::ContentFilter),
            _ => None,
        }
    }
}

/// Why a turn ended without a whole answer, in the words that visitors may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TurnFailure {
    /// The model could not be asked: not reachable, refused the key, not there, or not talking the protocol.
    ModelUnavailable,
    /// The model has too much to do, or the account's quota is used up.
    ModelOverloaded,
    /// The conversation is longer than the model can take.
    ConversationTooLong,
    /// The answer was cut off before its end.
    AnswerInterrupted,
    /// The model was silent for too long, or the whole turn took too long.
    TurnTimedOut,
    /// The widget was switched off or deleted in the middle of the answer.
    WidgetGone,
}

impl TurnFailure {
    /// The stable code that the API and the databases use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ModelUnavailable => "model_unavailable",
            Self::ModelOverloaded => "model_overloaded",
            Self::ConversationTooLong => "conversation_too_long",
            Self::AnswerInterrupted => "answer_interrupted",
            Self::TurnTimedOut => "turn_timed_out",
            Self::WidgetGone => "widget_gone",
        }
    }

    /// Reads the code back.
    pub fn parse(input: &str) -> Option<Self> {
        match input {
            "model_unavailable" => Some(Self::ModelUnavailable),
            "model_overloaded" => Some(Self::ModelOverloaded),
            "conversation_too_long" => Some(Self::ConversationTooLong),
            "answer_interrupted" => Some(Self::AnswerInterrupted),
            "turn_timed_out" => Some(Self::TurnTimedOut),
            "widget_gone" => Some(Self::WidgetGone),
            _ => None,
        }
    }

    /// Whether asking the same again may help.
    pub const fn is_retryable(self) -> bool {
        !matches!(self, Self::ConversationTooLong | Self::WidgetGone)
    }
}
