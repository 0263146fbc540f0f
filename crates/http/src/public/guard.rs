//! What surrounds every public route: the origin is read, the rate is limited, and the answer gets its headers.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _};

use super::cors;
use super::origin::PageOrigin;
use super::rate_limit::{Allowance, Bucket};
use crate::error::ApiError;
use crate::state::State;

pub(crate) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let state = State::of(request.request())?;
    let origin = PageOrigin::of(request.headers());
    let echo = origin.as_ref().ok().cloned();
    // A preflight costs nothing and precedes a request that is counted.
    let is_counted = request.method() != Method::OPTIONS;
    let allowance = is_counted.then(|| count(&request, &state)).flatten();
    let admitted = match (origin, &allowance) {
        (_, Some(Allowance { retry_after: Some(seconds), .. })) => Err(ApiError::rate_limited(*seconds)),
        (origin, _) => origin,
    };
    let mut response = match admitted {
        Ok(origin) => {
            request.extensions_mut().insert(origin);
            next.call(request).await?.map_into_boxed_body()
        }
        Err(refusal) => request.error_response(refusal).map_into_boxed_body(),
    };
    let status = response.status();
    cors::add_headers(response.headers_mut(), status, echo.as_ref());
    if let Some(allowance) = allowance {
        allowance.add_headers(response.headers_mut(), state.services.clock.now());
    }
    Ok(response)
}

fn count(request: &ServiceRequest, state: &State) -> Option<Allowance> {
    let bucket =
        if request.path().starts_with("/api/widget-chat/init") { Bucket::Init } else { Bucket::Rest };
    state.limiter.count(bucket, request.peer_addr()?.ip(), request.headers())
}
