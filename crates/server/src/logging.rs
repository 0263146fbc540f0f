//! Log lines on standard error: readable or JSON, coloured only for a person's eyes.

use std::io::{IsTerminal, stderr};

use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::{Config, LogFormat};

/// Why there are no log lines.
#[derive(Debug, Error)]
pub enum LoggingError {
    /// The filter is none. `Config` checks it, so this is a `Config` that was built by hand.
    #[error("the log filter is not valid")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
    /// The process has a subscriber already.
    #[error("log lines go elsewhere already")]
    Taken(#[source] TryInitError),
}

/// Sends the whole process's log lines to standard error.
pub fn start(config: &Config) -> Result<(), LoggingError> {
    let filter = EnvFilter::try_new(&config.log_filter).map_err(LoggingError::Filter)?;
    let lines = fmt().with_env_filter(filter).with_writer(stderr);
    match config.log_format {
        LogFormat::Text => {
            let colour = stderr().is_terminal();
            lines.with_ansi(colour).finish().try_init().map_err(LoggingError::Taken)
        }
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init().map_err(LoggingError::Taken),
    }
}
