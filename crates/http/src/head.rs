//! Limits of a request's head. The framework has some of its own, which are wider and answer without a body.

use actix_web::HttpRequest;

use crate::error::{ApiError, Code};

/// Four times what the longest URL of ours may need.
const MAX_URL_BYTES: usize = 8 * 1024;

/// Browsers send some 20, proxies add a few.
const MAX_HEADERS: usize = 64;

/// As much as a body may have.
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// Refuses what no client of ours would send, before anything else is done for it.
pub(crate) fn check(request: &HttpRequest) -> Result<(), ApiError> {
    let url = request.uri();
    let query = url.query().map_or(0, |query| query.len() + 1);
    if url.path().len() + query > MAX_URL_BYTES {
        let message = format!("the URL must be at most {MAX_URL_BYTES} bytes");
        return Err(ApiError::new(Code::UriTooLong, message));
    }
    let headers = request.headers();
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        let message =
            format!("there must be at most {MAX_HEADERS} headers, of {MAX_HEADER_BYTES} bytes together");
        return Err(ApiError::new(Code::HeadersTooLarge, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};
    use actix_web::test::TestRequest;

    use super::*;

    fn code(request: TestRequest) -> Option<Code> {
        check(&request.to_http_request()).err().map(|refusal| refusal.code)
    }

    #[test]
    fn a_url_of_8_kib_is_taken_and_one_byte_more_is_not() {
        let url = |bytes: usize| TestRequest::with_uri(&format!("/a?{}", "b".repeat(bytes - 3)));
        assert_eq!(code(url(MAX_URL_BYTES)), None);
        assert_eq!(code(url(MAX_URL_BYTES + 1)), Some(Code::UriTooLong));
    }

    #[test]
    fn sixty_four_headers_are_taken_and_one_more_is_not() {
        let headers = |count: usize| {
            let header = |n| (HeaderName::try_from(format!("x-{n}")).unwrap(), HeaderValue::from_static("a"));
            (0..count).map(header).fold(TestRequest::default(), TestRequest::append_header)
        };
        assert_eq!(code(headers(MAX_HEADERS)), None);
        assert_eq!(code(headers(MAX_HEADERS + 1)), Some(Code::HeadersTooLarge));
    }

    #[test]
    fn headers_of_32_kib_are_taken_and_one_byte_more_is_not() {
        let header = |bytes: usize| TestRequest::default().insert_header(("x", "a".repeat(bytes - 1)));
        assert_eq!(code(header(MAX_HEADER_BYTES)), None);
        assert_eq!(code(header(MAX_HEADER_BYTES + 1)), Some(Code::HeadersTooLarge));
    }
}
