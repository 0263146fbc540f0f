//! Managing workflows.

use std::sync::Arc;

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::{Actor, AuditAction, AuditObject, AuditRecord};
use chatloom_domain::id::WorkflowId;
use chatloom_domain::team::TeamMember;
use chatloom_domain::workflow::{Agent, AgentInput, Workflow, WorkflowName};
use chatloom_ports::chat_model::Providers;
use chatloom_ports::dashboard::{
    CreateWorkflowCommand, UpdateWorkflowCommand, WorkflowAdministration, WorkflowError,
};
use chatloom_ports::environment::{Clock, Entropy};
use chatloom_ports::store::workflows::WorkflowDeletion;
use chatloom_ports::store::{SaveOutcome, WorkflowStore};

use crate::audit::entry;
use crate::widgets::SAVE_ATTEMPTS;

pub(crate) struct Workflows {
    pub(crate) store: Arc<dyn WorkflowStore>,
    pub(crate) providers: Providers,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Workflows {
    fn parse_agent(&self, input: &AgentInput) -> Result<Agent, WorkflowError> {
        let agent = Agent::parse(input).map_err(WorkflowError::Agent)?;
        let own = std::iter::once(("agent.provider", &agent.provider));
        let fallback =
            agent.fallback.as_ref().map(|fallback| ("agent.fallback.provider", &fallback.provider));
        match own.chain(fallback).find(|(_, provider)| self.providers.find(provider).is_none()) {
            None => Ok(agent),
            Some((field, _)) => {
                let known = self.providers.names().map(|name| name.as_str().to_owned()).collect();
                Err(WorkflowError::UnknownProvider { field, known })
            }
        }
    }

    fn record(&self, actor: &Actor, action: AuditAction, id: WorkflowId, at: Timestamp) -> AuditRecord {
        AuditRecord::of(entry(&*self.entropy, actor, at, action, AuditObject::Workflow(id)))
    }

    /// Names the fields that differ.
    fn record_of(&self, actor: &Actor, before: &Workflow, after: &Workflow) -> AuditRecord {
        let compared = [("name", before.name != after.name), ("agent", before.agent != after.agent)];
        let fields = compared.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name);
        let fields: Vec<_> = fields.collect();
        let (action, object) = (AuditAction::WorkflowUpdated, AuditObject::Workflow(after.id));
        let updated = entry(&*self.entropy, actor, after.updated_at, action, object);
        AuditRecord::of(updated.with_names("fields", &fields))
    }
}

#[async_trait]
impl WorkflowAdministration for Workflows {
    async fn list(&self, member: &TeamMember) -> Result<Vec<Workflow>, WorkflowError> {
        Ok(self.store.list_workflows(member.team_id).await?)
    }

    async fn create(&self, actor: &Actor, command: CreateWorkflowCommand) -> Result<Workflow, WorkflowError> {
        let now = self.clock.now();
        let workflow = Workflow {
            id: WorkflowId::from_uuid(self.entropy.uuid(now)),
            team_id: actor.member.team_id,
            name: WorkflowName::parse(&command.name).map_err(WorkflowError::Name)?,
            agent: self.parse_agent(&command.agent)?,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let record = self.record(actor, AuditAction::WorkflowCreated, workflow.id, now);
        self.store.create_workflow(&workflow, &record).await?;
        Ok(workflow)
    }

    async fn find(&self, member: &TeamMember, id: WorkflowId) -> Result<Workflow, WorkflowError> {
        self.store.find_workflow(member.team_id, id).await?.ok_or(WorkflowError::NotFound)
    }

    async fn update(
        &self,
        actor: &Actor,
        id: WorkflowId,
        command: UpdateWorkflowCommand,
    ) -> Result<Workflow, WorkflowError> {
        let agent = command.agent.as_ref().map(|input| self.parse_agent(input)).transpose()?;
        let name =
            command.name.as_deref().map(WorkflowName::parse).transpose().map_err(WorkflowError::Name)?;
        for _ in 0..SAVE_ATTEMPTS {
            let current = self.find(&actor.member, id).await?;
            let changed = Workflow {
                name: name.clone().unwrap_or_else(|| current.name.clone()),
                agent: agent.clone().unwrap_or_else(|| current.agent.clone()),
                updated_at: self.clock.now(),
                ..current.clone()
            };
            match self.store.save_workflow(&changed, &self.record_of(actor, &current, &changed)).await? {
                SaveOutcome::Saved => return Ok(Workflow { version: changed.version + 1, ..changed }),
                SaveOutcome::Absent => return Err(WorkflowError::NotFound),
                SaveOutcome::Stale => {}
            }
        }
        Err(WorkflowError::Contended)
    }

    async fn delete(&self, actor: &Actor, id: WorkflowId) -> Result<(), WorkflowError> {
        let record = self.record(actor, AuditAction::WorkflowDeleted, id, self.clock.now());
        match self.store.delete_workflow(actor.member.team_id, id, &record).await? {
            WorkflowDeletion::Deleted => Ok(()),
            WorkflowDeletion::Absent => Err(WorkflowError::NotFound),
            WorkflowDeletion::InUse => Err(WorkflowError::InUse),
        }
    }
}
