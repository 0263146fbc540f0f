//! Moments of one run.

use std::time::{Duration, Instant};

/// Time since the run began.
pub type Moment = Duration;

/// Tells the moment. Copies are the same watch.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    started: Instant,
}

impl Stopwatch {
    /// A watch that starts now.
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// The present moment.
    pub fn now(&self) -> Moment {
        self.started.elapsed()
    }

    /// How long ago a moment was.
    pub fn since(&self, moment: Moment) -> Duration {
        self.now().saturating_sub(moment)
    }
}

/// A time in seconds with three decimals.
pub fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}
