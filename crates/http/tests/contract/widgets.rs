//! `/api/teams/{teamId}/widgets`.

use actix_web::test::TestRequest;
use chatloom_domain::customization::{Customization, Data};
use chatloom_domain::origin::AllowedDomains;
use chatloom_domain::team::{Permission, Role};
use chatloom_domain::text::TextError;
use chatloom_domain::token::{Grace, TokenSlot, WidgetTokens};
use chatloom_domain::usage::{TokenUsage, WidgetStats};
use chatloom_domain::widget::{RetentionDays, Widget};
use chatloom_ports::dashboard::{RotatedToken, WidgetError};
use chatloom_testkit::sample;

use crate::world::{
    World, delete, get, inconsistent, post, put, signed_in, unavailable, widget_path, widgets_path,
};

fn widget(n: u32) -> Widget {
    let customization = [
        ("primaryColor".to_owned(), Data::Text("#6366f1".to_owned())),
        ("starterPrompts".to_owned(), Data::List(vec![Data::Text("Hi \"there\"".to_owned())])),
        ("notes".to_owned(), Data::Object([("n".to_owned(), Data::Int(1))].into())),
    ];
    Widget {
        customization: Customization::parse(customization.into()).unwrap(),
        allowed_domains: AllowedDomains::parse(["example.com", "*.example.com"]).unwrap(),
        ..sample::widget(sample::team_id(1), sample::workflow_id(1), n)
    }
}

fn create_body() -> String {
    format!(
        r##"{{"name":"Support Chat","workflowId":"{}","customization":{{"primaryColor":"#6366f1","x":[null,1,2.5]}},
        "allowedDomains":["example.com"],"allowNoOrigin":true,"identityRequired":true,"botCheck":true,
        "pageContext":true,"hostedPage":false,"retentionDays":null}}"##,
        sample::workflow_id(1)
    )
}

#[actix_web::test]
async fn the_list_is_a_plain_array_in_the_order_of_the_port() {
    let mut world = World::with_member(Role::Viewer);
    world.widgets.expect_list().returning(|_| Ok(vec![widget(2), widget(1)]));
    let answer = world.answer(signed_in(get(&widgets_path()))).await;
    insta::assert_snapshot!("widget_list", answer.transcript());
}

#[actix_web::test]
async fn creating_passes_all_fields_on() {
    let mut world = World::with_member(Role::Builder);
    world.widgets.expect_create().returning(|actor, command| {
        assert_eq!(actor.member.team_id, sample::team_id(1));
        assert_eq!(actor.caller.address, sample::caller().address);
        assert_eq!(command.name, "Support Chat");
        assert_eq!(command.workflow_id, sample::workflow_id(1));
        assert_eq!(command.customization["primaryColor"], Data::Text("#6366f1".to_owned()));
        let list = Data::List(vec![Data::Null, Data::Int(1), Data::Float(2.5)]);
        assert_eq!(command.customization["x"], list);
        assert_eq!(command.allowed_domains, ["example.com"]);
        let rules = command.rules;
        let switches = [rules.allow_no_origin, rules.identity_required, rules.bot_check];
        assert_eq!((switches, rules.retention_days), ([Some(true); 3], Some(None)));
        assert_eq!((rules.page_context, rules.hosted_page), (Some(true), Some(false)));
        Ok(widget(1))
    });
    let answer = world.answer(signed_in(post(&widgets_path(), &create_body()))).await;
    insta::assert_snapshot!("widget_created", answer.transcript());
}

#[actix_web::test]
async fn only_name_and_workflow_are_required() {
    let mut world = World::with_member(Role::Builder);
    world.widgets.expect_create().returning(|_, command| {
        assert!(command.customization.is_empty() && command.allowed_domains.is_empty());
        Ok(widget(1))
    });
    let body = format!(r#"{{"name":"a","workflowId":"{}"}}"#, sample::workflow_id(1));
    assert_eq!(world.answer(signed_in(post(&widgets_path(), &body))).await.status, 201);
}

#[actix_web::test]
async fn reading_one_gives_it() {
    let mut world = World::with_member(Role::Viewer);
    world.widgets.expect_find().returning(|_, id| {
        assert_eq!(id, sample::widget_id(1));
        Ok(widget(1))
    });
    insta::assert_snapshot!("widget", world.answer(signed_in(get(&widget_path("")))).await.transcript());
}

#[actix_web::test]
async fn updating_passes_given_fields_only() {
    let mut world = World::with_member(Role::Builder);
    world.widgets.expect_update().returning(|_, id, command| {
        assert_eq!(id, sample::widget_id(1));
        assert_eq!((command.name, command.workflow_id), (None, None));
        assert_eq!(command.active, Some(false));
        assert_eq!(command.customization.unwrap()["title"], Data::Null);
        assert_eq!(command.allowed_domains, Some(vec![]));
        Ok(Widget { active: false, ..widget(1) })
    });
    let body = r#"{"active":false,"customization":{"title":null},"allowedDomains":[]}"#;
    let answer = world.answer(signed_in(put(&widget_path(""), body))).await;
    assert_eq!((answer.status, &answer.json()["active"]), (200, &false.into()));
}

#[actix_web::test]
async fn deleting_answers_without_a_body() {
    let mut world = World::with_member(Role::Builder);
    world.widgets.expect_delete().returning(|_, _| Ok(()));
    let answer = world.answer(signed_in(delete(&widget_path("")))).await;
    insta::assert_snapshot!("widget_deleted", answer.transcript());
}

#[actix_web::test]
async fn the_embed_code_has_the_shape_of_the_specification() {
    let mut world = World::with_member(Role::Operator);
    world.widgets.expect_embed_token().returning(|_, _| Ok(sample::embed_token(1)));
    let answer = world.answer(signed_in(get(&widget_path("/embed-code")))).await;
    let token = sample::embed_token(1);
    assert_eq!(
        answer.json()["embedCode"],
        format!(
            r#"<script src="https://chat.example.com/widget.js" data-token="{}"></script>"#,
            token.reveal()
        )
    );
}

#[actix_web::test]
async fn the_pinned_embed_code_names_one_version_of_the_script() {
    let mut world = World::with_member(Role::Operator);
    world.widgets.expect_embed_token().returning(|_, _| Ok(sample::embed_token(1)));
    let loader = chatloom_web::pinned_loader();
    let answers = world.answers(vec![signed_in(get(&widget_path("/embed-code"))), get(loader.path)]).await;
    assert_eq!(
        answers[0].json()["pinnedEmbedCode"],
        format!(
            r#"<script src="https://chat.example.com{}" integrity="{}" crossorigin="anonymous" data-token="{}"></script>"#,
            loader.path,
            loader.integrity(),
            sample::embed_token(1).reveal()
        )
    );
    assert_eq!(answers[1].header("cache-control"), Some(chatloom_web::IMMUTABLE_CACHE_CONTROL));
    // Without it a browser may not look at the bytes, and so takes no pinned script.
    assert_eq!(answers[1].header("access-control-allow-origin"), Some("*"));
    assert_eq!(answers[1].body, chatloom_web::widget_loader().bytes);
}

#[actix_web::test]
async fn the_embed_code_escapes_the_public_url() {
    let mut world = World::with_member(Role::Operator);
    world.config.public_url = "https://chat.example.com/a&b'c/".parse().unwrap();
    world.widgets.expect_embed_token().returning(|_, _| Ok(sample::embed_token(1)));
    let answer = world.answer(signed_in(get(&widget_path("/embed-code")))).await;
    let code = answer.json()["embedCode"].as_str().unwrap().to_owned();
    assert!(code.starts_with(r#"<script src="https://chat.example.com/a&amp;b'c/widget.js" "#), "{code}");
}

#[actix_web::test]
async fn regenerating_gives_the_new_token() {
    let mut world = World::with_member(Role::Builder);
    world.widgets.expect_rotate_embed_token().returning(|_, _, grace| {
        assert_eq!(grace, None);
        Ok(RotatedToken { token: sample::embed_token(2), previous_valid_until: None })
    });
    let request = TestRequest::post().uri(&widget_path("/regenerate-token"));
    insta::assert_snapshot!("token_regenerated", world.answer(signed_in(request)).await.transcript());
}

#[actix_web::test]
async fn a_token_may_be_given_a_time_to_go_on() {
    let mut world = World::with_member(Role::Builder);
    world.widgets.expect_rotate_embed_token().returning(|_, _, grace| {
        assert_eq!(grace, Some(3600));
        Ok(RotatedToken { token: sample::embed_token(2), previous_valid_until: Some(sample::at(3600)) })
    });
    let request = post(&widget_path("/regenerate-token"), r#"{"graceSeconds":3600}"#);
    insta::assert_snapshot!(
        "token_regenerated_with_grace",
        world.answer(signed_in(request)).await.transcript()
    );
}

#[actix_web::test]
async fn the_use_of_tokens_is_told_without_the_tokens() {
    let mut world = World::with_member(Role::Operator);
    world.widgets.expect_tokens().returning(|_, _| {
        let previous = TokenSlot { valid_until: Some(sample::at(9)), last_used_at: Some(sample::at(3)) };
        let current = TokenSlot::default();
        Ok(WidgetTokens { made_at: Some(sample::at(1)), current, previous: Some(previous) })
    });
    let answer = world.answer(signed_in(get(&widget_path("/tokens")))).await;
    insta::assert_snapshot!("tokens", answer.transcript());
}

#[actix_web::test]
async fn statistics_have_the_shape_of_the_specification() {
    let mut world = World::with_member(Role::Viewer);
    world.widgets.expect_stats().returning(|_, _| {
        Ok(WidgetStats {
            total_sessions: 1234,
            total_messages: 8765,
            active_sessions_today: 42,
            token_usage: TokenUsage { input: 245_000, output: 312_000 },
        })
    });
    let answer = world.answer(signed_in(get(&widget_path("/stats")))).await;
    insta::assert_snapshot!("stats", answer.transcript());
}

#[actix_web::test]
async fn an_id_that_is_no_uuid_names_no_widget() {
    let mut world = World::with_member(Role::Viewer);
    world.widgets.expect_find().returning(|_, id| {
        assert!(id.as_uuid().is_nil());
        Err(WidgetError::NotFound)
    });
    let ids = ["x", "7", "0197e0a4f0007000800000000000000a", "%7B0197e0a4-f000-7000-8000-00000000000a%7D"];
    let requests = ids.map(|id| signed_in(get(&format!("{}/{id}", widgets_path()))));
    for answer in world.answers(requests.into()).await {
        assert_eq!((answer.status, answer.code().as_str()), (404, "widget_not_found"), "{}", answer.brief());
    }
}

#[actix_web::test]
async fn every_widget_error_has_its_answer() {
    let errors: Vec<fn() -> WidgetError> = vec![
        || WidgetError::NotFound,
        || WidgetError::WorkflowNotFound,
        || WidgetError::Name(TextError::Empty),
        || {
            let bad = [("primaryColor".to_owned(), Data::Text("red".to_owned()))];
            WidgetError::Customization(Customization::parse(bad.into()).unwrap_err())
        },
        || WidgetError::AllowedDomains(AllowedDomains::parse(["*.com"]).unwrap_err()),
        || WidgetError::Grace(Grace::parse(-1).unwrap_err()),
        || WidgetError::Retention(RetentionDays::parse(0).unwrap_err()),
        || WidgetError::NotPermitted(Permission::OpenToAnySite),
        || WidgetError::Contended,
        || WidgetError::TokenUnreadable,
        || WidgetError::Store(unavailable()),
        || WidgetError::Store(inconsistent()),
    ];
    let mut transcript = String::new();
    for error in errors {
        let mut world = World::with_member(Role::Builder);
        world.widgets.expect_update().returning(move |_, _, _| Err(error()));
        transcript += &world.answer(signed_in(put(&widget_path(""), "{}"))).await.brief();
    }
    insta::assert_snapshot!("widget_errors", transcript);
}
