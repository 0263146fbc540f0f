//! The rule against other sites' pages that make a browser send a user's cookie along.
//!
//! It is the rule of Fetch Metadata (W3C) with `Origin` as the fallback of older browsers; no token has to be
//! carried through forms, and programs without a browser are not in its way.

use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, ORIGIN};

use crate::error::{ApiError, Code};

/// Set by browsers, and by no script (Fetch Metadata, section 2.4).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a request that changes something, carries the cookie, and was not made by one of our own pages.
pub(super) fn check(
    method: &Method,
    headers: &HeaderMap,
    has_cookie: bool,
    public_origin: &str,
) -> Result<(), ApiError> {
    let is_safe = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if is_safe || !has_cookie || is_ours(headers, public_origin) {
        return Ok(());
    }
    Err(ApiError::new(
        Code::CrossSite,
        "requests that change something must come from the service's own pages",
    ))
}

fn is_ours(headers: &HeaderMap, public_origin: &str) -> bool {
    let mut sites = headers.get_all(SEC_FETCH_SITE).peekable();
    if sites.peek().is_some() {
        return sites.all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
    }
    // Without either header the caller is no browser: such a caller does not send a cookie by accident.
    headers.get_all(ORIGIN).all(|origin| origin.as_bytes() == public_origin.as_bytes())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn passes(method: &Method, site: Option<&'static str>, origin: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in [(SEC_FETCH_SITE, site), (ORIGIN, origin)] {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
        check(method, &headers, true, "https://chat.example.com").is_ok()
    }

    #[test]
    fn the_site_decides_and_the_origin_is_asked_only_without_it() {
        let table = [
            (Some("same-origin"), None, true),
            (Some("none"), None, true),
            (Some("same-origin"), Some("https://evil.example"), true),
            (Some("same-site"), None, false),
            (Some("cross-site"), None, false),
            (Some("cross-site"), Some("https://chat.example.com"), false),
            (Some("SAME-ORIGIN"), None, false),
            (Some(""), None, false),
            (None, Some("https://chat.example.com"), true),
            (None, Some("http://chat.example.com"), false),
            (None, Some("https://chat.example.com:8443"), false),
            (None, Some("https://chat.example.com.evil.example"), false),
            (None, Some("null"), false),
            (None, None, true),
        ];
        for (site, origin, expected) in table {
            assert_eq!(passes(&Method::POST, site, origin), expected, "{site:?} {origin:?}");
            assert_eq!(passes(&Method::DELETE, site, origin), expected, "{site:?} {origin:?}");
            assert!(passes(&Method::GET, site, origin), "{site:?} {origin:?}");
        }
    }

    #[test]
    fn two_headers_must_both_be_ours() {
        let mut headers = HeaderMap::new();
        headers.append(SEC_FETCH_SITE, HeaderValue::from_static("same-origin"));
        headers.append(SEC_FETCH_SITE, HeaderValue::from_static("cross-site"));
        assert!(check(&Method::POST, &headers, true, "https://chat.example.com").is_err());
    }

    #[test]
    fn a_request_without_the_cookie_passes() {
        let mut headers = HeaderMap::new();
        headers.insert(SEC_FETCH_SITE, HeaderValue::from_static("cross-site"));
        assert!(check(&Method::POST, &headers, false, "https://chat.example.com").is_ok());
    }
}
