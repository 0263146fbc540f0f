//! Workflows as rows.

use chatloom_domain::id::{TeamId, WorkflowId};
use chatloom_domain::workflow::{Agent, AgentInput, FallbackInput, Workflow, WorkflowName};
use diesel::prelude::*;

use super::super::errors::{QueryError, inconsistent};
use super::super::schema::workflows;
use crate::columns::{Id, Time};
use crate::database::Db;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = workflows, check_for_backend(Db))]
pub(crate) struct WorkflowRow {
    pub(crate) id: Id,
    pub(crate) team_id: Id,
    created_at: Time,
    pub(crate) version: i64,
    #[diesel(embed)]
    pub(crate) content: WorkflowContentRow,
}

/// What an editor can change.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = workflows, check_for_backend(Db), treat_none_as_null = true)]
pub(crate) struct WorkflowContentRow {
    name: String,
    instructions: String,
    provider: String,
    model: String,
    temperature: Option<f64>,
    max_output_tokens: Option<i64>,
    history_messages: Option<i64>,
    updated_at: Time,
    fallback_provider: Option<String>,
    fallback_model: Option<String>,
}

impl From<&Workflow> for WorkflowRow {
    fn from(workflow: &Workflow) -> Self {
        let agent = &workflow.agent;
        let fallback = agent.fallback.as_ref();
        Self {
            id: Id(workflow.id.as_uuid()),
            team_id: Id(workflow.team_id.as_uuid()),
            created_at: Time(workflow.created_at),
            version: workflow.version,
            content: WorkflowContentRow {
                name: workflow.name.as_str().to_owned(),
                instructions: agent.instructions.as_str().to_owned(),
                provider: agent.provider.as_str().to_owned(),
                model: agent.model.as_str().to_owned(),
                temperature: agent.temperature(),
                max_output_tokens: agent.max_output_tokens().map(i64::from),
                history_messages: agent.history_messages().map(i64::from),
                updated_at: Time(workflow.updated_at),
                fallback_provider: fallback.map(|fallback| fallback.provider.as_str().to_owned()),
                fallback_model: fallback.map(|fallback| fallback.model.as_str().to_owned()),
            },
        }
    }
}

impl TryFrom<WorkflowRow> for Workflow {
    type Error = QueryError;

    fn try_from(row: WorkflowRow) -> Result<Self, QueryError> {
        let id = row.id.0;
        let content = row.content;
        // The table has both or none.
        let fallback = content.fallback_provider.zip(content.fallback_model);
        let agent = Agent::parse(&AgentInput {
            instructions: content.instructions,
            provider: content.provider,
            model: content.model,
            temperature: content.temperature,
            max_output_tokens: content.max_output_tokens,
            history_messages: content.history_messages,
            fallback: fallback.map(|(provider, model)| FallbackInput { provider, model }),
        });
        Ok(Self {
            id: WorkflowId::from_uuid(id),
            team_id: TeamId::from_uuid(row.team_id.0),
            name: WorkflowName::parse(&content.name).map_err(|error| inconsistent("workflows", id, error))?,
            agent: agent.map_err(|error| inconsistent("workflows", id, error))?,
            created_at: row.created_at.0,
            updated_at: content.updated_at.0,
            version: row.version,
        })
    }
}
