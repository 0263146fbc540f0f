//! The API's own description, OpenAPI 3.1, made from the table of routes and the wire types.

use actix_web::HttpResponse;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ComponentsBuilder, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    InfoBuilder, KnownFormat, OpenApi, OpenApiBuilder, PathsBuilder, RefOr, Required, Schema,
};

use crate::error::ErrorBody;
use crate::routes::{Family, ROUTES, Route};

mod doc;
pub(crate) mod page;
mod refusals;

pub(crate) use doc::{Components, CustomizationKeys, Doc, Header, Query, list_of, schema};

pub(crate) const DOCUMENT: Doc =
    Doc::new("openapi", "This document", "OpenAPI 3.1.", (200, Some(any_object)));

const ABOUT: &str =
    "Embeddable AI chat widgets: a dashboard's API behind a cookie, and a public one behind embed tokens.";

/// The document of all routes but the pages.
pub fn openapi() -> OpenApi {
    let mut components = Components::default();
    let error = schema::<ErrorBody<'_>>(&mut components);
    let mut paths = PathsBuilder::new();
    for route in ROUTES {
        if let (Some(doc), Some(method)) = (route.doc, http_method(route)) {
            let operation = operation(route, doc, &error, &mut components);
            paths = paths.path(route.path, PathItem::new(method, operation));
        }
    }
    OpenApiBuilder::new()
        .info(InfoBuilder::new().title("Chatloom").version("1").description(Some(ABOUT)).build())
        .paths(paths.build())
        .components(Some(security_schemes(components.into_builder()).build()))
        .build()
}

pub(crate) async fn document() -> HttpResponse {
    HttpResponse::Ok().json(openapi())
}

/// What a document looks like is said elsewhere.
fn any_object(_: &mut Components) -> RefOr<Schema> {
    Schema::Object(ObjectBuilder::new().schema_type(Type::Object).build()).into()
}

fn http_method(route: &Route) -> Option<HttpMethod> {
    match route.method.as_str() {
        "GET" => Some(HttpMethod::Get),
        "POST" => Some(HttpMethod::Post),
        "PUT" => Some(HttpMethod::Put),
        "DELETE" => Some(HttpMethod::Delete),
        _ => None,
    }
}

fn security_schemes(components: ComponentsBuilder) -> ComponentsBuilder {
    let bearer = || SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    components
        .security_scheme(
            "cookie",
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("__Host-chatloom"))),
        )
        .security_scheme("bearer", bearer())
        .security_scheme(
            "widgetToken",
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-Widget-Token"))),
        )
}

fn operation(
    route: &Route,
    doc: &Doc,
    error: &RefOr<Schema>,
    components: &mut Components,
) -> utoipa::openapi::path::Operation {
    let mut operation = OperationBuilder::new()
        .operation_id(Some(doc.id))
        .summary(Some(doc.summary))
        .description((!doc.about.is_empty()).then_some(doc.about))
        .tag(tag(route));
    operation = parameters(operation, route, doc);
    if let Some(body) = doc.body {
        let content = ContentBuilder::new().schema(Some(body(components))).build();
        let required = if doc.body_is_optional { Required::False } else { Required::True };
        let body = RequestBodyBuilder::new().content("application/json", content).required(Some(required));
        operation = operation.request_body(Some(body.build()));
    }
    let (status, body) = doc.answer;
    let mut answer = ResponseBuilder::new().description("Success.");
    if let Some(body) = body {
        let media_type = if doc.is_stream { "text/event-stream" } else { "application/json" };
        answer = answer.content(media_type, ContentBuilder::new().schema(Some(body(components))).build());
    }
    operation = operation.response(status.to_string(), answer.build());
    if let Some(description) = doc.nothing {
        operation = operation.response("204", ResponseBuilder::new().description(description).build());
    }
    for (status, description) in refusals::of(route, doc) {
        let content = ContentBuilder::new().schema(Some(error.clone())).build();
        let refusal = ResponseBuilder::new().description(description).content("application/json", content);
        operation = operation.response(status.to_string(), refusal.build());
    }
    security(operation, route, doc).build()
}

fn tag(route: &Route) -> &'static str {
    match route.family {
        Family::Public => "Visitors",
        Family::Service | Family::Page => "Service",
        Family::Dashboard if route.path.ends_with("/budget") => "Budgets",
        Family::Dashboard if route.path.contains("/workflows") => "Workflows",
        Family::Dashboard if route.path.contains("/widgets") => "Widgets",
        Family::Dashboard if route.path.ends_with("/audit-log") => "Audit log",
        Family::Dashboard => "Signing in",
    }
}

fn parameters(mut operation: OperationBuilder, route: &Route, doc: &Doc) -> OperationBuilder {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let uuid = || text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
    for name in path_names(route.path) {
        let schema = if name == "token" { text() } else { uuid() };
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(schema));
        operation = operation.parameter(parameter.build());
    }
    for query in doc.query {
        let parameter = ParameterBuilder::new()
            .name(query.name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(query.about))
            .schema(Some(if query.is_uuid { uuid() } else { text() }));
        operation = operation.parameter(parameter.build());
    }
    for header in doc.headers {
        let parameter = ParameterBuilder::new()
            .name(header.name)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(header.about))
            .schema(Some(text()));
        operation = operation.parameter(parameter.build());
    }
    operation
}

/// The names in braces of a template.
fn path_names(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

fn security(operation: OperationBuilder, route: &Route, doc: &Doc) -> OperationBuilder {
    let by = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
    match route.family {
        Family::Dashboard if doc.needs_sign_in => operation.security(by("cookie")).security(by("bearer")),
        Family::Public if !route.path.contains("{token}") => {
            let operation = operation.security(by("widgetToken")).security(by("bearer"));
            // Where there is a body, the token may stand in it.
            if doc.body.is_some() { operation.security(SecurityRequirement::default()) } else { operation }
        }
        Family::Dashboard | Family::Public | Family::Service | Family::Page => operation,
    }
}
