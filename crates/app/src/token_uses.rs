//! Notes when embed tokens are used, so that an owner sees whether an old one may be given up.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chatloom_domain::Timestamp;
use chatloom_domain::token::{TokenHash, TokenSlot};
use chatloom_ports::store::WidgetStore;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// How far the noted use may lag. A busy token then costs one write a minute.
const PRECISION: Duration = Duration::from_mins(1);

/// Writes beside the requests: no visitor waits for it, and a use that is not noted is no loss.
pub(crate) struct TokenUses {
    store: Arc<dyn WidgetStore>,
    runtime: Handle,
    tasks: TaskTracker,
    /// The tokens whose use is just being written.
    writing: Arc<Mutex<HashSet<TokenHash>>>,
}

impl TokenUses {
    pub(crate) fn new(store: Arc<dyn WidgetStore>, runtime: Handle) -> Self {
        Self { store, runtime, tasks: TaskTracker::new(), writing: Arc::default() }
    }

    /// Notes that a token was used at `now`, unless the last noted use is hardly older. `slot` is what was found of it.
    pub(crate) fn note(&self, hash: TokenHash, slot: TokenSlot, now: Timestamp) {
        let is_fresh =
            slot.last_used_at.is_some_and(|used| now.duration_since(used).unsigned_abs() < PRECISION);
        if is_fresh || !lock(&self.writing).insert(hash) {
            return;
        }
        let (store, writing) = (self.store.clone(), self.writing.clone());
        let write = async move {
            if let Err(error) = store.note_token_use(&hash, now).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "could not note the use of a token");
            }
            lock(&writing).remove(&hash);
        };
        self.tasks.spawn_on(write, &self.runtime);
    }
}

fn lock(writing: &Mutex<HashSet<TokenHash>>) -> MutexGuard<'_, HashSet<TokenHash>> {
    // The set is changed by single calls only, so a panic elsewhere cannot leave it half changed.
    writing.lock().unwrap_or_else(PoisonError::into_inner)
}
