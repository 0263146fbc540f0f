//! The cookie, the rule against other sites' pages, and paths that look like others.

use std::collections::BTreeMap;

use chatloom_http::routes::{Family, ROUTES};
use reqwest::Method;
use serde_json::{Value, json};

use super::service::{COOKIE, Service, texts_of, token_of};
use crate::world::{Answer, Dashboard};

/// The attributes of a cookie by name, in lower case; those without a value have an empty one.
fn attributes(answer: &Answer) -> BTreeMap<String, String> {
    let cookie = answer.header("set-cookie").expect("a cookie");
    let parts = cookie.split("; ").skip(1).map(|part| part.split_once('=').unwrap_or((part, "")));
    parts.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect()
}

async fn log_out(service: &Service, token: &str) -> Answer {
    let request = service.client.request(Method::POST, "/api/auth/logout");
    Answer::of(request.header("cookie", format!("{COOKIE}={token}"))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a09_the_cookie_is_bound_to_the_host_and_out_of_scripts_reach() {
    let service = Service::start().await;
    let answer = service.log_in(None).await;
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies.len(), 1);
    let cookie = cookies[0].to_str().unwrap();
    assert!(cookie.starts_with("__Host-chatloom="), "{cookie}");
    assert!(cookie.len() <= 4096, "{}", cookie.len());
    let attributes = attributes(&answer);
    let expected =
        [("httponly", ""), ("max-age", "43200"), ("path", "/"), ("samesite", "Lax"), ("secure", "")];
    assert!(
        attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).eq(expected),
        "{attributes:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a10_no_page_of_another_site_changes_anything_with_the_cookie() {
    let service = Service::start().await;
    let dashboard = service.dashboard().await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let token = service.token().await;
    let before = [everything(&dashboard).await, json!(dashboard.embed_token(&widget).await)];
    let team = dashboard.team().to_owned();
    let mut refused = 0;
    for route in ROUTES.iter().filter(|route| route.family == Family::Dashboard && route.method != "GET") {
        let path = route.path.replace("{teamId}", &team).replace("{id}", &widget);
        for site in ["cross-site", "same-site"] {
            let request = service.client.request(route.method.as_str().parse().unwrap(), &path);
            let request =
                request.header("cookie", format!("{COOKIE}={token}")).header("sec-fetch-site", site);
            let body = json!({ "name": "Taken over", "allowedDomains": ["evil.example"] });
            Answer::of(request.json(&body)).await.expect_error(403, "cross_site");
            refused += 1;
        }
    }
    assert!(refused >= 20, "{refused}");
    assert_eq!([everything(&dashboard).await, json!(dashboard.embed_token(&widget).await)], before);
    service.me(&token).await.expect(200);
}

/// All that a team has.
async fn everything(dashboard: &Dashboard) -> Value {
    json!([dashboard.get("/widgets").await.expect(200), dashboard.get("/workflows").await.expect(200)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a12_only_the_exact_media_type_is_read() {
    let service = Service::start().await;
    let dashboard = service.dashboard().await;
    let workflow = dashboard.create_workflow("openai").await;
    let (team, token) = (dashboard.team().to_owned(), service.token().await);
    let create = |content_type: Option<&'static str>| {
        let request = service.client.request(Method::POST, &format!("/api/teams/{team}/widgets"));
        let request = request.header("cookie", format!("{COOKIE}={token}"));
        let request = request.body(json!({ "name": "Support", "workflowId": workflow }).to_string());
        Answer::of(match content_type {
            Some(content_type) => request.header("content-type", content_type),
            None => request,
        })
    };
    for other in [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json;x=text/plain",
        "application/json, text/plain",
        "application/jsonp",
        "text/plain; application/json",
    ] {
        create(Some(other)).await.expect_error(415, "unsupported_media_type");
    }
    create(None).await.expect_error(415, "unsupported_media_type");
    assert_eq!(dashboard.get("/widgets").await.expect(200), json!([]));
    create(Some("application/json")).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a13_no_dashboard_route_tells_a_foreign_page_anything() {
    let service = Service::start().await;
    let (dashboard, token) = (service.dashboard().await, service.token().await);
    let widget = dashboard.create_widget_answered_by("openai").await;
    let mut asked = 0;
    for route in ROUTES.iter().filter(|route| route.family == Family::Dashboard) {
        let path = route.path.replace("{teamId}", dashboard.team()).replace("{id}", &widget);
        for method in [Method::GET, Method::OPTIONS, Method::HEAD] {
            for origin in ["https://evil.example", "null", "https://chat.example.com"] {
                let request = service.client.request(method.clone(), &path).header("origin", origin);
                let request = request.header("access-control-request-method", "POST");
                let answer = Answer::of(request.header("cookie", format!("{COOKIE}={token}"))).await;
                let told = answer.headers.keys().any(|name| name.as_str().starts_with("access-control-"));
                assert!(!told, "{method} {path}: {:?}", answer.headers);
                asked += 1;
            }
        }
    }
    assert!(asked >= 150, "{asked}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a15_signing_out_ends_the_token_and_clears_the_very_cookie() {
    let service = Service::start().await;
    let signed_in = service.log_in(None).await;
    let token = token_of(&signed_in);
    let signed_out = log_out(&service, &token).await;
    assert_eq!(signed_out.status, 200);
    let (mut set, mut cleared) = (attributes(&signed_in), attributes(&signed_out));
    assert_eq!(
        (set.remove("max-age").as_deref(), cleared.remove("max-age").as_deref()),
        (Some("43200"), Some("0"))
    );
    assert_eq!(set, cleared);
    assert_eq!(token_of(&signed_out), "");
    assert_eq!(service.refuses(std::slice::from_ref(&token)).await, 1);
    log_out(&service, &token).await.expect_error(401, "not_signed_in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a19_a_cookie_that_was_planted_before_the_login_is_dead_after_it() {
    let service = Service::start().await;
    let planted = service.token().await;
    let signed_in = token_of(&service.log_in(Some(&format!("{COOKIE}={planted}"))).await);
    let session = |token: &str| serde_json::from_str::<Value>(&texts_of(token)[1]).unwrap()["sid"].take();
    assert_ne!(session(&planted), session(&signed_in));
    assert_eq!(service.refuses(&[planted]).await, 1);
    service.me(&signed_in).await.expect(200);
    // What was no token of ours is simply replaced.
    let after_nonsense = service.log_in(Some(&format!("{COOKIE}=planted"))).await;
    service.me(&token_of(&after_nonsense)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a21_no_spelling_of_a_path_goes_around_the_guard() {
    let service = Service::start().await;
    let team = service.dashboard().await.team().to_owned();
    for path in [
        format!("/api/teams/{team}/widgets"),
        format!("/API/teams/{team}/widgets"),
        format!("/Api/Teams/{team}/Widgets"),
        format!("//api/teams/{team}/widgets"),
        format!("/api//teams/{team}/widgets"),
        format!("/api/./teams/{team}/widgets"),
        format!("/x/../api/teams/{team}/widgets"),
        format!("/api/%74eams/{team}/widgets"),
        format!("/%61pi/teams/{team}/widgets"),
        format!("/api%2Fteams/{team}/widgets"),
        format!("/api/teams/..;/teams/{team}/widgets"),
        format!("/api/teams/..%2F..%2Fteams/{team}/widgets"),
        format!("/api/teams/{team}/widgets/"),
        format!("/api/teams/{team}/widgets;a=b"),
        format!("/api;a=b/teams/{team}/widgets"),
        format!("/api/teams/{team}/widgets%00"),
        format!("/api/teams/{team}/widgets%2e"),
        format!("/api/teams/{team}/widgets?x=/api/auth/login"),
        format!("/api/widget-chat/../teams/{team}/widgets"),
        format!("/healthz/../api/teams/{team}/widgets"),
        format!("/api/teams/{team}/widgets/x/../../widgets"),
        "/api/auth/me/".to_owned(),
        "/api/auth/%6De".to_owned(),
        "/api/auth/./me".to_owned(),
    ] {
        for method in ["GET", "HEAD", "POST", "DELETE"] {
            let status = service.status_of(method, &path).await;
            assert!([401, 404, 405].contains(&status), "{method} {path}: {status}");
        }
    }
    // An absolute form names the same resource (RFC 9112, section 3.2.2).
    let absolute = format!("http://chat.example.com/api/teams/{team}/widgets");
    assert!([401, 404].contains(&service.status_of("GET", &absolute).await));
}
