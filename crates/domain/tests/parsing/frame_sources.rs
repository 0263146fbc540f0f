//! Allow-lists in the notation of a Content Security Policy's `frame-ancestors`.

use chatloom_domain::origin::{AllowedDomains, Origin};
use proptest::prelude::*;

fn sources(entries: &[&str]) -> Option<String> {
    AllowedDomains::parse(entries).map(|list| list.frame_sources().join(" ")).ok()
}

#[test]
fn each_kind_of_entry_has_its_sources() {
    let expected = [
        ("example.com", "https://example.com"),
        ("Example.COM:443", "https://example.com"),
        ("*.example.com", "https://*.example.com"),
        ("example.com:8443", "https://example.com:8443"),
        ("example.com:*", "https://example.com:*"),
        ("*.example.com:*", "https://*.example.com:*"),
        ("http://example.com", "http://example.com"),
        ("http://example.com:443", "http://example.com:443"),
        ("http://*.example.com:8080", "http://*.example.com:8080"),
        ("bücher.example", "https://xn--bcher-kva.example"),
        ("my_app.example.com", "https://my_app.example.com"),
        ("localhost", "https://localhost http://localhost"),
        ("localhost:3000", "https://localhost:3000 http://localhost:3000"),
        ("127.0.0.1:*", "https://127.0.0.1:* http://127.0.0.1:*"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://localhost", "https://localhost"),
        ("192.168.0.10", "https://192.168.0.10"),
        // The notation has no place for them.
        ("[::1]:3000", ""),
        ("http://[2001:db8::1]", ""),
    ];
    for (entry, expected) in expected {
        assert_eq!(sources(&[entry]).as_deref(), Some(expected), "{entry}");
    }
}

#[test]
fn a_list_gives_the_sources_of_all_its_entries() {
    assert_eq!(
        sources(&["example.com", "localhost:3000", "*.shop.example"]).as_deref(),
        Some("https://example.com https://localhost:3000 http://localhost:3000 https://*.shop.example")
    );
}

#[test]
fn an_empty_list_is_any_site_and_an_unreadable_one_is_none() {
    assert_eq!(AllowedDomains::any_site().frame_sources(), ["*"]);
    assert!(AllowedDomains::unreadable().frame_sources().is_empty());
    // Not to be taken for an empty list, although it has no source either.
    assert!(AllowedDomains::parse(["[::1]"]).unwrap().frame_sources().is_empty());
}

#[test]
fn entries_that_would_break_out_of_the_directive_are_no_entries() {
    for entry in [
        "example.com; script-src *",
        "example.com;script-src",
        "example.com,evil.example",
        "example.com *",
        "'none'",
        "*",
        "https:",
        "example.com\r\nx: y",
        "example.com\u{a0}*",
        "a$b.example",
    ] {
        assert!(AllowedDomains::parse([entry]).is_err(), "{entry:?}");
    }
}

proptest! {
    #![proptest_config(super::config())]

    /// Whatever is accepted stays within its directive, and allows no origin that the list does not.
    #[test]
    fn every_source_is_one_word_of_harmless_characters(
        entry in r"(https?://)?(\*\.)?[a-z0-9_.\[\]:;,' *-]{1,24}(:[0-9*]{1,5})?"
    ) {
        if let Ok(list) = AllowedDomains::parse([&entry]) {
            for source in list.frame_sources() {
                let is_harmless = |c: char| c.is_ascii_alphanumeric() || "-_.:/*".contains(c);
                prop_assert!(source.chars().all(is_harmless), "{entry:?} became {source:?}");
                if let Ok(origin) = Origin::parse(&source) {
                    prop_assert!(list.allows(Some(&origin)), "{entry:?} became {source:?}");
                }
            }
        }
    }
}
