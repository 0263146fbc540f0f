//! Which answers a page may read: CORS on everything that is answered.

use std::collections::BTreeSet;

use chatloom_http::routes::{Family, ROUTES, Route};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::{EVIL, LIST, LimitedShop, PAGE, Shop, echo, load};
use crate::world::{Answer, DatabaseKind};

on_both_databases!(o14_every_kind_of_answer_tells_caches_and_at_most_one_origin);

/// A turn that nobody has.
const NO_TURN: &str = "01999b5e-0000-7000-8000-000000000001";

fn public_routes() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.family == Family::Public)
}

impl Shop {
    /// A request to a route with everything that it may need of the visitor.
    fn request(&self, route: &Route) -> RequestBuilder {
        let path = route
            .path
            .replace("{token}", &self.token)
            .replace("{turnId}", NO_TURN)
            .replace("{messageId}", NO_TURN)
            .replace("{id}", self.visitor.session());
        let request = self.world.client.request(route.method.as_str().parse().unwrap(), &path);
        let request = request.header("x-widget-token", &self.token);
        let request = request.header("x-session-secret", self.visitor.secrets()[1]);
        match route.method.as_str() {
            "POST" => request.json(&json!({ "token": self.token, "content": "Hi", "rating": "good" })),
            _ => request,
        }
    }
}

async fn o14_every_kind_of_answer_tells_caches_and_at_most_one_origin(kind: DatabaseKind) {
    let shop = Shop::open(kind, &LIST).await;
    let client = &shop.world.client;
    let page = async |request: RequestBuilder| Answer::of(request.header("origin", PAGE)).await;
    let init = || client.request(Method::GET, "/api/widget-chat/init").header("x-widget-token", &shop.token);
    let mut answers = vec![
        page(init()).await,
        page(shop.visitor.message("Hello")).await,
        page(shop.visitor.message("")).await,
        page(client.request(Method::GET, "/api/widget-chat/init/none")).await,
        page(shop.visitor.request(Method::GET, &format!("/turns/{NO_TURN}/events"))).await,
        page(client.request(Method::PATCH, "/api/widget-chat/init")).await,
        page(client.request(Method::GET, "/api/widget-chat/nowhere")).await,
        page(client.request(Method::POST, "/api/widget-chat/sessions").body("x")).await,
        page(client.request(Method::OPTIONS, "/api/widget-chat/sessions")).await,
    ];
    shop.allow(&["other.example"]).await.expect(200);
    answers.push(page(shop.visitor.message("Hello")).await);
    shop.allow(&LIST).await.expect(200);
    // A row that breaks a rule without a meaning of its own.
    shop.world.database.execute("UPDATE widgets SET name = ''");
    answers.push(page(init()).await);
    shop.world.database.execute("UPDATE widgets SET name = 'Shop'");
    answers.push(page(shop.visitor.request(Method::DELETE, "")).await);
    let off = json!({ "active": false });
    shop.dashboard.put(&format!("/widgets/{}", shop.widget), &off).await.expect(200);
    answers.push(page(init()).await);

    for answer in &answers {
        let expected = if answer.status == 403 { None } else { Some(PAGE) };
        assert_eq!(echo(answer), expected, "{}", answer.status);
    }
    let statuses: BTreeSet<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(Vec::from_iter(statuses), [200, 204, 400, 401, 403, 404, 405, 410, 415, 500]);
    shop.world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o14_a_429_tells_caches_too() {
    let shop = LimitedShop::open(2).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let answer = load(&shop.client, &shop.token, &[("origin", PAGE.as_bytes())]).await;
        assert_eq!(echo(&answer), Some(PAGE));
        statuses.push(answer.status.as_u16());
    }
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o15_no_route_repeats_an_origin_that_is_not_allowed() {
    let shop = Shop::open(DatabaseKind::Sqlite, &LIST).await;
    let others = [
        EVIL,
        "https://shop.example",
        "http://example.com",
        "null",
        "https://example.com:444",
        "*",
        "https://*",
    ];
    for route in public_routes() {
        for origin in others {
            let answer = Answer::of(shop.request(route).header("origin", origin)).await;
            let seen = (answer.status.as_u16(), echo(&answer));
            assert_eq!(seen, (403, None), "{} {} {origin}", route.method, route.path);
        }
    }
    assert!(public_routes().count() >= 9);
    // On a widget for every site the page is named by its own origin, never by a star.
    shop.allow(&[]).await.expect(200);
    for route in public_routes().filter(|route| route.method != "DELETE") {
        for origin in [EVIL, "null"] {
            let answer = Answer::of(shop.request(route).header("origin", origin)).await;
            assert_eq!(echo(&answer), Some(origin), "{} {}", route.method, route.path);
            assert!(answer.status.as_u16() < 500 && answer.status != 403, "{} {}", route.method, route.path);
        }
    }
    shop.world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o17_a_preflight_names_what_is_documented_whatever_it_asks_for() {
    let shop = Shop::open(DatabaseKind::Sqlite, &LIST).await;
    let document = shop.world.client.get("/api/openapi.json").await.expect(200);
    let absurd = (0..200).map(|n| format!("x-{n}")).collect::<Vec<_>>().join(",");
    for route in public_routes() {
        let same_path = public_routes().filter(|other| other.path == route.path);
        let methods: BTreeSet<_> = same_path.map(|other| other.method.to_string()).collect();
        for (method, headers) in [
            (route.method.as_str(), "content-type, x-widget-token, x-session-secret"),
            ("TRACE", "content-type"),
            ("NONSENSE", "cookie, x-evil"),
            (route.method.as_str(), absurd.as_str()),
        ] {
            let path = route.path.replace(['{', '}'], "");
            let request = shop.world.client.request(Method::OPTIONS, &path).header("origin", PAGE);
            let request = request.header("access-control-request-method", method);
            let answer = Answer::of(request.header("access-control-request-headers", headers)).await;
            assert_eq!((answer.status.as_u16(), echo(&answer)), (204, Some(PAGE)), "{path}");
            let age: u32 = answer.header("access-control-max-age").unwrap().parse().unwrap();
            assert!(age <= 600, "{age}");
            assert_eq!(words(answer.header("access-control-allow-methods")), methods, "{path}");
            let allowed = words(answer.header("access-control-allow-headers"));
            assert_eq!(allowed, documented_headers(&document), "{path}");
        }
    }
    shop.world.stop().await;
}

fn words(list: Option<&str>) -> BTreeSet<String> {
    list.unwrap().split(", ").map(str::to_owned).collect()
}

/// All headers that a public operation knows, and those that carry bodies and tokens everywhere.
fn documented_headers(document: &serde_json::Value) -> BTreeSet<String> {
    let mut headers = BTreeSet::from(["Authorization", "Content-Type", "X-Widget-Token"].map(str::to_owned));
    for route in public_routes() {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let named = parameters.filter(|parameter| parameter["in"] == "header");
        headers.extend(named.map(|header| header["name"].as_str().unwrap().to_owned()));
    }
    headers
}
