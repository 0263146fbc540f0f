//! What the refusals of turns mean to a visitor.

use std::time::Duration;

use chatloom_domain::Timestamp;
use chatloom_domain::budget::ReachedQuota;
use chatloom_ports::store::StoreError;
use chatloom_ports::store::turns::{BeginTurnError, RetryTurnError};
use chatloom_ports::visitor::VisitorError;

use crate::turns::{StartError, WatchError};

/// A message that was not taken.
pub(crate) fn not_begun(error: StartError<BeginTurnError>, now: Timestamp) -> VisitorError {
    match not_started(error) {
        Err(refused) => refused,
        Ok(BeginTurnError::KeyReused) => VisitorError::KeyReused,
        Ok(BeginTurnError::AlreadyBegun(turn) | BeginTurnError::TurnRunning(turn)) => {
            VisitorError::TurnRunning(turn)
        }
        Ok(BeginTurnError::SessionNotFound) => VisitorError::SessionNotFound,
        Ok(BeginTurnError::WidgetChanged | BeginTurnError::NotMeasured { .. }) => contended(),
        Ok(BeginTurnError::QuotaReached(quota)) => reached(quota, now),
        Ok(BeginTurnError::Store(error)) => error.into(),
    }
}

/// A turn that was not run again.
pub(crate) fn not_retried(error: StartError<RetryTurnError>, now: Timestamp) -> VisitorError {
    match not_started(error) {
        Err(refused) => refused,
        Ok(RetryTurnError::TurnNotFound) => VisitorError::TurnNotFound,
        Ok(RetryTurnError::TurnRunning(turn)) => VisitorError::TurnRunning(turn),
        Ok(RetryTurnError::NotRetryable) => VisitorError::NotRetryable,
        Ok(RetryTurnError::SessionNotFound) => VisitorError::SessionNotFound,
        Ok(RetryTurnError::WidgetChanged | RetryTurnError::NotMeasured { .. }) => contended(),
        Ok(RetryTurnError::QuotaReached(quota)) => reached(quota, now),
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

/// A quota is used up until the next day begins, unless running turns hold what is missing.
fn reached(quota: ReachedQuota, now: Timestamp) -> VisitorError {
    /// A turn that holds more than it needs gives the rest back when it ends, which most do within this time.
    const UNTIL_GIVEN_BACK: Duration = Duration::from_secs(10);
    let until_reset = Duration::try_from(quota.resets_at.duration_since(now)).unwrap_or_default();
    let retry_after = if quota.is_held { until_reset.min(UNTIL_GIVEN_BACK) } else { until_reset };
    VisitorError::QuotaReached { quota, retry_after }
}

/// The widget, or its budget, kept changing between its check and the write, which no human does.
pub(crate) fn contended() -> VisitorError {
    VisitorError::Store(StoreError::Unavailable("the widget changes too often".into()))
}

/// The store's refusal, or else what nobody asked the store for.
fn not_started<E>(error: StartError<E>) -> Result<E, VisitorError> {
    match error {
        StartError::Draining => Err(VisitorError::Draining),
        StartError::Busy => Err(VisitorError::Busy),
        StartError::ModelUnavailable { retry_after } => Err(VisitorError::ModelUnavailable { retry_after }),
        StartError::Store(refused) => Ok(refused),
    }
}
