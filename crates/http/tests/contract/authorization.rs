//! Who may call which dashboard route: generated over the table of routes, so that no route can be forgotten.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use chatloom_domain::team::Role;
use chatloom_http::routes::{Family, ROUTES, Route};
use chatloom_ports::dashboard::AccessError;
use chatloom_testkit::sample;

use crate::world::{World, get, signed_in, widgets_path};

fn dashboard_routes() -> impl Iterator<Item = &'static Route> {
    // What signs in has tests of its own.
    let signs_in = |route: &Route| ["/api/auth/login", "/api/auth/exchange"].contains(&route.path);
    ROUTES.iter().filter(move |route| route.family == Family::Dashboard && !signs_in(route))
}

fn request(route: &Route, team: &str) -> TestRequest {
    let path = route.path.replace("{teamId}", team).replace("{id}", &sample::widget_id(1).to_string());
    TestRequest::with_uri(&path).method(route.method.clone())
}

/// A world in which no credentials are valid.
fn closed() -> World {
    let mut world = World::with_member(Role::Admin);
    world.access.expect_current_user().returning(|_| Err(AccessError::NotSignedIn));
    world.access.expect_refresh().returning(|_| Err(AccessError::NotSignedIn));
    world.access.expect_log_out().returning(|_, _| Err(AccessError::NotSignedIn));
    world
}

#[actix_web::test]
async fn nobody_gets_anywhere_without_credentials_whatever_they_send() {
    let team = sample::team_id(1).to_string();
    let mut requests = Vec::new();
    for route in dashboard_routes() {
        let request = || request(route, &team);
        requests.push(request());
        requests.push(request().insert_header(("authorization", "Bearer forged")));
        requests.push(request().insert_header(("authorization", "Basic YTpi")));
        requests.push(request().insert_header(("cookie", "__Host-chatloom=forged")));
        // The development cookie's name means nothing where the service is reached over TLS.
        requests.push(request().insert_header(("cookie", "chatloom=header.claims.signature")));
        // Neither a broken body nor a foreign team may be noticed first.
        requests.push(request().set_payload("{broken").insert_header(("content-type", "text/plain")));
        requests.push(self::request(route, "no-uuid"));
    }
    for answer in closed().answers(requests).await {
        assert_eq!(answer.status, 401, "{}", answer.brief());
        assert_eq!(answer.code(), "not_signed_in");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
}

#[actix_web::test]
async fn each_role_gets_exactly_as_far_as_the_table_says() {
    let least_role = |route: &Route| match (&route.method, route.path) {
        (&Method::GET, path) if path.ends_with("/audit-log") => Role::Admin,
        (&Method::GET, path) if path.ends_with("/embed-code") || path.ends_with("/tokens") => Role::Operator,
        (&Method::GET, path) if path.ends_with("/feedback") => Role::Operator,
        (&Method::GET, _) => Role::Viewer,
        (_, path) if path.ends_with("/identity-secret") || path.ends_with("/erasures") => Role::Admin,
        (_, path) if path.ends_with("/budget") => Role::Admin,
        _ => Role::Builder,
    };
    let team = sample::team_id(1).to_string();
    for role in [Role::Viewer, Role::Operator, Role::Builder, Role::Admin] {
        for route in dashboard_routes().filter(|route| route.path.contains("{teamId}")) {
            // The body is broken, so that whoever may write is stopped there and no mock has to answer. Whoever
            // may read meets a mock that expects nothing, which is 500.
            let request = signed_in(request(route, &team)).set_payload("{broken");
            let status = World::with_member(role).answer(request).await.status;
            if role >= least_role(route) {
                assert!([415, 500].contains(&status), "{role:?} {} {}: {status}", route.method, route.path);
            } else {
                assert_eq!(status, 403, "{role:?} {} {}", route.method, route.path);
            }
        }
    }
}

#[actix_web::test]
async fn a_foreign_team_an_unknown_one_and_a_malformed_one_are_the_same_bytes() {
    for route in dashboard_routes().filter(|route| route.path.contains("{teamId}")) {
        let teams =
            [sample::team_id(2).to_string(), "00000000-0000-0000-0000-000000000000".into(), "x".into()];
        let requests = teams.iter().map(|team| signed_in(request(route, team))).collect();
        let answers = World::with_member(Role::Admin).answers(requests).await;
        let masked: Vec<_> = answers
            .iter()
            .map(|answer| {
                let mut body = answer.json();
                assert_eq!(answer.status, 404, "{}", answer.brief());
                // Only what repeats the request itself may differ.
                body["path"].take();
                body["requestId"].take();
                body.to_string()
            })
            .collect();
        assert!(masked.iter().all(|body| *body == masked[0]), "{masked:?}");
    }
}

#[actix_web::test]
async fn a_page_of_another_site_cannot_use_the_cookie() {
    let mut requests = Vec::new();
    let team = sample::team_id(1).to_string();
    for route in dashboard_routes() {
        let request =
            || request(route, &team).insert_header(("cookie", "__Host-chatloom=header.claims.signature"));
        requests.push(request().insert_header(("sec-fetch-site", "cross-site")));
        requests.push(request().insert_header(("sec-fetch-site", "same-site")));
        requests.push(request().insert_header(("origin", "https://evil.example")));
        requests.push(request().insert_header(("origin", "null")));
    }
    for answer in closed().answers(requests).await {
        if answer.method == "GET" {
            assert_ne!(answer.status, 403, "{}", answer.brief());
        } else {
            assert_eq!((answer.status, answer.code().as_str()), (403, "cross_site"), "{}", answer.brief());
        }
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[actix_web::test]
async fn the_cookie_and_the_bearer_token_open_the_same_doors() {
    for (name, value) in [
        ("authorization", "Bearer header.claims.signature"),
        ("authorization", "bearer header.claims.signature"),
        ("cookie", "other=1; __Host-chatloom=header.claims.signature"),
    ] {
        let mut world = World::with_member(Role::Viewer);
        world.widgets.expect_list().returning(|_| Ok(vec![]));
        let answer = world.answer(get(&widgets_path()).insert_header((name, value))).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "[]"));
    }
}
