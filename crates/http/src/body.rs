//! Reading a request's body: declared as JSON, not too large, not too slow.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, TRANSFER_ENCODING, UPGRADE,
};
use bytes::BytesMut;
use futures::StreamExt as _;

use crate::error::{ApiError, Code};
use crate::fields::Fields;
use crate::json;
use crate::state::State;

/// Four times the longest message that a visitor can send.
const MAX_BODY_BYTES: usize = 32 * 1024;

/// Whether a route has a body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Nothing is read, whatever the client sends.
    Never,
    /// It may be left out, and its media type with it.
    Optional,
    /// It must be there.
    Required,
}

/// What a route reads from its body.
pub(crate) trait RequestBody: Sized + 'static {
    /// Whether there is anything to read.
    const PRESENCE: Presence = Presence::Required;

    /// Takes the fields that the route knows. What it leaves is unknown to it.
    fn read(fields: &mut Fields) -> Result<Self, ApiError>;
}

/// The body of a route that has none.
pub(crate) struct NoBody;

impl RequestBody for NoBody {
    const PRESENCE: Presence = Presence::Never;

    fn read(_: &mut Fields) -> Result<Self, ApiError> {
        Ok(Self)
    }
}

/// Reads the body as a JSON object. What became of unknown fields is up to the caller.
pub(crate) async fn read_fields(
    request: &HttpRequest,
    payload: Payload,
    presence: Presence,
) -> Result<Fields, ApiError> {
    let bytes = match presence {
        Presence::Never => return Ok(Fields::empty()),
        Presence::Optional => {
            // Only what has arrived tells that there is none: a chunked body may turn out to be empty.
            let bytes = receive(request, payload).await?;
            if bytes.is_empty() {
                return Ok(Fields::empty());
            }
            refuse_other_types(request.headers())?;
            bytes
        }
        Presence::Required => {
            refuse_other_types(request.headers())?;
            receive(request, payload).await?
        }
    };
    Fields::of_body(json::parse(&bytes)?)
}

fn refuse_other_types(headers: &HeaderMap) -> Result<(), ApiError> {
    if is_plain_json(headers) {
        return Ok(());
    }
    Err(ApiError::new(
        Code::UnsupportedMediaType,
        "the body must be sent as application/json in UTF-8, without content encoding",
    ))
}

async fn receive(request: &HttpRequest, payload: Payload) -> Result<BytesMut, ApiError> {
    let limit = State::of(request)?.body_timeout;
    tokio::time::timeout(limit, collect(request.headers(), payload))
        .await
        .map_err(|_| ApiError::new(Code::BodyTimeout, "the body did not arrive in time"))?
}

async fn collect(headers: &HeaderMap, mut payload: Payload) -> Result<BytesMut, ApiError> {
    let too_large =
        || ApiError::new(Code::BodyTooLarge, format!("the body must be at most {MAX_BODY_BYTES} bytes"));
    let declared: Option<usize> =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length| length > MAX_BODY_BYTES) {
        return Err(too_large());
    }
    // Where a request offers to speak WebSocket, the framework takes all that the connection still brings for its body.
    // We go on with HTTP (RFC 9110 section 7.8), in which the length says where the body ends.
    let has_own_end = !headers.contains_key(UPGRADE) || headers.contains_key(TRANSFER_ENCODING);
    let end = if has_own_end { usize::MAX } else { declared.unwrap_or_default() };
    let mut bytes = BytesMut::with_capacity(declared.unwrap_or_default());
    while bytes.len() < end
        && let Some(chunk) = payload.next().await
    {
        let chunk =
            chunk.map_err(|_| ApiError::new(Code::InvalidRequest, "the body did not arrive whole"))?;
        if bytes.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    bytes.truncate(end);
    Ok(bytes)
}

/// Whether the body is declared as JSON in its one encoding, UTF-8 (RFC 8259 section 8.1). A lax reading would
/// let other sites' forms send JSON without a preflight.
fn is_plain_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE);
    let (Some(content_type), None) = (types.next(), types.next()) else {
        return false;
    };
    let Ok(content_type) = content_type.to_str() else {
        return false;
    };
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let is_utf8 = parts.all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    let is_encoded = headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    is_json && is_utf8 && !is_encoded
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn only_plain_json_is_json() {
        let check = |content_type: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            is_plain_json(&headers)
        };
        for good in
            ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""]
        {
            assert!(check(good), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "application/jsonx",
            "application/json; charset=utf-16",
            "application/json; boundary=x",
            "application/x-www-form-urlencoded",
            "application/json, text/plain",
        ] {
            assert!(!check(bad), "{bad}");
        }
        assert!(!is_plain_json(&HeaderMap::new()));
    }

    #[test]
    fn two_types_or_a_content_encoding_are_refused() {
        let mut headers = HeaderMap::new();
        headers.append(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(!is_plain_json(&headers));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("identity"));
        assert!(is_plain_json(&headers));
        headers.append(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        assert!(!is_plain_json(&headers));
    }
}
