//! The nouns of Chatloom and their rules: widgets, workflows, sessions, messages, turns, tokens, origins, teams, budgets.
//!
//! Nothing here does I/O, waits, or knows a wire or storage format. A value that has a rule can only be
//! built through its parser, and the same parser reads stored data back.

pub mod audit;
pub mod bot_check;
pub mod budget;
pub mod customization;
pub mod feedback;
pub mod id;
pub mod identity;
pub mod message;
pub mod network;
pub mod origin;
pub mod page_context;
pub mod password;
pub mod proof;
pub mod session;
pub mod team;
pub mod text;
pub mod token;
pub mod turn;
pub mod usage;
pub mod widget;
pub mod workflow;

/// A point in time, UTC. Clocks cut it to microseconds, because PostgreSQL keeps no more.
pub type Timestamp = jiff::Timestamp;

/// A time between two of them.
pub type SignedDuration = jiff::SignedDuration;
