//! What every answer has around it: a request id, security headers, one shape of errors, one line in the log.
//!
//! It is the outermost layer, so it also sees what the framework refuses and what panics.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY, RETRY_AFTER,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{ConnectionType, Method, StatusCode, Uri};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpResponse, ResponseError};
use chatloom_domain::id::{RequestId, TurnId};
use futures::FutureExt as _;
use uuid::Uuid;

use crate::connections;
use crate::error::{ApiError, Code, ErrorBody, reason};
use crate::routes::{self, Family};
use crate::state::State;
use crate::time::iso_millis;
use crate::{head, pages};

/// Names the request in the log and in every answer. A client's own value is not taken over: two requests could
/// claim one name.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is known of a request before it is answered, for its answer's headers and its line in the log.
struct Subject {
    id: Uuid,
    method: Method,
    /// A copy shares the text with the request.
    uri: Uri,
    received: Instant,
}

pub(crate) async fn envelope(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let state = State::of(request.request())?;
    let services = &state.services;
    let subject = Subject {
        id: services.entropy.uuid(services.clock.now()),
        method: request.method().clone(),
        uri: request.uri().clone(),
        received: Instant::now(),
    };
    let is_late = connections::is_late(request.request());
    request.extensions_mut().insert(RequestId::from_uuid(subject.id));
    let timestamp = || iso_millis(services.clock.now());
    if let Err(refusal) = head::check(request.request()) {
        return Ok(subject.finish(request.error_response(refusal), timestamp));
    }
    let outcome = caught(next.call(request)).await;
    match outcome.unwrap_or_else(|panicked| Err(panicked.into())) {
        Ok(response) => {
            let mut response = subject.finish(response, timestamp);
            if is_late {
                // The place is needed by the next one.
                response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
            }
            Ok(response)
        }
        Err(error) => Err(subject.refuse(&error, &timestamp()).into()),
    }
}

/// What a part of the service gives, or a refusal where it panics. A panic leaves nothing half done that anyone
/// could see: every write is one transaction behind a port.
pub(crate) async fn caught<T>(part: impl Future<Output = T>) -> Result<T, ApiError> {
    let outcome = AssertUnwindSafe(part).catch_unwind().await;
    outcome.map_err(|_panic| ApiError::internal("a handler panicked"))
}

impl Subject {
    fn finish(
        &self,
        response: ServiceResponse<impl MessageBody + 'static>,
        timestamp: impl FnOnce() -> String,
    ) -> ServiceResponse<BoxBody> {
        let body = response.response().error().map(|error| self.error_body(error, &timestamp()));
        let mut response = match body {
            None => response.map_into_boxed_body(),
            Some((headers, body)) => {
                let mut response = response.map_body(|_, _| BoxBody::new(body));
                for (name, value) in headers {
                    response.headers_mut().insert(name, value);
                }
                response
            }
        };
        self.add_headers(response.headers_mut());
        self.log(response.status());
        response
    }

    /// The answer to a request that was lost on its way, so that there is nothing left to attach an answer to.
    fn refuse(&self, error: &Error, timestamp: &str) -> Refusal {
        let status = error.as_response_error().status_code();
        let (headers, body) = self.error_body(error, timestamp);
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.insert(name, value);
        }
        self.add_headers(&mut all);
        self.log(status);
        Refusal { status, headers: all, body }
    }

    /// Writes the body of a refusal and the headers that go with it, and the log's line on a failure.
    fn error_body(&self, error: &Error, timestamp: &str) -> (Vec<(HeaderName, HeaderValue)>, Vec<u8>) {
        let foreign;
        let status = error.as_response_error().status_code();
        let error = if let Some(error) = error.as_error::<ApiError>() {
            error
        } else {
            foreign = of_framework(status, error);
            &foreign
        };
        if status.is_server_error() {
            let causes = error.causes();
            let code = error.code.as_str();
            tracing::error!(request_id = %self.id, route = self.route(), code, causes, "request failed");
        }
        // Who follows a link reads a page; programs that try other methods get what they get everywhere.
        let (mut headers, body) = if self.method == Method::GET && self.route() == pages::hosted::PATH {
            let (headers, page) = pages::hosted::refusal(error);
            (headers, page.into_bytes())
        } else {
            self.json_body(status, error, timestamp)
        };
        let further = error.headers().into_iter().flatten();
        headers.extend(further.map(|(name, value)| (name.clone(), value.clone())));
        if status == StatusCode::UNAUTHORIZED {
            // RFC 9110 section 15.5.2 wants a challenge; this one makes no browser ask for a password.
            headers.push((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        headers.extend(error.retry_after().map(|seconds| (RETRY_AFTER, seconds.into())));
        headers.extend(error.allow().and_then(|allow| Some((ALLOW, HeaderValue::from_str(allow).ok()?))));
        (headers, body)
    }

    fn json_body(
        &self,
        status: StatusCode,
        error: &ApiError,
        timestamp: &str,
    ) -> (Vec<(HeaderName, HeaderValue)>, Vec<u8>) {
        let body = ErrorBody {
            status: status.as_u16(),
            error: reason(status),
            message: error.message(),
            timestamp,
            path: self.uri.path(),
            code: error.code.as_str(),
            request_id: self.id,
            turn_id: error.turn_id().map(TurnId::as_uuid),
        };
        let headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        // Numbers, texts and UUIDs always have a JSON form.
        (headers, serde_json::to_vec(&body).unwrap_or_default())
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        let mut text = Uuid::encode_buffer();
        if let Ok(id) = HeaderValue::from_str(self.id.hyphenated().encode_lower(&mut text)) {
            headers.insert(X_REQUEST_ID, id);
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        insert_if_absent(headers, REFERRER_POLICY, "no-referrer");
        if Family::of_path(self.uri.path()) != Family::Page {
            insert_if_absent(headers, CACHE_CONTROL, "no-store");
        }
    }

    /// The route's template, for the log. The path itself must not get there: an embed token may be in it.
    fn route(&self) -> &'static str {
        routes::template_of(self.uri.path()).unwrap_or("unmatched")
    }

    /// The method, for the log. One that HTTP does not know is a text of the client's.
    fn known_method(&self) -> &str {
        const KNOWN: [Method; 9] = [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::CONNECT,
            Method::OPTIONS,
            Method::TRACE,
            Method::PATCH,
        ];
        if KNOWN.contains(&self.method) { self.method.as_str() } else { "other" }
    }

    /// One line per request. The duration of a stream is the time until its head was ready.
    fn log(&self, status: StatusCode) {
        tracing::info!(
            target: "chatloom_http::access",
            request_id = %self.id,
            method = %self.known_method(),
            route = self.route(),
            status = status.as_u16(),
            micros = u64::try_from(self.received.elapsed().as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
    }
}

fn insert_if_absent(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// A refusal by the framework, which knows a status and no code.
fn of_framework(status: StatusCode, error: &Error) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => ApiError::new(Code::RouteNotFound, "there is nothing at this path"),
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(Code::BodyTooLarge, "the body is too large"),
        status if status.is_client_error() => {
            ApiError::new(Code::InvalidRequest, "the request could not be understood")
        }
        _ => ApiError::failure(Code::Internal, error.to_string()),
    }
}

/// A whole answer in the form of an error, for the framework to send.
struct Refusal {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal").field("status", &self.status).finish_non_exhaustive()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(reason(self.status))
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status).body(self.body.clone());
        *response.headers_mut() = self.headers.clone();
        response
    }
}
