//! Budgets from the use cases' side: what is reserved, what the model is told of it, and who is sent away.

use std::time::Duration;

use chatloom_domain::budget::{BudgetOwner, QuotaOwner, QuotaUnit};
use chatloom_ports::chat_model::{ModelEvent, ModelFinish};
use chatloom_ports::dashboard::{BudgetError, BudgetReport, SetBudgetCommand};
use chatloom_ports::visitor::VisitorError;
use jiff::SignedDuration;

use crate::app::{World, events, stranger};

async fn set(world: &World, owner: BudgetOwner, messages: Option<i64>, tokens: Option<i64>) -> BudgetReport {
    let command = SetBudgetCommand { daily_messages: Some(messages), daily_tokens: Some(tokens) };
    world.app.budgets.set(&world.actor, owner, command).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_message_beyond_the_quota_is_refused_until_midnight_and_taken_then() {
    let world = World::new().await;
    set(&world, BudgetOwner::Widget(world.widget.id), Some(1), None).await;
    let session = world.open().await;
    world.model.answer_next(&["Yes."]);
    events(world.send(&session, "One").await.unwrap()).await;
    let refused = world.send(&session, "Two").await.err().unwrap();
    let VisitorError::QuotaReached { quota, retry_after } = refused else { panic!("{refused:?}") };
    assert_eq!((quota.owner, quota.unit), (QuotaOwner::Widget, QuotaUnit::Messages));
    assert!(retry_after <= Duration::from_hours(24));
    world.clock.advance(SignedDuration::try_from(retry_after).unwrap());
    world.model.answer_next(&["Again."]);
    events(world.send(&session, "Two").await.unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_tokens_bounds_the_answer_and_is_settled_by_what_was_used() {
    let world = World::new().await;
    set(&world, BudgetOwner::Team, None, Some(8_000)).await;
    let session = world.open().await;
    let feed = world.model.feed_next();
    let stream = world.send(&session, "How?").await.unwrap();
    let running = world.app.budgets.find(&world.member, BudgetOwner::Team).await.unwrap().account.spending;
    assert!((2_000..2_100).contains(&running.reserved_tokens), "{running:?}");
    feed.text("Like this.");
    feed.event(ModelEvent::Usage { input: Some(11), output: Some(7) });
    feed.finish(ModelFinish::Stop);
    drop(feed);
    events(stream).await;
    let settled = world.app.budgets.find(&world.member, BudgetOwner::Team).await.unwrap().account.spending;
    assert_eq!((settled.messages, settled.tokens, settled.reserved_tokens), (1, 18, 0));
    let requests = world.model.requests.lock().unwrap();
    assert_eq!(requests[0].max_output_tokens, Some(2_000));
}

#[tokio::test(start_paused = true)]
async fn only_good_limits_of_the_teams_own_widgets_are_set() {
    let world = World::new().await;
    let command = |number| SetBudgetCommand { daily_messages: None, daily_tokens: Some(Some(number)) };
    for bad in [-1, 1_000_000_000_001] {
        let refused = world.app.budgets.set(&world.actor, BudgetOwner::Team, command(bad)).await;
        assert!(matches!(refused, Err(BudgetError::Limit { field: "dailyTokens", .. })), "{refused:?}");
    }
    let owner = BudgetOwner::Widget(world.widget.id);
    let refused = world.app.budgets.set(&stranger(), owner, command(1)).await;
    assert!(matches!(refused, Err(BudgetError::WidgetNotFound)), "{refused:?}");
    let refused = world.app.budgets.find(&stranger().member, owner).await;
    assert!(matches!(refused, Err(BudgetError::WidgetNotFound)), "{refused:?}");
}
