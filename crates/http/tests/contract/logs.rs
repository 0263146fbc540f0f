//! What the log says of requests, and what it must not say.

use std::io;
use std::sync::{Arc, Mutex};

use chatloom_domain::team::Role;
use chatloom_ports::visitor::VisitorError;
use chatloom_testkit::sample;
use tracing_subscriber::fmt::MakeWriter;

use crate::world::{World, get, messages_path, post, signed_in, token, unavailable, widgets_path};

/// Collects what is logged on this test's thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn collect(&self) -> tracing::subscriber::DefaultGuard {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .without_time()
            .with_writer(self.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[actix_web::test]
async fn a_line_names_the_route_and_never_the_path_the_query_or_a_secret() {
    let log = Log::default();
    let _guard = log.collect();
    let mut world = World::with_member(Role::Viewer);
    world.visitors.expect_initialize().returning(|_| Err(VisitorError::Store(unavailable())));
    world.visitors.expect_send().returning(|_| Err(VisitorError::InvalidToken));
    world.widgets.expect_list().returning(|_| panic!("CANARY"));
    let requests = vec![
        get(&format!("/api/widget-chat/init/{}?CANARY=1", token())),
        post(&messages_path(), &format!(r#"{{"token":"{}","content":"CANARY"}}"#, token()))
            .insert_header(("x-session-secret", sample::session_secret(1).reveal()))
            .insert_header(("cookie", "__Host-chatloom=CANARY")),
        signed_in(get(&widgets_path())),
        get("/CANARY"),
    ];
    world.answers(requests).await;
    let log = log.text();
    for secret in [token().as_str(), sample::session_secret(1).reveal(), "CANARY", "claims"] {
        assert!(!log.contains(secret), "{secret} in\n{log}");
    }
    // Where the time goes is not part of the contract.
    let lines: Vec<_> = log.lines().map(|line| line.split(" micros=").next().unwrap().trim()).collect();
    insta::assert_snapshot!("log", lines.join("\n"));
}

#[actix_web::test]
async fn a_failures_causes_are_logged_once_under_the_request_id() {
    let log = Log::default();
    let _guard = log.collect();
    let mut world = World::new();
    world.visitors.expect_initialize().returning(|_| Err(VisitorError::Store(unavailable())));
    let answer = world.answer(get("/api/widget-chat/init").insert_header(("x-widget-token", token()))).await;
    let log = log.text();
    assert!(!answer.text().contains("connection refused"));
    assert_eq!(log.matches("connection refused").count(), 1, "{log}");
    let id = answer.header("x-request-id").unwrap();
    let line = log.lines().find(|line| line.contains("connection refused")).unwrap();
    assert!(line.contains(id) && line.contains("ERROR"), "{line}");
}
