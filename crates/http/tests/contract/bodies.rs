//! What a request's body must be, for every route that has one.

use actix_web::test::TestRequest;
use chatloom_domain::team::Role;
use chatloom_testkit::sample;

use crate::world::{World, messages_path, post, signed_in, token, widget_path, widgets_path, with_json};

/// A field's name, a good value, and whether it is required.
type Field = (&'static str, String, bool);

/// Every route with a body: method, path, fields.
fn writes() -> Vec<(&'static str, String, Vec<Field>)> {
    let workflow = format!("\"{}\"", sample::workflow_id(1));
    let agent = r#"{"instructions":"a","provider":"b","model":"c"}"#.to_owned();
    let workflows = format!("/api/teams/{}/workflows", sample::team_id(1));
    let text = || "\"a\"".to_owned();
    let token = || format!("\"{}\"", token());
    let widget = |required| {
        vec![
            ("name", text(), required),
            ("workflowId", workflow.clone(), required),
            ("customization", "{}".to_owned(), false),
            ("allowedDomains", "[]".to_owned(), false),
        ]
    };
    vec![
        ("POST", "/api/auth/login".to_owned(), vec![("email", text(), true), ("password", text(), true)]),
        ("POST", widgets_path(), widget(true)),
        ("PUT", widget_path(""), [widget(false), vec![("active", "true".to_owned(), false)]].concat()),
        ("POST", workflows.clone(), vec![("name", text(), true), ("agent", agent.clone(), true)]),
        (
            "PUT",
            format!("{workflows}/{}", sample::workflow_id(1)),
            vec![("name", text(), false), ("agent", agent, false)],
        ),
        (
            "POST",
            "/api/widget-chat/sessions".to_owned(),
            vec![("token", token(), true), ("visitorId", text(), false)],
        ),
        ("POST", messages_path(), vec![("content", text(), true), ("token", token(), true)]),
    ]
}

fn request(method: &str, path: &str, body: &str) -> TestRequest {
    let method = method.parse().unwrap();
    signed_in(with_json(TestRequest::default().method(method), path, body))
        // The public routes would take the JWT for an embed token.
        .insert_header((
            "authorization",
            if path.contains("widget-chat") { "None" } else { "Bearer header.claims.signature" },
        ))
}

fn object(fields: &[Field], replaced: &str, value: Option<&str>) -> String {
    let members = fields.iter().filter_map(|(name, good, _)| {
        let value = if *name == replaced { value? } else { good.as_str() };
        Some(format!("\"{name}\":{value}"))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

async fn refusal(method: &str, path: &str, body: &str) -> (u16, String, String) {
    let answer = World::with_member(Role::Admin).answer(request(method, path, body)).await;
    (answer.status, answer.code(), answer.json()["message"].as_str().unwrap().to_owned())
}

#[actix_web::test]
async fn every_field_that_is_missing_null_or_of_the_wrong_type_is_named() {
    for (method, path, fields) in writes() {
        for (name, _, required) in &fields {
            for wrong in ["null", "[1]", "7.5", "{\"a\":[]}"] {
                // An object is what two fields want to be.
                if ["customization", "agent"].contains(name) && wrong.starts_with('{') {
                    continue;
                }
                let body = object(&fields, name, Some(wrong));
                let (status, code, message) = refusal(method, &path, &body).await;
                assert_eq!((status, code.as_str()), (400, "invalid_field"), "{method} {path} {body}");
                assert!(message.starts_with(&format!("{name} must be ")), "{message}");
            }
            if *required {
                let body = object(&fields, name, None);
                let (status, code, message) = refusal(method, &path, &body).await;
                assert_eq!((status, code.as_str()), (400, "missing_field"), "{method} {path} {body}");
                assert_eq!(message, format!("{name} is required"));
            }
        }
    }
}

#[actix_web::test]
async fn every_field_of_an_agent_is_named_with_its_path() {
    let path = format!("/api/teams/{}/workflows", sample::team_id(1));
    let body = |agent: &str| format!(r#"{{"name":"a","agent":{agent}}}"#);
    let good = r#""instructions":"a","provider":"b","model":"c""#;
    let table = [
        (r#"{"provider":"b","model":"c"}"#.to_owned(), "agent.instructions is required"),
        (r#"{"instructions":"a","provider":7,"model":"c"}"#.to_owned(), "agent.provider must be a text"),
        (r#"{"instructions":"a","provider":"b"}"#.to_owned(), "agent.model is required"),
        (format!(r#"{{{good},"temperature":"1"}}"#), "agent.temperature must be a number"),
        (format!(r#"{{{good},"temperature":null}}"#), "agent.temperature must be a number"),
        (format!(r#"{{{good},"maxOutputTokens":1.5}}"#), "agent.maxOutputTokens must be a whole number"),
        (format!(r#"{{{good},"historyMessages":"0"}}"#), "agent.historyMessages must be a whole number"),
        (format!(r#"{{{good},"apiKey":"k"}}"#), "agent.apiKey is not a field of this request"),
        (format!(r#"{{{good},"fallback":"b"}}"#), "agent.fallback must be an object"),
        (format!(r#"{{{good},"fallback":{{"model":"c"}}}}"#), "agent.fallback.provider is required"),
        (format!(r#"{{{good},"fallback":{{"provider":"b"}}}}"#), "agent.fallback.model is required"),
        (
            format!(r#"{{{good},"fallback":{{"provider":"b","model":null}}}}"#),
            "agent.fallback.model must be a text",
        ),
        (
            format!(r#"{{{good},"fallback":{{"provider":"b","model":"c","temperature":1}}}}"#),
            "agent.fallback.temperature is not a field of this request",
        ),
    ];
    for (agent, expected) in table {
        assert_eq!(refusal("POST", &path, &body(&agent)).await.2, expected);
    }
}

#[actix_web::test]
async fn unknown_fields_are_refused_on_the_dashboard() {
    for (method, path, fields) in writes().into_iter().filter(|(_, path, _)| !path.contains("widget-chat")) {
        let fields = [fields, vec![("teamId", "\"x\"".to_owned(), false)]].concat();
        let (status, code, message) = refusal(method, &path, &object(&fields, "", None)).await;
        assert_eq!((status, code.as_str()), (400, "unknown_field"), "{method} {path}");
        assert_eq!(message, "teamId is not a field of this request");
    }
}

#[actix_web::test]
async fn what_is_no_json_object_is_refused_on_every_route() {
    for (method, path, _) in writes() {
        for body in ["", "{", "[]", "null", "\"a\"", "{'a':1}", "{\"a\":1}{", "\u{feff}{}"] {
            let (status, code, _) = refusal(method, &path, body).await;
            assert_eq!((status, code.as_str()), (400, "invalid_json"), "{method} {path} {body}");
        }
        let (status, code, message) = refusal(method, &path, r#"{"name":"a","name":"b"}"#).await;
        assert_eq!((status, code.as_str()), (400, "duplicate_field"));
        assert_eq!(message, "name is given more than once");
    }
}

#[actix_web::test]
async fn other_media_types_are_refused_on_every_route() {
    for (method, path, fields) in writes() {
        let body = object(&fields, "", None);
        let bare = || request(method, &path, &body);
        let requests = vec![
            bare().insert_header(("content-type", "text/plain")),
            bare().insert_header(("content-type", "application/x-www-form-urlencoded")),
            bare().insert_header(("content-type", "application/json; charset=utf-16")),
            bare().insert_header(("content-encoding", "gzip")),
        ];
        for answer in World::with_member(Role::Admin).answers(requests).await {
            assert_eq!((answer.status, answer.code().as_str()), (415, "unsupported_media_type"));
        }
    }
}

#[actix_web::test]
async fn a_body_of_32_kib_is_read_and_one_byte_more_is_not() {
    for (method, path, _) in writes() {
        // White space before the end belongs to the body but not to what it says.
        let body = |bytes: usize| format!("{{\"a\":1,{}", " ".repeat(bytes - 7));
        assert_eq!(refusal(method, &path, &body(32 * 1024)).await.1, "invalid_json");
        let (status, code, message) = refusal(method, &path, &body(32 * 1024 + 1)).await;
        assert_eq!((status, code.as_str()), (413, "body_too_large"));
        assert_eq!(message, "the body must be at most 32768 bytes");
    }
}

#[actix_web::test]
async fn the_whole_body_of_a_refusal_is_this() {
    let answer = World::with_member(Role::Builder)
        .answer(signed_in(post(&widgets_path(), r#"{"nmae":"Support"}"#)))
        .await;
    insta::assert_snapshot!("missing_field", answer.transcript());
}
