//! CORS, origins, and the rate limit's headers.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use chatloom_domain::origin::{Origin, Source};
use chatloom_http::routes::{Family, ROUTES};
use chatloom_ports::visitor::VisitorError;
use chatloom_testkit::sample;

use crate::world::{Answer, World, get, token, unavailable};

const EXAMPLE: &str = "https://example.com";

fn world() -> World {
    let mut world = World::new();
    // The name tells the origin that the port was given.
    world.visitors.expect_initialize().returning(|request| match request.source {
        Source::Page(origin) if origin == Origin::parse("https://evil.example").unwrap() => {
            Err(VisitorError::OriginNotAllowed)
        }
        Source::Page(origin) if origin == Origin::parse("https://broken.example").unwrap() => {
            Err(VisitorError::Store(unavailable()))
        }
        Source::Page(origin) if origin != Origin::parse(EXAMPLE).unwrap() => Err(VisitorError::WidgetGone),
        Source::Page(_) | Source::Own(_) => Ok(sample::widget(sample::team_id(1), sample::workflow_id(1), 1)),
        Source::Unnamed | Source::Opaque => Err(VisitorError::InvalidToken),
    });
    world
}

fn init() -> TestRequest {
    get("/api/widget-chat/init").insert_header(("x-widget-token", token()))
}

fn echo(answer: &Answer) -> Option<&str> {
    assert_eq!(answer.header("vary"), Some("Origin"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    answer.header("access-control-allow-origin")
}

#[actix_web::test]
async fn the_origin_is_repeated_on_every_answer_but_the_one_that_forbids_it() {
    let requests = [EXAMPLE, "https://evil.example", "https://broken.example", "https://gone.example"]
        .map(|origin| init().insert_header(("origin", origin)));
    let answers = world().answers(requests.into()).await;
    let seen: Vec<_> = answers.iter().map(|answer| (answer.status, echo(answer))).collect();
    let expected = [
        (200, Some(EXAMPLE)),
        (403, None),
        (503, Some("https://broken.example")),
        (410, Some("https://gone.example")),
    ];
    assert_eq!(seen, expected);
    insta::assert_snapshot!("cors_success", answers[0].transcript());
    insta::assert_snapshot!("cors_forbidden", answers[1].transcript());
}

#[actix_web::test]
async fn refusals_that_no_port_sees_are_readable_too() {
    let with_origin = |request: TestRequest| request.insert_header(("origin", EXAMPLE));
    let requests = vec![
        with_origin(get("/api/widget-chat/init")),
        with_origin(get("/api/widget-chat/nowhere")),
        with_origin(TestRequest::patch().uri("/api/widget-chat/init")),
        with_origin(TestRequest::post().uri("/api/widget-chat/sessions")),
    ];
    let answers = world().answers(requests).await;
    let seen: Vec<_> = answers.iter().map(|answer| (answer.status, echo(answer))).collect();
    assert_eq!(seen, [401, 404, 405, 415].map(|status| (status, Some(EXAMPLE))));
}

#[actix_web::test]
async fn an_origin_counts_only_in_canonical_form() {
    let bad = [
        "https://EXAMPLE.com",
        "https://example.com/",
        "https://example.com:443",
        "https://example%2ecom",
        "https://user@example.com",
        "https://example.com https://evil.example",
        "chrome-extension://abc",
        "*",
        "",
    ];
    let requests = bad.map(|origin| init().insert_header(("origin", origin)));
    for answer in world().answers(requests.into()).await {
        assert_eq!((answer.status, echo(&answer)), (401, None), "{}", answer.brief());
    }
}

#[actix_web::test]
async fn a_page_without_an_origin_of_its_own_can_read_what_it_is_given() {
    let answer = world().answer(init().insert_header(("origin", "null"))).await;
    assert_eq!((answer.status, echo(&answer)), (401, Some("null")));
}

#[actix_web::test]
async fn two_origins_and_very_long_ones_are_refused() {
    let long = format!("https://{}.example.com", "a".repeat(512));
    let requests = vec![
        init().append_header(("origin", EXAMPLE)).append_header(("origin", EXAMPLE)),
        init().insert_header(("origin", long)),
    ];
    for answer in world().answers(requests).await {
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_origin"));
        assert_eq!(echo(&answer), None);
    }
}

#[actix_web::test]
async fn the_referer_counts_only_where_there_is_no_origin() {
    let referer = ("referer", "https://example.com/shop?x=1");
    let requests = vec![
        init().insert_header(referer),
        init().insert_header(referer).insert_header(("origin", "null")),
        init().insert_header(("referer", "https://evil.example\\@example.com/")),
        init().append_header(referer).append_header(referer),
    ];
    let statuses: Vec<_> = world().answers(requests).await.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 401, 401, 401]);
}

#[actix_web::test]
async fn a_preflight_is_answered_for_any_origin_with_the_documented_methods() {
    let mut transcript = String::new();
    let public = ROUTES.iter().filter(|route| route.family == Family::Public);
    let mut paths: Vec<_> = public.map(|route| route.path.replace(['{', '}'], "")).collect();
    paths.dedup();
    for path in paths {
        let request = TestRequest::with_uri(&path)
            .method(Method::OPTIONS)
            .insert_header(("origin", "https://anywhere.example"))
            .insert_header(("access-control-request-method", "POST"));
        transcript += &World::new().answer(request).await.transcript();
    }
    insta::assert_snapshot!("preflights", transcript);
}

#[actix_web::test]
async fn the_dashboard_knows_no_cors() {
    for route in ROUTES.iter().filter(|route| route.family == Family::Dashboard) {
        let request = TestRequest::with_uri(route.path)
            .method(Method::OPTIONS)
            .insert_header(("origin", EXAMPLE))
            .insert_header(("access-control-request-method", route.method.as_str()));
        let answer = World::new().answer(request).await;
        assert_eq!(answer.status, 405, "{}", answer.brief());
        assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("access-control-")));
    }
}

#[actix_web::test]
async fn an_address_that_asks_too_often_has_to_wait() {
    let mut world = world();
    world.config.public_rate_limit_per_minute = 2;
    let request = || init().insert_header(("origin", EXAMPLE));
    let preflight = || TestRequest::with_uri("/api/widget-chat/init").method(Method::OPTIONS);
    let other = get("/api/widget-chat/sessions");
    let requests = vec![preflight(), request(), preflight(), request(), request(), preflight(), other];
    let answers = world.answers(requests).await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [204, 200, 204, 200, 429, 204, 401]);
    let remaining = |n: usize| answers[n].header("x-ratelimit-remaining").map(str::to_owned);
    assert_eq!([1, 3, 4, 6].map(remaining), ["1", "0", "0", "1"].map(|left| Some(left.to_owned())));
    assert_eq!(remaining(0), None);
    insta::assert_snapshot!("rate_limited", answers[4].transcript());
}

#[actix_web::test]
async fn behind_a_proxy_the_forwarded_address_is_counted() {
    let mut world = world();
    world.config.public_rate_limit_per_minute = 1;
    world.config.trusted_proxies = 1;
    let request = |forwarded: &'static str| {
        init().insert_header(("origin", EXAMPLE)).insert_header(("x-forwarded-for", forwarded))
    };
    let requests =
        vec![request("198.51.100.1"), request("198.51.100.2"), request("192.0.2.77, 198.51.100.1")];
    let statuses: Vec<_> = world.answers(requests).await.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 200, 429]);
}
