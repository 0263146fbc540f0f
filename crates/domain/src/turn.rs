//! A turn: one question of a visitor and the work of answering it, as a state machine.
//!
//! A turn outlives the request that began it. It runs under a lease; when the lease ends without the answer
//! being finished, any replica may break the turn off. A generation that has ended stays ended; a turn without its
//! answer may be run again, in a new generation.

mod end;
mod event;
mod idempotency;

use thiserror::Error;

pub use end::{FinishReason, TurnFailure};
pub use event::{EventId, EventIdError, LoggedEvent, TurnEvent};
pub use idempotency::{Fingerprint, IdempotencyClaim, IdempotencyKey, IdempotencyKeyError};

use crate::Timestamp;
use crate::id::{MessageId, ReplicaId, SessionId, TurnId};
use crate::message::MessageStatus;
use crate::usage::TokenUsage;

/// Who runs a turn, and until when others must leave it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The replica that runs the turn.
    pub owner: ReplicaId,
    /// When the turn may be taken from it.
    pub until: Timestamp,
}

/// Where a turn stands. Within a generation only `Running` can be left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnState {
    /// The answer is being made.
    Running {
        /// Who makes it, and until when.
        lease: Lease,
    },
    /// The model's terminal marker came: the answer is whole.
    Completed {
        /// Why the model stopped.
        finish_reason: FinishReason,
        /// Tokens spent.
        usage: TokenUsage,
        /// When it ended.
        ended_at: Timestamp,
    },
    /// The answer broke off after its first text, which is kept.
    Interrupted {
        /// Why.
        failure: TurnFailure,
        /// Tokens spent, as far as they are known.
        usage: TokenUsage,
        /// When it ended.
        ended_at: Timestamp,
    },
    /// There was no text at all.
    Failed {
        /// Why.
        failure: TurnFailure,
        /// Tokens spent, as far as they are known.
        usage: TokenUsage,
        /// When it ended.
        ended_at: Timestamp,
    },
}

impl TurnState {
    /// The name that the databases use.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Running { .. } => "running",
            Self::Completed { .. } => "completed",
            Self::Interrupted { .. } => "interrupted",
            Self::Failed { .. } => "failed",
        }
    }

    /// Tokens spent, as far as they are known; none while it runs.
    pub const fn usage(&self) -> TokenUsage {
        match *self {
            Self::Running { .. } => TokenUsage { input: 0, output: 0 },
            Self::Completed { usage, .. } | Self::Interrupted { usage, .. } | Self::Failed { usage, .. } => {
                usage
            }
        }
    }

    /// When it ended; `None` while it runs.
    pub const fn ended_at(&self) -> Option<Timestamp> {
        match *self {
            Self::Running { .. } => None,
            Self::Completed { ended_at, .. }
            | Self::Interrupted { ended_at, .. }
            | Self::Failed { ended_at, .. } => Some(ended_at),
        }
    }

    /// What the state makes of the agent's message.
    pub const fn message_status(&self) -> MessageStatus {
        match self {
            Self::Running { .. } => MessageStatus::Streaming,
            Self::Completed { .. } => MessageStatus::Complete,
            Self::Interrupted { .. } => MessageStatus::Interrupted,
            Self::Failed { .. } => MessageStatus::Failed,
        }
    }
}

/// A transition was asked of a turn that does not allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TransitionError {
    /// The turn has already ended.
    #[error("turn has already ended")]
    Ended,
    /// The owner's lease still holds.
    #[error("turn's lease still holds")]
    Leased,
}

/// Why a turn cannot be run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RetryError {
    /// It is running.
    #[error("turn is still running")]
    Running,
    /// It has its answer.
    #[error("turn has its answer")]
    Completed,
}

/// One question and the work of answering it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The turn's id.
    pub id: TurnId,
    /// The session it belongs to. A session has at most one running turn.
    pub session_id: SessionId,
    /// The visitor's message.
    pub user_message_id: MessageId,
    /// The agent's message, there from the start.
    pub assistant_message_id: MessageId,
    /// Counts the attempts at the answer, from 1. Only the owner of the current generation may write.
    pub generation: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// Where it stands.
    pub state: TurnState,
}

impl Turn {
    /// Ends a running turn with a whole answer.
    pub fn complete(
        self,
        finish_reason: FinishReason,
        usage: TokenUsage,
        ended_at: Timestamp,
    ) -> Result<Self, TransitionError> {
        self.end(TurnState::Completed { finish_reason, usage, ended_at })
    }

    /// Ends a running turn without a whole answer: interrupted if there is text to keep, else failed.
    pub fn break_off(
        self,
        failure: TurnFailure,
        has_text: bool,
        usage: TokenUsage,
        ended_at: Timestamp,
    ) -> Result<Self, TransitionError> {
        self.end(if has_text {
            TurnState::Interrupted { failure, usage, ended_at }
        } else {
            TurnState::Failed { failure, usage, ended_at }
        })
    }

    /// Ends a turn whose owner let its lease run out. Its tokens are not known.
    pub fn expire(self, has_text: bool, now: Timestamp) -> Result<Self, TransitionError> {
        match self.state {
            TurnState::Running { lease } if lease.until > now => Err(TransitionError::Leased),
            _ => self.break_off(TurnFailure::AnswerInterrupted, has_text, TokenUsage::default(), now),
        }
    }

    /// Runs a turn that has no answer once more, as the next generation.
    pub fn retry(self, lease: Lease) -> Result<Self, RetryError> {
        match self.state {
            TurnState::Running { .. } => Err(RetryError::Running),
            TurnState::Completed { .. } => Err(RetryError::Completed),
            TurnState::Interrupted { .. } | TurnState::Failed { .. } => Ok(Self {
                generation: self.generation.saturating_add(1),
                state: TurnState::Running { lease },
                ..self
            }),
        }
    }

    /// The first event of each generation. It follows from the turn alone, so it can be shown before it is stored.
    pub const fn started(&self) -> LoggedEvent {
        let event = TurnEvent::Started {
            user_message_id: self.user_message_id,
            assistant_message_id: self.assistant_message_id,
        };
        LoggedEvent { seq: 1, event }
    }

    /// Whether the turn is being answered.
    pub const fn is_running(&self) -> bool {
        matches!(self.state, TurnState::Running { .. })
    }

    fn end(self, state: TurnState) -> Result<Self, TransitionError> {
        match self.state {
            TurnState::Running { .. } => Ok(Self { state, ..self }),
            _ => Err(TransitionError::Ended),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn running(until: i64) -> Turn {
        Turn {
            id: TurnId::from_uuid(Uuid::from_u128(1)),
            session_id: SessionId::from_uuid(Uuid::from_u128(2)),
            user_message_id: MessageId::from_uuid(Uuid::from_u128(3)),
            assistant_message_id: MessageId::from_uuid(Uuid::from_u128(4)),
            generation: 1,
            started_at: at(0),
            state: TurnState::Running {
                lease: Lease { owner: ReplicaId::from_uuid(Uuid::from_u128(5)), until: at(until) },
            },
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_terminal_state_is_never_left() {
        let usage = TokenUsage::default();
        let ended = [
            running(10).complete(FinishReason::Stop, usage, at(1)).unwrap(),
            running(10).break_off(TurnFailure::AnswerInterrupted, true, usage, at(1)).unwrap(),
            running(10).break_off(TurnFailure::ModelUnavailable, false, usage, at(1)).unwrap(),
        ];
        for turn in ended {
            assert_eq!(turn.complete(FinishReason::Stop, usage, at(2)), Err(TransitionError::Ended));
            assert_eq!(
                turn.break_off(TurnFailure::TurnTimedOut, true, usage, at(2)),
                Err(TransitionError::Ended)
            );
            assert_eq!(turn.expire(true, at(100)), Err(TransitionError::Ended));
        }
    }

    #[test]
    fn text_decides_between_interrupted_and_failed() {
        let broken = |has_text| {
            running(10)
                .break_off(TurnFailure::TurnTimedOut, has_text, TokenUsage::default(), at(1))
                .unwrap()
                .state
        };
        assert_eq!(broken(true).message_status(), MessageStatus::Interrupted);
        assert_eq!(broken(false).message_status(), MessageStatus::Failed);
    }

    #[test]
    fn only_a_turn_without_its_answer_is_run_again_as_the_next_generation() {
        let usage = TokenUsage::default();
        let lease = Lease { owner: ReplicaId::from_uuid(Uuid::from_u128(6)), until: at(20) };
        assert_eq!(running(10).retry(lease), Err(RetryError::Running));
        let whole = running(10).complete(FinishReason::Stopped, usage, at(1)).unwrap();
        assert_eq!(whole.retry(lease), Err(RetryError::Completed));
        for has_text in [true, false] {
            let broken = running(10).break_off(TurnFailure::TurnTimedOut, has_text, usage, at(1)).unwrap();
            let again = broken.retry(lease).unwrap();
            assert_eq!((again.generation, again.state), (2, TurnState::Running { lease }));
        }
    }

    #[test]
    fn a_lease_protects_a_turn_until_it_ends() {
        assert_eq!(running(10).expire(true, at(9)), Err(TransitionError::Leased));
        assert_eq!(running(10).expire(true, at(10)).unwrap().state.as_str(), "interrupted");
    }
}
