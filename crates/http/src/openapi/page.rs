//! The document as a page for people: plain HTML, no script, nothing fetched from elsewhere.

use std::fmt::Write as _;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use serde_json::Value;

use super::openapi;
use crate::pages::escape;

const STYLE: &str = include_str!("page.css");
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `GET /api/docs`.
pub(crate) async fn page() -> HttpResponse {
    let html = serde_json::to_value(openapi()).map(|document| render(&document)).unwrap_or_default();
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(html)
}

/// `GET /api/docs/style.css`.
pub(crate) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(STYLE)
}

fn render(document: &Value) -> String {
    let mut html = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Chatloom API</title>\
         <link rel=\"stylesheet\" href=\"/api/docs/style.css\"></head><body><main><h1>Chatloom API</h1>",
    );
    let about = text(&document["info"], "description");
    // Writing into a string cannot fail, here and below.
    let _ = write!(html, "<p>{about} The same as <a href=\"/api/openapi.json\">OpenAPI</a>.</p>");
    let operations = operations(document);
    let mut tags: Vec<_> = operations.iter().map(|operation| operation.tag).collect();
    tags.dedup();
    for tag in ["Signing in", "Widgets", "Workflows", "Audit log", "Visitors", "Service"] {
        if tags.contains(&tag) {
            let _ = write!(html, "<h2>{tag}</h2>");
            operations.iter().filter(|operation| operation.tag == tag).for_each(|it| it.render(&mut html));
        }
    }
    html.push_str("<h2>Schemas</h2>");
    for (name, schema) in members(&document["components"]["schemas"]) {
        let _ = write!(
            html,
            "<section id=\"{0}\"><h3>{0}</h3><p>{1}</p><pre>{2}</pre></section>",
            escape(name),
            text(schema, "description"),
            escape(&serde_json::to_string_pretty(schema).unwrap_or_default())
        );
    }
    html.push_str("</main></body></html>\n");
    html
}

struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    tag: &'a str,
    value: &'a Value,
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut operations = Vec::new();
    for (path, item) in members(&document["paths"]) {
        for (method, value) in members(item) {
            let tag = value["tags"][0].as_str().unwrap_or_default();
            operations.push(Operation { path, method, tag, value });
        }
    }
    operations.sort_by_key(|operation| operation.tag);
    operations
}

impl Operation<'_> {
    fn render(&self, html: &mut String) {
        let Self { path, method, value, .. } = self;
        let _ = write!(
            html,
            "<section><h3><code>{} {}</code> {}</h3><p>{}</p><ul>",
            method.to_uppercase(),
            escape(path),
            text(value, "summary"),
            text(value, "description")
        );
        for parameter in value["parameters"].as_array().into_iter().flatten() {
            let (name, place) = (text(parameter, "name"), text(parameter, "in"));
            let _ = write!(html, "<li><code>{name}</code> ({place}) {}</li>", text(parameter, "description"));
        }
        let body = links(&value["requestBody"]);
        if !body.is_empty() {
            let _ = write!(html, "<li>Body: {body}</li>");
        }
        html.push_str("</ul><table>");
        for (status, response) in members(&value["responses"]) {
            let _ = write!(
                html,
                "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
                escape(status),
                text(response, "description"),
                links(response)
            );
        }
        html.push_str("</table></section>");
    }
}

/// Links to the schemas that a body or an answer refers to: directly, as a list's items, or one of several.
fn links(holder: &Value) -> String {
    let Some((_, content)) = members(&holder["content"]).next() else {
        return String::new();
    };
    let schema = &content["schema"];
    let several = schema["oneOf"].as_array().into_iter().flatten();
    let references = [schema, &schema["items"]].into_iter().chain(several);
    let names = references.filter_map(|schema| schema["$ref"].as_str()?.rsplit('/').next());
    let link = |name: &str| format!("<a href=\"#{0}\">{0}</a>", escape(name));
    names.map(link).collect::<Vec<_>>().join(", ")
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// A text of the document as HTML; what stands between backticks is code.
fn text(value: &Value, key: &str) -> String {
    let parts = escape(value[key].as_str().unwrap_or_default());
    let mut html = String::with_capacity(parts.len());
    for (index, part) in parts.split('`').enumerate() {
        match index % 2 {
            0 => html.push_str(part),
            _ => html.extend(["<code>", part, "</code>"]),
        }
    }
    html
}
