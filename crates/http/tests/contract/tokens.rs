//! Where embed token and session secret may stand, and where they may not.

use actix_web::test::TestRequest;
use chatloom_http::routes::{Family, ROUTES};
use chatloom_ports::visitor::{OpenedSession, VisitorError};
use chatloom_testkit::sample;

use crate::world::{Answer, World, get, messages_path, post, token};

/// A world that takes the sample token and no other.
fn world() -> World {
    let mut world = World::new();
    let check = |given: &str| if given == token() { Ok(()) } else { Err(VisitorError::InvalidToken) };
    world.visitors.expect_initialize().returning(move |request| {
        check(&request.token).map(|()| sample::widget(sample::team_id(1), sample::workflow_id(1), 1))
    });
    world.visitors.expect_open_session().returning(move |command| {
        check(&command.visitor.token).map(|()| OpenedSession {
            id: sample::session_id(1),
            created_at: sample::at(0),
            secret: None,
        })
    });
    world
        .visitors
        .expect_history()
        .returning(move |request, _| check(&request.visitor.token).map(|()| vec![]));
    world
}

async fn statuses(requests: Vec<TestRequest>) -> Vec<(u16, String)> {
    let describe = |answer: &Answer| {
        let code = if answer.status < 300 { String::new() } else { answer.code() };
        (answer.status, code)
    };
    world().answers(requests).await.iter().map(describe).collect()
}

fn pairs(expected: &[(u16, &str)]) -> Vec<(u16, String)> {
    expected.iter().map(|(status, code)| (*status, (*code).to_owned())).collect()
}

#[actix_web::test]
async fn init_takes_the_token_from_path_or_headers() {
    let by_path = || get(&format!("/api/widget-chat/init/{}", token()));
    let bare = || get("/api/widget-chat/init");
    let bearer = || ("authorization", format!("Bearer {}", token()));
    let own = || ("x-widget-token", token());
    let requests = vec![
        by_path(),
        bare().insert_header(own()),
        bare().insert_header(bearer()),
        by_path().insert_header(own()).insert_header(bearer()),
        by_path().insert_header(("x-widget-token", "other")),
        bare().insert_header(own()).insert_header(("authorization", "Bearer other")),
        bare().append_header(own()).append_header(("x-widget-token", "other")),
        bare(),
        bare().insert_header(("authorization", "Basic YTpi")),
        bare().insert_header(("x-widget-token", "")),
        bare().insert_header(("cookie", format!("token={}", token()))),
        get(&format!("/api/widget-chat/init?token={}", token())),
        get("/api/widget-chat/init/garbage"),
    ];
    let expected = pairs(&[
        (200, ""),
        (200, ""),
        (200, ""),
        (200, ""),
        (400, "token_conflict"),
        (400, "token_conflict"),
        (400, "token_conflict"),
        (401, "missing_token"),
        (401, "missing_token"),
        (401, "invalid_token"),
        (401, "missing_token"),
        (401, "missing_token"),
        (401, "invalid_token"),
    ]);
    assert_eq!(statuses(requests).await, expected);
}

#[actix_web::test]
async fn a_body_may_leave_the_token_to_a_header() {
    let body = |token: &str| format!(r#"{{"token":{token}}}"#);
    let good = format!("\"{}\"", token());
    let own = || ("x-widget-token", token());
    let sessions = |body: &str| post("/api/widget-chat/sessions", body);
    let requests = vec![
        sessions(&body(&good)),
        sessions("{}").insert_header(own()),
        sessions(&body(&good)).insert_header(own()),
        sessions(&body("\"other\"")).insert_header(own()),
        sessions("{}"),
        sessions(&body("null")),
        sessions(&body("7")),
        sessions(&body("null")).insert_header(own()),
        sessions(&body("\"\"")),
    ];
    let expected = pairs(&[
        (201, ""),
        (201, ""),
        (201, ""),
        (400, "token_conflict"),
        (400, "missing_field"),
        (400, "invalid_field"),
        (400, "invalid_field"),
        (400, "invalid_field"),
        (401, "invalid_token"),
    ]);
    assert_eq!(statuses(requests).await, expected);
}

#[actix_web::test]
async fn no_public_route_is_open_without_a_token() {
    for route in ROUTES.iter().filter(|route| route.family == Family::Public) {
        // The path's token is no part of the other routes' paths.
        let path = route.path.replace("/{token}", "").replace("{id}", &sample::session_id(1).to_string());
        let path = path.replace("{turnId}", &sample::turn_id(1).to_string());
        let path = path.replace("{messageId}", &sample::message_id(1).to_string());
        let request = || TestRequest::with_uri(&path).method(route.method.clone());
        let with_empty_object =
            request().insert_header(("content-type", "application/json")).set_payload("{}");
        let answers = statuses(vec![request(), with_empty_object]).await;
        // Routes whose body must be there miss the body first, and then what it should say.
        let has_body = route.method == "POST" && !path.contains("/turns/");
        let expected = if has_body {
            pairs(&[(415, "unsupported_media_type"), (400, "missing_field")])
        } else {
            pairs(&[(401, "missing_token"), (401, "missing_token")])
        };
        assert_eq!(answers, expected, "{} {}", route.method, route.path);
    }
}

#[actix_web::test]
async fn a_proof_of_identity_in_the_url_is_refused() {
    let query =
        |query: &str| get(&format!("{}?{query}", messages_path())).insert_header(("x-widget-token", token()));
    let requests = [
        "identity=a",
        "visitorIdentity=a",
        "X-Visitor-Identity",
        "visitor%5Fidentity=a",
        "x=eyJhbGciOiJIUzI1NiJ9.e30.a",
        "x=cli_abc",
    ]
    .map(query);
    let expected = pairs(&[(400, "secret_in_url"); 6]);
    assert_eq!(statuses(requests.into()).await, expected);
}

#[actix_web::test]
async fn a_proof_of_identity_is_handed_on_as_it_came_and_may_be_given_once() {
    let mut world = World::new();
    world.visitors.expect_history().returning(|request, _| {
        let proof = request.visitor.identity;
        Err(if proof.as_deref() == Some("a.b.c") {
            VisitorError::IdentityInvalid
        } else {
            assert_eq!(proof.as_deref(), Some(""));
            VisitorError::IdentityRequired
        })
    });
    let request = || get(&messages_path()).insert_header(("x-widget-token", token()));
    let requests = vec![
        request().insert_header(("x-visitor-identity", "a.b.c")),
        request().insert_header(("x-visitor-identity", "")),
        request().append_header(("x-visitor-identity", "a")).append_header(("x-visitor-identity", "a")),
    ];
    let codes: Vec<_> = world.answers(requests).await.iter().map(Answer::code).collect();
    assert_eq!(codes, ["identity_invalid", "identity_required", "invalid_field"]);
}

#[actix_web::test]
async fn a_session_secret_in_the_url_is_refused() {
    let query =
        |query: &str| get(&format!("{}?{query}", messages_path())).insert_header(("x-widget-token", token()));
    let requests =
        ["sessionSecret=a", "secret=a", "X-Session-Secret=a", "session%5Fsecret", "x=cls_abc", "before2=1"]
            .map(query);
    let refused = (400, "secret_in_url");
    let expected = pairs(&[refused, refused, refused, refused, refused, (200, "")]);
    assert_eq!(statuses(requests.into()).await, expected);
}
