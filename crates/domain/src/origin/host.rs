//! The host of an origin: a DNS name in ASCII, or an IP address, in its one canonical spelling.

use std::borrow::Cow;

/// RFC 1035 section 2.3.4, without the root's dot.
const MAX_NAME_BYTES: usize = 253;
/// RFC 1035 section 2.3.4.
const MAX_LABEL_BYTES: usize = 63;

/// A host in the spelling that browsers use: lower-case, IDN in ASCII, IPv6 in brackets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Host {
    text: String,
    is_address: bool,
}

impl Host {
    /// Reads what a person wrote. Upper case and Unicode are mapped as browsers do it (UTS 46), but spellings
    /// that only a URL parser understands, such as `%65xample.com` or `0x7f.1`, are refused: nobody means
    /// them.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.contains('%') {
            return None;
        }
        match url::Host::parse(text).ok()? {
            url::Host::Ipv4(address) if address.to_string() != text => None,
            host => Self::from_url(&host),
        }
    }

    /// Takes a host that the URL parser has made. That parser allows characters that DNS names never have
    /// (`*`, `,`, `$` among them) and empty labels, so names are looked at once more; `example.com.` is
    /// refused by the same rule.
    pub(super) fn from_url<S: AsRef<str>>(host: &url::Host<S>) -> Option<Self> {
        let (text, is_address) = match host {
            url::Host::Domain(name) => (Cow::Borrowed(name.as_ref()), false),
            url::Host::Ipv4(address) => (Cow::Owned(address.to_string()), true),
            url::Host::Ipv6(address) => (Cow::Owned(format!("[{address}]")), true),
        };
        (is_address || is_dns_name(&text)).then(|| Self { text: text.into_owned(), is_address })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn is_address(&self) -> bool {
        self.is_address
    }

    pub(super) fn is_ipv6(&self) -> bool {
        self.text.starts_with('[')
    }

    /// Whether pages on this host are always the developer's own, so that plain http is safe. Only these
    /// three names: the rest of 127.0.0.0/8 is rarely meant and can be listed with `http://`.
    pub(super) fn is_loopback(&self) -> bool {
        matches!(self.text.as_str(), "localhost" | "127.0.0.1" | "[::1]")
    }

    /// Whether this host is a subdomain, at any depth, of `parent`; a host is no subdomain of itself.
    pub(super) fn is_below(&self, parent: &Self) -> bool {
        !self.is_address && self.text.strip_suffix(parent.as_str()).is_some_and(|rest| rest.ends_with('.'))
    }

    /// Whether strangers can register names directly below this one: top-level domains, `co.uk`, `github.io`
    /// and their kind, by the Public Suffix List. A single unknown label counts as one too (the list's
    /// default rule).
    pub(super) fn is_public_suffix(&self) -> bool {
        psl::domain(self.text.as_bytes()).is_none()
    }
}

/// Underscores are allowed because real hosts have them, although RFC 952 does not know them.
fn is_dns_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
    };
    text.len() <= MAX_NAME_BYTES && text.split('.').all(is_label)
}
