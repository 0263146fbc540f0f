//! The headers that tell how many messages a day still has.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use chatloom_domain::budget::MessageQuota;

const LIMIT: HeaderName = HeaderName::from_static("x-quota-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-quota-remaining");
const RESET: HeaderName = HeaderName::from_static("x-quota-reset");

/// What the document says of 429 on routes that begin answers.
pub(crate) const REACHED: (u16, &str) = (
    429,
    "Too many requests from this address, session, visitor or widget, or a daily quota is used up; `Retry-After` says when \
     to try again.",
);

/// Adds the headers where messages are limited; the reset is in Unix seconds.
pub(crate) fn add_headers(headers: &mut HeaderMap, quota: Option<&MessageQuota>) {
    let Some(quota) = quota else { return };
    headers.insert(LIMIT, HeaderValue::from(quota.limit));
    headers.insert(REMAINING, HeaderValue::from(quota.remaining));
    headers.insert(RESET, HeaderValue::from(quota.resets_at.as_second()));
}
