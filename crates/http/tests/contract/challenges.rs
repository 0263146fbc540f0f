//! `/api/widget-chat/challenges` and the header `X-Bot-Check`.

use actix_web::test::TestRequest;
use chatloom_domain::widget::{Widget, WidgetRules};
use chatloom_ports::visitor::{IssuedChallenge, OpenedSession, VisitorError};
use chatloom_testkit::sample;

use crate::world::{Answer, World, get, post, token};

const CHALLENGES: &str = "/api/widget-chat/challenges";

fn open() -> TestRequest {
    post("/api/widget-chat/sessions", &format!(r#"{{"token":"{}"}}"#, token()))
}

#[actix_web::test]
async fn a_challenge_is_given_to_who_has_the_token() {
    let mut world = World::new();
    world.visitors.expect_issue_challenge().returning(|request| {
        assert_eq!(request.token, token());
        Ok(IssuedChallenge { text: "01ab".to_owned(), difficulty: 17, expires_at: sample::at(300) })
    });
    let requests = vec![
        post(CHALLENGES, &format!(r#"{{"token":"{}","unknown":1}}"#, token())),
        post(CHALLENGES, "{}").insert_header(("x-widget-token", token())),
        post(CHALLENGES, "{}"),
    ];
    let answers = world.answers(requests).await;
    insta::assert_snapshot!("challenge", answers[0].transcript());
    assert_eq!((answers[1].status, &answers[1].body), (201, &answers[0].body));
    assert_eq!((answers[2].status, answers[2].code().as_str()), (400, "missing_field"));
}

#[actix_web::test]
async fn a_challenge_is_refused_like_everything_else() {
    let mut world = World::new();
    world.visitors.expect_issue_challenge().returning(|_| Err(VisitorError::WidgetGone));
    let body = format!(r#"{{"token":"{}"}}"#, token());
    let answer = world.answer(post(CHALLENGES, &body)).await;
    assert_eq!((answer.status, answer.code().as_str()), (410, "widget_gone"));
}

#[actix_web::test]
async fn the_solution_is_handed_over_as_it_stands() {
    let mut world = World::new();
    world.visitors.expect_open_session().returning(|command| match command.bot_check.as_deref() {
        None => Err(VisitorError::BotCheckRequired),
        Some("01ab.7") => {
            Ok(OpenedSession { id: sample::session_id(1), created_at: sample::at(0), secret: None })
        }
        Some(_) => Err(VisitorError::BotCheckFailed),
    });
    let requests = vec![
        open(),
        open().insert_header(("x-bot-check", "01ab.7")),
        open().insert_header(("x-bot-check", "")),
        open().insert_header(("x-bot-check", &b"\xff"[..])),
        open().append_header(("x-bot-check", "01ab.7")).append_header(("x-bot-check", "01ab.7")),
    ];
    let answers = world.answers(requests).await;
    let codes: Vec<_> = answers.iter().map(code_of).collect();
    assert_eq!(codes, ["bot_check_required", "", "bot_check_failed", "bot_check_failed", "invalid_field"]);
    insta::assert_snapshot!("bot_check_errors", answers[0].brief() + &answers[2].brief());
}

fn code_of(answer: &Answer) -> String {
    if answer.status == 201 { String::new() } else { answer.code() }
}

/// Where a widget has neither, the answer is the specification's, byte for byte.
#[actix_web::test]
async fn init_tells_of_the_bot_check_and_of_the_page_context_only_where_they_are_on() {
    let init = async |bot_check, page_context| {
        let mut world = World::new();
        world.visitors.expect_initialize().returning(move |_| {
            let rules = WidgetRules { bot_check, page_context, ..WidgetRules::default() };
            Ok(Widget { rules, ..sample::widget(sample::team_id(1), sample::workflow_id(1), 1) })
        });
        world.answer(get(&format!("/api/widget-chat/init/{}", token()))).await.text()
    };
    let without = init(false, false).await;
    let rest = without.strip_suffix('}').unwrap();
    assert_eq!(init(true, false).await, format!(r#"{rest},"botCheck":true}}"#));
    assert_eq!(init(false, true).await, format!(r#"{rest},"pageContext":true}}"#));
}
