//! The API's table of contents: every route, once. The server, the OpenAPI document and the tests read this table.

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig, delete, get, post, put};
use actix_web::{HttpRequest, Resource};

use crate::dashboard::{login, widgets, workflows};
use crate::error::{ApiError, Code};
use crate::openapi::Doc;
use crate::public::{cors, guard::guard, init, messages, sessions};
use crate::{openapi, pages};

/// Under this lies all that visitors' browsers use, and nothing else.
const PUBLIC: &str = "/api/widget-chat";

/// Who a route is for, and so what surrounds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Signed-in users: cookie or bearer token, CSRF rule, no CORS.
    Dashboard,
    /// Visitors: embed token, CORS, rate limit.
    Public,
    /// The service about itself.
    Service,
    /// Files and pages for browsers; not part of the API.
    Page,
}

impl Family {
    /// The family by the path alone. Only headers depend on it, never a right.
    pub(crate) fn of_path(path: &str) -> Self {
        if path == PUBLIC || path.starts_with("/api/widget-chat/") {
            Self::Public
        } else if path.starts_with("/api/docs") {
            Self::Page
        } else if path.starts_with("/api/") {
            Self::Dashboard
        } else if path == "/healthz" || path == "/readyz" {
            Self::Service
        } else {
            Self::Page
        }
    }
}

/// One method of one path.
pub struct Route {
    /// The HTTP method.
    pub method: Method,
    /// The path's template, with names in braces.
    pub path: &'static str,
    /// Who it is for.
    pub family: Family,
    /// Its description; pages have none.
    pub(crate) doc: Option<&'static Doc>,
    handler: fn() -> actix_web::Route,
}

const fn route(
    method: Method,
    path: &'static str,
    family: Family,
    doc: &'static Doc,
    handler: fn() -> actix_web::Route,
) -> Route {
    Route { method, path, family, doc: Some(doc), handler }
}

const fn page(path: &'static str, handler: fn() -> actix_web::Route) -> Route {
    Route { method: Method::GET, path, family: Family::Page, doc: None, handler }
}

use Family::{Dashboard, Public, Service};

/// All routes.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    route(Method::POST, "/api/auth/login", Dashboard, &login::LOG_IN, || post().to(login::log_in)),
    route(Method::POST, "/api/auth/refresh", Dashboard, &login::REFRESH, || post().to(login::refresh)),
    route(Method::POST, "/api/auth/logout", Dashboard, &login::LOG_OUT, || post().to(login::log_out)),
    route(Method::GET, "/api/auth/me", Dashboard, &login::ME, || get().to(login::me)),

    route(Method::GET, "/api/teams/{teamId}/widgets", Dashboard, &widgets::LIST, || get().to(widgets::list)),
    route(Method::POST, "/api/teams/{teamId}/widgets", Dashboard, &widgets::CREATE, || post().to(widgets::create)),
    route(Method::GET, "/api/teams/{teamId}/widgets/{id}", Dashboard, &widgets::READ, || get().to(widgets::read)),
    route(Method::PUT, "/api/teams/{teamId}/widgets/{id}", Dashboard, &widgets::UPDATE, || put().to(widgets::update)),
    route(Method::DELETE, "/api/teams/{teamId}/widgets/{id}", Dashboard, &widgets::DELETE, || delete().to(widgets::remove)),
    route(Method::GET, "/api/teams/{teamId}/widgets/{id}/embed-code", Dashboard, &widgets::EMBED_CODE, || get().to(widgets::embed_code)),
    route(Method::POST, "/api/teams/{teamId}/widgets/{id}/regenerate-token", Dashboard, &widgets::REGENERATE_TOKEN, || post().to(widgets::regenerate_token)),
    route(Method::GET, "/api/teams/{teamId}/widgets/{id}/stats", Dashboard, &widgets::STATS, || get().to(widgets::stats)),

    route(Method::GET, "/api/teams/{teamId}/workflows", Dashboard, &workflows::LIST, || get().to(workflows::list)),
    route(Method::POST, "/api/teams/{teamId}/workflows", Dashboard, &workflows::CREATE, || post().to(workflows::create)),
    route(Method::GET, "/api/teams/{teamId}/workflows/{id}", Dashboard, &workflows::READ, || get().to(workflows::read)),
    route(Method::PUT, "/api/teams/{teamId}/workflows/{id}", Dashboard, &workflows::UPDATE, || put().to(workflows::update)),
    route(Method::DELETE, "/api/teams/{teamId}/workflows/{id}", Dashboard, &workflows::DELETE, || delete().to(workflows::remove)),

    route(Method::GET, "/api/widget-chat/init/{token}", Public, &init::BY_PATH, || get().to(init::initialize)),
    route(Method::GET, "/api/widget-chat/init", Public, &init::BY_HEADER, || get().to(init::initialize)),
    route(Method::POST, "/api/widget-chat/sessions", Public, &sessions::OPEN, || post().to(sessions::open)),
    route(Method::DELETE, "/api/widget-chat/sessions/{id}", Public, &sessions::ERASE, || delete().to(sessions::erase)),
    route(Method::GET, "/api/widget-chat/sessions/{id}/messages", Public, &messages::HISTORY, || get().to(messages::history)),
    route(Method::POST, "/api/widget-chat/sessions/{id}/messages", Public, &messages::SEND, || post().to(messages::send)),

    route(Method::GET, "/healthz", Service, &pages::HEALTH, || get().to(pages::health)),
    route(Method::GET, "/readyz", Service, &pages::READINESS, || get().to(pages::readiness)),
    route(Method::GET, "/api/openapi.json", Service, &openapi::DOCUMENT, || get().to(openapi::document)),
    page("/api/docs", || get().to(openapi::page::page)),
    page("/api/docs/style.css", || get().to(openapi::page::style)),
    page("/widget.js", || get().to(pages::loader)),
    page("/widget/{name}", || get().to(pages::panel)),
    page("/demo", || get().to(pages::demo)),
    page("/demo/assets/{name}", || get().to(pages::demo_asset)),
];

/// Registers the table.
pub(crate) fn configure(config: &mut ServiceConfig) {
    let mut public = web::scope(PUBLIC).default_service(web::to(not_found));
    for path in distinct_paths() {
        match path.strip_prefix(PUBLIC) {
            Some(rest) => {
                let preflight = web::method(Method::OPTIONS).to(cors::preflight);
                public = public.service(resource(path, rest).route(preflight));
            }
            None => {
                config.service(resource(path, path));
            }
        }
    }
    config.service(public.wrap(from_fn(guard))).default_service(web::to(not_found));
}

/// All methods of one path; `pattern` is the path within its scope.
fn resource(path: &'static str, pattern: &'static str) -> Resource {
    ROUTES
        .iter()
        .filter(|route| route.path == path)
        .fold(web::resource(pattern), |resource, route| resource.route((route.handler)()))
        .default_service(web::to(method_not_allowed))
}

fn distinct_paths() -> impl Iterator<Item = &'static str> {
    let is_first = |index: usize, path: &str| ROUTES[..index].iter().all(|earlier| earlier.path != path);
    ROUTES
        .iter()
        .enumerate()
        .filter(move |(index, route)| is_first(*index, route.path))
        .map(|(_, route)| route.path)
}

/// The methods of a path, as the headers `Allow` and `Access-Control-Allow-Methods` list them.
pub(crate) fn methods_of(path: &str) -> String {
    let methods = ROUTES.iter().filter(|route| route.path == path).map(|route| route.method.as_str());
    methods.collect::<Vec<_>>().join(", ")
}

async fn not_found() -> Result<&'static str, ApiError> {
    Err(ApiError::new(Code::RouteNotFound, "there is nothing at this path"))
}

async fn method_not_allowed(request: HttpRequest) -> Result<&'static str, ApiError> {
    Err(ApiError::method_not_allowed(methods_of(&request.match_pattern().unwrap_or_default())))
}
