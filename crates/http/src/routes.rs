//! The API's table of contents: every route, once. The server, the OpenAPI document and the tests read this table.

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, Resource};

use crate::dashboard::{
    audit_log, budgets, feedback as widget_feedback, login, visitors, widgets, workflows,
};
use crate::error::{ApiError, Code};
use crate::openapi::Doc;
use crate::public::{challenges, cors, feedback, guard::guard, init, messages, sessions, turns};
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

/// One row: method, path, handler, and the description that the document takes from beside the handler.
macro_rules! routes {
    ($($family:ident { $($method:ident $path:literal => $handler:path $(, $doc:path)?;)+ })+) => {
        /// All routes.
        pub static ROUTES: &[Route] = &[$($(Route {
            method: Method::$method,
            path: $path,
            family: Family::$family,
            doc: routes!(@doc $($doc)?),
            handler: || web::method(Method::$method).to($handler),
        }),+),+];
    };
    (@doc) => { None };
    (@doc $doc:path) => { Some(&$doc) };
}

routes! {
    Dashboard {
        POST "/api/auth/login" => login::log_in, login::LOG_IN;
        POST "/api/auth/exchange" => login::exchange, login::EXCHANGE;
        POST "/api/auth/refresh" => login::refresh, login::REFRESH;
        POST "/api/auth/logout" => login::log_out, login::LOG_OUT;
        GET "/api/auth/me" => login::me, login::ME;
        PUT "/api/auth/password" => login::change_password, login::CHANGE_PASSWORD;

        GET "/api/teams/{teamId}/widgets" => widgets::list, widgets::LIST;
        POST "/api/teams/{teamId}/widgets" => widgets::create, widgets::CREATE;
        GET "/api/teams/{teamId}/widgets/{id}" => widgets::read, widgets::READ;
        PUT "/api/teams/{teamId}/widgets/{id}" => widgets::update, widgets::UPDATE;
        DELETE "/api/teams/{teamId}/widgets/{id}" => widgets::remove, widgets::DELETE;
        GET "/api/teams/{teamId}/widgets/{id}/embed-code" => widgets::embed_code, widgets::EMBED_CODE;
        POST "/api/teams/{teamId}/widgets/{id}/regenerate-token" => widgets::regenerate_token, widgets::REGENERATE_TOKEN;
        GET "/api/teams/{teamId}/widgets/{id}/tokens" => widgets::tokens, widgets::TOKENS;
        GET "/api/teams/{teamId}/widgets/{id}/stats" => widgets::stats, widgets::STATS;
        POST "/api/teams/{teamId}/widgets/{id}/identity-secret" => visitors::rotate, visitors::ROTATE;
        GET "/api/teams/{teamId}/widgets/{id}/identity-secret" => visitors::read, visitors::STATE;
        POST "/api/teams/{teamId}/widgets/{id}/erasures" => visitors::erase, visitors::ERASE;
        GET "/api/teams/{teamId}/widgets/{id}/feedback" => widget_feedback::list, widget_feedback::LIST;

        GET "/api/teams/{teamId}/widgets/{id}/budget" => budgets::read_widget, budgets::READ_WIDGET;
        PUT "/api/teams/{teamId}/widgets/{id}/budget" => budgets::set_widget, budgets::SET_WIDGET;
        GET "/api/teams/{teamId}/budget" => budgets::read_team, budgets::READ_TEAM;
        PUT "/api/teams/{teamId}/budget" => budgets::set_team, budgets::SET_TEAM;

        GET "/api/teams/{teamId}/workflows" => workflows::list, workflows::LIST;
        POST "/api/teams/{teamId}/workflows" => workflows::create, workflows::CREATE;
        GET "/api/teams/{teamId}/workflows/{id}" => workflows::read, workflows::READ;
        PUT "/api/teams/{teamId}/workflows/{id}" => workflows::update, workflows::UPDATE;
        DELETE "/api/teams/{teamId}/workflows/{id}" => workflows::remove, workflows::DELETE;

        GET "/api/teams/{teamId}/audit-log" => audit_log::list, audit_log::LIST;
    }
    Public {
        GET "/api/widget-chat/init/{token}" => init::initialize, init::BY_PATH;
        GET "/api/widget-chat/init" => init::initialize, init::BY_HEADER;
        POST "/api/widget-chat/challenges" => challenges::issue, challenges::ISSUE;
        POST "/api/widget-chat/sessions" => sessions::open, sessions::OPEN;
        GET "/api/widget-chat/sessions" => sessions::list, sessions::LIST;
        DELETE "/api/widget-chat/sessions/{id}" => sessions::erase, sessions::ERASE;
        GET "/api/widget-chat/sessions/{id}/messages" => messages::history, messages::HISTORY;
        POST "/api/widget-chat/sessions/{id}/messages" => messages::send, messages::SEND;
        POST "/api/widget-chat/sessions/{id}/messages/{messageId}/feedback" => feedback::give, feedback::GIVE;
        GET "/api/widget-chat/sessions/{id}/turns/{turnId}/events" => turns::watch, turns::WATCH;
        POST "/api/widget-chat/sessions/{id}/turns/{turnId}/stop" => turns::stop, turns::STOP;
        POST "/api/widget-chat/sessions/{id}/turns/{turnId}/retry" => turns::retry, turns::RETRY;
    }
    Service {
        GET "/healthz" => pages::health, pages::HEALTH;
        GET "/readyz" => pages::readiness, pages::READINESS;
        GET "/api/openapi.json" => openapi::document, openapi::DOCUMENT;
    }
    Page {
        GET "/api/docs" => openapi::page::page;
        GET "/api/docs/style.css" => openapi::page::style;
        GET "/widget.js" => pages::loader;
        GET "/widget/{name}" => pages::widget_file;
        GET "/chat/{token}" => pages::hosted::page;
        GET "/chat/assets/{name}" => pages::hosted::page_asset;
        GET "/demo" => pages::demo;
        GET "/demo/gallery" => pages::gallery::page;
        GET "/demo/gallery/frame" => pages::gallery::frame;
        GET "/demo/assets/{name}" => pages::demo_asset;
    }
}

/// Registers the table.
pub(crate) fn configure(config: &mut ServiceConfig) {
    // The router tries one after the other, so what visitors' browsers ask for comes first.
    let mut public = web::scope(PUBLIC).default_service(web::to(not_found));
    for (path, rest) in distinct_paths().filter_map(|path| Some((path, path.strip_prefix(PUBLIC)?))) {
        let preflight = web::method(Method::OPTIONS).to(cors::preflight);
        public = public.service(resource(path, rest).route(preflight));
    }
    config.service(public.wrap(from_fn(guard)));
    for path in distinct_paths().filter(|path| !path.starts_with(PUBLIC)) {
        config.service(resource(path, path));
    }
    config.default_service(web::to(not_found));
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

/// The template that a path matches. The router's own answer to this tries every pattern once more and is a new text
/// each time, which every request would pay for.
pub(crate) fn template_of(path: &str) -> Option<&'static str> {
    ROUTES.iter().map(|route| route.path).find(|template| {
        let mut given = path.split('/');
        let fits = |own: &str, given: &str| own == given || (own.starts_with('{') && !given.is_empty());
        template.split('/').all(|own| given.next().is_some_and(|given| fits(own, given)))
            && given.next().is_none()
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_found_for_each_route_and_for_nothing_else() {
        for Route { path, .. } in ROUTES {
            assert_eq!(template_of(path), Some(*path));
            assert_eq!(template_of(&format!("{path}/")), None);
        }
        assert_eq!(template_of("/api/widget-chat/init/x"), Some("/api/widget-chat/init/{token}"));
        assert_eq!(template_of("/api/widget-chat/init/x/y"), None);
        assert_eq!(template_of("/"), None);
    }
}
