//! One embedded file in its three encodings, compressed at first use and kept for the life of the process.

use std::io::Write as _;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha384};

/// Brotli's best level takes 1.6 s on the panel without optimisation, and 55 ms with it.
const BROTLI_QUALITY: u32 = if cfg!(debug_assertions) { 5 } else { 11 };

/// Brotli's window of 2^22 bytes, its default and more than any of our files.
const BROTLI_WINDOW: u32 = 22;

/// A file that browsers may ask for. Its answer varies by `Accept-Encoding`.
#[derive(Debug)]
pub struct Asset {
    /// Absolute path of the URL that serves it, such as `/widget.js`.
    pub path: &'static str,
    /// Value of the `Content-Type` header.
    pub content_type: &'static str,
    /// Value of the `ETag` header. It is weak (RFC 9110 section 8.8.1), since the encodings share it.
    pub etag: &'static str,
    /// The file as it is, without encoding.
    pub bytes: &'static [u8],
    gzip: OnceLock<Vec<u8>>,
    brotli: OnceLock<Vec<u8>>,
}

impl Asset {
    pub(crate) const fn new(
        path: &'static str,
        content_type: &'static str,
        etag: &'static str,
        bytes: &'static [u8],
    ) -> Self {
        Self { path, content_type, etag, bytes, gzip: OnceLock::new(), brotli: OnceLock::new() }
    }

    /// The `Content-Encoding` to name, if any, and the body, by the request's `Accept-Encoding` (empty where absent).
    ///
    /// Of what the client takes, the smallest is chosen: weights only matter where they are zero.
    pub fn encoded(&'static self, accept_encoding: &str) -> (Option<&'static str>, &'static [u8]) {
        if accepts(accept_encoding, "br") {
            (Some("br"), self.brotli.get_or_init(|| brotli(self.bytes, BROTLI_QUALITY)))
        } else if accepts(accept_encoding, "gzip") {
            (Some("gzip"), self.gzip.get_or_init(|| gzip(self.bytes)))
        } else {
            (None, self.bytes)
        }
    }

    /// The attribute `integrity` (Subresource Integrity) of a tag that takes this version of the file and no other.
    pub fn integrity(&self) -> String {
        format!("sha384-{}", STANDARD.encode(Sha384::digest(self.bytes)))
    }

    /// True if `If-None-Match` names this version, so that the answer is 304 without a body.
    pub fn is_current(&self, if_none_match: &str) -> bool {
        let opaque = self.etag.trim_start_matches("W/");
        if_none_match
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.trim_start_matches("W/") == opaque)
    }
}

/// Whether an `Accept-Encoding` list (RFC 9110 section 12.5.3) takes `coding`.
fn accepts(list: &str, coding: &str) -> bool {
    let mut wildcard = false;
    for entry in list.split(',') {
        let mut parts = entry.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let taken = weight.is_none_or(|q| q.parse::<f32>().is_ok_and(|q| q > 0.0));
        if name.eq_ignore_ascii_case(coding) {
            return taken;
        }
        wildcard |= name == "*" && taken;
    }
    wildcard
}

fn brotli(bytes: &[u8], quality: u32) -> Vec<u8> {
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 4096, quality, BROTLI_WINDOW);
    // Writing into a vector cannot fail; were it to, the client would see a broken body and not a wrong one.
    let _ = writer.write_all(bytes);
    writer.into_inner()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::best());
    // As above: the sink is memory.
    let _ = writer.write_all(bytes);
    writer.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::{PANELS, widget_file, widget_loader};

    /// Most a page pays for the widget before anyone touches it, for the first open, and for the bot check, in bytes of
    /// Brotli 11.
    const LOADER_BUDGET: usize = 3 * 1024;
    const PANEL_BUDGET: usize = 16 * 1024;
    const SOLVER_BUDGET: usize = 1536;

    fn size_of(name: &str) -> usize {
        brotli(widget_file(name).unwrap().0.bytes, 11).len()
    }

    #[test]
    fn the_loader_keeps_its_budget() {
        let size = brotli(widget_loader().bytes, 11).len();
        assert!(size <= LOADER_BUDGET, "{size} bytes");
    }

    #[test]
    fn the_panel_keeps_its_budget_in_every_language() {
        for panel in &PANELS {
            let size = brotli(panel.bytes, 11).len();
            assert!(size <= PANEL_BUDGET, "{}: {size} bytes", panel.path);
        }
    }

    #[test]
    fn the_solver_keeps_its_budget() {
        let size = size_of("solver-0000000000000000.js");
        assert!(size <= SOLVER_BUDGET, "{size} bytes");
    }

    #[test]
    fn every_encoding_decodes_to_the_same_bytes() {
        let asset = widget_loader();
        let (name, body) = asset.encoded("gzip, deflate, br, zstd");
        assert_eq!(name, Some("br"));
        let mut plain = Vec::new();
        brotli::Decompressor::new(body, 4096).read_to_end(&mut plain).unwrap();
        assert_eq!(plain, asset.bytes);

        let (name, body) = asset.encoded("gzip");
        assert_eq!(name, Some("gzip"));
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(body).read_to_end(&mut plain).unwrap();
        assert_eq!(plain, asset.bytes);

        assert_eq!(asset.encoded("").0, None);
    }

    /// The digest of no bytes, as `openssl dgst -sha384 -binary | base64` gives it.
    #[test]
    fn the_integrity_is_the_digest_of_the_bytes() {
        let nothing = Asset::new("/", "", "", b"");
        assert_eq!(
            nothing.integrity(),
            "sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb"
        );
    }

    #[test]
    fn accept_encoding_is_read_with_weights_and_wildcard() {
        assert!(accepts("gzip, BR", "br"));
        assert!(accepts("br;q=0.1", "br"));
        assert!(accepts("*", "br"));
        assert!(!accepts("br; q=0, *", "br"));
        assert!(!accepts("br;q=nonsense", "br"));
        assert!(!accepts("identity", "gzip"));
        assert!(!accepts("*;q=0", "gzip"));
    }

    #[test]
    fn if_none_match_compares_weakly() {
        let asset = widget_loader();
        let strong = asset.etag.trim_start_matches("W/");
        assert!(asset.is_current(asset.etag));
        assert!(asset.is_current(&format!("\"other\", {strong}")));
        assert!(asset.is_current("*"));
        assert!(!asset.is_current("\"other\""));
    }
}
