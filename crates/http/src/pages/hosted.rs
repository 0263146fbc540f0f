//! `/chat/{token}`: a widget's chat in full size, on our own origin.
//!
//! The page is for links and frames, so people read its refusals: they have the API's statuses and are pages themselves.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use chatloom_web::{Framing, Freshness, HostedPage, RefusalPage};

use super::{asset, no_such_page};
use crate::error::ApiError;
use crate::public::guard::admit_page;
use crate::state::State;

/// The page's template in the table of routes.
pub(crate) const PATH: &str = "/chat/{token}";

const HTML: &str = "text/html; charset=utf-8";
const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

pub(crate) async fn page(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, ApiError> {
    admit_page(&request, &state)?;
    let token = request.match_info().get("token").unwrap_or_default();
    let widget = state.services.visitors.hosted_page(token.to_owned()).await?;
    let look = &widget.customization;
    let html = chatloom_web::hosted_page(&HostedPage {
        title: look.text("title").unwrap_or(widget.name.as_str()),
        lang: look.text("locale"),
        theme: look.text("theme"),
        base_url: &state.base_url,
        token,
    });
    let sources = widget.allowed_domains.frame_sources();
    let framing =
        if widget.allowed_domains.is_empty() { Framing::Anyone } else { Framing::Sources(&sources) };
    Ok(HttpResponse::Ok()
        .content_type(HTML)
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, chatloom_web::hosted_csp(&state.base_url, framing)))
        // Browsers name the origin of a same-origin read only here. The token in the address reaches no site and no log of a
        // proxy.
        .insert_header((REFERRER_POLICY, "strict-origin"))
        .insert_header((X_ROBOTS_TAG, "noindex"))
        .body(html))
}

pub(crate) async fn page_asset(request: HttpRequest, name: Path<String>) -> Result<HttpResponse, ApiError> {
    let file = chatloom_web::hosted_asset(&name).ok_or_else(no_such_page)?;
    Ok(asset(&request, file, Freshness::Brief))
}

/// What stands in the place of the page: headers and HTML.
pub(crate) fn refusal(error: &ApiError) -> (Vec<(HeaderName, HeaderValue)>, String) {
    let status = error.code.status();
    let mut headers = vec![
        (CONTENT_TYPE, HeaderValue::from_static(HTML)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (X_ROBOTS_TAG, HeaderValue::from_static("noindex")),
    ];
    let policy = HeaderValue::from_str(&chatloom_web::refusal_csp(framing(status)));
    headers.extend(policy.ok().map(|policy| (CONTENT_SECURITY_POLICY, policy)));
    let (title, text, can_retry) = words(status);
    (headers, chatloom_web::refusal_page(&RefusalPage { title, text, can_retry }))
}

/// A site that has the chat in a frame should show why there is none: nothing in that page is worth a click that somebody was
/// tricked into, and it tells of no widget. Where the owner wants no frame, or cannot say which, there is none.
fn framing(status: StatusCode) -> Framing<'static> {
    if status == StatusCode::FORBIDDEN { Framing::Nobody } else { Framing::Anyone }
}

/// What people read, and whether it may help to try again.
fn words(status: StatusCode) -> (&'static str, &'static str, bool) {
    match status.as_u16() {
        401 => (
            "This link does not lead to a chat",
            "It may be incomplete, or it has been replaced. Please ask for a new one where you found it.",
            false,
        ),
        403 => {
            ("This chat has no page of its own", "You can use it on the website that it belongs to.", false)
        }
        410 => ("This chat is closed", "It has been switched off or taken down by its owner.", false),
        429 => (
            "One moment, please",
            "Too many visits came from your network just now. Please try again in a minute.",
            true,
        ),
        503 => (
            "We will be right back",
            "The chat cannot be reached just now. What was written in it is kept.",
            true,
        ),
        500.. => ("Something went wrong", "It is not your fault. Please try again in a moment.", true),
        _ => ("This page could not be opened", "Something about the request was not right.", false),
    }
}
