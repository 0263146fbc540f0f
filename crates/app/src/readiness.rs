//! Whether the service should get traffic.

use std::sync::Arc;

use async_trait::async_trait;
use chatloom_ports::store::StoreHealth;
use chatloom_ports::visitor::{NotReady, Readiness};

use crate::turns::TurnRunner;

pub(crate) struct StoreReadiness {
    pub(crate) health: Arc<dyn StoreHealth>,
    pub(crate) turns: Arc<TurnRunner>,
}

#[async_trait]
impl Readiness for StoreReadiness {
    async fn check(&self) -> Result<(), NotReady> {
        if self.turns.is_draining() {
            return Err(NotReady::Draining);
        }
        self.health.check().await.map_err(NotReady::Store)
    }
}
