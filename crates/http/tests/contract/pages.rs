//! What lies beside the API: health, the widget's files, the demo, the documentation.

use chatloom_ports::visitor::{MockDemoSite, NotReady};
use chatloom_testkit::sample;

use crate::world::{Answer, World, get, unavailable};

#[actix_web::test]
async fn health_and_readiness_are_two_questions() {
    let mut world = World::new();
    world.readiness.expect_check().times(1).returning(|| Ok(()));
    world.readiness.expect_check().times(1).returning(|| Err(NotReady::Draining));
    world.readiness.expect_check().returning(|| Err(NotReady::Store(unavailable())));
    let requests = ["/healthz", "/readyz", "/readyz", "/readyz"].map(get);
    let answers = world.answers(requests.into()).await;
    insta::assert_snapshot!("health", answers.iter().map(Answer::brief).collect::<String>());
    assert_eq!(answers[3].header("retry-after"), Some("1"));
}

#[actix_web::test]
async fn the_widgets_files_are_for_pages_on_any_site() {
    let loader = World::new().answer(get("/widget.js")).await;
    let headers = |answer: &Answer| {
        [
            "access-control-allow-origin",
            "cross-origin-resource-policy",
            "content-type",
            "x-content-type-options",
        ]
        .map(|name| answer.header(name).unwrap().to_owned())
    };
    let expected = ["*", "cross-origin", "text/javascript; charset=utf-8", "nosniff"].map(str::to_owned);
    assert_eq!((loader.status, headers(&loader)), (200, expected.clone()));
    assert_eq!(loader.header("cache-control"), Some(chatloom_web::BRIEF_CACHE_CONTROL));

    // The loader names the panel that belongs to it.
    let text = loader.text();
    let start = text.find("/widget/panel-").unwrap();
    // Its name up to the language, which the loader adds.
    let named = text[start..].split(['`', '$', '"', '\'']).next().unwrap();
    let panel = format!("{named}de.js");
    let answer = World::new().answer(get(&panel).insert_header(("accept-encoding", "br"))).await;
    assert_eq!((answer.status, headers(&answer)), (200, expected));
    assert_eq!(answer.header("cache-control"), Some(chatloom_web::IMMUTABLE_CACHE_CONTROL));
    assert_eq!(answer.header("content-encoding"), Some("br"));
    assert_eq!(answer.header("vary"), Some("Accept-Encoding"));

    let again = get("/widget.js").insert_header(("if-none-match", loader.header("etag").unwrap()));
    let again = World::new().answer(again).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(World::new().answer(get("/widget/other.js")).await.status, 404);
}

#[actix_web::test]
async fn the_demo_embeds_its_widget_the_way_any_site_would() {
    let mut world = World::new();
    let mut site = MockDemoSite::new();
    site.expect_embed_token().returning(|| Ok(Some(sample::embed_token(1))));
    world.demo = Some(site);
    world.admin_email = Some("admin@example.com".to_owned());
    let answers = world.answers(["/demo", "/demo/assets/shop.css", "/demo/assets/x"].map(get).into()).await;
    let html = answers[0].text();
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200, 200, 404]);
    let embed_code = format!(
        r#"<script src="https://chat.example.com/widget.js" data-token="{}"></script>"#,
        sample::embed_token(1).reveal()
    );
    assert!(html.contains(&embed_code) && html.contains("admin@example.com"));
    let policy = answers[0].header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert_eq!(answers[0].header("cache-control"), Some("no-store"));
}

#[actix_web::test]
async fn the_gallery_is_where_the_demo_is() {
    let paths = ["/demo/gallery", "/demo/gallery/frame?state=answer", "/demo/assets/stage.js"];
    for path in paths {
        assert_eq!(World::new().answer(get(path)).await.status, 404, "{path}");
    }
    let mut world = World::new();
    world.demo = Some(MockDemoSite::new());
    let answers = world.answers(paths.map(get).into()).await;
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200, 200, 200]);
    for (answer, ancestors) in [(&answers[0], "'none'"), (&answers[1], "'self'")] {
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.contains(&format!("frame-ancestors {ancestors}; require-trusted-types-for 'script'")),
            "{policy}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    // The state is the script's business: nothing of the address gets into the page.
    assert!(
        answers[1].text().contains("https://chat.example.com/widget.js")
            && !answers[1].text().contains("answer")
    );
}

#[actix_web::test]
async fn the_demo_leaves_out_an_address_that_is_nobody_elses_business() {
    let mut world = World::new();
    let mut site = MockDemoSite::new();
    site.expect_embed_token().returning(|| Ok(Some(sample::embed_token(1))));
    world.demo = Some(site);
    let html = world.answer(get("/demo")).await.text();
    assert!(html.contains(r#"{"email":"your e-mail address""#), "{html}");
}

#[actix_web::test]
async fn there_is_no_demo_without_its_widget() {
    let mut world = World::new();
    let mut site = MockDemoSite::new();
    site.expect_embed_token().times(1).returning(|| Ok(None));
    site.expect_embed_token().returning(|| Err(unavailable()));
    world.demo = Some(site);
    let answers = world.answers(vec![get("/demo"), get("/demo")]).await;
    assert_eq!([answers[0].status, answers[1].status], [404, 503]);
    assert!(answers[0].text().contains("has been deleted, or its token cannot be shown"));
    for path in ["/demo", "/demo/assets/shop.css"] {
        assert_eq!(World::new().answer(get(path)).await.status, 404);
    }
}

#[actix_web::test]
async fn the_documentation_needs_no_script_and_no_other_server() {
    let answer = World::new().answer(get("/api/docs")).await;
    let html = answer.text();
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("script-src")
    );
    assert!(!html.contains("<script") && !html.contains("style=") && !html.contains("//cdn"));
    assert!(html.contains("<code>POST /api/widget-chat/sessions/{id}/messages</code>"), "{html}");
    let style = World::new().answer(get("/api/docs/style.css")).await;
    assert_eq!(style.header("content-type"), Some("text/css; charset=utf-8"));
}
