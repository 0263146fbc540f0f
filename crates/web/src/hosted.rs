//! The page that is one widget's chat in full size, and the small pages in its place where there is no chat.

use crate::asset::Asset;
use crate::demo;
use crate::page_file::{CSS, page_file};
use crate::template::{escape, fill};

const PAGE: &str = include_str!("../web/hosted/page.html");
const REFUSAL: &str = include_str!("../web/hosted/refusal.html");

/// Loads the page once more: an empty address is the document's own.
const AGAIN: &str = "  <a href=\"\">Try again</a>\n";

static PAGE_CSS: Asset = page_file!("/chat/assets/page.css", CSS, "../web/hosted/page.css");

/// What the hosted page of a widget is made of. All texts are plain and escaped here.
#[derive(Clone, Copy, Debug)]
pub struct HostedPage<'a> {
    /// What stands in the browser's tab.
    pub title: &'a str,
    /// Language tag of the widget, if its owner chose one.
    pub lang: Option<&'a str>,
    /// The widget's theme: `light`, `dark`, or anything else for what the visitor's system has.
    pub theme: Option<&'a str>,
    /// Public base URL of the server, without a slash at the end.
    pub base_url: &'a str,
    /// The widget's embed token.
    pub token: &'a str,
}

/// Which pages may show a page of ours in a frame.
#[derive(Clone, Copy, Debug)]
pub enum Framing<'a> {
    /// Pages of any site.
    Anyone,
    /// Our own and those of these sources of a Content Security Policy.
    Sources(&'a [String]),
    /// None.
    Nobody,
}

/// What a refusal's page says.
#[derive(Clone, Copy, Debug)]
pub struct RefusalPage<'a> {
    /// What is the matter, in a few words.
    pub title: &'a str,
    /// What it means for who reads it.
    pub text: &'a str,
    /// Whether trying again may help.
    pub can_retry: bool,
}

/// The HTML of `GET /chat/{token}`, to be sent with [`hosted_csp`] and without caching.
pub fn hosted_page(page: &HostedPage<'_>) -> String {
    let [title, lang, base_url, token] =
        [page.title, page.lang.unwrap_or("en"), page.base_url, page.token].map(escape);
    fill(PAGE, |name| match name {
        "title" => &title,
        "lang" => &lang,
        "base_url" => &base_url,
        "token" => &token,
        "color_scheme" => match page.theme {
            Some("light") => "light",
            Some("dark") => "dark",
            _ => "light dark",
        },
        _ => "",
    })
}

/// The HTML in the place of a chat, to be sent with [`refusal_csp`] and without caching.
pub fn refusal_page(page: &RefusalPage<'_>) -> String {
    let [title, text] = [page.title, page.text].map(escape);
    fill(REFUSAL, |name| match name {
        "title" => &title,
        "text" => &text,
        "again" if page.can_retry => AGAIN,
        _ => "",
    })
}

/// `GET /chat/assets/{name}`: the pages' own files, to be cached as [`Freshness::Brief`](crate::Freshness::Brief).
pub fn hosted_asset(name: &str) -> Option<&'static Asset> {
    (name == "page.css").then_some(&PAGE_CSS)
}

/// The `Content-Security-Policy` of the hosted page: as strict as that of the demo, but for who may show it in a frame.
pub fn hosted_csp(base_url: &str, framing: Framing<'_>) -> String {
    demo::policy(base_url, &ancestors(framing))
}

/// The `Content-Security-Policy` of a refusal's page, which has a style and nothing else.
pub fn refusal_csp(framing: Framing<'_>) -> String {
    format!(
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors {}",
        ancestors(framing)
    )
}

fn ancestors(framing: Framing<'_>) -> String {
    match framing {
        Framing::Anyone => "*".to_owned(),
        Framing::Sources(sources) => {
            let all = std::iter::once("'self'").chain(sources.iter().map(String::as_str));
            all.collect::<Vec<_>>().join(" ")
        }
        Framing::Nobody => "'none'".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: HostedPage<'_> = HostedPage {
        title: "Support <b> & {{token}}",
        lang: Some("ar"),
        theme: Some("dark"),
        base_url: "https://chat.example.com",
        token: "clw_1",
    };

    #[test]
    fn the_page_embeds_its_widget_and_expands_no_text() {
        let html = hosted_page(&SAMPLE);
        assert!(html.contains("<title>Support &lt;b&gt; &amp; {{token}}</title>"), "{html}");
        assert!(html.contains(
            r##"<script src="https://chat.example.com/widget.js" data-token="clw_1" data-target="#chat">"##
        ));
        assert!(html.contains(r#"<html lang="ar">"#) && html.contains(PAGE_CSS.path));
        assert!(html.contains(r#"content="dark""#));
    }

    #[test]
    fn a_page_without_a_language_is_in_english_and_in_the_systems_theme() {
        let html = hosted_page(&HostedPage { lang: None, theme: None, ..SAMPLE });
        assert!(html.contains(r#"<html lang="en">"#) && html.contains(r#"content="light dark""#));
    }

    #[test]
    fn only_refusals_that_may_pass_offer_to_try_again() {
        let page = RefusalPage { title: "One moment", text: "Too <many>.", can_retry: true };
        let html = refusal_page(&page);
        assert!(html.contains("Try again") && html.contains("Too &lt;many&gt;."), "{html}");
        assert!(!refusal_page(&RefusalPage { can_retry: false, ..page }).contains("Try again"));
    }

    #[test]
    fn the_pages_need_no_exception_from_their_policies() {
        for forbidden in ["<style", "style=", " onclick=", "javascript:"] {
            assert!(!PAGE.contains(forbidden) && !REFUSAL.contains(forbidden), "{forbidden}");
        }
        assert!(!REFUSAL.contains("<script") && !PAGE.contains("<script>"));
    }

    #[test]
    fn the_policy_names_who_may_frame_the_page() {
        let ancestors = |framing| {
            let csp = hosted_csp("https://chat.example.com", framing);
            let (_, rest) = csp.split_once("frame-ancestors ").unwrap();
            rest.split_once(';').unwrap().0.to_owned()
        };
        assert_eq!(ancestors(Framing::Anyone), "*");
        assert_eq!(ancestors(Framing::Nobody), "'none'");
        assert_eq!(ancestors(Framing::Sources(&[])), "'self'");
        let sources = ["https://a.example", "http://localhost:3000"].map(str::to_owned);
        assert_eq!(ancestors(Framing::Sources(&sources)), "'self' https://a.example http://localhost:3000");
        assert!(refusal_csp(Framing::Nobody).ends_with("frame-ancestors 'none'"));
    }

    #[test]
    fn only_known_files_are_assets() {
        assert!(hosted_asset("page.css").is_some());
        assert!(hosted_asset("page.html").is_none());
    }
}
