//! What a public request presents: embed token, origin, proof of identity, session secret and body, as an argument of a
//! handler.

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use chatloom_domain::id::SessionId;
use chatloom_domain::origin::Source;
use chatloom_ports::visitor::{SessionRequest, VisitorRequest};
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use uuid::Uuid;

use super::origin::PageOrigin;
use crate::body::{NoBody, Presence, RequestBody, read_fields};
use crate::dashboard::{bearer_token, path_uuid};
use crate::error::{ApiError, Code};
use crate::fields::{FieldValue, parse_uuid};

const X_WIDGET_TOKEN: HeaderName = HeaderName::from_static("x-widget-token");
const X_SESSION_SECRET: HeaderName = HeaderName::from_static("x-session-secret");
const X_VISITOR_IDENTITY: &str = "X-Visitor-Identity";

/// A public request whose token, proof and secret nobody has looked at yet.
pub(crate) struct Presented<B = NoBody> {
    pub(super) visitor: VisitorRequest,
    pub(super) secret: Option<String>,
    /// The path's `id`, where it has one.
    session_id: SessionId,
    pub(super) body: B,
}

impl<B> Presented<B> {
    /// The request as one for the path's session, and its body.
    pub(super) fn into_session(self) -> (SessionRequest, B) {
        let Self { visitor, secret, session_id, body } = self;
        (SessionRequest { visitor, session_id, secret }, body)
    }
}

impl<B: RequestBody> FromRequest for Presented<B> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        async move {
            refuse_secrets_in_url(request.query_string())?;
            let identity = one_header(request.headers(), X_VISITOR_IDENTITY)?;
            let identity = identity.map(|proof| text(proof.as_bytes()));
            let mut tokens = tokens_in_headers(request.headers());
            tokens.extend(request.match_info().get("token").map(str::to_owned));
            let mut fields = read_fields(&request, payload, B::PRESENCE).await?;
            tokens.extend(fields.optional("token")?);
            // Fields that are left belong to a newer client, or to none of our business.
            let body = B::read(&mut fields);
            let token = one_token(tokens, B::PRESENCE == Presence::Required)?;
            let source = request.extensions().get::<PageOrigin>().map(|origin| origin.source.clone());
            Ok(Self {
                visitor: VisitorRequest { token, source: source.unwrap_or(Source::Opaque), identity },
                secret: request.headers().get(X_SESSION_SECRET).map(|secret| text(secret.as_bytes())),
                session_id: SessionId::from_uuid(path_uuid(&request, "id")),
                body: body?,
            })
        }
        .boxed_local()
    }
}

/// The value of a header that says one thing, and so must not be given twice.
pub(super) fn one_header<'a>(
    headers: &'a HeaderMap,
    name: &'static str,
) -> Result<Option<&'a HeaderValue>, ApiError> {
    let mut values = headers.get_all(name);
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(ApiError::field(name, "must be given at most once")),
    }
}

/// The id in the query that a page of a list is to end before.
pub(super) fn before(query: &str) -> Result<Option<Uuid>, ApiError> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let Some((_, value)) = pairs.find(|(name, _)| name == "before") else {
        return Ok(None);
    };
    let id = parse_uuid(&value).ok_or_else(|| ApiError::field("before", <Uuid as FieldValue>::RULE))?;
    Ok(Some(id))
}

/// The text of such a header. What is no text stays nothing that a parser takes.
pub(super) fn header_text(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, ApiError> {
    Ok(one_header(headers, name)?.map(|value| text(value.as_bytes())))
}

fn tokens_in_headers(headers: &HeaderMap) -> Vec<String> {
    let own = headers.get_all(X_WIDGET_TOKEN).map(|token| text(token.as_bytes()));
    let bearer = headers.get_all(AUTHORIZATION).filter_map(|value| bearer_token(value.as_bytes()));
    own.chain(bearer).collect()
}

/// A header's value as text. What is no text stays no token.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The token that all places agree on. Of two different ones, no reader could say which is meant.
fn one_token(mut tokens: Vec<String>, body_should_have_it: bool) -> Result<String, ApiError> {
    tokens.dedup();
    match (tokens.pop(), tokens.is_empty()) {
        (Some(token), true) => Ok(token),
        (Some(_), false) => {
            Err(ApiError::new(Code::TokenConflict, "token is given more than once with different values"))
        }
        (None, _) if body_should_have_it => Err(ApiError::new(Code::MissingField, "token is required")),
        (None, _) => Err(ApiError::new(Code::MissingToken, "the widget token is missing")),
    }
}

/// Refuses a session's secret and a proof of identity in the query, by their names or by their shapes: URLs end in logs and
/// referrers.
fn refuse_secrets_in_url(query: &str) -> Result<(), ApiError> {
    let misplaced = url::form_urlencoded::parse(query.as_bytes()).find_map(|(name, value)| {
        let name: String = name.chars().filter(char::is_ascii_alphabetic).collect();
        match name.to_ascii_lowercase().as_str() {
            "secret" | "sessionsecret" | "xsessionsecret" => Some(SECRET_IN_URL),
            "identity" | "visitoridentity" | "xvisitoridentity" => Some(IDENTITY_IN_URL),
            _ if value.starts_with("cls_") => Some(SECRET_IN_URL),
            // A JWT's first bytes are `{"`.
            _ if value.starts_with("eyJ") || value.starts_with("cli_") => Some(IDENTITY_IN_URL),
            _ => None,
        }
    });
    misplaced.map_or(Ok(()), |message| Err(ApiError::new(Code::SecretInUrl, message)))
}

const SECRET_IN_URL: &str =
    "the session's secret must be sent in the X-Session-Secret header, not in the URL";
const IDENTITY_IN_URL: &str =
    "the visitor's identity must be sent in the X-Visitor-Identity header, not in the URL";
