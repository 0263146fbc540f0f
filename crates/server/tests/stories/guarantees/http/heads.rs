//! Heads that are too large, methods that nobody knows, and bodies that say what they are not.

use std::fmt::Write as _;

use chatloom_http::routes::ROUTES;
use reqwest::Method;

use crate::world::{Answer, RawConnection};

use super::Target;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h06_heads_that_are_too_large_are_refused() {
    let target = Target::start().await;
    let headers = |count: usize| {
        (0..count).fold(String::new(), |mut text, n| {
            write!(text, "x-{n}: a\r\n").unwrap();
            text
        })
    };
    // The first of each pair is ours to answer, the second is beyond what the framework reads.
    let cases = [
        ("/healthz".to_owned(), headers(70), "431 ", "headers_too_large"),
        ("/healthz".to_owned(), headers(97), "431 ", ""),
        ("/healthz".to_owned(), format!("x: {}\r\n", "a".repeat(40_000)), "431 ", "headers_too_large"),
        ("/healthz".to_owned(), format!("x: {}\r\n", "a".repeat(200_000)), "431 ", ""),
        (format!("/healthz?{}", "a".repeat(16_000)), String::new(), "414 ", "uri_too_long"),
        (format!("/{}", "a".repeat(16_000)), String::new(), "414 ", "uri_too_long"),
        (format!("/healthz?{}", "a".repeat(70_000)), String::new(), "400 ", ""),
    ];
    for (path, headers, status, code) in cases {
        let mut connection = RawConnection::open(target.address, 64 * 1024).await;
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\n");
        connection.write(request.as_bytes()).await;
        let answer = connection.rest().await;
        let about = format!("{path:.40} {headers:.40}: {answer:.500}");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(code), "{about}");
    }
    target.serves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn methods_that_a_path_does_not_have_are_refused_with_those_that_it_has() {
    let target = Target::start().await;
    let methods = ["HEAD", "PATCH", "TRACE", "PROPFIND", "get", "CANARYMETHOD"];
    for path in ROUTES.iter().map(|route| route.path) {
        // Preflights are answered on the public side only.
        let options = (!path.starts_with("/api/widget-chat")).then_some("OPTIONS");
        for method in methods.into_iter().chain(options) {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = Answer::of(target.client.request(method.clone(), path)).await;
            assert_eq!(answer.status, 405, "{method} {path}: {}", answer.body);
            assert!(answer.header("allow").is_some_and(|allow| !allow.is_empty()), "{method} {path}");
        }
    }
    assert!(!target.process.log().contains("CANARY"), "a client's text is in the log");
    target.serves().await;
}
