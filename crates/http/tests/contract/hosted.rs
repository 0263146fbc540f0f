//! The hosted page of a widget: who gets it, who may frame it, and what stands in its place.

use chatloom_domain::customization::{Customization, Data};
use chatloom_domain::origin::{AllowedDomains, Origin, Source};
use chatloom_domain::widget::Widget;
use chatloom_ports::visitor::VisitorError;
use chatloom_testkit::sample;

use crate::world::{Answer, World, get, token, unavailable};

const OWN: &str = "https://chat.example.com";

fn path() -> String {
    format!("/chat/{}", token())
}

fn widget() -> Widget {
    sample::widget(sample::team_id(1), sample::workflow_id(1), 1)
}

async fn page_of(widget: Widget) -> Answer {
    let mut world = World::new();
    world.visitors.expect_hosted_page().withf(|given| *given == token()).return_once(|_| Ok(widget));
    world.answer(get(&path())).await
}

async fn refusal(error: VisitorError) -> Answer {
    let mut world = World::new();
    world.visitors.expect_hosted_page().return_once(|_| Err(error));
    world.answer(get(&path())).await
}

fn ancestors(answer: &Answer) -> &str {
    let policy = answer.header("content-security-policy").unwrap();
    let (_, rest) = policy.split_once("frame-ancestors ").unwrap();
    rest.split(';').next().unwrap()
}

#[actix_web::test]
async fn the_page_is_strict_private_and_never_kept() {
    let answer = page_of(widget()).await;
    let transcript = answer.transcript().replace(&token(), "TOKEN");
    insta::assert_snapshot!("hosted_page", transcript);
}

#[actix_web::test]
async fn the_page_has_the_owners_words_escaped() {
    let text = |text: &str| Data::Text(text.to_owned());
    let keys = [
        ("title", text("<script>alert(1)</script> & Söhne")),
        ("locale", text("pt-BR")),
        ("theme", text("dark")),
    ];
    let keys = keys.map(|(key, value)| (key.to_owned(), value));
    let customization = Customization::parse(keys.into()).unwrap();
    let html = page_of(Widget { customization, ..widget() }).await.text();
    assert!(html.contains("<title>&lt;script&gt;alert(1)&lt;/script&gt; &amp; Söhne</title>"), "{html}");
    assert!(html.contains(r#"<html lang="pt-BR">"#) && html.contains(r#"content="dark""#), "{html}");

    let named = page_of(Widget { customization: Customization::empty(), ..widget() }).await.text();
    assert!(named.contains("<title>Shop 1</title>") && named.contains(r#"<html lang="en">"#), "{named}");
}

#[actix_web::test]
async fn the_list_of_sites_says_who_may_frame_the_page() {
    let cases: [(&[&str], &str); 4] = [
        (&[], "*"),
        (&["example.com", "*.shop.example"], "'self' https://example.com https://*.shop.example"),
        (
            &["localhost:3000", "http://intra.example:*"],
            "'self' https://localhost:3000 http://localhost:3000 http://intra.example:*",
        ),
        (&["[::1]"], "'self'"),
    ];
    for (entries, expected) in cases {
        let allowed_domains = AllowedDomains::parse(entries).unwrap();
        let answer = page_of(Widget { allowed_domains, ..widget() }).await;
        assert_eq!((answer.status, ancestors(&answer)), (200, expected));
    }
}

#[actix_web::test]
async fn refusals_are_pages_with_the_apis_statuses() {
    let answers = [
        refusal(VisitorError::InvalidToken).await,
        refusal(VisitorError::WidgetGone).await,
        refusal(VisitorError::OriginNotAllowed).await,
        refusal(VisitorError::Store(unavailable())).await,
    ];
    let seen: Vec<_> = answers.iter().map(|answer| (answer.status, ancestors(answer))).collect();
    assert_eq!(seen, [(401, "*"), (410, "*"), (403, "'none'"), (503, "*")]);
    for answer in &answers {
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-robots-tag"), Some("noindex"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
        let html = answer.text();
        assert!(!html.contains("<script") && !html.contains(&token()), "{html}");
    }
    assert_eq!(answers[3].header("retry-after"), Some("1"));
    insta::assert_snapshot!("hosted_page_refused", answers[2].transcript().replace(&token(), "TOKEN"));
}

#[actix_web::test]
async fn what_no_port_refuses_is_a_page_too() {
    let large = get(&path()).insert_header(("x-large", "a".repeat(33 * 1024)));
    let answer = World::new().answer(large).await;
    assert_eq!(answer.status, 431);
    assert!(answer.text().contains("This page could not be opened"));
    // A mock that expects nothing panics.
    let broken = World::new().answer(get(&path())).await;
    assert_eq!(broken.status, 500);
    assert!(broken.text().contains("Something went wrong"));
}

#[actix_web::test]
async fn the_page_counts_as_loading_a_widget() {
    let mut world = World::new();
    world.config.public_rate_limit_per_minute = 2;
    world.visitors.expect_hosted_page().returning(|_| Ok(widget()));
    world.visitors.expect_initialize().returning(|_| Ok(widget()));
    let init = get("/api/widget-chat/init").insert_header(("x-widget-token", token()));
    let answers = world.answers(vec![get(&path()), init, get(&path()), get("/chat/assets/page.css")]).await;
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200, 200, 429, 200]);
    assert_eq!(answers[2].header("retry-after"), Some("30"));
    assert!(answers[2].text().contains("One moment, please"));
    assert_eq!(ancestors(&answers[2]), "*");
}

#[actix_web::test]
async fn the_pages_style_is_no_token() {
    let answers = World::new().answers(["/chat/assets/page.css", "/chat/assets/x.css"].map(get).into()).await;
    assert_eq!((answers[0].status, answers[1].status), (200, 404));
    assert_eq!(answers[0].header("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!(answers[0].header("cache-control"), Some(chatloom_web::BRIEF_CACHE_CONTROL));
}

/// Only a page of ours in the place where a browser names it counts as one.
#[actix_web::test]
async fn our_own_origin_is_told_from_those_of_sites() {
    let cases = [
        (vec![("origin", OWN)], true),
        (vec![("referer", "https://chat.example.com/chat/x?y#z")], true),
        (vec![("origin", "https://chat.example.com:444")], false),
        (vec![("origin", "http://chat.example.com")], false),
        (vec![("origin", "https://chat.example.com.evil.example")], false),
        (vec![("origin", "https://evil.example"), ("referer", "https://chat.example.com/chat/x")], false),
        (vec![("origin", "null"), ("referer", "https://chat.example.com/")], false),
        (vec![("host", "chat.example.com"), ("x-forwarded-host", "chat.example.com")], false),
        (vec![("x-embed-origin", OWN), ("forwarded", "host=chat.example.com")], false),
        (vec![("sec-fetch-site", "same-origin")], false),
    ];
    for (headers, is_own) in cases {
        let mut world = World::new();
        let own = Source::Own(Origin::parse(OWN).unwrap());
        world.visitors.expect_initialize().return_once(move |request| {
            if request.source == own { Ok(widget()) } else { Err(VisitorError::OriginNotAllowed) }
        });
        let init = get("/api/widget-chat/init?origin=https://chat.example.com");
        let request = headers.iter().fold(init, |request, header| request.append_header(*header));
        let answer = world.answer(request.insert_header(("x-widget-token", token()))).await;
        assert_eq!(answer.status, if is_own { 200 } else { 403 }, "{headers:?}");
    }
}
