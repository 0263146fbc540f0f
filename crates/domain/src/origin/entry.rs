//! One entry of an allow-list: which origins it covers, and its canonical text.

use std::fmt;

use thiserror::Error;

use super::host::Host;
use super::{Origin, Scheme};

/// The longest DNS name; longer texts are no entry that anyone needs.
const MAX_ENTRY_BYTES: usize = 253;

/// A parsed entry. `text` is its canonical form, which parses to the same entry again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// `None` is either scheme, which only a loopback host without a written scheme has.
    scheme: Option<Scheme>,
    host: Host,
    subdomains: bool,
    port: Port,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    SchemeDefault,
    Exactly(u16),
    Any,
}

impl Entry {
    /// Reads `host`, `*.host` and each of them with `:port` or `:*` and with `http://` or `https://` in
    /// front.
    pub(super) fn parse(entry: &str) -> Result<Self, EntryFault> {
        if entry.is_empty() {
            return Err(EntryFault::Empty);
        }
        if entry.len() > MAX_ENTRY_BYTES {
            return Err(EntryFault::TooLong);
        }
        let (written_scheme, rest) = split_scheme(entry)?;
        refuse_url_parts(rest)?;
        let (host, port) = split_port(rest)?;
        let (subdomains, host) = parse_host(host)?;
        let scheme = match written_scheme {
            None if host.is_loopback() => None,
            None => Some(Scheme::Https),
            written => written,
        };
        let port = match (port, scheme) {
            (Port::Exactly(port), Some(scheme)) if port == scheme.default_port() => Port::SchemeDefault,
            (port, _) => port,
        };
        let text = canonical_text(scheme, subdomains, &host, port);
        // Unicode gets longer in ASCII; the canonical text must stay an acceptable entry.
        if text.len() > MAX_ENTRY_BYTES {
            return Err(EntryFault::TooLong);
        }
        Ok(Self { scheme, host, subdomains, port, text })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The entry in the notation of `frame-ancestors`: a source for each scheme that it covers. That notation has no place
    /// for IPv6 addresses (CSP Level 3, section 2.3.1), so these have none.
    pub(super) fn frame_sources(&self) -> impl Iterator<Item = String> + '_ {
        let covered = |scheme: &Scheme| self.scheme.is_none_or(|own| own == *scheme) && !self.host.is_ipv6();
        [Scheme::Https, Scheme::Http].into_iter().filter(covered).map(|scheme| {
            let wildcard = if self.subdomains { "*." } else { "" };
            format!("{}://{wildcard}{}{}", scheme.as_str(), self.host.as_str(), self.port)
        })
    }

    pub(super) fn covers(&self, origin: &Origin) -> bool {
        let scheme = self.scheme.is_none_or(|scheme| scheme == origin.scheme);
        let port = match self.port {
            Port::SchemeDefault => origin.port == origin.scheme.default_port(),
            Port::Exactly(port) => origin.port == port,
            Port::Any => true,
        };
        let host = if self.subdomains { origin.host.is_below(&self.host) } else { origin.host == self.host };
        scheme && port && host
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SchemeDefault => Ok(()),
            Self::Exactly(port) => write!(f, ":{port}"),
            Self::Any => f.write_str(":*"),
        }
    }
}

fn split_scheme(entry: &str) -> Result<(Option<Scheme>, &str), EntryFault> {
    match entry.split_once("://") {
        None => Ok((None, entry)),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => Ok((Some(Scheme::Https), rest)),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => Ok((Some(Scheme::Http), rest)),
        Some(_) => Err(EntryFault::Scheme),
    }
}

/// Names the mistake that people make most often: pasting a whole URL.
fn refuse_url_parts(rest: &str) -> Result<(), EntryFault> {
    if rest.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Err(EntryFault::Whitespace)
    } else if rest.contains(['/', '\\', '?', '#']) {
        Err(EntryFault::Path)
    } else if rest.contains('@') {
        Err(EntryFault::UserInfo)
    } else {
        Ok(())
    }
}

fn split_port(rest: &str) -> Result<(&str, Port), EntryFault> {
    // The colons within the brackets of an IPv6 address separate no port.
    let host_end = rest.find(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = rest[host_end..].find(':').map(|colon| host_end + colon) else {
        return Ok((rest, Port::SchemeDefault));
    };
    let (host, port) = (&rest[..colon], &rest[colon + 1..]);
    if port == "*" {
        return Ok((host, Port::Any));
    }
    if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(EntryFault::Port);
    }
    match port.parse() {
        Ok(0) | Err(_) => Err(EntryFault::Port),
        Ok(port) => Ok((host, Port::Exactly(port))),
    }
}

fn parse_host(text: &str) -> Result<(bool, Host), EntryFault> {
    let (subdomains, name) = match text.strip_prefix("*.") {
        Some(name) => (true, name),
        None => (false, text),
    };
    if name.contains('*') {
        return Err(EntryFault::Wildcard);
    }
    let host = Host::parse(name).ok_or(EntryFault::Host)?;
    if subdomains && host.is_address() {
        return Err(EntryFault::WildcardAddress);
    }
    if subdomains && host.is_public_suffix() {
        return Err(EntryFault::PublicSuffix);
    }
    Ok((subdomains, host))
}

fn canonical_text(scheme: Option<Scheme>, subdomains: bool, host: &Host, port: Port) -> String {
    let scheme = match scheme {
        Some(Scheme::Http) => "http://",
        // Without it a loopback host would stand for either scheme.
        Some(Scheme::Https) if host.is_loopback() => "https://",
        Some(Scheme::Https) | None => "",
    };
    let wildcard = if subdomains { "*." } else { "" };
    format!("{scheme}{wildcard}{}{port}", host.as_str())
}

/// What is wrong with an entry. The texts finish the sentence "this entry …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EntryFault {
    /// There is nothing in it.
    #[error("must not be empty")]
    Empty,
    /// Longer than any host name.
    #[error("must not have more than {MAX_ENTRY_BYTES} bytes")]
    TooLong,
    /// A scheme that no web page has.
    #[error("must start with a host, http:// or https://")]
    Scheme,
    /// White space or control characters.
    #[error("must not contain spaces or control characters")]
    Whitespace,
    /// More of a URL than its origin; a trailing slash counts.
    #[error("must not have a path, query or fragment")]
    Path,
    /// A user name or password.
    #[error("must not have a user name")]
    UserInfo,
    /// Something other than 1 to 65535 or `*`.
    #[error("must have a port from 1 to 65535, * or none")]
    Port,
    /// Neither a host name nor an address in its usual spelling.
    #[error("must be a host name such as example.com or *.example.com")]
    Host,
    /// A `*` somewhere else than as the first label or the port.
    #[error("must use * only as the first label, as in *.example.com, or as the port")]
    Wildcard,
    /// Addresses have no subdomains.
    #[error("must not use * with an IP address")]
    WildcardAddress,
    /// The wildcard would let in sites of strangers.
    #[error("must not use * directly below a public suffix such as com or github.io")]
    PublicSuffix,
}
