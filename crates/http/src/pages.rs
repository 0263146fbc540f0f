//! What browsers and supervisors fetch beside the API: the widget's files, the demo page, the service's state.

pub(crate) mod gallery;
pub(crate) mod hosted;

use actix_web::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
    CROSS_ORIGIN_RESOURCE_POLICY, ETAG, HeaderName, IF_NONE_MATCH, REFERRER_POLICY, VARY,
};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use chatloom_domain::token::EmbedToken;
use chatloom_web::{Asset, DemoPage, Freshness};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, Code};
use crate::openapi::{Doc, schema};
use crate::state::State;

pub(crate) const HEALTH: Doc =
    Doc::new("health", "Whether the process answers", "", (200, Some(schema::<StatusResponse>)));
pub(crate) const READINESS: Doc = Doc {
    refuses: &[(503, "It should get no traffic: the store does not answer, or it is about to stop.")],
    ..Doc::new(
        "readiness",
        "Whether the service can be used",
        "Asks the store.",
        (200, Some(schema::<StatusResponse>)),
    )
};

/// How the service is.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatusResponse {
    #[schema(example = "ok")]
    status: &'static str,
}

pub(crate) async fn health() -> HttpResponse {
    HttpResponse::Ok().json(StatusResponse { status: "ok" })
}

pub(crate) async fn readiness(state: Data<State>) -> Result<HttpResponse, ApiError> {
    state.services.readiness.check().await?;
    Ok(HttpResponse::Ok().json(StatusResponse { status: "ready" }))
}

pub(crate) async fn loader(request: HttpRequest) -> HttpResponse {
    asset(&request, chatloom_web::widget_loader(), Freshness::Brief)
}

pub(crate) async fn widget_file(request: HttpRequest, name: Path<String>) -> Result<HttpResponse, ApiError> {
    let (file, freshness) = chatloom_web::widget_file(&name).ok_or_else(no_such_page)?;
    Ok(asset(&request, file, freshness))
}

pub(crate) async fn demo(state: Data<State>) -> Result<HttpResponse, ApiError> {
    let demo = state.services.demo.as_ref().ok_or_else(no_such_page)?;
    let token = demo.site.embed_token().await?.ok_or_else(|| {
        ApiError::new(
            Code::RouteNotFound,
            "the demo's widget has been deleted, or its token cannot be shown with the server's current secret: \
             regenerate it",
        )
    })?;
    let html = chatloom_web::demo_page(&DemoPage {
        embed_code: &embed_code(&state.base_url, &token),
        base_url: &state.base_url,
        admin_email: demo.admin_email.as_deref().unwrap_or("your e-mail address"),
    });
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, chatloom_web::demo_csp(&state.base_url)))
        // Browsers name the origin of a same-origin read only here, and a widget with a list of sites asks for it.
        .insert_header((REFERRER_POLICY, "same-origin"))
        .body(html))
}

pub(crate) async fn demo_asset(
    request: HttpRequest,
    name: Path<String>,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let file = state.services.demo.as_ref().and_then(|_| chatloom_web::demo_asset(&name));
    Ok(asset(&request, file.ok_or_else(no_such_page)?, Freshness::Brief))
}

/// The HTML that embeds a widget. The values stand in attributes, so they are escaped for these.
pub(crate) fn embed_code(base_url: &str, token: &EmbedToken) -> String {
    format!(
        r#"<script src="{}/widget.js" data-token="{}"></script>"#,
        escape(base_url),
        escape(token.reveal())
    )
}

/// The HTML that embeds a widget with this version of the loader and no other.
pub(crate) fn pinned_embed_code(base_url: &str, token: &EmbedToken) -> String {
    let loader = chatloom_web::pinned_loader();
    format!(
        r#"<script src="{}{}" integrity="{}" crossorigin="anonymous" data-token="{}"></script>"#,
        escape(base_url),
        loader.path,
        loader.integrity(),
        escape(token.reveal())
    )
}

/// Escapes a text for HTML, in attributes in double quotes too.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn no_such_page() -> ApiError {
    ApiError::new(Code::RouteNotFound, "there is nothing at this path")
}

/// An embedded file. Pages on any site may use it, as module and as script.
fn asset(request: &HttpRequest, file: &'static Asset, freshness: Freshness) -> HttpResponse {
    let header = |name: HeaderName| {
        request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let is_current = file.is_current(header(IF_NONE_MATCH));
    let mut response = if is_current { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((ETAG, file.etag))
        .insert_header((CACHE_CONTROL, freshness.cache_control()))
        .insert_header((VARY, "Accept-Encoding"))
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"));
    if is_current {
        return response.finish();
    }
    let (encoding, bytes) = file.encoded(header(ACCEPT_ENCODING));
    if let Some(encoding) = encoding {
        response.insert_header((CONTENT_ENCODING, encoding));
    }
    response.content_type(file.content_type).body(bytes)
}
