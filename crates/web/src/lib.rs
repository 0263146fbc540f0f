//! What browsers get: the widget's loader and panel, the hosted page of a widget, and the demo page. The files are embedded in the binary, named
//! and tagged by their content, and compressed once. This crate knows bytes and headers' values, but no HTTP server.

mod asset;
mod demo;
mod gallery;
mod hosted;
mod page_file;
mod template;

pub use asset::Asset;
pub use demo::{DemoPage, demo_asset, demo_csp, demo_page};
pub use gallery::{gallery_csp, gallery_frame, gallery_frame_csp, gallery_page};
pub use hosted::{
    Framing, HostedPage, RefusalPage, hosted_asset, hosted_csp, hosted_page, refusal_csp, refusal_page,
};

/// `Cache-Control` of files whose name carries their hash: a year, the longest that caches honour (RFC 9111).
pub const IMMUTABLE_CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// `Cache-Control` of files whose name stays while their content changes: a new version is out within five minutes,
/// and no visitor waits for the check.
pub const BRIEF_CACHE_CONTROL: &str = "public, max-age=300, stale-while-revalidate=86400";

const SCRIPT: &str = "text/javascript; charset=utf-8";

static LOADER: Asset = Asset::new(
    "/widget.js",
    SCRIPT,
    concat!("W/\"", env!("CHATLOOM_LOADER_HASH"), "\""),
    include_bytes!(concat!(env!("OUT_DIR"), "/widget.js")),
);

static PINNED_LOADER: Asset = Asset::new(
    concat!("/widget/loader-", env!("CHATLOOM_LOADER_HASH"), ".js"),
    SCRIPT,
    concat!("W/\"", env!("CHATLOOM_LOADER_HASH"), "\""),
    include_bytes!(concat!(env!("OUT_DIR"), "/widget.js")),
);

static SOLVER: Asset = Asset::new(
    concat!("/widget/", env!("CHATLOOM_SOLVER_FILE")),
    SCRIPT,
    concat!("W/\"", env!("CHATLOOM_SOLVER_HASH"), "\""),
    include_bytes!(concat!(env!("OUT_DIR"), "/solver.js")),
);

// The panel in each language, `PANELS`.
include!(concat!(env!("OUT_DIR"), "/panels.rs"));

/// What is spoken where a language is not named, or not known.
const DEFAULT_LANGUAGE: &str = "en";

/// How long an answer may be kept by caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The name carries the content's hash: it never changes.
    Immutable,
    /// The content behind the name may change with the next release.
    Brief,
}

impl Freshness {
    /// The value of the `Cache-Control` header.
    pub fn cache_control(self) -> &'static str {
        match self {
            Self::Immutable => IMMUTABLE_CACHE_CONTROL,
            Self::Brief => BRIEF_CACHE_CONTROL,
        }
    }
}

/// `GET /widget.js`: the script of the embed code, to be cached as [`Freshness::Brief`].
pub fn widget_loader() -> &'static Asset {
    &LOADER
}

/// The same script under a name that no other version of it gets, for embed codes that pin it by
/// [`Asset::integrity`].
pub fn pinned_loader() -> &'static Asset {
    &PINNED_LOADER
}

/// `GET /widget/{name}`: the pinned loader, the panel that the loader imports on the visitor's first intent, in the language
/// that it asks for, and the solver that the panel imports where the widget has a bot check.
///
/// A loader or panel from a cache may ask for an older file; it gets the current one, but only for a short time, because
/// caches would otherwise keep it under the wrong name for a year. A page that pins an older loader gets the current one,
/// too: its browser refuses it, and says that the integrity is wrong.
pub fn widget_file(name: &str) -> Option<(&'static Asset, Freshness)> {
    let (kind, rest) = name.strip_suffix(".js")?.split_once('-')?;
    let (hash, language) = rest.split_once('-').unwrap_or((rest, DEFAULT_LANGUAGE));
    let is_hash = hash.len() == 16 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let asset = match kind {
        "panel" if is_hash => panel(language).or_else(|| panel(DEFAULT_LANGUAGE))?,
        "solver" if is_hash => &SOLVER,
        "loader" if is_hash => &PINNED_LOADER,
        _ => return None,
    };
    let is_current = asset.path.strip_prefix("/widget/") == Some(name);
    Some((asset, if is_current { Freshness::Immutable } else { Freshness::Brief }))
}

fn panel(language: &str) -> Option<&'static Asset> {
    let suffix = |path: &'static str| path.strip_suffix(".js")?.rsplit_once('-').map(|(_, tag)| tag);
    PANELS.iter().find(|panel| suffix(panel.path) == Some(language))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_names_the_current_one_of_the_next() {
        for (file, next) in [(&LOADER, &PANELS[0]), (&PANELS[0], &SOLVER)] {
            let text = std::str::from_utf8(file.bytes).unwrap();
            // The loader adds the language.
            let (named, _) = next.path.rsplit_once('-').unwrap();
            assert!(text.contains(named), "{text}");
        }
    }

    /// Names that files share must not be shortened with the others.
    #[test]
    fn shortened_files_export_what_others_ask_them_for() {
        for (file, name) in [(&PANELS[0], "mount"), (&SOLVER, "createSolver")] {
            let text = std::str::from_utf8(file.bytes).unwrap();
            assert!(text.ends_with(&format!(" as {name}}};")), "{text}");
        }
        assert!(LOADER.bytes.starts_with(b"(()=>{\"use strict\";"));
    }

    #[test]
    fn the_current_files_are_immutable() {
        for file in PANELS.iter().chain([&SOLVER, &PINNED_LOADER]) {
            let (asset, freshness) = widget_file(&file.path["/widget/".len()..]).unwrap();
            assert_eq!(asset.path, file.path);
            assert_eq!(freshness.cache_control(), IMMUTABLE_CACHE_CONTROL);
        }
    }

    #[test]
    fn an_older_hash_gets_the_current_file_briefly() {
        let english = panel("en").unwrap();
        for (name, file) in [
            ("panel-0123456789abcdef.js", english),
            ("panel-0123456789abcdef-en.js", english),
            ("panel-0123456789abcdef-xx.js", english),
            ("solver-0123456789abcdef.js", &SOLVER),
            ("loader-0123456789abcdef.js", &PINNED_LOADER),
        ] {
            let (asset, freshness) = widget_file(name).unwrap();
            assert_eq!(asset.bytes, file.bytes);
            assert_eq!(freshness, Freshness::Brief);
        }
    }

    #[test]
    fn other_names_are_no_file() {
        for name in [
            "panel.js",
            "solver.js",
            "solver",
            "loader.js",
            "other-0123456789abcdef.js",
            "panel-.js",
            "panel-0123456789ABCDEF.js",
            "panel-0123456789abcdef.js.map",
            "../panel",
        ] {
            assert!(widget_file(name).is_none(), "{name}");
        }
    }
}
