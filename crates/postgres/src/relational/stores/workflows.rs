//! [`WorkflowStore`] on a relational database.

use async_trait::async_trait;
use chatloom_domain::audit::AuditRecord;
use chatloom_domain::id::{TeamId, WorkflowId};
use chatloom_domain::workflow::Workflow;
use chatloom_ports::store::workflows::WorkflowDeletion;
use chatloom_ports::store::{SaveOutcome, StoreError, WorkflowStore};

use super::super::queries::workflows;
use super::RelationalStore;
use crate::columns::Id;

#[async_trait]
impl WorkflowStore for RelationalStore {
    async fn create_workflow(&self, workflow: &Workflow, record: &AuditRecord) -> Result<(), StoreError> {
        let (workflow, record) = (workflow.clone(), record.clone());
        let work = self
            .database
            .write(move |conn| Box::pin(async move { workflows::insert(conn, &workflow, &record).await }));
        Ok(work.await?)
    }

    async fn list_workflows(&self, team: TeamId) -> Result<Vec<Workflow>, StoreError> {
        let team = Id(team.as_uuid());
        Ok(self.database.read(move |conn| Box::pin(workflows::list(conn, team))).await?)
    }

    async fn find_workflow(&self, team: TeamId, id: WorkflowId) -> Result<Option<Workflow>, StoreError> {
        let (team, id) = (Id(team.as_uuid()), Id(id.as_uuid()));
        Ok(self.database.read(move |conn| Box::pin(workflows::find(conn, team, id))).await?)
    }

    async fn save_workflow(
        &self,
        workflow: &Workflow,
        record: &AuditRecord,
    ) -> Result<SaveOutcome, StoreError> {
        let (workflow, record) = (workflow.clone(), record.clone());
        let work = self
            .database
            .write(move |conn| Box::pin(async move { workflows::save(conn, &workflow, &record).await }));
        Ok(work.await?)
    }

    async fn delete_workflow(
        &self,
        team: TeamId,
        id: WorkflowId,
        record: &AuditRecord,
    ) -> Result<WorkflowDeletion, StoreError> {
        let (team, id, record) = (Id(team.as_uuid()), Id(id.as_uuid()), record.clone());
        let work = self
            .database
            .write(move |conn| Box::pin(async move { workflows::delete(conn, team, id, &record).await }));
        match work.await {
            Ok(true) => Ok(WorkflowDeletion::Deleted),
            Ok(false) => Ok(WorkflowDeletion::Absent),
            Err(error) if error.is_foreign_key_violation() => Ok(WorkflowDeletion::InUse),
            Err(error) => Err(error.into()),
        }
    }
}
