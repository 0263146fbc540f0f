//! Cases of budgets: what turns take, what they give back, and what their loss costs.

use chatloom_domain::budget::{Account, BudgetChange, BudgetOwner, Reservation, Spending};
use chatloom_domain::session::ChatSession;
use chatloom_ports::store::turns::NewTurn;
use jiff::SignedDuration;

use super::Subject;
use super::budgets::{account, day, limit, messages, next_day, set};
use super::subject::{append_of, at_once, completion};
use crate::sample;

/// While it runs a turn holds what it has reserved; when it ends, what it used is counted instead, in both accounts.
pub async fn a_turn_that_ends_counts_what_it_used_and_reserves_nothing(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    spent(subject, &session, 1, 0, 50).await;
    subject.complete(turn, "Answer.", sample::at(1)).await;
    spent(subject, &session, 1, 15, 0).await;
    let turn = subject.begin_turn(&session, 2).await;
    spent(subject, &session, 2, 15, 50).await;
    subject.break_off(turn, "Half").await;
    spent(subject, &session, 2, 30, 0).await;
}

/// An answer that ends after midnight is paid by the day of its question.
pub async fn a_turn_is_settled_on_the_day_that_it_began(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.complete(turn, "Answer.", sample::at(0) + SignedDuration::from_hours(24)).await;
    spent(subject, &session, 1, 15, 0).await;
    let tomorrow = subject.stores.budgets.find_account(sample::team_id(1), BudgetOwner::Team, next_day());
    assert_eq!(tomorrow.await.unwrap(), Some(Account::default()));
}

/// Neither an end that is told twice nor one that comes too late is counted again.
pub async fn an_ended_turn_is_settled_once(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    let end = completion(turn, "Answer.", sample::at(1));
    for _ in 0..3 {
        assert!(subject.stores.turns.finish_turn(&end).await.unwrap());
    }
    assert_eq!(subject.stores.turns.interrupt_expired_turns(sample::at(99), 10).await.unwrap(), []);
    spent(subject, &session, 1, 15, 0).await;
}

/// Of a turn whose owner is gone, the reserved input counts, and an output by the bytes that are there.
pub async fn an_expired_turn_counts_an_estimate(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.append(&turn, &["seven b"]).await;
    assert_eq!(subject.stores.turns.interrupt_expired_turns(sample::at(99), 10).await.unwrap(), [turn.id]);
    spent(subject, &session, 1, 22, 0).await;
}

/// Each generation reserves for itself and is settled by itself.
pub async fn a_retried_turn_reserves_anew(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.break_off(turn, "").await;
    let again = subject.retry_turn(&session, 1).await;
    spent(subject, &session, 2, 15, 50).await;
    subject.complete(again, "Answer.", sample::at(2)).await;
    spent(subject, &session, 2, 30, 0).await;
}

/// Asking and erasing is not free: what a running turn has reserved counts as used.
pub async fn erase_session_counts_what_was_reserved_as_spent(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    assert!(subject.stores.sessions.erase_session(session.id).await.unwrap());
    spent(subject, &session, 1, 50, 0).await;
    assert!(!subject.stores.turns.finish_turn(&completion(turn, "Answer.", sample::at(1))).await.unwrap());
    spent(subject, &session, 1, 50, 0).await;

    let widget = subject.stores.widgets.find_widget(sample::team_id(1), session.widget_id).await.unwrap();
    let idle = subject.open_session(&widget.unwrap(), 2).await;
    let turn = subject.begin_turn(&idle, 2).await;
    subject.complete(turn, "Answer.", sample::at(1)).await;
    assert!(subject.stores.sessions.erase_session(idle.id).await.unwrap());
    spent(subject, &session, 2, 65, 0).await;
}

/// Deleting the widget does not give the team its money back, and nothing stays reserved.
pub async fn delete_widget_leaves_its_spending_to_the_team(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    for n in 1..=3 {
        let session = subject.open_session(&widget, n).await;
        let turn = subject.begin_turn(&session, n).await;
        if n == 1 {
            subject.complete(turn, "Answer.", sample::at(1)).await;
        }
    }
    let late = subject.open_session(&widget, 4).await;
    let tomorrow = Reservation { day: next_day(), ..sample::reservation(20, 30) };
    let new = NewTurn { reservation: tomorrow, ..sample::new_turn(&late, 4) };
    subject.stores.turns.begin_turn(&new).await.unwrap();

    assert!(
        subject
            .stores
            .widgets
            .delete_widget(team, widget.id, sample::at(1), &sample::audit_record())
            .await
            .unwrap()
    );
    let expected = Spending { messages: 3, tokens: 115, reserved_tokens: 0 };
    assert_eq!(account(subject, BudgetOwner::Team).await.spending, expected);
    let tomorrow = subject.stores.budgets.find_account(team, BudgetOwner::Team, next_day());
    let expected = Spending { messages: 1, tokens: 50, reserved_tokens: 0 };
    assert_eq!(tomorrow.await.unwrap().unwrap().spending, expected);
}

/// A widget's budget goes with it.
pub async fn a_deleted_widget_leaves_no_budget(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    let owner = BudgetOwner::Widget(widget.id);
    set(subject, owner, messages(1)).await;
    assert!(
        subject
            .stores
            .widgets
            .delete_widget(team, widget.id, sample::at(1), &sample::audit_record())
            .await
            .unwrap()
    );
    let budgets = &subject.stores.budgets;
    assert_eq!(
        budgets.set_budget(team, owner, messages(2), day(), &sample::audit_record()).await.unwrap(),
        None
    );
    assert_eq!(budgets.find_account(team, owner, day()).await.unwrap(), None);
}

/// Whatever refuses a message, neither account is touched.
pub async fn a_refused_message_takes_nothing(subject: &Subject) {
    let session = subject.first_session().await;
    let turns = &subject.stores.turns;
    let nothing = Spending::default();
    let stale = NewTurn { widget_version: 9, ..sample::new_turn(&session, 1) };
    assert!(turns.begin_turn(&stale).await.is_err());
    // The widget's account has room, and the team's, which is asked second, has not.
    let change = BudgetChange { daily_messages: Some(Some(limit(9))), daily_tokens: Some(Some(limit(49))) };
    set(subject, BudgetOwner::Team, change).await;
    assert!(turns.begin_turn(&sample::new_turn(&session, 1)).await.is_err());
    for owner in [BudgetOwner::Team, BudgetOwner::Widget(session.widget_id)] {
        assert_eq!(account(subject, owner).await.spending, nothing);
    }
    assert_eq!(subject.stores.sessions.list_messages(session.id, None, 9).await.unwrap(), []);
}

/// Old days are thrown away, today is not.
pub async fn prune_spending_forgets_earlier_days(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.complete(turn, "Answer.", sample::at(1)).await;
    let budgets = &subject.stores.budgets;
    set(subject, BudgetOwner::Team, messages(5)).await;
    budgets.prune_spending(day()).await.unwrap();
    spent(subject, &session, 1, 15, 0).await;
    budgets.prune_spending(next_day()).await.unwrap();
    spent(subject, &session, 0, 0, 0).await;
    assert_eq!(account(subject, BudgetOwner::Team).await.budget.daily_messages, Some(limit(5)));
}

/// Turns of many sessions begin, end, run out, run again and are erased at the same time; when nothing runs any more,
/// nothing is reserved, and every message was counted.
pub async fn reservations_are_zero_when_idle(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    for n in 0..12 {
        subject.open_session(&widget, n).await;
    }
    at_once(subject, 13, |stores, n| {
        let session = sample::chat_session(sample::widget_id(1), n);
        async move {
            if n == 12 {
                for _ in 0..6 {
                    stores.turns.interrupt_expired_turns(sample::at(99), 2).await.unwrap();
                }
                return;
            }
            let new = sample::new_turn(&session, n);
            stores.turns.begin_turn(&new).await.unwrap();
            match n % 4 {
                0 => {
                    let end = completion(new.turn, "Answer.", sample::at(1));
                    stores.turns.finish_turn(&end).await.unwrap();
                }
                1 => assert!(stores.sessions.erase_session(session.id).await.unwrap()),
                2 => {
                    let appends = [append_of(&new.turn, sample::log(&new.turn, &["Text"]))];
                    stores
                        .turns
                        .append_events(sample::replica_id(1), sample::at(60), &appends)
                        .await
                        .unwrap();
                }
                _ => {
                    stores.turns.interrupt_expired_turns(sample::at(99), 20).await.unwrap();
                    stores.turns.retry_turn(&sample::turn_retry(&session, n)).await.unwrap();
                }
            }
        }
    })
    .await;
    subject.stores.turns.interrupt_expired_turns(sample::at(999), 100).await.unwrap();
    for owner in [BudgetOwner::Team, BudgetOwner::Widget(widget.id)] {
        let spending = account(subject, owner).await.spending;
        assert_eq!((spending.messages, spending.reserved_tokens), (12 + 3, 0), "{owner:?}");
    }
}

/// Makes sure of what widget and team have spent.
#[track_caller]
fn spent(
    subject: &Subject,
    session: &ChatSession,
    messages: u64,
    tokens: u64,
    reserved_tokens: u64,
) -> impl Future<Output = ()> {
    let expected = Spending { messages, tokens, reserved_tokens };
    let (caller, widget) = (std::panic::Location::caller(), session.widget_id);
    async move {
        for owner in [BudgetOwner::Widget(widget), BudgetOwner::Team] {
            assert_eq!(account(subject, owner).await.spending, expected, "{owner:?}, {caller}");
        }
    }
}
