//! A place where an answer waits until the test lets it go on.

use std::sync::Arc;

use tokio::sync::watch;

/// Holds an answer at a point, so that a test can look at the world in the middle of it without sleeping.
#[derive(Clone)]
pub struct Gate(Arc<watch::Sender<State>>);

#[derive(Default)]
struct State {
    reached: bool,
    open: bool,
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(State::default())))
    }

    /// Lets the answer that waits, and every later one, pass.
    pub fn release(&self) {
        self.0.send_modify(|state| state.open = true);
    }

    /// Waits until an answer has come as far as the gate: everything in front of it has been written.
    pub async fn reached(&self) {
        self.0.subscribe().wait_for(|state| state.reached).await.unwrap();
    }

    /// Stops here until the gate is open.
    pub(super) async fn pass(&self) {
        self.0.send_modify(|state| state.reached = true);
        self.0.subscribe().wait_for(|state| state.open).await.unwrap();
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}
