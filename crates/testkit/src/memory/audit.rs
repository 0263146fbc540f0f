//! The audit log in memory.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::{AuditEntry, ListedAuditEntry};
use chatloom_domain::id::{AuditEntryId, TeamId};
use chatloom_ports::store::{AuditStore, StoreError};

use super::MemoryStores;
use super::tables::Tables;

#[async_trait]
impl AuditStore for MemoryStores {
    async fn append_audit_entries(&self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        self.transact_told(entries, |tables| tables.tell(entries))
    }

    async fn list_audit_log(
        &self,
        team: TeamId,
        before: Option<AuditEntryId>,
        limit: u32,
    ) -> Result<Vec<ListedAuditEntry>, StoreError> {
        self.transact(|tables| {
            let newest_first = tables.audit_log.values().rev();
            let of_page = newest_first
                .filter(|entry| entry.team_id == team && before.is_none_or(|before| entry.id < before));
            let email = |entry: &AuditEntry| Some(tables.users.get(&entry.actor?)?.email.clone());
            let listed =
                of_page.map(|entry| ListedAuditEntry { entry: entry.clone(), actor_email: email(entry) });
            listed.take(limit as usize).collect()
        })
    }

    async fn prune_audit_log(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.transact(|tables| {
            let old = tables.audit_log.values().filter(|entry| entry.at < before);
            let mut old: Vec<_> = old.map(|entry| (entry.at, entry.id)).collect();
            old.sort_unstable();
            old.truncate(limit as usize);
            for (_, id) in &old {
                tables.audit_log.remove(id);
            }
            old.len() as u64
        })
    }
}

impl Tables {
    /// Writes entries of the audit log. Two of one id are a mistake of the caller.
    pub(super) fn tell(&mut self, entries: &[AuditEntry]) {
        for entry in entries {
            let earlier = self.audit_log.insert(entry.id, entry.clone());
            assert_eq!(earlier, None, "ids of entries are new");
        }
    }
}
