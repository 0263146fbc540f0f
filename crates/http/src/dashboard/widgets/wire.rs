//! Widgets as the API shows and takes them.

use std::collections::BTreeMap;

use chatloom_domain::customization::Data;
use chatloom_domain::id::WorkflowId;
use chatloom_domain::usage::WidgetStats;
use chatloom_domain::widget::{RetentionDays, Widget};
use chatloom_ports::dashboard::{CreateWidgetCommand, RulesInput, UpdateWidgetCommand};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::body::RequestBody;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::json::AsJsonObject;
use crate::openapi::CustomizationKeys;
use crate::time::iso_millis;

/// A widget.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WidgetResponse<'a> {
    id: Uuid,
    #[schema(example = "Support Chat")]
    name: &'a str,
    workflow_id: Uuid,
    active: bool,
    #[schema(value_type = CustomizationKeys)]
    customization: AsJsonObject<'a>,
    #[schema(example = json!(["example.com", "*.example.com"]))]
    allowed_domains: Vec<&'a str>,
    allow_no_origin: bool,
    identity_required: bool,
    bot_check: bool,
    /// Null keeps conversations until somebody erases them.
    #[schema(example = 90)]
    retention_days: Option<u16>,
    #[schema(example = "2026-02-17T10:00:00.000Z")]
    created_at: String,
    #[schema(example = "2026-02-17T10:00:00.000Z")]
    updated_at: String,
}

impl<'a> From<&'a Widget> for WidgetResponse<'a> {
    fn from(widget: &'a Widget) -> Self {
        Self {
            id: widget.id.as_uuid(),
            name: widget.name.as_str(),
            workflow_id: widget.workflow_id.as_uuid(),
            active: widget.active,
            customization: AsJsonObject(widget.customization.entries()),
            allowed_domains: widget.allowed_domains.entries().collect(),
            allow_no_origin: widget.rules.allow_no_origin,
            identity_required: widget.rules.identity_required,
            bot_check: widget.rules.bot_check,
            retention_days: widget.rules.retention.map(RetentionDays::get),
            created_at: iso_millis(widget.created_at),
            updated_at: iso_millis(widget.updated_at),
        }
    }
}

/// A widget to be made.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct CreateWidgetRequest {
    /// Display name: 1 to 100 characters.
    #[schema(example = "Support Chat")]
    name: String,
    /// A workflow of the same team.
    workflow_id: Uuid,
    #[schema(value_type = CustomizationKeys, required = false)]
    customization: BTreeMap<String, Data>,
    /// Sites that may embed the widget, such as `example.com`, `*.example.com` or `localhost:3000`. None means any.
    #[schema(required = false)]
    allowed_domains: Vec<String>,
    /// Whether apps that send no `Origin` may use a widget with a list of sites. So may then every program.
    #[schema(nullable = false)]
    allow_no_origin: Option<bool>,
    /// Whether only visitors who prove their identity may open a session.
    #[schema(nullable = false)]
    identity_required: Option<bool>,
    /// Whether a browser must do some work before it may open a session.
    #[schema(nullable = false)]
    bot_check: Option<bool>,
    /// For how many days conversations are kept after their last message, 1 to 3,650; null keeps them. 90 if absent.
    #[schema(required = false, value_type = Option<i64>)]
    retention_days: Option<Option<i64>>,
}

impl RequestBody for CreateWidgetRequest {
    fn read(fields: &mut Fields) -> Result<Self, ApiError> {
        Ok(Self {
            name: fields.required("name")?,
            workflow_id: fields.required("workflowId")?,
            customization: fields.optional("customization")?.unwrap_or_default(),
            allowed_domains: fields.optional("allowedDomains")?.unwrap_or_default(),
            allow_no_origin: fields.optional("allowNoOrigin")?,
            identity_required: fields.optional("identityRequired")?,
            bot_check: fields.optional("botCheck")?,
            retention_days: fields.clearable("retentionDays")?,
        })
    }
}

impl From<CreateWidgetRequest> for CreateWidgetCommand {
    fn from(request: CreateWidgetRequest) -> Self {
        Self {
            name: request.name,
            workflow_id: WorkflowId::from_uuid(request.workflow_id),
            customization: request.customization,
            allowed_domains: request.allowed_domains,
            rules: RulesInput {
                allow_no_origin: request.allow_no_origin,
                identity_required: request.identity_required,
                bot_check: request.bot_check,
                retention_days: request.retention_days,
            },
        }
    }
}

/// Changes to a widget. Fields that are not given stay as they are.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct UpdateWidgetRequest {
    /// Display name: 1 to 100 characters.
    #[schema(nullable = false)]
    name: Option<String>,
    /// A workflow of the same team.
    #[schema(nullable = false)]
    workflow_id: Option<Uuid>,
    /// Whether visitors may use the widget.
    #[schema(nullable = false)]
    active: Option<bool>,
    /// Merged key by key; a key given as null is removed.
    #[schema(value_type = CustomizationKeys, required = false)]
    customization: Option<BTreeMap<String, Data>>,
    /// Replaces the whole list.
    #[schema(nullable = false)]
    allowed_domains: Option<Vec<String>>,
    /// Whether apps that send no `Origin` may use a widget with a list of sites. So may then every program.
    #[schema(nullable = false)]
    allow_no_origin: Option<bool>,
    /// Whether only visitors who prove their identity may open a session.
    #[schema(nullable = false)]
    identity_required: Option<bool>,
    /// Whether a browser must do some work before it may open a session.
    #[schema(nullable = false)]
    bot_check: Option<bool>,
    /// For how many days conversations are kept after their last message, 1 to 3,650; null keeps them.
    #[schema(required = false, value_type = Option<i64>)]
    retention_days: Option<Option<i64>>,
}

impl RequestBody for UpdateWidgetRequest {
    fn read(fields: &mut Fields) -> Result<Self, ApiError> {
        Ok(Self {
            name: fields.optional("name")?,
            workflow_id: fields.optional("workflowId")?,
            active: fields.optional("active")?,
            customization: fields.optional("customization")?,
            allowed_domains: fields.optional("allowedDomains")?,
            allow_no_origin: fields.optional("allowNoOrigin")?,
            identity_required: fields.optional("identityRequired")?,
            bot_check: fields.optional("botCheck")?,
            retention_days: fields.clearable("retentionDays")?,
        })
    }
}

impl From<UpdateWidgetRequest> for UpdateWidgetCommand {
    fn from(request: UpdateWidgetRequest) -> Self {
        Self {
            name: request.name,
            workflow_id: request.workflow_id.map(WorkflowId::from_uuid),
            active: request.active,
            customization: request.customization,
            allowed_domains: request.allowed_domains,
            rules: RulesInput {
                allow_no_origin: request.allow_no_origin,
                identity_required: request.identity_required,
                bot_check: request.bot_check,
                retention_days: request.retention_days,
            },
        }
    }
}

/// The HTML that embeds a widget.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EmbedCodeResponse {
    #[schema(
        example = "<script src=\"https://your-domain.com/widget.js\" data-token=\"your-widget-token\"></script>"
    )]
    pub(super) embed_code: String,
}

/// A new embed token.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenResponse<'a> {
    #[schema(example = "new-widget-token-value")]
    pub(super) token: &'a str,
    pub(super) message: &'static str,
}

/// What a widget has been used for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatsResponse {
    total_sessions: u64,
    total_messages: u64,
    /// One decimal; 0 without sessions.
    avg_messages_per_session: f64,
    active_sessions_today: u64,
    token_usage: TokenUsageResponse,
}

/// Tokens of a model.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenUsageResponse {
    input: u64,
    output: u64,
}

impl From<WidgetStats> for StatsResponse {
    fn from(stats: WidgetStats) -> Self {
        Self {
            total_sessions: stats.total_sessions,
            total_messages: stats.total_messages,
            avg_messages_per_session: stats.average_messages_per_session(),
            active_sessions_today: stats.active_sessions_today,
            token_usage: TokenUsageResponse {
                input: stats.token_usage.input,
                output: stats.token_usage.output,
            },
        }
    }
}
