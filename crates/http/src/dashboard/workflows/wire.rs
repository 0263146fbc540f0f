//! Workflows as the API shows and takes them.

use std::collections::BTreeMap;

use chatloom_domain::customization::Data;
use chatloom_domain::workflow::{Agent, AgentInput, Fallback, FallbackInput, Workflow};
use chatloom_ports::dashboard::{CreateWorkflowCommand, UpdateWorkflowCommand};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::body::RequestBody;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::time::iso_millis;

/// An agent workflow.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WorkflowResponse<'a> {
    id: Uuid,
    #[schema(example = "Support agent")]
    name: &'a str,
    agent: AgentResponse<'a>,
    #[schema(example = "2026-02-17T10:00:00.000Z")]
    created_at: String,
    #[schema(example = "2026-02-17T10:00:00.000Z")]
    updated_at: String,
}

/// Who answers. What is not set is left out, but for `fallback`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AgentResponse<'a> {
    instructions: &'a str,
    provider: &'a str,
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    max_output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    history_messages: Option<u32>,
    /// Null where there is none.
    #[schema(required = true)]
    fallback: Option<FallbackResponse<'a>>,
}

/// Whom to ask when the first model fails before its first word.
#[derive(Serialize, ToSchema)]
struct FallbackResponse<'a> {
    provider: &'a str,
    model: &'a str,
}

impl<'a> From<&'a Workflow> for WorkflowResponse<'a> {
    fn from(workflow: &'a Workflow) -> Self {
        Self {
            id: workflow.id.as_uuid(),
            name: workflow.name.as_str(),
            agent: AgentResponse::from(&workflow.agent),
            created_at: iso_millis(workflow.created_at),
            updated_at: iso_millis(workflow.updated_at),
        }
    }
}

impl<'a> From<&'a Agent> for AgentResponse<'a> {
    fn from(agent: &'a Agent) -> Self {
        Self {
            instructions: agent.instructions.as_str(),
            provider: agent.provider.as_str(),
            model: agent.model.as_str(),
            temperature: agent.temperature(),
            max_output_tokens: agent.max_output_tokens(),
            history_messages: agent.history_messages(),
            fallback: agent.fallback.as_ref().map(FallbackResponse::from),
        }
    }
}

impl<'a> From<&'a Fallback> for FallbackResponse<'a> {
    fn from(fallback: &'a Fallback) -> Self {
        Self { provider: fallback.provider.as_str(), model: fallback.model.as_str() }
    }
}

/// Who is to answer.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct AgentRequest {
    /// What the model is told before the conversation: 1 to 20,000 characters.
    #[schema(example = "You are the support agent of a shop for tea.")]
    instructions: String,
    /// A provider that the operator has configured, such as `openai`, `anthropic` or `scripted`.
    #[schema(example = "openai")]
    provider: String,
    /// The model's name as the provider spells it.
    model: String,
    /// 0 to 2.
    #[schema(nullable = false)]
    temperature: Option<f64>,
    /// The most tokens of one answer, 1 to 128,000.
    #[schema(nullable = false)]
    max_output_tokens: Option<i64>,
    /// How many earlier messages the model sees, 0 to 200; 20 if not given.
    #[schema(nullable = false)]
    history_messages: Option<i64>,
    /// Whom to ask when this model fails before its first word; nobody if null or not given.
    fallback: Option<FallbackRequest>,
}

/// Whom to ask instead.
#[derive(ToSchema)]
struct FallbackRequest {
    /// A provider that the operator has configured.
    #[schema(example = "anthropic")]
    provider: String,
    /// The model's name as the provider spells it.
    model: String,
}

impl AgentRequest {
    /// Reads the object `agent`. As in the whole body, what it does not know is refused.
    fn read(members: BTreeMap<String, Data>) -> Result<Self, ApiError> {
        let mut fields = Fields::of_member("agent.", members);
        let agent = Self {
            instructions: fields.required("instructions")?,
            provider: fields.required("provider")?,
            model: fields.required("model")?,
            temperature: fields.optional("temperature")?,
            max_output_tokens: fields.optional("maxOutputTokens")?,
            history_messages: fields.optional("historyMessages")?,
            fallback: fields.nullable("fallback")?.map(FallbackRequest::read).transpose()?,
        };
        fields.finish()?;
        Ok(agent)
    }
}

impl FallbackRequest {
    fn read(members: BTreeMap<String, Data>) -> Result<Self, ApiError> {
        let mut fields = Fields::of_member("agent.fallback.", members);
        let fallback = Self { provider: fields.required("provider")?, model: fields.required("model")? };
        fields.finish()?;
        Ok(fallback)
    }
}

impl From<AgentRequest> for AgentInput {
    fn from(request: AgentRequest) -> Self {
        Self {
            instructions: request.instructions,
            provider: request.provider,
            model: request.model,
            temperature: request.temperature,
            max_output_tokens: request.max_output_tokens,
            history_messages: request.history_messages,
            fallback: request.fallback.map(FallbackInput::from),
        }
    }
}

impl From<FallbackRequest> for FallbackInput {
    fn from(request: FallbackRequest) -> Self {
        Self { provider: request.provider, model: request.model }
    }
}

/// A workflow to be made.
#[derive(ToSchema)]
pub(crate) struct CreateWorkflowRequest {
    /// Display name: 1 to 100 characters.
    #[schema(example = "Support agent")]
    name: String,
    agent: AgentRequest,
}

impl RequestBody for CreateWorkflowRequest {
    fn read(fields: &mut Fields) -> Result<Self, ApiError> {
        Ok(Self { name: fields.required("name")?, agent: AgentRequest::read(fields.required("agent")?)? })
    }
}

impl From<CreateWorkflowRequest> for CreateWorkflowCommand {
    fn from(request: CreateWorkflowRequest) -> Self {
        Self { name: request.name, agent: request.agent.into() }
    }
}

/// Changes to a workflow. Fields that are not given stay as they are.
#[derive(ToSchema)]
pub(crate) struct UpdateWorkflowRequest {
    /// Display name: 1 to 100 characters.
    #[schema(nullable = false)]
    name: Option<String>,
    /// Replaces the whole agent.
    #[schema(nullable = false)]
    agent: Option<AgentRequest>,
}

impl RequestBody for UpdateWorkflowRequest {
    fn read(fields: &mut Fields) -> Result<Self, ApiError> {
        Ok(Self {
            name: fields.optional("name")?,
            agent: fields.optional("agent")?.map(AgentRequest::read).transpose()?,
        })
    }
}

impl From<UpdateWorkflowRequest> for UpdateWorkflowCommand {
    fn from(request: UpdateWorkflowRequest) -> Self {
        Self { name: request.name, agent: request.agent.map(AgentInput::from) }
    }
}
