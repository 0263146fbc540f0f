//! What surrounds every public route: the origin is read, the rate is limited, and the answer gets its headers.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpRequest};

use super::cors;
use super::origin::PageOrigin;
use super::rate_limit::{Allowance, Bucket};
use crate::connections::is_late;
use crate::envelope::caught;
use crate::error::{ApiError, Code};
use crate::state::State;

pub(crate) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let state = State::of(request.request())?;
    let origin = PageOrigin::of(request.headers(), state.own_origin.as_ref());
    // A preflight costs nothing and precedes a request that is counted.
    let is_counted = request.method() != Method::OPTIONS;
    let surrounding = Surrounding {
        echo: origin.as_ref().ok().and_then(|origin| origin.echo.clone()),
        allowance: is_counted.then(|| count(&request, &state)).flatten(),
        state,
    };
    let admitted = match surrounding.retry_after() {
        Some(seconds) => Err(ApiError::rate_limited(seconds)),
        // An answer may be a stream, which would keep the place from those who are short.
        None if is_late(request.request()) => Err(overloaded()),
        None => origin,
    };
    let mut response = match admitted {
        Ok(origin) => {
            request.extensions_mut().insert(origin);
            // A panic takes the request along, so its answer is made further out, where these headers are unknown.
            let answered = caught(next.call(request)).await;
            answered.map_err(|panicked| surrounding.hand_over(panicked))??.map_into_boxed_body()
        }
        Err(refusal) => request.error_response(refusal).map_into_boxed_body(),
    };
    let status = response.status();
    surrounding.add_headers(response.headers_mut(), status);
    Ok(response)
}

/// What the headers of every public answer say.
struct Surrounding {
    state: Data<State>,
    echo: Option<HeaderValue>,
    allowance: Option<Allowance>,
}

impl Surrounding {
    fn retry_after(&self) -> Option<u64> {
        self.allowance.as_ref()?.retry_after
    }

    fn add_headers(&self, headers: &mut HeaderMap, status: StatusCode) {
        cors::add_headers(headers, status, self.echo.as_ref());
        if let Some(allowance) = &self.allowance {
            allowance.add_headers(headers, self.state.services.clock.now());
        }
    }

    fn hand_over(&self, refusal: ApiError) -> ApiError {
        let mut headers = HeaderMap::new();
        self.add_headers(&mut headers, refusal.code.status());
        refusal.with_headers(headers)
    }
}

/// Admits a page of ours that is for visitors as well, although it lies beside their routes: it counts as loading a widget.
pub(crate) fn admit_page(request: &HttpRequest, state: &State) -> Result<(), ApiError> {
    let peer = request.peer_addr().map(|peer| peer.ip());
    let allowance = peer.and_then(|peer| state.limiter.count(Bucket::Init, peer, request.headers()));
    match allowance.and_then(|allowance| allowance.retry_after) {
        Some(seconds) => Err(ApiError::rate_limited(seconds)),
        None if is_late(request) => Err(overloaded()),
        None => Ok(()),
    }
}

fn overloaded() -> ApiError {
    ApiError::failure(Code::Overloaded, "more connections are open than MAX_CONNECTIONS allows")
}

fn count(request: &ServiceRequest, state: &State) -> Option<Allowance> {
    let bucket = Bucket::of(request.method(), request.path());
    state.limiter.count(bucket, request.peer_addr()?.ip(), request.headers())
}
