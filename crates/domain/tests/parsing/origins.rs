//! The `Origin` header, and `Referer` in its place.

mod disguises;
mod generated;
mod hostile;
mod oracle;

use std::collections::{BTreeSet, HashSet};

use chatloom_domain::origin::{AllowedDomains, Origin, OriginError};
use proptest::prelude::*;

use disguises::DISGUISES;
use generated::{Chance, header};
use hostile::HOSTILE;
use oracle::EXPECTED;

/// The list of most of the tests here.
const LIST: [&str; 6] =
    ["example.com", "*.shop.example", "localhost:3000", "127.0.0.1", "[::1]", "xn--bcher-kva.example"];

/// Headers of the tables that open lists which ask for just that: another scheme, or any port.
const NOT_HOSTILE_TO_ALL: &[&str] = &[
    "http://a.shop.example",
    "http://example.com",
    "http://localhost",
    "http://localhost:300",
    "http://localhost:30000",
    "http://localhost:3001",
    "https://a.shop.example:8443",
    "https://example.com:0",
    "https://example.com:444",
    "https://example.com:80",
    "https://localhost",
];

fn opens(list: &AllowedDomains, header: &str) -> bool {
    Origin::parse(header).is_ok_and(|origin| list.allows(Some(&origin)))
}

#[test]
fn hostile_headers_open_no_list() {
    let headers: BTreeSet<_> = HOSTILE.iter().chain(DISGUISES).copied().collect();
    assert_eq!(headers.len(), HOSTILE.len() + DISGUISES.len(), "a header is there twice");
    assert!(headers.len() >= 300, "{} headers", headers.len());
    let mut opened = BTreeSet::new();
    for expected in EXPECTED {
        let list = AllowedDomains::parse(expected.list).unwrap();
        for header in &headers {
            // Names that the oracle leaves open are none that a page has.
            let should_open = expected.opens(header).unwrap_or(false);
            assert_eq!(opens(&list, header), should_open, "{header:?} and {:?}", expected.list);
            if opens(&list, header) {
                opened.insert(*header);
            }
        }
    }
    assert_eq!(Vec::from_iter(opened), NOT_HOSTILE_TO_ALL);
    let list = AllowedDomains::parse(LIST).unwrap();
    assert!(headers.iter().all(|header| !opens(&list, header)));
    assert!(headers.iter().all(|header| !opens(&AllowedDomains::unreadable(), header)));
}

/// 100,000 different headers against every list, and as referers of a page below.
#[test]
fn generated_headers_open_what_they_should_and_nothing_else() {
    const HEADERS: usize = 100_000;
    let lists: Vec<_> =
        EXPECTED.iter().map(|expected| AllowedDomains::parse(expected.list).unwrap()).collect();
    let (mut chance, mut seen) = (Chance::seeded(0x0c4a_710c), HashSet::with_capacity(HEADERS));
    let (mut tried, mut opened, mut unjudged) = (0, 0, 0);
    while seen.len() < HEADERS {
        let header = header(&mut chance);
        if !seen.insert(header.clone()) {
            continue;
        }
        let origin = Origin::parse(&header).ok();
        assert!(origin.as_ref().is_none_or(|origin| origin.to_string() == header), "{header:?}");
        let from_page = Origin::from_referer(&format!("{header}/page")).ok();
        for (expected, list) in EXPECTED.iter().zip(&lists) {
            let Some(should_open) = expected.opens(&header) else {
                unjudged += 1;
                continue;
            };
            let (opens, page_opens) = (list.allows(origin.as_ref()), list.allows(from_page.as_ref()));
            assert_eq!(opens, should_open, "{header:?} and {:?}", expected.list);
            // A header may end in the beginning of a path, which a referer may have, but must not open more.
            let is_bare = !header.contains("://")
                || !header[header.find("://").unwrap() + 3..].contains(['/', '?', '#']);
            assert!(page_opens == should_open || !is_bare, "{header:?} as a referer and {:?}", expected.list);
            tried += 1;
            opened += usize::from(opens);
        }
    }
    assert_eq!((seen.len(), tried + unjudged), (HEADERS, HEADERS * EXPECTED.len()));
    // The generator must neither make only garbage nor names that nobody judges.
    assert!(opened >= 2_000 && unjudged <= tried / 20, "{opened} opened, {unjudged} unjudged of {tried}");
}

#[test]
fn the_headers_that_browsers_send_for_listed_pages_open_the_widget() {
    let list = AllowedDomains::parse(LIST).unwrap();
    let welcome = [
        "https://example.com",
        "https://www.shop.example",
        "https://a.b.c.shop.example",
        "http://localhost:3000",
        "https://localhost:3000",
        "http://127.0.0.1",
        "https://127.0.0.1",
        "http://[::1]",
        "https://xn--bcher-kva.example",
    ];
    for header in welcome {
        let origin = Origin::parse(header).unwrap();
        assert!(list.allows(Some(&origin)), "{header}");
        assert_eq!(origin.to_string(), header);
    }
}

#[test]
fn headers_that_are_not_canonical_are_no_origins_at_all() {
    let list = AllowedDomains::parse(LIST).unwrap();
    let no_origins = HOSTILE.iter().filter(|header| Origin::parse(header).is_err()).count();
    // The rest are proper origins of other sites.
    assert!(no_origins >= 100, "{no_origins}");
    for header in ["null", "", "https://example.com/", "https://example%2ecom", "HTTPS://EXAMPLE.COM"] {
        assert_eq!(Origin::parse(header), Err(OriginError::NotCanonical), "{header:?}");
    }
    assert!(!list.allows(None));
}

#[test]
fn a_header_may_have_512_bytes() {
    let path = |length: usize| format!("https://example.com/{}", "a".repeat(length - 20));
    assert_eq!(Origin::parse(&path(512)), Err(OriginError::NotCanonical));
    assert_eq!(Origin::parse(&path(513)), Err(OriginError::TooLong));
    assert_eq!(Origin::parse(&"a".repeat(4_096)), Err(OriginError::TooLong));
}

#[test]
fn names_may_be_as_long_as_dns_allows() {
    let label = "a".repeat(63);
    assert!(Origin::parse(&format!("https://{label}.example")).is_ok());
    assert!(Origin::parse(&format!("https://{label}a.example")).is_err());
    let name = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    assert!(Origin::parse(&format!("https://{name}")).is_ok());
    assert!(Origin::parse(&format!("https://{name}a")).is_err());
}

#[test]
fn a_referer_stands_for_the_origin_of_its_page() {
    let origin_of = |referer| Origin::from_referer(referer).map(|origin| origin.to_string());
    let expected = [
        ("https://example.com/page", "https://example.com"),
        ("https://example.com/", "https://example.com"),
        ("https://example.com", "https://example.com"),
        ("https://example.com/a?b=c#d", "https://example.com"),
        ("https://example.com?b=@c", "https://example.com"),
        ("http://localhost:3000/a", "http://localhost:3000"),
        ("http://[::1]:3000/a", "http://[::1]:3000"),
        ("https://evil.com/?https://example.com", "https://evil.com"),
        ("https://evil.com/https://example.com", "https://evil.com"),
        ("https://evil.com#@example.com", "https://evil.com"),
    ];
    for (referer, origin) in expected {
        assert_eq!(origin_of(referer).as_deref(), Ok(origin), "{referer}");
    }
    let long = format!("https://example.com/{}", "a".repeat(10_000));
    assert_eq!(origin_of(&long).as_deref(), Ok("https://example.com"));
}

#[test]
fn a_referer_that_needs_interpretation_is_refused() {
    let hostile = [
        "",
        "null",
        "about:blank",
        "example.com/page",
        "//example.com/page",
        "https:example.com/page",
        "https:/example.com/page",
        "https:///example.com/page",
        "https://user@example.com/page",
        "https://user:password@example.com/page",
        "https://evil.com\\@example.com/page",
        "https://evil.com\\/@example.com/page",
        "https://example.com:443/page",
        "https://EXAMPLE.com/page",
        "https://exam\tple.com/page",
        "https://example%2ecom/page",
        "https://example.com./page",
        "blob:https://example.com/6c7a1f3e",
        "data:text/html,https://example.com/",
        "evil?https://example.com/",
        " https://example.com/",
    ];
    for referer in hostile {
        assert!(Origin::from_referer(referer).is_err(), "{referer:?}");
    }
}

fn canonical_origins() -> impl Strategy<Value = String> {
    let name = "[a-z][a-z0-9]{0,8}(\\.[a-z][a-z0-9]{0,8}){0,3}";
    let host = prop_oneof![
        3 => name,
        1 => any::<[u8; 4]>().prop_map(|bytes| std::net::Ipv4Addr::from(bytes).to_string()),
    ];
    let port = prop_oneof![Just(None), (1..u16::MAX).prop_map(Some)];
    (prop_oneof![Just("http"), Just("https")], host, port).prop_map(|(scheme, host, port)| {
        let default = if scheme == "http" { 80 } else { 443 };
        match port {
            Some(port) if port != default => format!("{scheme}://{host}:{port}"),
            _ => format!("{scheme}://{host}"),
        }
    })
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn a_canonical_header_is_read_and_written_unchanged(header in canonical_origins()) {
        let origin = Origin::parse(&header);
        prop_assert_eq!(origin.map(|origin| origin.to_string()), Ok(header));
    }

    #[test]
    fn what_is_accepted_is_its_own_serialisation(
        header in prop_oneof![
            any::<String>(),
            "https?://[a-zA-Z0-9.:@/\\\\%_*\\[\\] -]{0,24}",
            "https?://[a-z]{1,5}\\PC{0,3}\\.com(:[0-9]{0,6})?\\PC?",
        ],
    ) {
        if let Ok(origin) = Origin::parse(&header) {
            prop_assert_eq!(origin.to_string(), header);
        }
    }

    #[test]
    fn an_accepted_header_with_anything_inserted_is_not_the_same_origin(
        header in canonical_origins(),
        position: prop::sample::Index,
        inserted: char,
    ) {
        let origin = Origin::parse(&header).unwrap();
        let mut changed = header.clone();
        changed.insert(position.index(header.len() + 1), inserted);
        prop_assert_ne!(Origin::parse(&changed), Ok(origin));
    }

    #[test]
    fn a_referer_has_the_origin_of_its_page_whatever_follows(
        header in canonical_origins(),
        rest in any::<String>(),
    ) {
        let page = format!("{header}/{rest}");
        prop_assert_eq!(Origin::from_referer(&page), Origin::parse(&header));
    }

    #[test]
    fn garbage_referers_never_panic(referer in any::<String>(), shaped in "\\PC{0,5}://\\PC{0,20}") {
        let _ = Origin::from_referer(&referer);
        let _ = Origin::from_referer(&shaped);
    }
}
