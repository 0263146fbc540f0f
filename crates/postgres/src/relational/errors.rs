//! What can go wrong between us and the database, and what the ports call it.

use std::error::Error;
use std::fmt::Display;

use chatloom_ports::store::StoreError;
use chatloom_ports::store::sessions::OpenSessionError;
use chatloom_ports::store::turns::{BeginTurnError, RetryTurnError};
use chatloom_ports::store::widgets::WidgetWriteError;
use diesel::result::DatabaseErrorKind;

/// Why a unit of work was rolled back.
#[derive(Debug)]
pub(crate) enum QueryError {
    /// There was no connection to be had, or the work was lost with its thread.
    NotRun(Box<dyn Error + Send + Sync>),
    /// The database refused or failed a statement.
    Driver(diesel::result::Error),
    /// A row breaks a rule of the domain.
    Row(StoreError),
}

impl QueryError {
    /// A reason why the work was not even begun.
    pub(crate) fn not_run(source: impl Error + Send + Sync + 'static) -> Self {
        Self::NotRun(Box::new(source))
    }

    /// Whether a row was to point at one that is not there, or the other way round.
    pub(crate) fn is_foreign_key_violation(&self) -> bool {
        use diesel::result::Error::DatabaseError;
        matches!(self, Self::Driver(DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)))
    }

    /// Whether another row has what only one may have.
    pub(crate) fn is_unique_violation(&self) -> bool {
        use diesel::result::Error::DatabaseError;
        matches!(self, Self::Driver(DatabaseError(DatabaseErrorKind::UniqueViolation, _)))
    }
}

impl From<diesel::result::Error> for QueryError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<QueryError> for StoreError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::NotRun(source) => Self::Unavailable(source),
            QueryError::Driver(source) => Self::Unavailable(Box::new(source)),
            QueryError::Row(error) => error,
        }
    }
}

impl From<QueryError> for OpenSessionError {
    fn from(error: QueryError) -> Self {
        Self::Store(error.into())
    }
}

impl From<QueryError> for BeginTurnError {
    fn from(error: QueryError) -> Self {
        Self::Store(error.into())
    }
}

impl From<QueryError> for RetryTurnError {
    fn from(error: QueryError) -> Self {
        Self::Store(error.into())
    }
}

impl From<QueryError> for WidgetWriteError {
    fn from(error: QueryError) -> Self {
        // A widget's only foreign keys are its team and its team's workflow; who has no team has no workflow either.
        if error.is_foreign_key_violation() {
            return Self::WorkflowNotFound;
        }
        Self::Store(error.into())
    }
}

/// Says which row could not be read back.
pub(crate) fn inconsistent(
    table: &'static str,
    id: impl Display,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> QueryError {
    QueryError::Row(StoreError::Inconsistent { table, id: id.to_string(), source: source.into() })
}
