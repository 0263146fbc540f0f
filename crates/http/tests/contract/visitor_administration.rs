//! `/api/teams/{teamId}/widgets/{id}/identity-secret` and `…/erasures`.

use std::fmt::Write as _;

use actix_web::test::TestRequest;
use chatloom_domain::proof::VisitorSubject;
use chatloom_domain::session::VisitorId;
use chatloom_domain::team::Role;
use chatloom_domain::token::{Grace, IdentitySecret};
use chatloom_ports::dashboard::visitors::{ErasureCommand, IdentitySecretState, VisitorAdministrationError};
use chatloom_testkit::sample;

use crate::world::{World, get, inconsistent, post, signed_in, unavailable, widget_path};

#[actix_web::test]
async fn an_identity_secret_is_made_with_and_without_a_grace() {
    let mut world = World::with_member(Role::Admin);
    world.visitor_administration.expect_rotate_identity_secret().returning(|actor, widget, grace| {
        assert_eq!((actor.member.team_id, widget), (sample::team_id(1), sample::widget_id(1)));
        assert!([None, Some(600)].contains(&grace));
        Ok(IdentitySecret::new([7; 32]))
    });
    let path = widget_path("/identity-secret");
    let requests = vec![
        signed_in(TestRequest::post().uri(&path)),
        signed_in(post(&path, r#"{"graceSeconds":600}"#)),
        signed_in(post(&path, r#"{"graceSeconds":"600"}"#)),
        signed_in(post(&path, r#"{"graceseconds":600}"#)),
    ];
    let answers = world.answers(requests).await;
    insta::assert_snapshot!("identity_secret_made", answers[0].transcript());
    assert_eq!(answers[1].status, 200);
    assert_eq!(answers[2].json()["message"], "graceSeconds must be a whole number");
    assert_eq!((answers[3].status, answers[3].code().as_str()), (400, "unknown_field"));
}

#[actix_web::test]
async fn what_may_be_known_of_an_identity_secret_is_not_the_secret() {
    for (previous_until, expected) in
        [(None, "null"), (Some(sample::at(60)), r#""2026-03-14T09:27:53.589Z""#)]
    {
        let mut world = World::with_member(Role::Viewer);
        let state = IdentitySecretState { made_at: sample::at(0), previous_until };
        world.visitor_administration.expect_identity_secret().returning(move |_, _| Ok(state));
        let answer = world.answer(signed_in(get(&widget_path("/identity-secret")))).await;
        let body = format!(r#"{{"createdAt":"2026-03-14T09:26:53.589Z","previousValidUntil":{expected}}}"#);
        assert_eq!((answer.status, answer.text()), (200, body));
    }
}

#[actix_web::test]
async fn an_erasure_names_exactly_one_thing_in_its_body() {
    let id = sample::session_id(1);
    let cases = [
        (format!(r#"{{"sessionId":"{id}"}}"#), Some(ErasureCommand::Session(id))),
        (r#"{"visitorId":"ada"}"#.to_owned(), Some(ErasureCommand::Visitor("ada".into()))),
        (r#"{"subject":"ada"}"#.to_owned(), Some(ErasureCommand::Subject("ada".into()))),
        ("{}".to_owned(), None),
        (r#"{"subject":"ada","visitorId":"ada"}"#.to_owned(), None),
        (format!(r#"{{"sessionId":"{id}","subject":"ada"}}"#), None),
        (r#"{"sessionId":"7"}"#.to_owned(), None),
        (r#"{"subject":null}"#.to_owned(), None),
        (r#"{"subject":["ada"]}"#.to_owned(), None),
        (r#"{"subject":"ada","all":true}"#.to_owned(), None),
    ];
    let mut refusals = String::new();
    for (body, expected) in cases {
        let mut world = World::with_member(Role::Admin);
        if let Some(expected) = expected.clone() {
            world.visitor_administration.expect_erase().returning(move |_, widget, command| {
                assert_eq!(widget, sample::widget_id(1));
                assert!(command == expected);
                Ok(3)
            });
        }
        let answer = world.answer(signed_in(post(&widget_path("/erasures"), &body))).await;
        if expected.is_some() {
            assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"erasedSessions":3}"#));
        } else {
            assert_eq!(answer.status, 400, "{body}");
            writeln!(refusals, "{body}: {} {}", answer.code(), answer.json()["message"]).unwrap();
        }
    }
    insta::assert_snapshot!("erasure_refusals", refusals);
}

#[actix_web::test]
async fn every_error_of_visitor_administration_has_its_answer() {
    let errors: Vec<fn() -> VisitorAdministrationError> = vec![
        || VisitorAdministrationError::WidgetNotFound,
        || VisitorAdministrationError::NoIdentitySecret,
        || VisitorAdministrationError::Grace(Grace::parse(-1).unwrap_err()),
        || VisitorAdministrationError::VisitorId(VisitorId::parse("").unwrap_err()),
        || VisitorAdministrationError::Subject(VisitorSubject::parse("").unwrap_err()),
        || VisitorAdministrationError::Store(unavailable()),
        || VisitorAdministrationError::Store(inconsistent()),
    ];
    let mut transcript = String::new();
    for error in errors {
        let mut world = World::with_member(Role::Admin);
        world.visitor_administration.expect_erase().returning(move |_, _, _| Err(error()));
        let request = post(&widget_path("/erasures"), r#"{"subject":"ada"}"#);
        transcript += &world.answer(signed_in(request)).await.brief();
    }
    insta::assert_snapshot!("visitor_administration_errors", transcript);
}
