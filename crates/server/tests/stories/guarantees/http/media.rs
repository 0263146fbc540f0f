//! Bodies that are not what they say, too deep, or without an end.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::{Body, Method};

use crate::world::{ADMIN_EMAIL, ADMIN_PASSWORD, Answer, RawConnection};

use super::Target;

const ROUTES: [&str; 3] =
    ["/api/auth/login", "/api/widget-chat/sessions", "/api/widget-chat/sessions/{id}/messages"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h07_only_plain_json_is_read_as_json() {
    let target = Target::start().await;
    let json = format!(r#"{{"email":"{ADMIN_EMAIL}","password":"{ADMIN_PASSWORD}"}}"#);
    let send = async |path: &str, kind: &str, encoding: Option<&str>, body: Body| {
        let request = target.client.request(Method::POST, path).header("content-type", kind).body(body);
        Answer::of(match encoding {
            Some(encoding) => request.header("content-encoding", encoding),
            None => request,
        })
        .await
    };
    // Exactly this body signs in where it is declared as what it is.
    send(ROUTES[0], "application/json", None, json.clone().into()).await.expect(200);
    let kinds = [
        "",
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=a",
        "application/jsonp",
        "application/json-patch+json",
        "text/json",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
        "application/json, text/plain",
    ];
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(json.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let utf_16: Vec<u8> = json.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for path in ROUTES {
        for kind in kinds {
            let answer = send(path, kind, None, json.clone().into()).await;
            answer.expect_error(415, "unsupported_media_type");
        }
        for encoding in ["gzip", "br", "deflate", "x-unknown", "identity, gzip"] {
            let answer = send(path, "application/json", Some(encoding), gzip.clone().into()).await;
            answer.expect_error(415, "unsupported_media_type");
        }
        let forms = [b"email=a&password=b".to_vec(), gzip.clone(), utf_16.clone(), b"\xff\xfe{}".to_vec()];
        for body in forms {
            send(path, "application/json", None, body.into()).await.expect_error(400, "invalid_json");
        }
    }
    target.serves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_deep_ambiguous_or_huge_are_refused() {
    let target = Target::start().await;
    let huge = |bytes: usize| format!("{{\"a\":\"{}\"}}", "a".repeat(bytes - 8));
    let cases = [
        ("[".repeat(30_000), 400, "invalid_json"),
        (format!("{}{}", "[".repeat(15_000), "]".repeat(15_000)), 400, "invalid_json"),
        ("{\"a\":".repeat(6_000), 400, "invalid_json"),
        (r#"{"a":1,"a":1}"#.to_owned(), 400, "duplicate_field"),
        (r#"{"a":{"b":[{"c":1,"\u0063":2}]}}"#.to_owned(), 400, "duplicate_field"),
        (format!(r#"{{"a":1e{}}}"#, "9".repeat(20_000)), 400, "invalid_json"),
        (huge(32 * 1024 + 1), 413, "body_too_large"),
        (huge(3_000_000), 413, "body_too_large"),
    ];
    for path in ROUTES {
        for (body, status, code) in &cases {
            // With the announced length alone, as a client that waits for leave to send does.
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\nconnection: close\r\n"
            );
            let mut connection = RawConnection::open(target.address, 64 * 1024).await;
            let sent = if *status == 413 { "" } else { body.as_str() };
            let request = format!("{head}content-length: {}\r\n\r\n{sent}", body.len());
            connection.write(request.as_bytes()).await;
            let answer = connection.rest().await;
            let about = format!("{path} {body:.20}: {answer}");
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(code), "{about}");
        }
    }
    target.serves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunked_body_is_refused_as_soon_as_it_is_too_large() {
    let target = Target::start().await;
    for path in ROUTES {
        let mut connection = RawConnection::open(target.address, 64 * 1024).await;
        let head = format!("POST {path} HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n");
        let chunk = format!("400\r\n{}\r\n", " ".repeat(1024));
        // It has no end yet.
        let request = format!("{head}transfer-encoding: chunked\r\n\r\n{}", chunk.repeat(40));
        connection.write(request.as_bytes()).await;
        connection.read_until("\"body_too_large\"").await;
    }
    target.serves().await;
}
