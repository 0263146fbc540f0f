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
mod exchange;
mod model;
mod passwords;
mod resuming;
mod turns;
mod upstream;
mod visitors;
mod widgets;
mod workflows;
