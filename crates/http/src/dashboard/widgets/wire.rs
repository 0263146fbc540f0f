//! Widgets as the API shows and takes them.

use std::collections::BTreeMap;

use chatloom_domain::customization::Data;
use chatloom_domain::id::WorkflowId;
use chatloom_domain::token::WidgetTokens;
use chatloom_domain::usage::WidgetStats;
use chatloom_domain::widget::{RetentionDays, Widget};
use chatloom_ports::dashboard::{CreateWidgetCommand, RotatedToken, RulesInput, UpdateWidgetCommand};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::body::{Presence, RequestBody};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::json::AsJsonObject;
use crate::openapi::CustomizationKeys;
use crate::time::iso_millis;

/// A widget.
#[expect(clippy::struct_excessive_bools, reason = "each is a field of its own on the wire")]
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
    /// True where the stored list cannot be read. Until it is set again, no site may embed the widget.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    allowed_domains_invalid: bool,
    allow_no_origin: bool,
    identity_required: bool,
    bot_check: bool,
    page_context: bool,
    hosted_page: bool,
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
            allowed_domains_invalid: widget.allowed_domains.is_unreadable(),
            allow_no_origin: widget.rules.allow_no_origin,
            identity_required: widget.rules.identity_required,
            bot_check: widget.rules.bot_check,
            page_context: widget.rules.page_context,
            hosted_page: widget.rules.hosted_page,
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
    /// Whether what a page says of itself may reach the model.
    #[schema(nullable = false)]
    page_context: Option<bool>,
    /// Whether the widget has a full page of its own at `/chat/:token`.
    #[schema(nullable = false)]
    hosted_page: Option<bool>,
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
            page_context: fields.optional("pageContext")?,
            hosted_page: fields.optional("hostedPage")?,
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
                page_context: request.page_context,
                hosted_page: request.hosted_page,
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
    /// Whether what a page says of itself may reach the model.
    #[schema(nullable = false)]
    page_context: Option<bool>,
    /// Whether the widget has a full page of its own at `/chat/:token`.
    #[schema(nullable = false)]
    hosted_page: Option<bool>,
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
            page_context: fields.optional("pageContext")?,
            hosted_page: fields.optional("hostedPage")?,
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
                page_context: request.page_context,
                hosted_page: request.hosted_page,
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
    /// The same for sites that pin scripts (Subresource Integrity). After an upgrade of the server that changes the
    /// script, browsers refuse it until the new code is on the site.
    #[schema(
        example = "<script src=\"https://your-domain.com/widget/loader-0123456789abcdef.js\" integrity=\"sha384-...\" crossorigin=\"anonymous\" data-token=\"your-widget-token\"></script>"
    )]
    pub(super) pinned_embed_code: String,
}

/// How the embed token is to be replaced.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct RegenerateTokenRequest {
    /// For how many seconds the token before is accepted as well, at most 604,800 (7 days); 0 if absent.
    #[schema(nullable = false)]
    pub(super) grace_seconds: Option<i64>,
}

impl RequestBody for RegenerateTokenRequest {
    const PRESENCE: Presence = Presence::Optional;

    fn read(fields: &mut Fields) -> Result<Self, ApiError> {
        Ok(Self { grace_seconds: fields.optional("graceSeconds")? })
    }
}

/// A new embed token.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenResponse<'a> {
    #[schema(example = "new-widget-token-value")]
    token: &'a str,
    #[schema(example = "Token regenerated. Update your embed code.")]
    message: &'static str,
    /// Until when the token before is accepted as well, if it was given a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "2026-02-17T10:00:00.000Z")]
    previous_token_valid_until: Option<String>,
}

impl<'a> From<&'a RotatedToken> for TokenResponse<'a> {
    fn from(rotated: &'a RotatedToken) -> Self {
        Self {
            token: rotated.token.reveal(),
            message: "Token regenerated. Update your embed code.",
            previous_token_valid_until: rotated.previous_valid_until.map(iso_millis),
        }
    }
}

/// When a widget's embed tokens were made and used.
#[derive(Serialize, ToSchema)]
pub(super) struct TokensResponse {
    current: CurrentTokenResponse,
    /// The one before, while it is still accepted.
    previous: Option<PreviousTokenResponse>,
}

/// The token of the embed code.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CurrentTokenResponse {
    /// Null for tokens from before this was kept.
    #[schema(example = "2026-02-17T10:00:00.000Z")]
    created_at: Option<String>,
    /// About a minute behind; null while nobody has used it.
    #[schema(example = "2026-02-17T10:00:00.000Z")]
    last_used_at: Option<String>,
}

/// The token before.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PreviousTokenResponse {
    #[schema(example = "2026-02-17T10:00:00.000Z")]
    valid_until: Option<String>,
    /// About a minute behind; null if nobody has used it.
    #[schema(example = "2026-02-17T10:00:00.000Z")]
    last_used_at: Option<String>,
}

impl From<WidgetTokens> for TokensResponse {
    fn from(tokens: WidgetTokens) -> Self {
        Self {
            current: CurrentTokenResponse {
                created_at: tokens.made_at.map(iso_millis),
                last_used_at: tokens.current.last_used_at.map(iso_millis),
            },
            previous: tokens.previous.map(|slot| PreviousTokenResponse {
                valid_until: slot.valid_until.map(iso_millis),
                last_used_at: slot.last_used_at.map(iso_millis),
            }),
        }
    }
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
