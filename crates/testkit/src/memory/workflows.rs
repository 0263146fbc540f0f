//! Workflows in memory.

use std::cmp::Reverse;

use async_trait::async_trait;
use chatloom_domain::audit::AuditRecord;
use chatloom_domain::id::{TeamId, WorkflowId};
use chatloom_domain::workflow::Workflow;
use chatloom_ports::store::workflows::WorkflowDeletion;
use chatloom_ports::store::{SaveOutcome, StoreError, WorkflowStore};

use super::{MemoryStores, unavailable};

#[async_trait]
impl WorkflowStore for MemoryStores {
    async fn create_workflow(&self, workflow: &Workflow, record: &AuditRecord) -> Result<(), StoreError> {
        self.transact_told(record.entries(), |tables| {
            if tables.workflows.contains_key(&workflow.id) {
                return Err(unavailable("a workflow has this id"));
            }
            tables.workflows.insert(workflow.id, workflow.clone());
            tables.tell(record.entries());
            Ok(())
        })?
    }

    async fn list_workflows(&self, team: TeamId) -> Result<Vec<Workflow>, StoreError> {
        self.transact(|tables| {
            let of_team = tables.workflows.values().filter(|workflow| workflow.team_id == team);
            let mut workflows: Vec<_> = of_team.cloned().collect();
            workflows.sort_by_key(|workflow| Reverse((workflow.created_at, workflow.id)));
            workflows
        })
    }

    async fn find_workflow(&self, team: TeamId, id: WorkflowId) -> Result<Option<Workflow>, StoreError> {
        self.transact(|tables| tables.workflows.get(&id).filter(|workflow| workflow.team_id == team).cloned())
    }

    async fn save_workflow(
        &self,
        workflow: &Workflow,
        record: &AuditRecord,
    ) -> Result<SaveOutcome, StoreError> {
        self.transact_told(record.entries(), |tables| {
            let stored = tables.workflows.get_mut(&workflow.id);
            let Some(stored) = stored.filter(|stored| stored.team_id == workflow.team_id) else {
                return SaveOutcome::Absent;
            };
            if stored.version != workflow.version {
                return SaveOutcome::Stale;
            }
            stored.name = workflow.name.clone();
            stored.agent = workflow.agent.clone();
            stored.updated_at = workflow.updated_at;
            stored.version += 1;
            tables.tell(record.entries());
            SaveOutcome::Saved
        })
    }

    async fn delete_workflow(
        &self,
        team: TeamId,
        id: WorkflowId,
        record: &AuditRecord,
    ) -> Result<WorkflowDeletion, StoreError> {
        self.transact_told(record.entries(), |tables| {
            if !tables.has_workflow(team, id) {
                return WorkflowDeletion::Absent;
            }
            if tables.widgets.values().any(|record| record.widget.workflow_id == id) {
                return WorkflowDeletion::InUse;
            }
            tables.workflows.remove(&id);
            tables.tell(record.entries());
            WorkflowDeletion::Deleted
        })
    }
}
