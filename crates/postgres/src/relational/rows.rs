//! Rows as the tables hold them, and their way to and from the domain.
//!
//! What comes back from a table goes through the same parsers as what comes from outside; a row that fails one is an
//! error that names table and id, never a panic and never a value that breaks its own rule.

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod budget;
pub(crate) mod data;
pub(crate) mod event;
pub(crate) mod feedback;
pub(crate) mod identity;
pub(crate) mod message;
pub(crate) mod session;
pub(crate) mod turn;
pub(crate) mod usage;
pub(crate) mod widget;
pub(crate) mod workflow;

/// A number that the domain counts up from 0, as the databases keep it. What passes `i64::MAX` could not have been
/// counted by us and is cut there.
pub(crate) fn stored_count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
