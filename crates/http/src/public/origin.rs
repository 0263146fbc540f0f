//! Where a public request says it comes from.

use actix_web::http::header::{HeaderMap, HeaderValue, ORIGIN, REFERER};
use chatloom_domain::origin::{Origin, Source};

use crate::error::{ApiError, Code};

/// A host name has at most 253 bytes; what is longer than this is no origin.
const MAX_ORIGIN_BYTES: usize = 512;

/// The page's origin, as the ports and as the CORS headers need it.
#[derive(Clone)]
pub(crate) struct PageOrigin {
    pub(crate) source: Source,
    /// What `Access-Control-Allow-Origin` repeats; `None` when the request names no origin in canonical form.
    pub(crate) echo: Option<HeaderValue>,
}

impl PageOrigin {
    /// Reads the one `Origin` header. Only where there is none, the origin of `Referer` takes its place: browsers
    /// leave `Origin` out of same-origin reads. `own` is the service's own origin.
    pub(crate) fn of(headers: &HeaderMap, own: Option<&Origin>) -> Result<Self, ApiError> {
        let source = |origin: Origin| {
            if own == Some(&origin) { Source::Own(origin) } else { Source::Page(origin) }
        };
        let mut origins = headers.get_all(ORIGIN);
        let Some(header) = origins.next() else {
            return Ok(Self { source: from_referer(headers, source), echo: None });
        };
        if origins.next().is_some() {
            return Err(ApiError::new(Code::InvalidOrigin, "the Origin header must be given at most once"));
        }
        if header.len() > MAX_ORIGIN_BYTES {
            return Err(ApiError::new(
                Code::InvalidOrigin,
                format!("the Origin header must be at most {MAX_ORIGIN_BYTES} bytes"),
            ));
        }
        let trusted = header.to_str().ok().and_then(|text| Origin::parse(text).ok());
        // A page from a file or a sandbox is `null`. It may use widgets that any site may embed, and its browser
        // shows it the answer only if the word is repeated. No credentials go with it.
        let echo = (trusted.is_some() || header.as_bytes() == b"null").then(|| header.clone());
        Ok(Self { source: trusted.map_or(Source::Opaque, source), echo })
    }
}

fn from_referer(headers: &HeaderMap, source: impl FnOnce(Origin) -> Source) -> Source {
    let mut referers = headers.get_all(REFERER);
    let (Some(referer), others) = (referers.next(), referers.next()) else { return Source::Unnamed };
    let origin = referer.to_str().ok().filter(|_| others.is_none()).map(Origin::from_referer);
    origin.and_then(Result::ok).map_or(Source::Opaque, source)
}
