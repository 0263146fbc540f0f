//! Pages that are not on the list, in every disguise.

use super::{EVIL, Headers, LIST, PAGE, Shop, echo};
use crate::world::DatabaseKind;

on_both_databases!(
    o02_names_that_look_like_a_listed_one_are_refused_everywhere,
    o05_a_header_that_says_nothing_or_too_much_is_refused,
    o12_a_referer_speaks_only_where_there_is_no_origin,
);

async fn o02_names_that_look_like_a_listed_one_are_refused_everywhere(kind: DatabaseKind) {
    let shop = Shop::open(kind, &LIST).await;
    for origin in [
        "https://evil-example.com",
        "https://example.com.evil.com",
        "https://notexample.com",
        "https://example.comevil.com",
        "https://xexample.com",
    ] {
        shop.refuses(origin).await;
    }
    let answer = shop.load(&[("origin", PAGE.as_bytes())]).await;
    assert_eq!((answer.status.as_u16(), echo(&answer)), (200, Some(PAGE)));
    shop.world.stop().await;
}

async fn o05_a_header_that_says_nothing_or_too_much_is_refused(kind: DatabaseKind) {
    let shop = Shop::open(kind, &LIST).await;
    let (page, long) = (PAGE.as_bytes(), format!("https://{}.example.com", "a".repeat(4_096)));
    let cases: [(Headers<'_>, u16, &str); 6] = [
        (&[], 403, "origin_not_allowed"),
        (&[("origin", b"null")], 403, "origin_not_allowed"),
        (&[("origin", b"")], 403, "origin_not_allowed"),
        (&[("origin", page), ("origin", page)], 400, "invalid_origin"),
        (&[("origin", b"https://example.com, https://example.com")], 403, "origin_not_allowed"),
        (&[("origin", long.as_bytes())], 400, "invalid_origin"),
    ];
    for (headers, status, code) in cases {
        let answer = shop.load(headers).await;
        assert_eq!(echo(&answer), None);
        answer.expect_error(status, code);
    }
    shop.world.stop().await;
}

async fn o12_a_referer_speaks_only_where_there_is_no_origin(kind: DatabaseKind) {
    let shop = Shop::open(kind, &LIST).await;
    let cases: [(Headers<'_>, u16); 5] = [
        (&[("referer", b"https://example.com/page")], 200),
        (&[("referer", b"https://evil.com/?https://example.com")], 403),
        (&[], 403),
        (&[("referer", b"https://example.com/page"), ("origin", b"null")], 403),
        (&[("referer", b"https://example.com/page"), ("origin", EVIL.as_bytes())], 403),
    ];
    for (headers, status) in cases {
        assert_eq!(shop.load(headers).await.status, status, "{headers:?}");
    }
    shop.world.stop().await;
}

/// Tries origins on one database: which one it is makes no difference to how a header is read.
async fn are_answered(list: &[&str], origins: &[(&str, u16)]) {
    let shop = Shop::open(DatabaseKind::Sqlite, list).await;
    for (origin, status) in origins {
        let answer = shop.load(&[("origin", origin.as_bytes())]).await;
        let expected_echo = (*status == 200).then_some(*origin);
        assert_eq!((answer.status.as_u16(), echo(&answer)), (*status, expected_echo), "{origin:?}");
    }
    shop.world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o03_a_wildcard_covers_neither_its_apex_nor_names_that_only_end_alike() {
    let origins = [
        ("https://shop.example", 403),
        ("https://evilshop.example", 403),
        ("https://www.example.com", 403),
        ("https://a.shop.example", 200),
        ("https://a.b.c.shop.example", 200),
    ];
    are_answered(&LIST, &origins).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o06_what_a_parser_would_repair_is_refused() {
    let origins = [
        "https://example.com/",
        "https://example.com/path",
        "https://example%2ecom",
        "https://exam\tple.com",
        "https://user@example.com",
        "https://evil.com\\@example.com",
        "HTTPS://EXAMPLE.COM",
        "https://example.com.",
    ];
    are_answered(&LIST, &origins.map(|origin| (origin, 403))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o08_unicode_and_punycode_stand_for_no_listed_name() {
    let origins = [
        "https://xn--example-.com",
        "https://ｅｘａｍｐｌｅ.com",
        "https://example。com",
        "https://ex\u{430}mple.com",
        "https://example.com.xn--",
    ];
    are_answered(&LIST, &origins.map(|origin| (origin, 403))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o09_only_the_usual_spelling_of_a_listed_address_is_allowed() {
    let origins = [
        ("http://127.0.0.1", 200),
        ("http://[::1]", 200),
        ("http://0x7f.1", 403),
        ("http://2130706433", 403),
        ("http://127.1", 403),
        ("http://[::ffff:127.0.0.1]", 403),
        ("http://[::ffff:7f00:1]", 403),
        ("http://[0:0:0:0:0:0:0:1]", 403),
        ("http://localhost", 403),
        ("http://127.0.0.2", 403),
    ];
    are_answered(&["127.0.0.1", "[::1]"], &origins).await;
}
