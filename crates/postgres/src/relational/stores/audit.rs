//! [`AuditStore`] on a relational database.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::{AuditEntry, ListedAuditEntry};
use chatloom_domain::id::{AuditEntryId, TeamId};
use chatloom_ports::store::{AuditStore, StoreError};

use super::super::queries::audit;
use super::RelationalStore;
use crate::columns::{Id, Time};

#[async_trait]
impl AuditStore for RelationalStore {
    async fn append_audit_entries(&self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        let entries = entries.to_vec();
        let work =
            self.database.write(move |conn| Box::pin(async move { audit::append(conn, &entries).await }));
        Ok(work.await?)
    }

    async fn list_audit_log(
        &self,
        team: TeamId,
        before: Option<AuditEntryId>,
        limit: u32,
    ) -> Result<Vec<ListedAuditEntry>, StoreError> {
        let (team, before) = (Id(team.as_uuid()), before.map(|before| Id(before.as_uuid())));
        Ok(self.database.read(move |conn| Box::pin(audit::list(conn, team, before, limit))).await?)
    }

    async fn prune_audit_log(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let before = Time(before);
        Ok(self.database.write(move |conn| Box::pin(audit::prune(conn, before, limit))).await? as u64)
    }
}
