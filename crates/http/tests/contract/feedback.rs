//! `…/messages/{messageId}/feedback` of visitors, and `/api/teams/{teamId}/widgets/{id}/feedback`.

use std::fmt::Write as _;

use actix_web::test::TestRequest;
use chatloom_domain::feedback::{Feedback, FeedbackError, RatedAnswer, Rating};
use chatloom_domain::id::MessageId;
use chatloom_domain::team::Role;
use chatloom_ports::dashboard::visitors::VisitorAdministrationError;
use chatloom_ports::visitor::VisitorError;
use chatloom_testkit::sample;
use uuid::Uuid;

use crate::world::{World, get, messages_path, post, signed_in, token, unavailable, widget_path};

fn path() -> String {
    format!("{}/{}/feedback", messages_path(), sample::message_id(3))
}

fn rate(fields: &str) -> TestRequest {
    post(&path(), &format!(r#"{{"token":"{}"{fields}}}"#, token()))
}

#[actix_web::test]
async fn feedback_is_passed_on_and_nothing_comes_back() {
    for (fields, rating, reason) in [
        (r#","rating":"good""#, Some("good"), None),
        (r#","rating":"bad","reason":" Too long ","newer":1"#, Some("bad"), Some(" Too long ")),
        (r#","rating":null,"reason":null"#, None, None),
    ] {
        let mut world = World::new();
        world.visitors.expect_give_feedback().returning(move |command| {
            let ids = (command.session.session_id, command.message);
            assert_eq!(ids, (sample::session_id(1), sample::message_id(3)));
            assert_eq!(command.session.secret.as_deref(), Some("cls_x"));
            assert_eq!((command.rating.as_deref(), command.reason.as_deref()), (rating, reason));
            Ok(())
        });
        let answer = world.answer(rate(fields).insert_header(("x-session-secret", "cls_x"))).await;
        assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    }
}

#[actix_web::test]
async fn feedback_that_cannot_be_read_is_refused_by_the_name_of_its_field() {
    let mut refusals = String::new();
    for fields in ["", r#","rating":1"#, r#","rating":["good"]"#, r#","rating":"bad","reason":7"#] {
        let answer = World::new().answer(rate(fields)).await;
        let _ = writeln!(refusals, "{} {} {}", answer.status, answer.code(), answer.json()["message"]);
    }
    insta::assert_snapshot!(refusals, @r#"
    400 missing_field "rating is required"
    400 invalid_field "rating must be a text"
    400 invalid_field "rating must be a text"
    400 invalid_field "reason must be a text"
    "#);
}

#[actix_web::test]
async fn feedback_that_breaks_a_rule_is_refused() {
    let refused = async |error: VisitorError, expected: (u16, &str)| {
        let mut world = World::new();
        world.visitors.expect_give_feedback().return_once(|_| Err(error));
        let answer = world.answer(rate(r#","rating":null,"reason":"x""#)).await;
        assert_eq!((answer.status, answer.code().as_str()), expected);
    };
    refused(VisitorError::Feedback(FeedbackError::ReasonWithoutRating), (400, "invalid_field")).await;
    refused(VisitorError::MessageNotFound, (404, "message_not_found")).await;
    refused(VisitorError::SessionNotFound, (404, "session_not_found")).await;
    refused(VisitorError::Store(unavailable()), (503, "unavailable")).await;
}

#[actix_web::test]
async fn a_message_id_that_is_no_uuid_names_nothing() {
    let mut world = World::new();
    world.visitors.expect_give_feedback().returning(|command| {
        assert_eq!(command.message, MessageId::from_uuid(Uuid::nil()));
        Err(VisitorError::MessageNotFound)
    });
    let body = format!(r#"{{"token":"{}","rating":"good"}}"#, token());
    let answer = world.answer(post(&format!("{}/newest/feedback", messages_path()), &body)).await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "message_not_found"));
}

fn rated(n: u32, rating: &str, reason: Option<&str>) -> RatedAnswer {
    RatedAnswer {
        message_id: sample::message_id(2 * n + 1),
        session_id: sample::session_id(n),
        feedback: Feedback::parse(Some(rating), reason, sample::at(60)).unwrap().unwrap(),
        content: format!("Answer \"{n}\""),
        answered_at: sample::at(0),
    }
}

#[actix_web::test]
async fn the_team_reads_feedback_with_its_answers() {
    let mut world = World::with_member(Role::Operator);
    world.visitor_administration.expect_feedback().returning(|member, widget, rating, before| {
        assert_eq!((member.team_id, widget), (sample::team_id(1), sample::widget_id(1)));
        match rating {
            None => assert_eq!(before, None),
            Some(rating) => {
                assert_eq!((rating, before), (Rating::Bad, Some(sample::message_id(7))));
                return Ok(vec![]);
            }
        }
        Ok(vec![rated(2, "bad", Some("The link does not work")), rated(1, "good", None)])
    });
    let page = format!("/feedback?rating=bad&before={}", sample::message_id(7));
    let requests = vec![
        signed_in(get(&widget_path("/feedback"))),
        signed_in(get(&widget_path(&page))),
        signed_in(get(&widget_path("/feedback?rating=great"))),
        signed_in(get(&widget_path("/feedback?before=7"))),
    ];
    let answers = world.answers(requests).await;
    insta::assert_snapshot!("feedback_list", answers[0].transcript());
    assert_eq!((answers[1].status, answers[1].text().as_str()), (200, r#"{"feedback":[]}"#));
    assert_eq!(answers[2].json()["message"], "rating must be good or bad");
    assert_eq!(answers[3].json()["message"], "before must be a UUID");
}

#[actix_web::test]
async fn feedback_of_a_widget_that_is_not_there_is_not_found() {
    let mut world = World::with_member(Role::Operator);
    let refused = |_: &_, _, _, _| Err(VisitorAdministrationError::WidgetNotFound);
    world.visitor_administration.expect_feedback().returning(refused);
    let answer = world.answer(signed_in(get(&widget_path("/feedback")))).await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "widget_not_found"));
}
