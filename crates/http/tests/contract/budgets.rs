//! Reading and setting daily budgets.

use chatloom_domain::budget::{Account, Budget, BudgetOwner, DailyLimit, DailyLimitError, Day, Spending};
use chatloom_domain::team::Role;
use chatloom_ports::dashboard::{BudgetError, BudgetReport, SetBudgetCommand};
use chatloom_testkit::sample;

use crate::world::{World, get, put, signed_in, unavailable, widget_path};

fn team_path() -> String {
    format!("/api/teams/{}/budget", sample::team_id(1))
}

fn report() -> BudgetReport {
    let budget = Budget { daily_messages: Some(DailyLimit::parse(100).unwrap()), daily_tokens: None };
    let spending = Spending { messages: 7, tokens: 1_234, reserved_tokens: 50 };
    BudgetReport { account: Account { budget, spending }, resets_at: Day::of(sample::at(0)).end() }
}

const SHOWN: &str = r#"{"dailyMessages":100,"dailyTokens":null,"usedMessages":7,"usedTokens":1234,"reservedTokens":50,"resetsAt":"2026-03-15T00:00:00.000Z"}"#;

#[actix_web::test]
async fn a_viewer_reads_the_budgets_of_team_and_widget() {
    for (path, owner) in [
        (team_path(), BudgetOwner::Team),
        (widget_path("/budget"), BudgetOwner::Widget(sample::widget_id(1))),
    ] {
        let mut world = World::with_member(Role::Viewer);
        world.budgets.expect_find().withf(move |_, of| *of == owner).returning(|_, _| Ok(report()));
        let answer = world.answer(signed_in(get(&path))).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, SHOWN));
    }
}

#[actix_web::test]
async fn given_limits_are_set_null_takes_one_away_and_the_rest_stays() {
    let bodies = [
        ("{}", None, None),
        (r#"{"dailyMessages":0}"#, Some(Some(0)), None),
        (r#"{"dailyMessages":null,"dailyTokens":5}"#, Some(None), Some(Some(5))),
        (r#"{"dailyTokens":-1}"#, None, Some(Some(-1))),
    ];
    for (body, daily_messages, daily_tokens) in bodies {
        for (path, owner) in [
            (team_path(), BudgetOwner::Team),
            (widget_path("/budget"), BudgetOwner::Widget(sample::widget_id(1))),
        ] {
            let mut world = World::with_member(Role::Admin);
            let expected = SetBudgetCommand { daily_messages, daily_tokens };
            let is_right =
                move |of: &BudgetOwner, command: &SetBudgetCommand| *of == owner && *command == expected;
            world
                .budgets
                .expect_set()
                .withf(move |_, of, command| is_right(of, command))
                .returning(|_, _, _| Ok(report()));
            let answer = world.answer(signed_in(put(&path, body))).await;
            assert_eq!((answer.status, answer.text().as_str()), (200, SHOWN), "{body}");
        }
    }
}

#[actix_web::test]
async fn a_bad_limit_is_refused_with_its_field() {
    let refusals = [
        (r#"{"dailyMessages":"1"}"#, "dailyMessages must be a whole number or null"),
        (r#"{"dailyTokens":1.5}"#, "dailyTokens must be a whole number or null"),
        (r#"{"dailyMessage":1}"#, "dailyMessage is not a field of this request"),
    ];
    for (body, expected) in refusals {
        let answer = World::with_member(Role::Admin).answer(signed_in(put(&team_path(), body))).await;
        assert_eq!((answer.status, answer.json()["message"].as_str()), (400, Some(expected)));
    }
}

#[actix_web::test]
async fn every_budget_error_has_its_answer() {
    type Case = (fn() -> BudgetError, u16, &'static str);
    let errors: [Case; 3] = [
        (|| BudgetError::WidgetNotFound, 404, "widget_not_found"),
        (|| BudgetError::Limit { field: "dailyTokens", fault: DailyLimitError }, 400, "invalid_field"),
        (|| BudgetError::Store(unavailable()), 503, "unavailable"),
    ];
    for (error, status, code) in errors {
        let mut world = World::with_member(Role::Admin);
        world.budgets.expect_set().returning(move |_, _, _| Err(error()));
        let answer = world.answer(signed_in(put(&widget_path("/budget"), "{}"))).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
    }
}
