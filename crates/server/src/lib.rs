//! Puts the service together and runs it: configuration, composition, life cycle, and nothing else.
//!
//! The binary is a few lines on top of [`Invocation::parse`](config::Invocation::parse), [`start`] and
//! [`lifecycle::run`]; tests use the same functions to run a server inside their own process.

mod compose;
pub mod config;
mod connections;
mod data_dir;
pub mod environment;
mod first_admin;
mod greeting;
pub mod lifecycle;
mod listener;
pub mod logging;
pub mod settings;

pub use compose::{StartError, start};
pub use data_dir::DataDirError;
pub use lifecycle::RunningServer;
