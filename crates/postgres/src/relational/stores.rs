//! The ports: each method names one unit of work, and whether it reads or writes.

mod access;
mod audit;
mod budgets;
mod identities;
mod sessions;
mod turns;
mod widgets;
mod workflows;

use std::sync::Arc;

use async_trait::async_trait;
use chatloom_ports::store::{StoreError, StoreHealth, Stores};
use diesel::sql_types::Integer;
use diesel_async::RunQueryDsl;

use super::errors::QueryError;
use crate::database::Database;

/// Every store port on one database.
struct RelationalStore {
    database: Database,
}

impl RelationalStore {
    /// Notes that something was deleted that must leave no traces.
    fn note_erasures(&self, erased: u64) {
        if erased > 0 {
            self.database.note_erasure();
        }
    }
}

/// The ports of a database whose tables are there.
pub(crate) fn stores(database: Database) -> Stores {
    let store = Arc::new(RelationalStore { database });
    Stores {
        access: store.clone(),
        audit: store.clone(),
        workflows: store.clone(),
        widgets: store.clone(),
        identities: store.clone(),
        sessions: store.clone(),
        turns: store.clone(),
        budgets: store.clone(),
        health: store,
    }
}

#[async_trait]
impl StoreHealth for RelationalStore {
    async fn check(&self) -> Result<(), StoreError> {
        let round_trip = self.database.read(|conn| {
            Box::pin(async move {
                let one = diesel::select(diesel::dsl::sql::<Integer>("1"));
                one.get_result::<i32>(conn).await.map_err(QueryError::from)
            })
        });
        round_trip.await?;
        Ok(())
    }
}
