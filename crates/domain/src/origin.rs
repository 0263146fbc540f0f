//! Where a page comes from, and which pages may embed a widget.
//!
//! A browser's `Origin` header is compared as a value (scheme, host, port), never as text. The allow-list
//! stops browsers on other sites; a client outside a browser writes any header it likes, so nothing else may
//! rest on it.

mod allowed_domains;
mod entry;
mod host;

use std::fmt;

use thiserror::Error;
use url::Url;

pub use allowed_domains::{AllowedDomains, AllowedDomainsError, EchoedEntry};
pub use entry::EntryFault;

use host::Host;

/// A host name has at most 253 bytes; twice that leaves room for scheme and port, and garbage ends early.
const MAX_ORIGIN_BYTES: usize = 512;

/// The two schemes that a page with a widget can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// The origin of a page: scheme (http or https), host and effective port.
///
/// `Display` gives the serialisation that browsers send (RFC 6454 section 6.2), without the scheme's default
/// port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: Host,
    port: u16,
}

impl Origin {
    /// Reads an `Origin` header of at most 512 bytes.
    ///
    /// URL parsers are generous: percent escapes, tabs, full-width letters, paths and user names can all end
    /// as `https://example.com`. A browser sends only the canonical form, hence only a text that is its own
    /// serialisation is accepted; `null`, lists and everything else is not.
    pub fn parse(header: &str) -> Result<Self, OriginError> {
        if header.len() > MAX_ORIGIN_BYTES {
            return Err(OriginError::TooLong);
        }
        let url = Url::parse(header).map_err(|_| OriginError::NotCanonical)?;
        let origin = Self::of_url(&url).ok_or(OriginError::NotCanonical)?;
        if origin.to_string() == header { Ok(origin) } else { Err(OriginError::NotCanonical) }
    }

    /// The origin of a `Referer` header, to be asked only where `Origin` is absent.
    ///
    /// The part before the path must be as canonical as an `Origin`, so `https://evil.example\@example.com/`
    /// and its relatives are refused rather than interpreted.
    pub fn from_referer(referer: &str) -> Result<Self, OriginError> {
        let authority = referer.find("://").ok_or(OriginError::NotCanonical)? + "://".len();
        let end =
            referer[authority..].find(['/', '?', '#']).map_or(referer.len(), |length| authority + length);
        Self::parse(&referer[..end])
    }

    fn of_url(url: &Url) -> Option<Self> {
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return None,
        };
        Some(Self {
            scheme,
            host: Host::from_url(&url.host()?)?,
            port: url.port().unwrap_or(scheme.default_port()),
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host.as_str())?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

/// Where a request says it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A page on the web.
    Page(Origin),
    /// A page on the service's own origin, such as a widget's hosted page.
    Own(Origin),
    /// It says nothing: programs and apps for phones do not.
    Unnamed,
    /// Something that names no site: `null`, as pages from a file or a sandbox send, or a text that is no origin.
    Opaque,
}

/// Why a header is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OriginError {
    /// It was not even looked at.
    #[error("origin is longer than {MAX_ORIGIN_BYTES} bytes")]
    TooLong,
    /// It is not exactly what a browser sends for a page on the web.
    #[error("not an http or https origin in canonical form")]
    NotCanonical,
}
