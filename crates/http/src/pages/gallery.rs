//! `/demo/gallery`: the widget in all its states, on installations that have a demo.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::web::Data;

use super::no_such_page;
use crate::error::ApiError;
use crate::state::State;

pub(crate) async fn page(state: Data<State>) -> Result<HttpResponse, ApiError> {
    show(&state, chatloom_web::gallery_page().to_owned(), chatloom_web::gallery_csp())
}

pub(crate) async fn frame(state: Data<State>) -> Result<HttpResponse, ApiError> {
    let base_url = &state.base_url;
    show(&state, chatloom_web::gallery_frame(base_url), chatloom_web::gallery_frame_csp(base_url))
}

fn show(state: &State, html: String, policy: String) -> Result<HttpResponse, ApiError> {
    state.services.demo.as_ref().ok_or_else(no_such_page)?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .body(html))
}
