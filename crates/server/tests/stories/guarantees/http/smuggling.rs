//! Requests whose end two readers could see in different places.

use crate::world::RawConnection;

use super::Target;

/// What stands between the request line with its host and the end of the head.
const SHAPES: &[(&str, &str)] = &[
    ("both lengths", "content-length: 5\r\ntransfer-encoding: chunked\r\n"),
    ("both lengths, the other way round", "transfer-encoding: chunked\r\ncontent-length: 5\r\n"),
    ("two lengths", "content-length: 5\r\ncontent-length: 6\r\n"),
    ("the same length twice", "content-length: 5\r\ncontent-length: 5\r\n"),
    ("two lengths in one line", "content-length: 5, 6\r\n"),
    ("a length with a sign", "content-length: +5\r\n"),
    ("a negative length", "content-length: -1\r\n"),
    ("a length in hexadecimal", "content-length: 0x5\r\n"),
    ("a length that is no number", "content-length: five\r\n"),
    ("a length beyond all numbers", "content-length: 99999999999999999999999\r\n"),
    ("no length", "content-length:\r\n"),
    ("an unknown encoding", "transfer-encoding: xchunked\r\n"),
    ("chunks in an encoding", "transfer-encoding: chunked, identity\r\n"),
    ("an encoding in chunks", "transfer-encoding: gzip, chunked\r\n"),
    ("chunks twice", "transfer-encoding: chunked, chunked\r\n"),
    ("two encodings", "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n"),
    ("no encoding", "transfer-encoding: identity\r\n"),
    ("a quoted encoding", "transfer-encoding: \"chunked\"\r\n"),
    ("an encoding after a control character", "transfer-encoding: \x0bchunked\r\n"),
    ("a space before the colon", "transfer-encoding : chunked\r\n"),
    ("a tab before the colon", "content-length\t: 5\r\n"),
    ("a folded line", "x-folded: a\r\n transfer-encoding: chunked\r\n"),
    ("a folded value", "transfer-encoding:\r\n chunked\r\n"),
    ("a line without a colon", "transfer-encoding\r\n"),
    ("an empty name", ": chunked\r\n"),
    ("a NUL", "x-nul: a\0b\r\n"),
    ("a bare CR", "x-bare: a\rtransfer-encoding: chunked\r\n"),
    ("a bare LF", "x-bare: a\ntransfer-encoding: chunked\r\n"),
    ("an end of bare LFs", "transfer-encoding: chunked\r\n\n"),
    ("two hosts", "host: other\r\n"),
];

/// A request that leaves a trace where it is run.
const SECOND: &str = "GET /api/auth/me HTTP/1.1\r\nhost: test\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h01_ambiguous_requests_are_refused_and_what_follows_them_is_not_run() {
    let mut target = Target::start().await;
    for (name, shape) in SHAPES {
        let head = format!("POST /api/auth/logout HTTP/1.1\r\nhost: test\r\n{shape}\r\n");
        // Each reading of the lengths finds its own end of the body; whichever it is, the second request comes next.
        refused(&target, name, &format!("{head}0\r\n\r\n{SECOND}")).await;
    }
    for (name, head) in [
        ("no host", "GET /healthz HTTP/1.1\r\n\r\n".to_owned()),
        (
            "chunks in HTTP/1.0",
            "POST /healthz HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        ),
        ("bare LFs alone", "GET /healthz HTTP/1.1\nhost: test\n\n".to_owned()),
        ("two spaces", "GET  /healthz HTTP/1.1\r\nhost: test\r\n\r\n".to_owned()),
        ("another version", "GET /healthz HTTP/2.0\r\nhost: test\r\n\r\n".to_owned()),
        ("no request at all", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\r\n\r\n".to_owned()),
        ("a broken chunk", chunked("zz\r\n\r\n")),
        ("a chunk with a sign", chunked("+5\r\nabcde\r\n0\r\n\r\n")),
        ("a chunk with a prefix", chunked("0x5\r\nabcde\r\n0\r\n\r\n")),
        ("a chunk beyond all numbers", chunked("fffffffffffffffff\r\n")),
        ("a chunk with a bare LF", chunked("5\nabcde\r\n0\r\n\r\n")),
        ("a chunk's extension with a bare LF", chunked("5;a\nb\r\nabcde\r\n0\r\n\r\n")),
        ("a chunk without its end", chunked("5\r\nabcdefgh\r\n0\r\n\r\n")),
    ] {
        refused(&target, name, &format!("{head}{SECOND}")).await;
    }
    bare_line_ends_of_later_requests_are_refused(&target).await;
    target.serves().await;
    // The same request is in the log where it may be run: the search below means something.
    assert!(!target.process.log().contains("/api/auth/me"), "{}", target.process.log());
    target.client.get("/api/auth/me").await.expect_error(401, "not_signed_in");
    target.process.logged("/api/auth/me").await;
}

/// A proxy's connection to us, over which many requests go.
async fn bare_line_ends_of_later_requests_are_refused(target: &Target) {
    let mut connection = RawConnection::open(target.address, 64 * 1024).await;
    connection.write(b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n").await;
    connection.read_until("{\"status\":\"ok\"}").await;
    let second =
        format!("GET /healthz HTTP/1.1\r\nhost: test\r\nx: a\ncontent-length: 5\r\n\r\nabcde{SECOND}");
    connection.write(second.as_bytes()).await;
    let answer = connection.rest().await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.matches("HTTP/1.").count() == 1, "{answer}");
}

/// The body of a sign-in in chunks.
fn chunked(body: &str) -> String {
    let head = "POST /api/auth/login HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n";
    format!("{head}transfer-encoding: chunked\r\n\r\n{body}")
}

/// Makes sure that one answer comes, which is a refusal, and then the connection's end.
async fn refused(target: &Target, name: &str, bytes: &str) {
    let mut connection = RawConnection::open(target.address, 64 * 1024).await;
    connection.write(bytes.as_bytes()).await;
    let answer = connection.rest().await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{name}: {answer}");
    assert_eq!(answer.matches("HTTP/1.").count(), 1, "{name}: {answer}");
}
