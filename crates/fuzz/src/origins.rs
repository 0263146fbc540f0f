//! Where a page comes from, and which sites a list names.

use chatloom_domain::origin::{AllowedDomains, Origin};
use chatloom_http::fuzzing::page_origin;

use crate::line;

/// The list that headers are tried against.
const LIST: [&str; 4] = ["example.com", "*.shop.example", "localhost:3000", "[::1]"];

/// Headers that open it, but for subdomains of `shop.example`.
const WELCOME: [&str; 5] = [
    "https://example.com",
    "http://localhost:3000",
    "https://localhost:3000",
    "http://[::1]",
    "https://[::1]",
];

/// The first line is an `Origin` header, the second one a `Referer`, each further one an entry of a list.
///
/// An accepted header is its own serialisation, and opens [`LIST`] only if it is one of [`WELCOME`] or names a subdomain
/// letter by letter. A referer stands for no other origin than the one that it begins with. An accepted list is within
/// its bounds, parses to itself and is never taken for an empty one.
pub fn origins(data: &[u8]) {
    let (header, rest) = line(data);
    let (referer, entries) = line(rest);
    header_is_canonical_or_nothing(header);
    referer_begins_with_its_origin(&String::from_utf8_lossy(referer));
    headers_agree_with_the_domain(header, referer);
    let entries = String::from_utf8_lossy(entries);
    list_is_stable(&entries.split('\n').filter(|entry| !entry.is_empty()).collect::<Vec<_>>());
}

fn header_is_canonical_or_nothing(header: &[u8]) {
    let text = String::from_utf8_lossy(header);
    let Ok(origin) = Origin::parse(&text) else { return };
    assert_eq!(origin.to_string(), text, "an origin is its own serialisation");
    assert!(text.len() <= 512 && text.is_ascii(), "{text}");
    let is_below = text.strip_prefix("https://").and_then(|host| host.strip_suffix(".shop.example"));
    let is_below = is_below.is_some_and(|labels| labels.split('.').all(|label| !label.is_empty()));
    let opens = AllowedDomains::parse(LIST).is_ok_and(|list| list.allows(Some(&origin)));
    assert_eq!(opens, is_below || WELCOME.contains(&&*text), "{text}");
}

fn referer_begins_with_its_origin(referer: &str) {
    let Ok(origin) = Origin::from_referer(referer) else { return };
    let rest = referer.strip_prefix(&origin.to_string());
    let is_its_own = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
    assert!(is_its_own, "{referer:?} was taken for a page of {origin}");
}

/// The HTTP layer trusts what the domain parses, and repeats nothing else but `null`.
fn headers_agree_with_the_domain(header: &[u8], referer: &[u8]) {
    let Ok((trusted, echo)) = page_origin(&[(b"origin", header), (b"referer", referer)]) else { return };
    if let Some(echo) = echo {
        let is_trusted = trusted.is_some_and(|origin| origin.to_string().as_bytes() == echo);
        assert!(is_trusted || echo == b"null", "an answer repeats {:?}", String::from_utf8_lossy(&echo));
    }
    let twice = page_origin(&[(b"origin", b"https://example.com"), (b"origin", b"https://example.com")]);
    assert!(twice.is_err(), "two headers are one too many");
}

fn list_is_stable(entries: &[&str]) {
    let Ok(list) = AllowedDomains::parse(entries) else { return };
    let texts: Vec<_> = list.entries().map(str::to_owned).collect();
    assert_eq!(AllowedDomains::parse(&texts).as_ref(), Ok(&list), "{texts:?}");
    assert!(list.len() <= entries.len() && list.len() <= 100);
    assert!(texts.iter().all(|text| text.is_ascii() && text.len() <= 253 && *text == text.to_lowercase()));
    assert_eq!(list.is_empty(), entries.is_empty(), "entries cannot vanish");
    assert_eq!(list.allows(None), list.is_empty(), "who does not say where from is only welcome everywhere");
}
