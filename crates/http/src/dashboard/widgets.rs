//! `/api/teams/{teamId}/widgets`: managing widgets.

pub(crate) mod wire;

use actix_web::HttpResponse;
use actix_web::web::Data;
use chatloom_domain::id::WidgetId;

use super::authorized::{Authorized, Build, PathId, Read, ReadEmbedCode};
use crate::error::ApiError;
use crate::openapi::{Doc, list_of, schema};
use crate::pages;
use crate::state::State;
use wire::{
    CreateWidgetRequest, EmbedCodeResponse, RegenerateTokenRequest, StatsResponse, TokenResponse,
    TokensResponse, UpdateWidgetRequest, WidgetResponse,
};

const NO_WIDGET: &[(u16, &str)] = &[(404, "No such team for this user, or no such widget in it.")];

pub(crate) const LIST: Doc = Doc {
    refuses: &[(404, "No such team for this user.")],
    ..Doc::new(
        "listWidgets",
        "List widgets",
        "All widgets of the team, newest first. Role: VIEWER.",
        (200, Some(list_of::<WidgetResponse<'_>>)),
    )
};
pub(crate) const CREATE: Doc = Doc {
    body: Some(schema::<CreateWidgetRequest>),
    refuses: &[(404, "No such team for this user, or no such workflow in it.")],
    ..Doc::new(
        "createWidget",
        "Create a widget",
        "Makes a widget with a new embed token. Role: BUILDER.",
        (201, Some(schema::<WidgetResponse<'_>>)),
    )
};
pub(crate) const READ: Doc = Doc {
    refuses: NO_WIDGET,
    ..Doc::new("readWidget", "Read a widget", "Role: VIEWER.", (200, Some(schema::<WidgetResponse<'_>>)))
};
pub(crate) const UPDATE: Doc = Doc {
    body: Some(schema::<UpdateWidgetRequest>),
    refuses: &[
        (404, "No such team for this user, no such widget in it, or no such workflow."),
        (409, "Others kept changing the widget at the same time."),
    ],
    ..Doc::new(
        "updateWidget",
        "Update a widget",
        "Changes the given fields and no others. Role: BUILDER; emptying `allowedDomains` needs ADMIN.",
        (200, Some(schema::<WidgetResponse<'_>>)),
    )
};
pub(crate) const DELETE: Doc = Doc {
    refuses: NO_WIDGET,
    ..Doc::new(
        "deleteWidget",
        "Delete a widget",
        "Deletes the widget with all its conversations. Its embed token is invalid at once. Role: BUILDER.",
        (204, None),
    )
};
pub(crate) const EMBED_CODE: Doc = Doc {
    refuses: NO_WIDGET,
    ..Doc::new(
        "embedCode",
        "Get the embed code",
        "The HTML to put on a site. Role: OPERATOR.",
        (200, Some(schema::<EmbedCodeResponse>)),
    )
};
pub(crate) const REGENERATE_TOKEN: Doc = Doc {
    body: Some(schema::<RegenerateTokenRequest>),
    refuses: NO_WIDGET,
    ..Doc::new(
        "regenerateToken",
        "Regenerate the embed token",
        "The old token is invalid at once, or after `graceSeconds`; sessions survive. Role: BUILDER.",
        (200, Some(schema::<TokenResponse<'_>>)),
    )
};
pub(crate) const TOKENS: Doc = Doc {
    refuses: NO_WIDGET,
    ..Doc::new(
        "widgetTokens",
        "Get the embed tokens' use",
        "When the tokens were made and last used, without the tokens. Role: OPERATOR.",
        (200, Some(schema::<TokensResponse>)),
    )
};
pub(crate) const STATS: Doc = Doc {
    refuses: NO_WIDGET,
    ..Doc::new(
        "widgetStats",
        "Get a widget's statistics",
        "\"Today\" is the UTC day. Role: VIEWER.",
        (200, Some(schema::<StatsResponse>)),
    )
};

pub(crate) async fn list(caller: Authorized<Read>, state: Data<State>) -> Result<HttpResponse, ApiError> {
    let widgets = state.services.widgets.list(&caller.member).await?;
    let body: Vec<_> = widgets.iter().map(WidgetResponse::from).collect();
    Ok(HttpResponse::Ok().json(body))
}

pub(crate) async fn create(
    caller: Authorized<Build, CreateWidgetRequest>,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let widget = state.services.widgets.create(&caller.actor(), caller.body.into()).await?;
    Ok(HttpResponse::Created().json(WidgetResponse::from(&widget)))
}

pub(crate) async fn read(
    caller: Authorized<Read>,
    id: PathId,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let widget = state.services.widgets.find(&caller.member, WidgetId::from_uuid(id.0)).await?;
    Ok(HttpResponse::Ok().json(WidgetResponse::from(&widget)))
}

pub(crate) async fn update(
    caller: Authorized<Build, UpdateWidgetRequest>,
    id: PathId,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id = WidgetId::from_uuid(id.0);
    let widget = state.services.widgets.update(&caller.actor(), id, caller.body.into()).await?;
    Ok(HttpResponse::Ok().json(WidgetResponse::from(&widget)))
}

pub(crate) async fn remove(
    caller: Authorized<Build>,
    id: PathId,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    state.services.widgets.delete(&caller.actor(), WidgetId::from_uuid(id.0)).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(crate) async fn embed_code(
    caller: Authorized<ReadEmbedCode>,
    id: PathId,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let token = state.services.widgets.embed_token(&caller.member, WidgetId::from_uuid(id.0)).await?;
    Ok(HttpResponse::Ok().json(EmbedCodeResponse {
        embed_code: pages::embed_code(&state.base_url, &token),
        pinned_embed_code: pages::pinned_embed_code(&state.base_url, &token),
    }))
}

pub(crate) async fn regenerate_token(
    caller: Authorized<Build, RegenerateTokenRequest>,
    id: PathId,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (id, grace) = (WidgetId::from_uuid(id.0), caller.body.grace_seconds);
    let rotated = state.services.widgets.rotate_embed_token(&caller.actor(), id, grace).await?;
    Ok(HttpResponse::Ok().json(TokenResponse::from(&rotated)))
}

pub(crate) async fn tokens(
    caller: Authorized<ReadEmbedCode>,
    id: PathId,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let tokens = state.services.widgets.tokens(&caller.member, WidgetId::from_uuid(id.0)).await?;
    Ok(HttpResponse::Ok().json(TokensResponse::from(tokens)))
}

pub(crate) async fn stats(
    caller: Authorized<Read>,
    id: PathId,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let used = state.services.widgets.stats(&caller.member, WidgetId::from_uuid(id.0)).await?;
    Ok(HttpResponse::Ok().json(StatsResponse::from(used)))
}
