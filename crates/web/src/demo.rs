//! The demo page: an example shop that embeds a widget the way any site would, by its embed code.

use crate::asset::Asset;
use crate::gallery;
use crate::template::{escape, fill};

const TEMPLATE: &str = include_str!("../web/demo/shop.html");

static SHOP_CSS: Asset = Asset::new(
    "/demo/assets/shop.css",
    "text/css; charset=utf-8",
    concat!("W/\"", env!("CHATLOOM_SHOP_CSS_HASH"), "\""),
    include_bytes!("../web/demo/shop.css"),
);

/// What the demo page shows of the server that serves it.
#[derive(Clone, Copy, Debug)]
pub struct DemoPage<'a> {
    /// The embed code as the embed-code endpoint gives it: HTML, inserted as it is.
    pub embed_code: &'a str,
    /// Public base URL of the server, without a slash at the end. Plain text, escaped here.
    pub base_url: &'a str,
    /// E-mail address of the first administrator, or words in its place. Plain text, escaped here.
    pub admin_email: &'a str,
}

/// The HTML of `GET /demo`, to be sent with [`demo_csp`] and without caching.
pub fn demo_page(page: &DemoPage<'_>) -> String {
    let base_url = escape(page.base_url);
    let admin_email = escape(page.admin_email);
    fill(TEMPLATE, |name| match name {
        "embed_code" => page.embed_code,
        "base_url" => &base_url,
        "admin_email" => &admin_email,
        _ => "",
    })
}

/// `GET /demo/assets/{name}`: the files of this page and of the gallery, to be cached as [`Freshness::Brief`](crate::Freshness::Brief).
pub fn demo_asset(name: &str) -> Option<&'static Asset> {
    (name == "shop.css").then_some(&SHOP_CSS).or_else(|| gallery::file(name))
}

/// The `Content-Security-Policy` of the demo page. It is as strict as a careful site's, so the demo shows that the
/// widget needs no more than its own origin in `script-src` and `connect-src` and passes under Trusted Types.
///
/// Pictures may come from any `https:` site, as a widget's avatar may; `data:` is the page's empty icon.
/// `base_url` is named beside `'self'`, because the page may be opened under another name of the same machine.
pub fn demo_csp(base_url: &str) -> String {
    policy(base_url, "'none'")
}

/// The policy of a page of ours with a widget, which the sources `ancestors` may show in a frame.
pub(crate) fn policy(base_url: &str, ancestors: &str) -> String {
    let server = source(base_url);
    format!(
        "default-src 'none'; script-src 'self'{server}; style-src 'self'; connect-src 'self'{server}; \
         img-src 'self' data: https:; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

/// The server as a further source of a policy, after a space: `base_url`, unless it could end the directive.
fn source(base_url: &str) -> String {
    let is_source = |c: char| c.is_ascii_alphanumeric() || ":/.-_[]".contains(c);
    if base_url.chars().all(is_source) { format!(" {base_url}") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: DemoPage<'_> = DemoPage {
        embed_code: r#"<script src="http://127.0.0.1:8080/widget.js" data-token="t"></script>"#,
        base_url: "http://127.0.0.1:8080",
        admin_email: "<admin>@example.com {{base_url}}",
    };

    #[test]
    fn the_page_carries_the_embed_code_and_the_login() {
        let html = demo_page(&PAGE);
        assert!(html.contains(PAGE.embed_code));
        assert!(html.contains("http://127.0.0.1:8080/api/auth/login"));
        assert!(html.contains(SHOP_CSS.path));
    }

    #[test]
    fn plain_values_are_escaped_and_never_expanded() {
        assert!(demo_page(&PAGE).contains("&lt;admin&gt;@example.com {{base_url}}"));
    }

    #[test]
    fn the_page_needs_no_exception_from_its_policy() {
        for forbidden in ["<style", "style=", "onclick=", "<script", "javascript:"] {
            assert!(!TEMPLATE.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn the_policy_names_the_server_unless_its_name_could_break_out() {
        assert!(demo_csp("http://127.0.0.1:8080").contains("script-src 'self' http://127.0.0.1:8080;"));
        assert!(!demo_csp("http://a; script-src *").contains('*'));
    }

    #[test]
    fn only_known_files_are_demo_assets() {
        assert!(demo_asset("shop.css").is_some() && demo_asset("stage.js").is_some());
        assert!(demo_asset("shop.html").is_none());
    }
}
