//! Where the dashboard's JWT travels: in a cookie, or as a bearer token.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderMap};
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
    let carried = carried(request, is_https, public_origin)?;
    Ok(carried.bearer.or(carried.cookie).map(Credentials))
}

/// What a request carries that is to turn an identity provider's token into a session of ours.
pub(super) struct Vouched {
    /// The provider's token, if there is one. It travels in the header alone: a cookie could be another site's doing.
    pub(super) identity_token: Option<String>,
    /// The JWT of the session that is there so far.
    pub(super) presented: Option<Credentials>,
}

/// Reads both apart, after the CSRF rule has been kept.
pub(super) fn vouched(request: &HttpRequest, state: &State) -> Result<Vouched, ApiError> {
    let carried = carried(request, state.is_https, &state.public_origin)?;
    Ok(Vouched { identity_token: carried.bearer, presented: carried.cookie.map(Credentials) })
}

struct Carried {
    bearer: Option<String>,
    cookie: Option<String>,
}

fn carried(request: &HttpRequest, is_https: bool, public_origin: &str) -> Result<Carried, ApiError> {
    let cookie = cookie_value(request.headers(), name(is_https));
    csrf::check(request.method(), request.headers(), cookie.is_some(), public_origin)?;
    let bearer = request.headers().get(AUTHORIZATION).and_then(|value| bearer_token(value.as_bytes()));
    Ok(Carried { bearer, cookie })
}

/// The first cookie of that name, byte for byte. The framework would decode percent signs, which gives a token more than
/// one spelling; RFC 6265 knows no such thing.
fn cookie_value(headers: &HeaderMap, name: &str) -> Option<String> {
    let lists = headers.get_all(COOKIE).map(|list| String::from_utf8_lossy(list.as_bytes()));
    lists.into_iter().find_map(|list| {
        let mut pairs = list.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(own, _)| *own == name).map(|(_, value)| value.to_owned())
    })
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

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_exact_name_and_kept_as_it_is_written() {
        let value = |lists: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for list in lists {
                headers.append(COOKIE, HeaderValue::from_static(list));
            }
            cookie_value(&headers, "chatloom")
        };
        assert_eq!(value(&["a=1; chatloom=x.y.z; b=2"]).as_deref(), Some("x.y.z"));
        assert_eq!(value(&["a=1", "chatloom=x"]).as_deref(), Some("x"));
        assert_eq!(value(&["chatloom=x%2Ey="]).as_deref(), Some("x%2Ey="));
        assert_eq!(value(&["chatloom=first; chatloom=second"]).as_deref(), Some("first"));
        assert_eq!(value(&["chatloom="]).as_deref(), Some(""));
        for other in ["", "chatloom", "Chatloom=x", "xchatloom=x", "chatloom2=x", "a=chatloom=x"] {
            assert_eq!(value(&[other]), None, "{other}");
        }
    }
}
