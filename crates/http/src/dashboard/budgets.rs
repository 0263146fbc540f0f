//! `/api/teams/{teamId}/budget` and `…/widgets/{id}/budget`: what may be spent on a day, and what was spent today.

use actix_web::HttpResponse;
use actix_web::web::Data;
use chatloom_domain::budget::BudgetOwner;
use chatloom_domain::id::WidgetId;
use chatloom_ports::dashboard::{BudgetReport, SetBudgetCommand};
use serde::Serialize;
use utoipa::ToSchema;

use super::authorized::{Authorized, PathId, Read, SetBudgets};
use crate::body::RequestBody;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::openapi::{Doc, schema};
use crate::state::State;
use crate::time::iso_millis;

const NO_TEAM: &[(u16, &str)] = &[(404, "No such team for this user.")];
const NO_WIDGET: &[(u16, &str)] = &[(404, "No such team for this user, or no such widget in it.")];

pub(crate) const READ_TEAM: Doc = Doc {
    refuses: NO_TEAM,
    ..Doc::new(
        "readTeamBudget",
        "Read the team's daily budget",
        "The limits of all widgets of the team together, and what they have used on this UTC day. Role: VIEWER.",
        (200, Some(schema::<BudgetResponse>)),
    )
};
pub(crate) const SET_TEAM: Doc = Doc {
    body: Some(schema::<SetBudgetRequest>),
    refuses: NO_TEAM,
    ..Doc::new(
        "setTeamBudget",
        "Set the team's daily budget",
        "Changes the given limits; what was used today counts against them. Role: ADMIN.",
        (200, Some(schema::<BudgetResponse>)),
    )
};
pub(crate) const READ_WIDGET: Doc = Doc {
    refuses: NO_WIDGET,
    ..Doc::new(
        "readWidgetBudget",
        "Read a widget's daily budget",
        "The widget's limits, and what it has used on this UTC day. Role: VIEWER.",
        (200, Some(schema::<BudgetResponse>)),
    )
};
pub(crate) const SET_WIDGET: Doc = Doc {
    body: Some(schema::<SetBudgetRequest>),
    refuses: NO_WIDGET,
    ..Doc::new(
        "setWidgetBudget",
        "Set a widget's daily budget",
        "Changes the given limits; what was used today counts against them. Role: ADMIN.",
        (200, Some(schema::<BudgetResponse>)),
    )
};

/// A daily budget, and what was used of it since the UTC day began.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BudgetResponse {
    /// Messages of a day; null is no limit.
    #[schema(required = true, example = 1000)]
    daily_messages: Option<u64>,
    /// Tokens of a day, in and out; null is no limit.
    #[schema(required = true, example = 2_000_000)]
    daily_tokens: Option<u64>,
    /// Messages whose answers were begun.
    used_messages: u64,
    /// Tokens of answers that have ended.
    used_tokens: u64,
    /// Tokens that answers which are being written may still use.
    reserved_tokens: u64,
    /// When the day ends.
    #[schema(example = "2026-02-18T00:00:00.000Z")]
    resets_at: String,
}

impl From<BudgetReport> for BudgetResponse {
    fn from(BudgetReport { account, resets_at }: BudgetReport) -> Self {
        Self {
            daily_messages: account.budget.daily_messages.map(chatloom_domain::budget::DailyLimit::get),
            daily_tokens: account.budget.daily_tokens.map(chatloom_domain::budget::DailyLimit::get),
            used_messages: account.spending.messages,
            used_tokens: account.spending.tokens,
            reserved_tokens: account.spending.reserved_tokens,
            resets_at: iso_millis(resets_at),
        }
    }
}

/// Limits to be set. Fields that are not given stay as they are.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct SetBudgetRequest {
    /// Messages of a day, 0 to 1,000,000,000,000; null takes the limit away.
    #[schema(value_type = Option<i64>, example = 1000)]
    daily_messages: Option<Option<i64>>,
    /// Tokens of a day, in and out, 0 to 1,000,000,000,000; null takes the limit away.
    #[schema(value_type = Option<i64>, example = 2_000_000)]
    daily_tokens: Option<Option<i64>>,
}

impl RequestBody for SetBudgetRequest {
    fn read(fields: &mut Fields) -> Result<Self, ApiError> {
        Ok(Self {
            daily_messages: fields.optional("dailyMessages")?,
            daily_tokens: fields.optional("dailyTokens")?,
        })
    }
}

impl From<SetBudgetRequest> for SetBudgetCommand {
    fn from(request: SetBudgetRequest) -> Self {
        Self { daily_messages: request.daily_messages, daily_tokens: request.daily_tokens }
    }
}

pub(crate) async fn read_team(
    caller: Authorized<Read>,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let report = state.services.budgets.find(&caller.member, BudgetOwner::Team).await?;
    Ok(HttpResponse::Ok().json(BudgetResponse::from(report)))
}

pub(crate) async fn set_team(
    caller: Authorized<SetBudgets, SetBudgetRequest>,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (actor, command) = (caller.actor(), caller.body.into());
    let report = state.services.budgets.set(&actor, BudgetOwner::Team, command).await?;
    Ok(HttpResponse::Ok().json(BudgetResponse::from(report)))
}

pub(crate) async fn read_widget(
    caller: Authorized<Read>,
    id: PathId,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let owner = BudgetOwner::Widget(WidgetId::from_uuid(id.0));
    let report = state.services.budgets.find(&caller.member, owner).await?;
    Ok(HttpResponse::Ok().json(BudgetResponse::from(report)))
}

pub(crate) async fn set_widget(
    caller: Authorized<SetBudgets, SetBudgetRequest>,
    id: PathId,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let owner = BudgetOwner::Widget(WidgetId::from_uuid(id.0));
    let (actor, command) = (caller.actor(), caller.body.into());
    let report = state.services.budgets.set(&actor, owner, command).await?;
    Ok(HttpResponse::Ok().json(BudgetResponse::from(report)))
}
