//! The audit log.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::{AuditEntry, ListedAuditEntry};
use chatloom_domain::id::{AuditEntryId, TeamId};

use super::StoreError;

/// The audit logs of teams. Entries that tell of a change are written by the store method that makes the change.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Writes entries that tell of no change in the database, such as a failed sign-in; all or nothing.
    async fn append_audit_entries(&self, entries: &[AuditEntry]) -> Result<(), StoreError>;

    /// At most `limit` entries of the team, newest first (by id, descending); with `before` only those with a smaller id,
    /// whether there is an entry of that id or not.
    async fn list_audit_log(
        &self,
        team: TeamId,
        before: Option<AuditEntryId>,
        limit: u32,
    ) -> Result<Vec<ListedAuditEntry>, StoreError>;

    /// Deletes at most `limit` entries of any team whose `at` is before `before`, the oldest first; gives their number.
    async fn prune_audit_log(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
