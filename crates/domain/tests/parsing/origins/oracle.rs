//! What a list lets in, said once more and in another way: the very texts that browsers send for its pages.
//!
//! Nothing here parses a URL. An entry for one host is a set of texts, an entry for any port is a beginning and a
//! number, and an entry for subdomains is a beginning, labels and an ending.

/// A list as its owner writes it, and every header that opens it.
pub(super) struct Expected {
    pub(super) list: &'static [&'static str],
    /// The whole header.
    exact: &'static [&'static str],
    /// The header up to a port, which may be absent.
    any_port: &'static [&'static str],
    /// What comes before and after the labels of a subdomain, and whether any port may follow.
    below: &'static [(&'static str, &'static str, bool)],
}

/// The lists that every header is tried against.
pub(super) const EXPECTED: &[Expected] = &[
    Expected { list: &["example.com"], exact: &["https://example.com"], any_port: &[], below: &[] },
    Expected {
        list: &["*.shop.example"],
        exact: &[],
        any_port: &[],
        below: &[("https://", ".shop.example", false)],
    },
    Expected {
        list: &["localhost:3000"],
        exact: &["http://localhost:3000", "https://localhost:3000"],
        any_port: &[],
        below: &[],
    },
    Expected {
        list: &["Bücher.example", "例え.example:8443"],
        exact: &["https://xn--bcher-kva.example", "https://xn--r8jz45g.example:8443"],
        any_port: &[],
        below: &[],
    },
    Expected {
        list: &["127.0.0.1", "[::1]", "192.168.0.10", "[2001:DB8::1]:8080"],
        exact: &[
            "http://127.0.0.1",
            "https://127.0.0.1",
            "http://[::1]",
            "https://[::1]",
            "https://192.168.0.10",
            "https://[2001:db8::1]:8080",
        ],
        any_port: &[],
        below: &[],
    },
    Expected {
        list: &["http://example.com", "http://*.shop.example"],
        exact: &["http://example.com"],
        any_port: &[],
        below: &[("http://", ".shop.example", false)],
    },
    Expected {
        list: &["example.com:*", "*.shop.example:*", "localhost:*"],
        exact: &[],
        any_port: &["https://example.com", "http://localhost", "https://localhost"],
        below: &[("https://", ".shop.example", true)],
    },
    Expected {
        list: &["example.com", "*.shop.example", "localhost:3000", "127.0.0.1", "[::1]", "bücher.example"],
        exact: &[
            "https://example.com",
            "http://localhost:3000",
            "https://localhost:3000",
            "http://127.0.0.1",
            "https://127.0.0.1",
            "http://[::1]",
            "https://[::1]",
            "https://xn--bcher-kva.example",
        ],
        any_port: &[],
        below: &[("https://", ".shop.example", false)],
    },
];

impl Expected {
    /// Whether the header opens a widget with this list; `None` for a name that takes more than this to judge.
    pub(super) fn opens(&self, header: &str) -> Option<bool> {
        if self.exact.contains(&header) || self.any_port.iter().any(|start| is_at_any_port(header, start)) {
            return Some(true);
        }
        let judged: Vec<_> =
            self.below.iter().map(|(start, end, any)| is_below(header, start, end, *any)).collect();
        if judged.contains(&Some(true)) {
            return Some(true);
        }
        if judged.contains(&None) { None } else { Some(false) }
    }

    /// Headers that open it, to be bent.
    pub(super) fn welcome(&self, label: &str, port: u16) -> Vec<String> {
        let mut headers: Vec<String> = self.exact.iter().map(|header| (*header).to_owned()).collect();
        for start in self.any_port {
            headers.extend([(*start).to_owned(), format!("{start}:{port}")]);
        }
        for (start, end, any) in self.below {
            headers.push(format!("{start}{label}{end}"));
            if *any {
                headers.push(format!("{start}{label}{end}:{port}"));
            }
        }
        headers
    }
}

fn is_at_any_port(header: &str, start: &str) -> bool {
    header.strip_prefix(start).is_some_and(|rest| rest.is_empty() || is_port(rest, start))
}

/// A colon and the shortest spelling of a number, which is not the scheme's own port.
fn is_port(text: &str, start: &str) -> bool {
    let Some(digits) = text.strip_prefix(':') else { return false };
    let own = if start.starts_with("http://") { "80" } else { "443" };
    digits != own && digits.parse::<u16>().is_ok_and(|port| port.to_string() == digits)
}

fn is_below(header: &str, start: &str, end: &str, any_port: bool) -> Option<bool> {
    let Some(host) = header.strip_prefix(start) else { return Some(false) };
    let host = match host.find(':') {
        Some(colon) if any_port && is_port(&host[colon..], start) => &host[..colon],
        _ => host,
    };
    let Some(labels) = host.strip_suffix(end) else { return Some(false) };
    let labels: Vec<_> = labels.split('.').collect();
    if host.len() > 253 || !labels.iter().all(|label| is_label(label)) {
        return Some(false);
    }
    // Whether such a label stands for anything takes Punycode and the tables of Unicode.
    if labels.iter().any(|label| label.starts_with("xn--")) { None } else { Some(true) }
}

fn is_label(label: &str) -> bool {
    let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    (1..=63).contains(&label.len()) && label.bytes().all(allowed)
}
