//! Finds whom an embed token belongs to, once for many requests that ask at the same time.
//!
//! Nothing is cached: a request is only ever answered by a query that begins after the request came in, so a token
//! that was revoked is refused from the next request on. While one query for a token runs, all who come meanwhile wait
//! together for the next one. A busy site's page views then cost two queries at a time and not one each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chatloom_domain::token::TokenHash;
use chatloom_ports::store::widgets::TokenOwner;
use chatloom_ports::store::{StoreError, WidgetStore};
use tokio::sync::OnceCell;

/// What one query found; shared by all who waited for it.
type Found = Result<Option<TokenOwner>, Arc<StoreError>>;

pub(crate) struct TokenLookups {
    store: Arc<dyn WidgetStore>,
    lanes: Mutex<HashMap<TokenHash, Arc<Lane>>>,
}

/// The queries for one token, one after the other.
#[derive(Default)]
struct Lane {
    running: tokio::sync::Mutex<()>,
    /// The query that has not begun yet, and that may be joined.
    next: Mutex<Option<Arc<OnceCell<Found>>>>,
}

impl TokenLookups {
    pub(crate) fn new(store: Arc<dyn WidgetStore>) -> Self {
        Self { store, lanes: Mutex::default() }
    }

    /// Finds the token's owner as it is now.
    pub(crate) async fn find(&self, hash: &TokenHash) -> Result<Option<TokenOwner>, StoreError> {
        let found = self.join(hash, || self.store.find_token_owner(hash)).await;
        found.map_err(|failure| shared(&failure))
    }

    /// Waits for the next query for the token, and asks it if nobody else does.
    async fn join<F, Q>(&self, hash: &TokenHash, query: F) -> Found
    where
        F: FnOnce() -> Q,
        Q: Future<Output = Result<Option<TokenOwner>, StoreError>>,
    {
        let lane = self.lanes().entry(*hash).or_default().clone();
        let next = lock(&lane.next).get_or_insert_default().clone();
        // Whoever comes first asks. If that request is dropped, one of the others takes over.
        let found = next.get_or_init(|| lane.ask(query)).await.clone();
        self.leave(hash, lane);
        found
    }

    /// Forgets the lane when nobody else is in it.
    fn leave(&self, hash: &TokenHash, lane: Arc<Lane>) {
        let mut lanes = self.lanes();
        drop(lane);
        if lanes.get(hash).is_some_and(|lane| Arc::strong_count(lane) == 1) {
            lanes.remove(hash);
        }
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<TokenHash, Arc<Lane>>> {
        lock(&self.lanes)
    }
}

impl Lane {
    async fn ask<F, Q>(&self, query: F) -> Found
    where
        F: FnOnce() -> Q,
        Q: Future<Output = Result<Option<TokenOwner>, StoreError>>,
    {
        let _running = self.running.lock().await;
        // From here on nobody may join: whoever comes now must see what is written now.
        lock(&self.next).take();
        query().await.map_err(Arc::new)
    }
}

/// Each change under these locks is a single call, so a panic elsewhere cannot leave it half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn shared(failure: &Arc<StoreError>) -> StoreError {
    let source = Box::new(failure.clone());
    match &**failure {
        StoreError::Unavailable(_) => StoreError::Unavailable(source),
        StoreError::Inconsistent { table, id, .. } => {
            StoreError::Inconsistent { table, id: id.clone(), source }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use chatloom_domain::token::TokenSlot;
    use chatloom_domain::widget::Widget;
    use chatloom_ports::store::widgets::MockWidgetStore;
    use chatloom_testkit::sample;
    use futures::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    /// The widget, as a query finds it in the given version.
    fn version(version: i64) -> TokenOwner {
        let widget = sample::widget(sample::team_id(1), sample::workflow_id(1), 1);
        TokenOwner::Widget(Box::new(Widget { version, ..widget }), TokenSlot::default())
    }

    fn found_version(found: Found) -> i64 {
        match found {
            Ok(Some(TokenOwner::Widget(widget, _))) => widget.version,
            _ => panic!("the widget is found"),
        }
    }

    #[tokio::test]
    async fn who_comes_while_a_query_runs_waits_for_the_next_one() {
        let lookups = TokenLookups::new(Arc::new(MockWidgetStore::new()));
        let (hash, gate, queries) = (sample::embed_token(1).hash(), Semaphore::new(0), Cell::new(0));
        let ask = || async {
            let asked = lookups.join(&hash, || async {
                let number = queries.replace(queries.get() + 1);
                gate.acquire().await.unwrap().forget();
                Ok(Some(version(number)))
            });
            found_version(asked.await)
        };
        let requests = join_all((0..50).map(|_| ask()));
        let release = async {
            // The first query was asked for the first request alone; all others came while it ran.
            while queries.get() == 0 {
                tokio::task::yield_now().await;
            }
            gate.add_permits(2);
        };
        let (versions, ()) = tokio::join!(requests, release);
        assert_eq!(queries.get(), 2);
        assert_eq!((versions[0], &versions[1..]), (0, &[1; 49][..]));
        assert!(lookups.lanes().is_empty(), "nothing is kept");
    }

    #[tokio::test]
    async fn requests_one_after_the_other_each_have_a_query_of_their_own() {
        let lookups = TokenLookups::new(Arc::new(MockWidgetStore::new()));
        let hash = sample::embed_token(1).hash();
        for number in 0..3 {
            assert_eq!(
                found_version(lookups.join(&hash, || async { Ok(Some(version(number))) }).await),
                number
            );
        }
    }

    #[tokio::test]
    async fn a_failure_is_shared_and_not_kept() {
        let mut store = MockWidgetStore::new();
        store.expect_find_token_owner().returning(|_| Err(StoreError::Unavailable("away".into())));
        let lookups = TokenLookups::new(Arc::new(store));
        let hash = sample::embed_token(1).hash();
        let found = join_all((0..10).map(|_| lookups.find(&hash))).await;
        assert!(found.iter().all(|found| matches!(found, Err(StoreError::Unavailable(_)))));
        assert!(lookups.lanes().is_empty());
    }
}
