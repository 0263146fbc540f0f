//! Identity secrets in memory.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::AuditRecord;
use chatloom_domain::id::{TeamId, WidgetId};
use chatloom_ports::store::identities::{PreviousIdentitySecret, StoredIdentitySecrets};
use chatloom_ports::store::{IdentityStore, StoreError};

use super::MemoryStores;

#[async_trait]
impl IdentityStore for MemoryStores {
    async fn rotate_identity_secret(
        &self,
        team: TeamId,
        widget: WidgetId,
        sealed: &[u8],
        previous_until: Option<Timestamp>,
        at: Timestamp,
        record: &AuditRecord,
    ) -> Result<bool, StoreError> {
        self.transact_told(record.entries(), |tables| {
            let Some(owner) = tables.widget_of_mut(team, widget) else {
                return false;
            };
            let current = owner.identity_secrets.take();
            let kept = previous_until.zip(current);
            let previous = kept.map(|(until, old)| PreviousIdentitySecret { sealed: old.sealed, until });
            owner.identity_secrets =
                Some(StoredIdentitySecrets { sealed: sealed.to_vec(), made_at: at, previous });
            owner.widget.updated_at = at;
            owner.widget.version += 1;
            tables.tell(record.entries());
            true
        })
    }

    async fn find_identity_secrets(
        &self,
        team: TeamId,
        widget: WidgetId,
    ) -> Result<Option<StoredIdentitySecrets>, StoreError> {
        self.transact(|tables| tables.widget_of(team, widget)?.identity_secrets.clone())
    }
}
