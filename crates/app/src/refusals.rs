//! What the refusals of turns mean to a visitor.

use chatloom_ports::store::StoreError;
use chatloom_ports::store::turns::{BeginTurnError, RetryTurnError};
use chatloom_ports::visitor::VisitorError;

use crate::turns::{StartError, WatchError};

/// A message that was not taken.
pub(crate) fn not_begun(error: StartError<BeginTurnError>) -> VisitorError {
    match not_started(error) {
        Err(refused) => refused,
        Ok(BeginTurnError::KeyReused) => VisitorError::KeyReused,
        Ok(BeginTurnError::AlreadyBegun(turn) | BeginTurnError::TurnRunning(turn)) => {
            VisitorError::TurnRunning(turn)
        }
        Ok(BeginTurnError::SessionNotFound) => VisitorError::SessionNotFound,
        Ok(BeginTurnError::WidgetChanged) => contended(),
        Ok(BeginTurnError::Store(error)) => error.into(),
    }
}

/// A turn that was not run again.
pub(crate) fn not_retried(error: StartError<RetryTurnError>) -> VisitorError {
    match not_started(error) {
        Err(refused) => refused,
        Ok(RetryTurnError::TurnNotFound) => VisitorError::TurnNotFound,
        Ok(RetryTurnError::TurnRunning(turn)) => VisitorError::TurnRunning(turn),
        Ok(RetryTurnError::NotRetryable) => VisitorError::NotRetryable,
        Ok(RetryTurnError::SessionNotFound) => VisitorError::SessionNotFound,
        Ok(RetryTurnError::WidgetChanged) => contended(),
        Ok(RetryTurnError::Store(error)) => error.into(),
    }
}

/// A turn that cannot be shown or stopped.
pub(crate) fn not_shown(error: WatchError) -> VisitorError {
    match error {
        WatchError::NotFound => VisitorError::TurnNotFound,
        WatchError::Draining => VisitorError::Draining,
        WatchError::Store(error) => error.into(),
    }
}

/// The widget kept changing between its check and the write, which no human does.
pub(crate) fn contended() -> VisitorError {
    VisitorError::Store(StoreError::Unavailable("the widget changes too often".into()))
}

/// The store's refusal, or else what nobody asked the store for.
fn not_started<E>(error: StartError<E>) -> Result<E, VisitorError> {
    match error {
        StartError::Draining => Err(VisitorError::Draining),
        StartError::ModelUnavailable { retry_after } => Err(VisitorError::ModelUnavailable { retry_after }),
        StartError::Store(refused) => Ok(refused),
    }
}
