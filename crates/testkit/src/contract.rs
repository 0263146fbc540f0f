//! The contract of the stores: one suite that every implementation must pass.
//!
//! Each MUST in the rustdoc of a store port has a case here with a matching name, and each method has cases for
//! the usual, for absence, conflict, order, other teams, deletion, and two writers at once. A crate that
//! implements the stores runs the suite from one file of tests:
//!
//! ```text
//! use chatloom_testkit::contract::Subject;
//!
//! async fn empty_database() -> Subject {
//!     let database = TestDatabase::create().await;
//!     Subject::new(connect(&database).await, Arc::new(Seeder(…)), database)
//! }
//!
//! chatloom_testkit::store_contract!(empty_database);
//! ```

pub mod access;
pub mod audit;
pub mod auth_sessions;
pub mod budgets;
pub mod budgets_spent;
pub mod challenges;
pub mod concurrency;
pub mod embed_tokens;
pub mod erasure;
pub mod external_users;
pub mod feedback;
pub mod health;
pub mod identity_secrets;
pub mod messages;
pub mod page_context;
pub mod passwords;
pub mod proven_sessions;
pub mod retention;
pub mod sessions;
pub mod statistics;
pub mod turn_ends;
pub mod turn_keys;
pub mod turn_logs;
pub mod turn_replay;
pub mod turn_retries;
pub mod turn_stops;
pub mod turns;
pub mod widget_deletion;
pub mod widgets;
pub mod workflows;

mod subject;
mod suite;

pub use subject::{Seed, Subject};
