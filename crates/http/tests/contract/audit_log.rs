//! `/api/teams/{teamId}/audit-log`.

use chatloom_domain::audit::{AuditAction, AuditEntry, ListedAuditEntry};
use chatloom_domain::team::Role;
use chatloom_ports::dashboard::AuditPage;
use chatloom_testkit::sample;

use crate::world::{World, get, inconsistent, signed_in, unavailable};

fn path(query: &str) -> String {
    format!("/api/teams/{}/audit-log{query}", sample::team_id(1))
}

fn page() -> AuditPage {
    let entry = |n| sample::audit_entry(sample::team_id(1), n);
    let listed = |entry, actor_email| ListedAuditEntry { entry, actor_email };
    let updated = AuditEntry { action: AuditAction::WidgetUpdated, ..entry(3) };
    let updated = updated.with_names("fields", &["name"]).with_number("graceSeconds", 60);
    let by_itself = AuditEntry { actor: None, caller: None, ..entry(1) };
    AuditPage {
        entries: vec![
            listed(updated, Some(sample::user(1).email)),
            listed(entry(2), None),
            listed(by_itself, None),
        ],
        next_before: Some(sample::audit_entry_id(1)),
    }
}

#[actix_web::test]
async fn a_page_says_who_did_what_when_and_from_where() {
    let mut world = World::with_member(Role::Admin);
    world.audit.expect_page().returning(|member, before, limit| {
        assert_eq!((member.team_id, before, limit), (sample::team_id(1), None, 50));
        Ok(page())
    });
    let answer = world.answer(signed_in(get(&path("")))).await;
    insta::assert_snapshot!("audit_log", answer.transcript());
}

#[actix_web::test]
async fn the_next_page_is_asked_for_by_the_last_id() {
    let mut world = World::with_member(Role::Admin);
    world.audit.expect_page().returning(|_, before, limit| {
        assert_eq!((before, limit), (Some(sample::audit_entry_id(7)), 200));
        Ok(AuditPage { entries: Vec::new(), next_before: None })
    });
    let query = format!("?limit=200&before={}", sample::audit_entry_id(7));
    let answer = world.answer(signed_in(get(&path(&query)))).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"entries":[],"nextBefore":null}"#));
}

#[actix_web::test]
async fn what_cannot_be_shown_has_its_answer() {
    for (query, message) in [
        ("?before=x", "before must be a UUID"),
        ("?limit=0", "limit must be a number from 1 to 200"),
        ("?limit=201", "limit must be a number from 1 to 200"),
    ] {
        let answer = World::with_member(Role::Admin).answer(signed_in(get(&path(query)))).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_field"), "{query}");
        assert_eq!(answer.json()["message"], message);
    }
    for (error, status) in [(unavailable as fn() -> _, 503), (inconsistent, 500)] {
        let mut world = World::with_member(Role::Admin);
        world.audit.expect_page().returning(move |_, _, _| Err(error()));
        assert_eq!(world.answer(signed_in(get(&path("")))).await.status, status);
    }
}
