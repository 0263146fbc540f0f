//! Which answers a page on another site may read.
//!
//! The decision whether a site may use a widget is the ports' and falls on the real request: a preflight has no
//! body and so no token to look at. Credentials are never allowed, so cookies play no part on this side.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, HeaderMap, HeaderValue, VARY,
};
use actix_web::{HttpRequest, HttpResponse};

use crate::routes::methods_of;

/// How long a browser may remember a preflight, in seconds.
const MAX_AGE: &str = "600";

const ALLOWED_HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-Bot-Check, X-Chatloom-Session, X-Session-Secret, X-Visitor-Identity, X-Widget-Token";

const EXPOSED_HEADERS: &str = "Retry-After, X-Quota-Limit, X-Quota-Remaining, X-Quota-Reset, X-RateLimit-Limit, X-RateLimit-Remaining, \
     X-RateLimit-Reset, X-Request-Id";

/// Answers `OPTIONS` on any public path, for any origin.
pub(crate) async fn preflight(request: HttpRequest) -> HttpResponse {
    let methods = methods_of(&request.match_pattern().unwrap_or_default());
    HttpResponse::NoContent()
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, methods.clone()))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS))
        .insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE))
        .insert_header((ALLOW, methods))
        .finish()
}

/// Lets the page read the answer, unless the answer is that the page's site may not use the widget.
pub(super) fn add_headers(headers: &mut HeaderMap, status: StatusCode, echo: Option<&HeaderValue>) {
    // Caches must not give one site's answer to another, whatever the answer is.
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let (Some(origin), true) = (echo, status != StatusCode::FORBIDDEN) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
    }
}
