//! Stories of the use cases, told over stores in memory, a clock that stands still, and a model that the test feeds.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is how a test says that its world is broken"
)]

mod access;
mod anew;
mod app;
mod audit;
mod bot_checks;
mod budgets;
mod exchange;
mod feedback;
mod hosted;
mod identity;
mod model;
mod page_context;
mod passwords;
mod resuming;
mod retention;
mod turns;
mod upstream;
mod visitors;
mod widgets;
mod workflows;
