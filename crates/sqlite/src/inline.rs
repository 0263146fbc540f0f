//! Statements that run where they are awaited.

use std::error::Error;
use std::future::ready;

use diesel_async::sync_connection_wrapper::SpawnBlocking;
use futures::FutureExt;
use futures::future::BoxFuture;

/// Runs each statement at once, in the thread that asks for it, so that a whole transaction needs one hop to a thread
/// for blocking work and not one for each statement.
///
/// Diesel's own way hops for each statement, and when a future is dropped in the middle of one it blocks until that is
/// done, which panics on the single-threaded runtimes that HTTP workers have.
pub(crate) struct Inline;

impl SpawnBlocking for Inline {
    fn spawn_blocking<'a, R>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn Error + Send + Sync + 'static>>>
    where
        R: Send + 'static,
    {
        ready(Ok(task())).boxed()
    }

    fn get_runtime() -> Self {
        Self
    }
}
