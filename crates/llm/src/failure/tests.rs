//! The table of statuses and bodies, as vendors and servers really send them.

use std::time::Duration;

use super::*;

fn reply(status: u16, body: &str) -> ModelError {
    of_reply(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
}

#[track_caller]
fn check(status: u16, body: &str, expected: ModelErrorClass) {
    let error = reply(status, body);
    assert_eq!((error.class, error.status), (expected, Some(status)), "{status} {body}");
}

#[test]
fn a_status_alone_has_a_class() {
    use ModelErrorClass as Class;
    for (status, class) in [
        (301, Class::Protocol),
        (307, Class::Protocol),
        (400, Class::BadRequest),
        (401, Class::Auth),
        (402, Class::Quota),
        (403, Class::Auth),
        (404, Class::NotFound),
        (408, Class::Upstream),
        (409, Class::BadRequest),
        (413, Class::ContextLength),
        (422, Class::BadRequest),
        (429, Class::RateLimited { retry_after: None }),
        (500, Class::Upstream),
        (502, Class::Upstream),
        (503, Class::Overloaded { retry_after: None }),
        (504, Class::Upstream),
        (529, Class::Overloaded { retry_after: None }),
    ] {
        check(status, "", class);
        check(status, "<html><body>nginx</body></html>", class);
    }
}

#[test]
fn a_conversation_that_is_too_long_is_told_by_code_or_phrase() {
    for body in [
        r#"{"error":{"message":"x","type":"invalid_request_error","code":"context_length_exceeded"}}"#,
        r#"{"error":{"code":400,"message":"x","type":"exceed_context_size_error","n_ctx":4096}}"#,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"Prompt is too long: 1 > 0"}}"#,
        r#"{"object":"error","message":"This model's maximum context length is 4 tokens.","code":400}"#,
        r#"{"detail":"input exceeds the context window"}"#,
        r#"{"error":"the context size was exceeded"}"#,
    ] {
        check(400, body, ModelErrorClass::ContextLength);
    }
}

#[test]
fn used_up_quota_is_not_a_rate_limit() {
    for body in [
        r#"{"error":{"type":"insufficient_quota","code":"insufficient_quota","message":"x"}}"#,
        r#"{"error":{"type":"rate_limit_error","details":{"error_code":"enforced_spend_limit_reached"}}}"#,
        r#"{"error":{"code":"billing_hard_limit_reached"}}"#,
        r#"{"error":{"type":"billing_error"}}"#,
    ] {
        check(429, body, ModelErrorClass::Quota);
    }
    let limited = ModelErrorClass::RateLimited { retry_after: None };
    check(429, r#"{"error":{"code":"rate_limit_exceeded","type":"requests"}}"#, limited);
}

#[test]
fn a_rate_limit_and_an_overload_carry_the_providers_wait() {
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", "3".parse().unwrap());
    let retry_after = Some(Duration::from_secs(3));
    let error = of_reply(StatusCode::TOO_MANY_REQUESTS, &headers, b"");
    assert_eq!(error.class, ModelErrorClass::RateLimited { retry_after });
    let error = of_reply(StatusCode::SERVICE_UNAVAILABLE, &headers, b"");
    assert_eq!(error.class, ModelErrorClass::Overloaded { retry_after });
}

#[test]
fn a_refusing_filter_is_told_by_its_code() {
    check(400, r#"{"error":{"code":"content_filter","message":"x"}}"#, ModelErrorClass::ContentFilter);
    check(
        400,
        r#"{"error":{"code":"x","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
        ModelErrorClass::ContentFilter,
    );
}

#[test]
fn bodies_in_lists_and_in_frames_of_events_are_read() {
    let list = r#"[{"error":{"code":"insufficient_quota"}}]"#;
    check(429, list, ModelErrorClass::Quota);
    let event = "event: error\ndata: {\"error\":{\"code\":\"insufficient_quota\"}}\n\ndata: [DONE]\n\n";
    check(429, event, ModelErrorClass::Quota);
}

#[test]
fn every_shape_of_an_error_in_a_stream_is_recognised() {
    use ModelErrorClass as Class;
    for (event, payload, class) in [
        ("", r#"{"error":{"message":"x","type":"server_error"}}"#, Class::Upstream),
        ("", r#"{"error":{"code":"429","message":"x"}}"#, Class::RateLimited { retry_after: None }),
        ("", r#"{"error":{"code":503,"message":"x"}}"#, Class::Overloaded { retry_after: None }),
        ("", r#"{"error":"something broke"}"#, Class::Upstream),
        ("", r#"{"object":"error","message":"x","type":"BadRequestError","code":400}"#, Class::BadRequest),
        (
            "",
            r#"{"type":"error","error":{"type":"overloaded_error"}}"#,
            Class::Overloaded { retry_after: None },
        ),
        ("error", r#"{"message":"x"}"#, Class::Upstream),
        ("", r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#, Class::Upstream),
        ("", r#"{"error":{"type":"insufficient_quota"}}"#, Class::Quota),
        ("", r#"{"error":{"message":"maximum context length is 4"}}"#, Class::ContextLength),
    ] {
        let error = in_stream(event.as_bytes(), &json::parse(payload.as_bytes()).unwrap());
        assert_eq!(error.map(|error| error.class), Some(class), "{payload}");
    }
}

#[test]
fn an_empty_error_field_is_not_an_error() {
    for payload in [r#"{"error":null}"#, r#"{"error":{}}"#, r#"{"error":""}"#, r#"{"choices":[]}"#] {
        assert_eq!(in_stream(b"", &json::parse(payload.as_bytes()).unwrap()), None, "{payload}");
    }
}

#[test]
fn the_code_is_one_word_or_nothing() {
    for (code, expected) in [
        (r#""model_not_found""#, Some("model_not_found")),
        ("400", Some("400")),
        (r#""Incorrect API key: sk-1""#, None),
        (r#""a\nb""#, None),
        (r#""é""#, None),
        ("null", None),
    ] {
        let error = reply(400, &format!(r#"{{"error":{{"code":{code}}}}}"#));
        assert_eq!(error.provider_code.as_deref(), expected, "{code}");
    }
    let long = "a".repeat(65);
    assert_eq!(reply(400, &format!(r#"{{"error":{{"code":"{long}"}}}}"#)).provider_code, None);
}

#[test]
fn the_request_id_is_kept_if_it_is_printable() {
    for (value, expected) in [("req_1", Some("req_1")), ("a b", None), ("", None)] {
        let mut headers = HeaderMap::new();
        headers.insert("request-id", value.parse().unwrap());
        assert_eq!(request_id(&headers).as_deref(), expected);
    }
}

#[test]
fn a_key_that_comes_back_is_dropped() {
    let mut error = reply(401, r#"{"error":{"code":"bad-sk-secret"}}"#);
    error.provider_request_id = Some("sk-secret".to_owned());
    let error = without_key(error, Some("sk-secret"));
    assert_eq!((error.provider_code, error.provider_request_id), (None, None));
}
