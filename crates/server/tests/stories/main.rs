//! Stories over real HTTP: the whole service, on both databases, with a model server in the provider's place.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "in a test a panic is the right answer to a world that is not as the test needs it"
)]

mod world;

/// Each story becomes one test for each database.
macro_rules! on_both_databases {
    ($($story:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story(crate::world::DatabaseKind::Sqlite).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story(crate::world::DatabaseKind::Postgres).await;
            })+
        }
    };
}

mod conversations;
mod crashes;
mod deploys;
mod document;
mod draining;
mod dropped_requests;
mod embedded_default;
mod guarantees;
mod identity;
mod logs;
mod model_failures;
mod replicas;
mod resuming;
mod sending_twice;
mod slow_readers;
mod start_failures;
mod stopping;
mod takeover;
mod widget_life;
