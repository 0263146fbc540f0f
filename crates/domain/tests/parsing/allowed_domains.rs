//! The allow-list of a widget.

use chatloom_domain::origin::{AllowedDomains, AllowedDomainsError, EntryFault, Origin};
use proptest::prelude::*;

fn fault_of(entry: &str) -> Option<EntryFault> {
    match AllowedDomains::parse([entry]) {
        Err(AllowedDomainsError::Entry { fault, .. }) => Some(fault),
        Err(AllowedDomainsError::TooMany) | Ok(_) => None,
    }
}

fn allows(entry: &str, header: &str) -> bool {
    let origin = Origin::parse(header).ok();
    AllowedDomains::parse([entry]).is_ok_and(|list| list.allows(origin.as_ref()))
}

#[test]
fn an_empty_list_allows_every_page_and_callers_that_are_none() {
    let list = AllowedDomains::any_site();
    assert_eq!(AllowedDomains::parse::<_, &str>([]), Ok(list.clone()));
    assert!(list.is_empty());
    assert!(list.allows(None));
    assert!(list.allows(Some(&Origin::parse("https://anything.example").unwrap())));
}

#[test]
fn entries_are_kept_in_canonical_form() {
    let expected = [
        ("example.com", "example.com"),
        ("Example.COM", "example.com"),
        ("https://example.com", "example.com"),
        ("HTTPS://Example.com:443", "example.com"),
        ("example.com:443", "example.com"),
        ("example.com:0443", "example.com"),
        ("example.com:8443", "example.com:8443"),
        ("example.com:80", "example.com:80"),
        ("example.com:*", "example.com:*"),
        ("http://example.com", "http://example.com"),
        ("http://example.com:80", "http://example.com"),
        ("http://example.com:443", "http://example.com:443"),
        ("*.example.com", "*.example.com"),
        ("*.EXAMPLE.com:*", "*.example.com:*"),
        ("http://*.example.com:8080", "http://*.example.com:8080"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("*.BÜCHER.example", "*.xn--bcher-kva.example"),
        ("例え。example", "xn--r8jz45g.example"),
        ("my_app.example.com", "my_app.example.com"),
        ("localhost", "localhost"),
        ("localhost:3000", "localhost:3000"),
        ("localhost:443", "localhost:443"),
        ("http://localhost", "http://localhost"),
        ("https://localhost:443", "https://localhost"),
        ("127.0.0.1:*", "127.0.0.1:*"),
        ("192.168.0.10", "192.168.0.10"),
        ("[::1]", "[::1]"),
        ("[0:0:0:0:0:0:0:1]:3000", "[::1]:3000"),
        ("[2001:DB8::1]", "[2001:db8::1]"),
        ("intranet", "intranet"),
        // A host of this name, not the origin `null`.
        ("null", "null"),
        ("github.io", "github.io"),
        ("*.me.github.io", "*.me.github.io"),
        ("*.example.co.uk", "*.example.co.uk"),
    ];
    for (written, canonical) in expected {
        let list = AllowedDomains::parse([written]);
        let texts = list.as_ref().map(|list| list.entries().collect::<Vec<_>>());
        assert_eq!(texts, Ok(vec![canonical]), "{written}");
        assert_eq!(AllowedDomains::parse([canonical]), list, "{canonical}");
    }
}

#[test]
fn bad_entries_are_refused_with_their_fault() {
    let long_name = "a.".repeat(127);
    let long_in_ascii = format!("{}.example", vec!["ü"; 60].join("."));
    let long_with_port = format!("*.{}.example:65535", vec!["ü"; 30].join("."));
    let expected = [
        ("", EntryFault::Empty),
        (long_name.as_str(), EntryFault::TooLong),
        (long_in_ascii.as_str(), EntryFault::Host),
        (long_with_port.as_str(), EntryFault::TooLong),
        ("ftp://example.com", EntryFault::Scheme),
        ("://example.com", EntryFault::Scheme),
        ("javascript://example.com", EntryFault::Scheme),
        (" example.com", EntryFault::Whitespace),
        ("example.com ", EntryFault::Whitespace),
        ("exam ple.com", EntryFault::Whitespace),
        ("exam\tple.com", EntryFault::Whitespace),
        ("example.com\n", EntryFault::Whitespace),
        ("example.com\0", EntryFault::Whitespace),
        ("example.com\u{a0}", EntryFault::Whitespace),
        ("example.com/", EntryFault::Path),
        ("https://example.com/path", EntryFault::Path),
        ("example.com?", EntryFault::Path),
        ("example.com#a", EntryFault::Path),
        ("example.com\\", EntryFault::Path),
        ("//example.com", EntryFault::Path),
        ("user@example.com", EntryFault::UserInfo),
        ("https://user:password@example.com", EntryFault::UserInfo),
        ("example.com:", EntryFault::Port),
        ("example.com:0", EntryFault::Port),
        ("example.com:65536", EntryFault::Port),
        ("example.com:+80", EntryFault::Port),
        ("example.com:8*", EntryFault::Port),
        ("example.com:443:443", EntryFault::Port),
        ("::1", EntryFault::Port),
        ("http:example.com", EntryFault::Port),
        ("*", EntryFault::Wildcard),
        ("*:*", EntryFault::Wildcard),
        ("https://*", EntryFault::Wildcard),
        ("**.example.com", EntryFault::Wildcard),
        ("*.*.example.com", EntryFault::Wildcard),
        ("*example.com", EntryFault::Wildcard),
        ("www.*.com", EntryFault::Wildcard),
        ("example.*", EntryFault::Wildcard),
        ("*.", EntryFault::Host),
        (".", EntryFault::Host),
        (":80", EntryFault::Host),
        ("https://", EntryFault::Host),
        ("example.com.", EntryFault::Host),
        (".example.com", EntryFault::Host),
        ("example..com", EntryFault::Host),
        ("exam%70le.com", EntryFault::Host),
        ("example.com,example.org", EntryFault::Host),
        ("xn--example-.com", EntryFault::Host),
        ("0x7f.1", EntryFault::Host),
        ("2130706433", EntryFault::Host),
        ("127.1", EntryFault::Host),
        ("[::1", EntryFault::Port),
        ("[::1]a", EntryFault::Host),
        ("*.127.0.0.1", EntryFault::WildcardAddress),
        ("*.[::1]", EntryFault::WildcardAddress),
        ("*.com", EntryFault::PublicSuffix),
        ("*.CO.UK", EntryFault::PublicSuffix),
        ("*.github.io:*", EntryFault::PublicSuffix),
        ("http://*.vercel.app", EntryFault::PublicSuffix),
        ("*.公司.cn", EntryFault::PublicSuffix),
        ("*.intranet", EntryFault::PublicSuffix),
        ("*.localhost", EntryFault::PublicSuffix),
    ];
    for (entry, fault) in expected {
        assert_eq!(fault_of(entry), Some(fault), "{entry:?}");
    }
}

#[test]
fn an_entry_covers_exactly_what_it_says() {
    let expected = [
        ("example.com", "https://example.com", true),
        ("example.com", "http://example.com", false),
        ("example.com", "https://example.com:8443", false),
        ("example.com", "https://www.example.com", false),
        ("http://example.com", "http://example.com", true),
        ("http://example.com", "https://example.com", false),
        ("http://example.com", "http://example.com:8080", false),
        ("example.com:8443", "https://example.com:8443", true),
        ("example.com:8443", "https://example.com", false),
        ("example.com:8443", "http://example.com:8443", false),
        ("example.com:*", "https://example.com", true),
        ("example.com:*", "https://example.com:1", true),
        ("example.com:*", "http://example.com", false),
        ("*.example.com", "https://example.com", false),
        ("*.example.com", "https://www.example.com", true),
        ("*.example.com", "https://a.b.c.example.com", true),
        ("*.example.com", "https://evilexample.com", false),
        ("*.example.com", "https://www.example.com:8443", false),
        ("*.example.com", "http://www.example.com", false),
        ("*.example.com:*", "https://www.example.com:8443", true),
        ("localhost", "http://localhost", true),
        ("localhost", "https://localhost", true),
        ("localhost", "http://localhost:3000", false),
        ("localhost", "http://a.localhost", false),
        ("localhost:3000", "http://localhost:3000", true),
        ("localhost:3000", "https://localhost:3000", true),
        ("localhost:*", "http://localhost:5173", true),
        ("https://localhost", "http://localhost", false),
        ("http://localhost", "https://localhost", false),
        ("127.0.0.1", "http://127.0.0.1", true),
        ("127.0.0.1", "http://127.0.0.2", false),
        ("127.0.0.1", "http://localhost", false),
        ("127.0.0.2", "http://127.0.0.2", false),
        ("192.168.0.10", "http://192.168.0.10", false),
        ("192.168.0.10", "https://192.168.0.10", true),
        ("[::1]:3000", "http://[::1]:3000", true),
        ("[::1]", "http://[::ffff:7f00:1]", false),
        ("bücher.example", "https://xn--bcher-kva.example", true),
    ];
    for (entry, header, is_allowed) in expected {
        assert_eq!(allows(entry, header), is_allowed, "{entry} and {header}");
    }
}

#[test]
fn repetitions_collapse_and_order_stays() {
    let written =
        ["b.example", "a.example", "B.example", "https://a.example:443", "localhost", "http://localhost"];
    let list = AllowedDomains::parse(written).unwrap();
    assert_eq!(list.len(), 4);
    let texts: Vec<_> = list.entries().collect();
    assert_eq!(texts, ["b.example", "a.example", "localhost", "http://localhost"]);
}

#[test]
fn a_list_has_at_most_100_entries() {
    let entries = |count: usize| (0..count).map(|index| format!("site{index}.example"));
    assert_eq!(AllowedDomains::parse(entries(100)).map(|list| list.len()), Ok(100));
    assert_eq!(AllowedDomains::parse(entries(101)), Err(AllowedDomainsError::TooMany));
    assert_eq!(AllowedDomains::parse(std::iter::repeat("same.example")), Err(AllowedDomainsError::TooMany));
}

#[test]
fn one_bad_entry_spoils_the_list_and_is_named_within_limits() {
    let error = AllowedDomains::parse(["example.com", "*.com"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "entry \"*.com\" must not use * directly below a public suffix such as com or github.io"
    );
    let hostile = format!("\r\nevil\u{1b}[31m{}", "é".repeat(100_000));
    let message = AllowedDomains::parse([hostile]).unwrap_err().to_string();
    assert!(message.len() < 300 && !message.contains(char::is_control), "{message:?}");
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn canonical_entries_parse_to_the_same_list(
        entries in prop::collection::vec(
            "(https?://)?(\\*\\.)?([a-zA-Z0-9äßσ例]{1,6}\\.){1,2}(com|example|LOCALHOST)(:(\\*|[1-9][0-9]{0,3}))?",
            0..8,
        ),
    ) {
        if let Ok(list) = AllowedDomains::parse(&entries) {
            prop_assert!(list.entries().all(|text| text.is_ascii() && text == text.to_lowercase()));
            let again = AllowedDomains::parse(list.entries());
            prop_assert_eq!(again, Ok(list));
        }
    }

    #[test]
    fn garbage_entries_never_panic_and_what_is_accepted_is_stable(
        entry in prop_oneof![any::<String>(), "\\PC{0,12}", "[a-z*.:/@\\[\\]0-9-]{0,16}"],
    ) {
        if let Ok(list) = AllowedDomains::parse([&entry]) {
            let again = AllowedDomains::parse(list.entries());
            prop_assert_eq!(again, Ok(list));
        }
    }

    #[test]
    fn a_host_entry_allows_its_own_page_and_no_neighbour(
        name in "[a-z]{1,8}\\.example",
        label in "[a-z0-9]{1,8}",
    ) {
        let own = format!("https://{name}");
        let below = format!("https://{label}.{name}");
        let glued = format!("https://{label}{name}");
        let wildcard = format!("*.{name}");
        prop_assert!(allows(&name, &own) && !allows(&name, &below) && !allows(&name, &glued));
        prop_assert!(!allows(&wildcard, &own) && allows(&wildcard, &below) && !allows(&wildcard, &glued));
    }
}
