//! Where the dashboard's JWT travels: in a cookie, or as a bearer token.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::AUTHORIZATION;
use chatloom_domain::team::AuthSession;
use chatloom_ports::dashboard::{AccessToken, Credentials};

use super::csrf;
use crate::error::ApiError;
use crate::state::State;

/// The prefix makes browsers refuse the cookie unless it is `Secure`, without `Domain`, and set by this host, so
/// that no sibling subdomain can plant one (RFC 6265bis, section 4.1.3.2).
const SECURE_NAME: &str = "__Host-chatloom";
/// Over plain HTTP, as in development, browsers would not take the prefixed name.
const PLAIN_NAME: &str = "chatloom";

/// The JWT of a request, if it carries one, after the CSRF rule has been kept. A bearer token wins over the
/// cookie: it was put there on purpose.
pub(super) fn presented(request: &HttpRequest, state: &State) -> Result<Option<Credentials>, ApiError> {
    presented_to(request, state.is_https, &state.public_origin)
}

/// The same for a service that browsers reach at `public_origin`.
pub(crate) fn presented_to(
    request: &HttpRequest,
    is_https: bool,
    public_origin: &str,
) -> Result<Option<Credentials>, ApiError> {
    let cookie = request.cookie(name(is_https));
    csrf::check(request.method(), request.headers(), cookie.is_some(), public_origin)?;
    let bearer = request.headers().get(AUTHORIZATION).and_then(|value| bearer_token(value.as_bytes()));
    let cookie = || cookie.map(|cookie| cookie.value().to_owned());
    Ok(bearer.or_else(cookie).map(Credentials))
}

/// The token of an `Authorization: Bearer` header (RFC 6750); `None` for other schemes.
pub(crate) fn bearer_token(header: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(header);
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// The cookie that signs a user in, for as long as the session can last.
pub(super) fn sign_in_cookie(token: AccessToken, state: &State) -> Cookie<'static> {
    cookie(token.0, Duration::seconds(AuthSession::LIFETIME.as_secs()), state)
}

/// The cookie that removes the other one. It must have the same attributes, or browsers keep both
/// (CVE-2026-55423).
pub(super) fn sign_out_cookie(state: &State) -> Cookie<'static> {
    cookie(String::new(), Duration::ZERO, state)
}

fn cookie(value: String, max_age: Duration, state: &State) -> Cookie<'static> {
    Cookie::build(name(state.is_https), value)
        .path("/")
        .secure(state.is_https)
        .http_only(true)
        // Not strict, so that links into the dashboard find the user signed in; CSRF has its own rule.
        .same_site(SameSite::Lax)
        .max_age(max_age)
        .finish()
}

const fn name(is_https: bool) -> &'static str {
    if is_https { SECURE_NAME } else { PLAIN_NAME }
}
