//! What visitors are told of quotas and allowances.

use std::time::Duration;

use actix_web::test::TestRequest;
use chatloom_domain::budget::{Day, MessageQuota, QuotaOwner, QuotaUnit, ReachedQuota};
use chatloom_ports::visitor::{AnsweringTurn, SpentAllowance, VisitorError};
use chatloom_testkit::sample;

use crate::streams::answer_of;
use crate::world::{World, messages_path, post, token};

fn send() -> TestRequest {
    let body = format!(r#"{{"token":"{}","content":"Hi"}}"#, token());
    post(&messages_path(), &body).insert_header(("origin", "https://example.com"))
}

fn quota(remaining: u64) -> MessageQuota {
    MessageQuota { limit: 100, remaining, resets_at: Day::of(sample::at(0)).end() }
}

/// Limit, rest and end of the quota, as the headers tell them.
const HEADERS: [&str; 3] = ["x-quota-limit", "x-quota-remaining", "x-quota-reset"];

#[actix_web::test]
async fn what_is_left_of_a_quota_is_told_where_there_is_one() {
    for (quota, expected) in
        [(Some(quota(41)), [Some("100"), Some("41"), Some("1773532800")]), (None, [None; 3])]
    {
        let mut world = World::new();
        world
            .visitors
            .expect_send()
            .returning(move |_| Ok(AnsweringTurn { events: answer_of(1, &["x"]), quota }));
        let answer = world.answer(send()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(HEADERS.map(|name| answer.header(name)), expected);
        let readable = answer.header("access-control-expose-headers").unwrap().to_lowercase();
        assert!(HEADERS.iter().all(|name| readable.contains(name)), "{readable}");
    }
}

#[actix_web::test]
async fn a_quota_that_is_used_up_says_whose_and_until_when_and_no_numbers() {
    for (owner, unit, expected) in [
        (QuotaOwner::Widget, QuotaUnit::Messages, "the widget's quota of messages"),
        (QuotaOwner::Team, QuotaUnit::Tokens, "the team's quota of tokens"),
    ] {
        let reached = ReachedQuota {
            owner,
            unit,
            room: 12_345,
            is_held: false,
            messages: (unit == QuotaUnit::Messages).then(|| quota(0)),
            resets_at: Day::of(sample::at(0)).end(),
        };
        let mut world = World::new();
        let retry_after = Duration::from_millis(52_386_411);
        world
            .visitors
            .expect_send()
            .returning(move |_| Err(VisitorError::QuotaReached { quota: reached, retry_after }));
        let answer = world.answer(send()).await;
        assert_eq!((answer.status, answer.code().as_str()), (429, "quota_reached"));
        assert_eq!(answer.header("retry-after"), Some("52387"));
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(expected), "{message}");
        assert!(!message.contains(|c: char| c.is_ascii_digit()), "{message}");
        let remaining = answer.header("x-quota-remaining");
        assert_eq!(remaining, (unit == QuotaUnit::Messages).then_some("0"));
    }
}

#[actix_web::test]
async fn a_spent_allowance_is_told_in_the_place_of_the_addresss() {
    let mut world = World::new();
    world.config.public_rate_limit_per_minute = 1_000;
    let spent =
        SpentAllowance { limit: 20, retry_after: Duration::from_millis(2_100), whole_at: sample::at(60) };
    world.visitors.expect_send().returning(move |_| Err(VisitorError::RateLimited(spent)));
    let answer = world.answer(send()).await;
    assert_eq!((answer.status, answer.code().as_str()), (429, "rate_limited"));
    assert_eq!(answer.header("retry-after"), Some("3"));
    let headers = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
    assert_eq!(headers.map(|name| answer.header(name)), [Some("20"), Some("0"), Some("1773480473")]);
}
