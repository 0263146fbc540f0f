//! The audit log: what to write into it, and reading it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::{Actor, AuditAction, AuditEntry, AuditObject, Caller};
use chatloom_domain::id::{AuditEntryId, TeamId, UserId};
use chatloom_domain::team::{Email, TeamMember};
use chatloom_ports::dashboard::{AuditLog, AuditPage};
use chatloom_ports::environment::{Clock, Entropy};
use chatloom_ports::store::{AccessStore, AuditStore, StoreError};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// How many refused sign-ins may be on their way into the log. With more, the database is too slow for them, and it is
/// better to lose some than to pile them up.
const REFUSALS_AT_ONCE: usize = 256;

/// How long a stopping process waits for them.
const LAST_REFUSALS: Duration = Duration::from_millis(500);

/// What a member does to an object of their team.
pub(crate) fn entry(
    entropy: &dyn Entropy,
    actor: &Actor,
    at: Timestamp,
    action: AuditAction,
    object: AuditObject,
) -> AuditEntry {
    AuditEntry::of_actor(AuditEntryId::from_uuid(entropy.uuid(at)), actor, at, action, object)
}

/// What happens to a user, for the log of each of their teams. `actor` is the user where they have proven who they are.
pub(crate) struct UserEvent {
    pub(crate) user: UserId,
    pub(crate) actor: Option<UserId>,
    pub(crate) action: AuditAction,
    pub(crate) at: Timestamp,
    pub(crate) caller: Caller,
}

impl UserEvent {
    pub(crate) fn entries(
        &self,
        entropy: &dyn Entropy,
        teams: impl IntoIterator<Item = TeamId>,
    ) -> Vec<AuditEntry> {
        let entry = |team_id| AuditEntry {
            id: AuditEntryId::from_uuid(entropy.uuid(self.at)),
            team_id,
            at: self.at,
            actor: self.actor,
            action: self.action,
            object: AuditObject::User(self.user),
            detail: std::collections::BTreeMap::new(),
            caller: Some(self.caller),
        };
        teams.into_iter().map(entry).collect()
    }
}

/// Reads the log.
pub(crate) struct AuditLogs {
    pub(crate) store: Arc<dyn AuditStore>,
}

#[async_trait]
impl AuditLog for AuditLogs {
    async fn page(
        &self,
        member: &TeamMember,
        before: Option<AuditEntryId>,
        limit: u32,
    ) -> Result<AuditPage, StoreError> {
        // One more than is shown tells whether there is a next page.
        let mut entries = self.store.list_audit_log(member.team_id, before, limit.saturating_add(1)).await?;
        let is_more = entries.len() > limit as usize;
        entries.truncate(limit as usize);
        let next_before = entries.last().filter(|_| is_more).map(|last| last.entry.id);
        Ok(AuditPage { entries, next_before })
    }
}

/// Writes refused sign-ins into the log, in tasks of their own. There is nobody to tell of one for an unknown user, so an
/// answer that waited for the writing would come later for a known one, and tell them apart.
#[derive(Clone)]
pub(crate) struct Refusals {
    pub(crate) audit: Arc<dyn AuditStore>,
    pub(crate) access: Arc<dyn AccessStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) runtime: Handle,
    tasks: TaskTracker,
    permits: Arc<Semaphore>,
}

impl Refusals {
    pub(crate) fn new(
        access: Arc<dyn AccessStore>,
        audit: Arc<dyn AuditStore>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        runtime: Handle,
    ) -> Self {
        let (tasks, permits) = (TaskTracker::new(), Arc::new(Semaphore::new(REFUSALS_AT_ONCE)));
        Self { audit, access, clock, entropy, runtime, tasks, permits }
    }

    /// Tells the user with this address, if there is one, in all their teams. Returns at once.
    pub(crate) fn tell(&self, email: &Email, action: AuditAction, caller: Caller) {
        let Ok(permit) = self.permits.clone().try_acquire_owned() else {
            tracing::warn!(action = action.as_str(), "too many refused sign-ins to write all of them down");
            return;
        };
        let (this, email, at) = (self.clone(), email.clone(), self.clock.now());
        let telling = async move {
            if let Err(error) = this.write(&email, action, at, caller).await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, action = action.as_str(), "could not write a refused sign-in down");
            }
            drop(permit);
        };
        self.tasks.spawn_on(telling, &self.runtime);
    }

    async fn write(
        &self,
        email: &Email,
        action: AuditAction,
        at: Timestamp,
        caller: Caller,
    ) -> Result<(), StoreError> {
        let Some(known) = self.access.find_sign_in(email).await? else { return Ok(()) };
        let event = UserEvent { user: known.user_id, actor: None, action, at, caller };
        self.audit.append_audit_entries(&event.entries(&*self.entropy, known.team_ids)).await
    }

    /// Waits a little for what is being written.
    pub(crate) async fn drain(&self) {
        self.tasks.close();
        if tokio::time::timeout(LAST_REFUSALS, self.tasks.wait()).await.is_err() {
            tracing::warn!("some refused sign-ins could not be written down");
        }
    }
}
