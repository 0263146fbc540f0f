//! The gallery: every state of the widget side by side, each in a frame in which a script plays the server.

use crate::asset::Asset;
use crate::page_file::{CSS, page_file};
use crate::template::{escape, fill};
use crate::{SCRIPT, demo};

const PAGE: &str = include_str!("../web/gallery/gallery.html");
const FRAME: &str = include_str!("../web/gallery/stage.html");

static FILES: [Asset; 14] = [
    page_file!("/demo/assets/gallery.css", CSS, "../web/gallery/gallery.css"),
    page_file!("/demo/assets/gallery.js", SCRIPT, "../web/gallery/gallery.js"),
    page_file!("/demo/assets/stage.css", CSS, "../web/gallery/stage.css"),
    page_file!("/demo/assets/stage.js", SCRIPT, "../web/gallery/stage.js"),
    page_file!("/demo/assets/network.js", SCRIPT, "../web/gallery/network.js"),
    page_file!("/demo/assets/wire.js", SCRIPT, "../web/gallery/wire.js"),
    page_file!("/demo/assets/visitor.js", SCRIPT, "../web/gallery/visitor.js"),
    page_file!("/demo/assets/scenes.js", SCRIPT, "../web/gallery/scenes.js"),
    page_file!("/demo/assets/beginnings.js", SCRIPT, "../web/gallery/beginnings.js"),
    page_file!("/demo/assets/answers.js", SCRIPT, "../web/gallery/answers.js"),
    page_file!("/demo/assets/looks.js", SCRIPT, "../web/gallery/looks.js"),
    page_file!("/demo/assets/troubles.js", SCRIPT, "../web/gallery/troubles.js"),
    page_file!("/demo/assets/talk.js", SCRIPT, "../web/gallery/talk.js"),
    page_file!("/demo/assets/texts.js", SCRIPT, "../web/gallery/texts.js"),
];

/// The HTML of `GET /demo/gallery`, to be sent with [`gallery_csp`] and without caching.
pub fn gallery_page() -> &'static str {
    PAGE
}

/// The HTML of `GET /demo/gallery/frame`, to be sent with [`gallery_frame_csp`] and without caching. Which state it shows, its
/// script reads from the address.
pub fn gallery_frame(base_url: &str) -> String {
    let base_url = escape(base_url);
    fill(FRAME, |name| if name == "base_url" { &base_url } else { "" })
}

/// The `Content-Security-Policy` of the gallery, which has no widget of its own.
pub fn gallery_csp() -> String {
    "default-src 'none'; script-src 'self'; style-src 'self'; frame-src 'self'; img-src data:; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
        .to_owned()
}

/// The `Content-Security-Policy` of the gallery's frames: the demo's, but that the gallery may show them.
pub fn gallery_frame_csp(base_url: &str) -> String {
    demo::policy(base_url, "'self'")
}

/// The gallery's own files.
pub(crate) fn file(name: &str) -> Option<&'static Asset> {
    FILES.iter().find(|file| file.path.strip_prefix("/demo/assets/") == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_the_pages_and_scripts_name_is_there() {
        let texts = FILES.iter().map(|file| std::str::from_utf8(file.bytes).unwrap()).chain([PAGE, FRAME]);
        let mut named = 0;
        for text in texts {
            for quote in ["from './", "\"/demo/assets/"] {
                for rest in text.split(quote).skip(1) {
                    let name = rest.split(['\'', '"']).next().unwrap();
                    assert!(file(name).is_some(), "{name}");
                    named += 1;
                }
            }
        }
        assert!(named > FILES.len(), "{named}");
    }

    #[test]
    fn only_the_gallery_may_show_its_frames() {
        assert!(
            gallery_csp().contains("frame-src 'self'; ") && gallery_csp().contains("frame-ancestors 'none'")
        );
        let csp = gallery_frame_csp("http://127.0.0.1:8080");
        assert!(
            csp.contains("frame-ancestors 'self'; ")
                && csp.contains("script-src 'self' http://127.0.0.1:8080;")
        );
    }

    #[test]
    fn a_frame_takes_the_widget_from_its_server() {
        let html = gallery_frame("http://127.0.0.1:8080");
        assert!(html.contains(r#"src="http://127.0.0.1:8080/widget.js""#), "{html}");
    }
}
