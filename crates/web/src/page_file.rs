//! Files of our own pages, which are embedded as they are. Their tags are made by the compiler, so they need no build step.

use std::str;

/// A static [`Asset`](crate::Asset) with the content of a file beside the sources.
macro_rules! page_file {
    ($path:literal, $content_type:expr, $file:literal) => {{
        const BYTES: &[u8] = include_bytes!($file);
        const TAG: [u8; $crate::page_file::TAG_BYTES] = $crate::page_file::tag_of(BYTES);
        $crate::asset::Asset::new($path, $content_type, $crate::page_file::text_of(&TAG), BYTES)
    }};
}

pub(crate) use page_file;

pub(crate) const CSS: &str = "text/css; charset=utf-8";

/// `W/"`, 16 digits, and a quote.
pub(crate) const TAG_BYTES: usize = 20;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// A weak `ETag` from FNV-1a, 64 bits, which tells versions of our own files apart and resists nobody.
pub(crate) const fn tag_of(bytes: &[u8]) -> [u8; TAG_BYTES] {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    let mut tag = *b"W/\"0000000000000000\"";
    at = 0;
    while at < 16 {
        tag[18 - at] = DIGITS[(hash & 0xf) as usize];
        hash >>= 4;
        at += 1;
    }
    tag
}

/// The tag as text. Its bytes are ASCII, so the other arm is never taken.
pub(crate) const fn text_of(tag: &[u8; TAG_BYTES]) -> &str {
    match str::from_utf8(tag) {
        Ok(text) => text,
        Err(_) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the algorithm's own test suite.
    #[test]
    fn tags_are_fnv_1a() {
        for (bytes, expected) in [(&b""[..], "cbf29ce484222325"), (b"foobar", "85944171f73967e8")] {
            assert_eq!(text_of(&tag_of(bytes)), format!("W/\"{expected}\""));
        }
    }
}
