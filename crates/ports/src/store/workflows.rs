//! Workflows.

use async_trait::async_trait;
use chatloom_domain::audit::AuditRecord;
use chatloom_domain::id::{TeamId, WorkflowId};
use chatloom_domain::workflow::Workflow;

use super::{SaveOutcome, StoreError};

/// What became of the wish to delete a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkflowDeletion {
    /// It is gone.
    Deleted,
    /// There was no such workflow in the team.
    Absent,
    /// A widget that is not deleted still points at it; nothing happened.
    InUse,
}

/// Workflows of teams.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait WorkflowStore: Send + Sync {
    /// Stores a new workflow.
    async fn create_workflow(&self, workflow: &Workflow, record: &AuditRecord) -> Result<(), StoreError>;

    /// All workflows of the team, newest first (by `created_at`, then by id, descending).
    async fn list_workflows(&self, team: TeamId) -> Result<Vec<Workflow>, StoreError>;

    /// Finds a workflow of the team.
    async fn find_workflow(&self, team: TeamId, id: WorkflowId) -> Result<Option<Workflow>, StoreError>;

    /// Writes name, agent and `updated_at` of `workflow` if the stored version is `workflow.version`, and
    /// counts the version up. MUST be `Stale` when the stored version differs.
    async fn save_workflow(
        &self,
        workflow: &Workflow,
        record: &AuditRecord,
    ) -> Result<SaveOutcome, StoreError>;

    /// Deletes a workflow that no widget of the team points at. Deleted widgets do not count.
    async fn delete_workflow(
        &self,
        team: TeamId,
        id: WorkflowId,
        record: &AuditRecord,
    ) -> Result<WorkflowDeletion, StoreError>;
}
