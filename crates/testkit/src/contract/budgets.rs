//! Cases of budgets: which limits are set, and which turns they keep from beginning.

use chatloom_domain::budget::{
    Account, Budget, BudgetChange, BudgetOwner, DailyLimit, Day, QuotaOwner, QuotaUnit, Reservation, Spending,
};
use chatloom_ports::store::turns::{BeginTurnError, NewTurn, RetryTurnError, TurnRetry};
use jiff::SignedDuration;

use super::Subject;
use super::subject::at_once;
use crate::sample;

/// An account is there before anybody has used or limited it.
pub async fn an_account_that_nobody_has_used_is_empty(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    for owner in [BudgetOwner::Team, BudgetOwner::Widget(widget.id)] {
        assert_eq!(account(subject, owner).await, Account::default());
    }
}

/// Neither an unknown widget's, nor another team's, nor a deleted one's.
pub async fn find_account_sees_only_the_teams_own(subject: &Subject) {
    let (team, other) = (subject.add_team(1).await, subject.add_team(2).await);
    let widget = subject.add_widget(team, 1).await;
    let budgets = &subject.stores.budgets;
    let unknown = BudgetOwner::Widget(sample::widget_id(9));
    let own = BudgetOwner::Widget(widget.id);
    assert_eq!(budgets.find_account(team, unknown, day()).await.unwrap(), None);
    assert_eq!(budgets.find_account(other, own, day()).await.unwrap(), None);
    assert!(
        subject
            .stores
            .widgets
            .delete_widget(team, widget.id, sample::at(1), &sample::audit_record())
            .await
            .unwrap()
    );
    assert_eq!(budgets.find_account(team, own, day()).await.unwrap(), None);
}

/// A limit that is not named stays; one that is named as none is taken away.
pub async fn set_budget_changes_the_given_limits_only(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    let owner = BudgetOwner::Widget(widget.id);
    let steps = [
        (messages(5), Some(5), None),
        (tokens(DailyLimit::MAX), Some(5), Some(DailyLimit::MAX)),
        (BudgetChange::default(), Some(5), Some(DailyLimit::MAX)),
        (BudgetChange { daily_messages: Some(None), daily_tokens: None }, None, Some(DailyLimit::MAX)),
        (messages(0), Some(0), Some(DailyLimit::MAX)),
    ];
    for (change, messages, tokens) in steps {
        let set = set(subject, owner, change).await;
        let limits = (set.budget.daily_messages, set.budget.daily_tokens);
        let expected = (messages.map(limit), tokens.map(limit));
        assert_eq!(limits, expected);
        assert_eq!(account(subject, owner).await, set);
    }
    assert_eq!(account(subject, BudgetOwner::Team).await.budget, Budget::default());
}

/// Two administrators who set one limit each do not undo each other.
pub async fn set_budget_of_both_limits_at_once_loses_none(subject: &Subject) {
    subject.add_widget(subject.add_team(1).await, 1).await;
    for owner in [BudgetOwner::Team, BudgetOwner::Widget(sample::widget_id(1))] {
        at_once(subject, 8, move |stores, n| async move {
            let change = if n % 2 == 0 { messages(7) } else { tokens(9) };
            stores
                .budgets
                .set_budget(sample::team_id(1), owner, change, day(), &sample::audit_record())
                .await
                .unwrap()
                .unwrap();
        })
        .await;
        let budget = account(subject, owner).await.budget;
        assert_eq!((budget.daily_messages, budget.daily_tokens), (Some(limit(7)), Some(limit(9))));
    }
}

/// Nobody sets a limit to another team's widget.
pub async fn set_budget_outside_of_the_team_does_nothing(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    let other = subject.add_team(2).await;
    let owner = BudgetOwner::Widget(widget.id);
    let set = subject
        .stores
        .budgets
        .set_budget(other, owner, messages(0), day(), &sample::audit_record())
        .await
        .unwrap();
    assert_eq!(set, None);
    assert_eq!(account(subject, owner).await, Account::default());
}

/// Each owner's limit counts: the first message that it has no room for is refused and not stored.
pub async fn a_message_is_refused_when_a_quota_of_messages_is_used_up(subject: &Subject) {
    let session = subject.first_session().await;
    for (round, owner) in [(0, QuotaOwner::Widget), (1, QuotaOwner::Team)] {
        set(subject, owner_of(owner), messages(u64::from(2 * round + 2))).await;
        for n in [1, 2] {
            let turn = subject.begin_turn(&session, 10 * round + n).await;
            subject.complete(turn, "Answer.", sample::at(1)).await;
        }
        let refused = begin(subject, &sample::new_turn(&session, 10 * round + 3)).await.unwrap_err();
        assert_eq!(refused, (owner, QuotaUnit::Messages, false));
        let stored = subject.stores.sessions.list_messages(session.id, None, 99).await.unwrap();
        assert_eq!(stored.len(), 4 * (round as usize + 1));
        let change = BudgetChange { daily_messages: Some(None), daily_tokens: None };
        set(subject, owner_of(owner), change).await;
    }
}

/// What is used and what is reserved may not exceed the limit together; there may be room again when a turn ends.
pub async fn a_turn_is_refused_when_there_is_no_room_for_its_tokens(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    let [one, other] = [subject.open_session(&widget, 1).await, subject.open_session(&widget, 2).await];
    for owner in [QuotaOwner::Widget, QuotaOwner::Team] {
        let n = if owner == QuotaOwner::Widget { 0 } else { 10 };
        let used = account(subject, owner_of(owner)).await.spending.tokens;
        set(subject, owner_of(owner), tokens(used + 65)).await;
        // A turn reserves 50 tokens, and uses 15 of them.
        let turn = subject.begin_turn(&one, n + 1).await;
        let refused = begin(subject, &sample::new_turn(&other, n + 2)).await.unwrap_err();
        assert_eq!(refused, (owner, QuotaUnit::Tokens, true));
        subject.complete(turn, "Answer.", sample::at(1)).await;
        let turn = subject.begin_turn(&other, n + 2).await;
        subject.complete(turn, "Answer.", sample::at(1)).await;
        let refused = begin(subject, &sample::new_turn(&one, n + 3)).await.unwrap_err();
        assert_eq!(refused, (owner, QuotaUnit::Tokens, false));
        let change = BudgetChange { daily_messages: None, daily_tokens: Some(None) };
        set(subject, owner_of(owner), change).await;
    }
}

/// A guess is no bound.
pub async fn a_rough_reservation_is_refused_where_tokens_are_limited(subject: &Subject) {
    let session = subject.first_session().await;
    let rough = Reservation { is_measured: false, ..sample::reservation(1, 1) };
    let new = NewTurn { reservation: rough, ..sample::new_turn(&session, 1) };
    for owner in [BudgetOwner::Team, BudgetOwner::Widget(session.widget_id)] {
        set(subject, owner, tokens(1_000)).await;
        let refused = subject.stores.turns.begin_turn(&new).await;
        assert!(matches!(refused, Err(BeginTurnError::NotMeasured { room: 1_000 })), "{refused:?}");
        set(subject, owner, BudgetChange { daily_messages: None, daily_tokens: Some(None) }).await;
    }
    subject.stores.turns.begin_turn(&new).await.unwrap();
    subject.break_off(new.turn, "").await;
    set(subject, BudgetOwner::Team, tokens(1_000)).await;
    let again = sample::turn_retry(&session, 1);
    let rough = TurnRetry { reservation: rough, ..again };
    let refused = subject.stores.turns.retry_turn(&rough).await;
    assert!(matches!(refused, Err(RetryTurnError::NotMeasured { .. })), "{refused:?}");
    subject.retry_turn(&session, 1).await;
}

/// Spending is counted without a limit, too.
pub async fn a_limit_that_is_set_later_counts_what_was_spent_before(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.complete(turn, "Answer.", sample::at(1)).await;
    let spent = Spending { messages: 1, tokens: 15, reserved_tokens: 0 };
    for owner in [BudgetOwner::Widget(session.widget_id), BudgetOwner::Team] {
        assert_eq!(set(subject, owner, messages(1)).await.spending, spent);
        let refused = begin(subject, &sample::new_turn(&session, 2)).await.unwrap_err();
        assert_eq!(refused.1, QuotaUnit::Messages);
        set(subject, owner, BudgetChange { daily_messages: Some(None), daily_tokens: None }).await;
    }
}

/// The next day begins with nothing spent.
pub async fn a_quota_counts_its_own_day_only(subject: &Subject) {
    let session = subject.first_session().await;
    set(subject, BudgetOwner::Team, messages(1)).await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.complete(turn, "Answer.", sample::at(1)).await;
    assert!(begin(subject, &sample::new_turn(&session, 2)).await.is_err());
    let tomorrow = Reservation { day: next_day(), ..sample::reservation(20, 30) };
    let new = NewTurn { reservation: tomorrow, ..sample::new_turn(&session, 2) };
    let quota = subject.stores.turns.begin_turn(&new).await.unwrap().unwrap();
    assert_eq!((quota.limit, quota.remaining, quota.resets_at), (1, 0, next_day().end()));
    assert_eq!(account(subject, BudgetOwner::Team).await.spending.messages, 1);
}

/// Of two limits the one that leaves fewer messages is told, and none where there is none.
pub async fn begin_turn_tells_the_tightest_quota_of_messages(subject: &Subject) {
    let session = subject.first_session().await;
    let widget = BudgetOwner::Widget(session.widget_id);
    let steps = [
        (widget, tokens(1_000_000), None),
        (widget, messages(10), Some((10, 8))),
        (BudgetOwner::Team, messages(9), Some((9, 6))),
        (BudgetOwner::Team, messages(90), Some((10, 6))),
    ];
    for (n, (owner, change, expected)) in (1..).zip(steps) {
        set(subject, owner, change).await;
        let new = sample::new_turn(&session, n);
        let quota = subject.stores.turns.begin_turn(&new).await.unwrap();
        assert_eq!(quota.map(|quota| (quota.limit, quota.remaining)), expected);
        assert!(quota.is_none_or(|quota| quota.resets_at == day().end()));
        subject.complete(new.turn, "Answer.", sample::at(1)).await;
    }
}

/// A repetition takes nothing, so no quota can be in its way.
pub async fn a_known_key_is_found_when_the_quota_is_used_up(subject: &Subject) {
    let session = subject.first_session().await;
    set(subject, BudgetOwner::Team, messages(1)).await;
    let new = sample::keyed_turn(&session, 1, "key");
    subject.stores.turns.begin_turn(&new).await.unwrap();
    for _ in 0..2 {
        let again = NewTurn { turn: sample::turn(session.id, 2), ..new.clone() };
        let found = subject.stores.turns.begin_turn(&again).await;
        assert!(matches!(found, Err(BeginTurnError::AlreadyBegun(turn)) if turn == new.turn.id), "{found:?}");
    }
    assert_eq!(account(subject, BudgetOwner::Team).await.spending.messages, 1);
}

/// Who may not know of the session is not told of its widget's budget, and a running turn is told before it.
pub async fn other_refusals_come_before_quotas(subject: &Subject) {
    let session = subject.first_session().await;
    let other = subject.add_widget(sample::team_id(1), 2).await;
    subject.begin_turn(&session, 1).await;
    set(subject, BudgetOwner::Team, messages(0)).await;
    let turns = &subject.stores.turns;
    let refused = turns.begin_turn(&sample::new_turn(&session, 2)).await;
    assert!(matches!(refused, Err(BeginTurnError::TurnRunning(_))), "{refused:?}");
    let foreign = NewTurn { widget_id: other.id, ..sample::new_turn(&session, 2) };
    let refused = turns.begin_turn(&foreign).await;
    assert!(matches!(refused, Err(BeginTurnError::SessionNotFound)), "{refused:?}");
    let stale = NewTurn { widget_version: 2, ..sample::new_turn(&session, 2) };
    let refused = turns.begin_turn(&stale).await;
    assert!(matches!(refused, Err(BeginTurnError::WidgetChanged)), "{refused:?}");
}

/// Running a turn again is paid for like a message, and a refused one leaves the turn as it is.
pub async fn retry_turn_is_refused_when_a_quota_is_used_up(subject: &Subject) {
    let session = subject.first_session().await;
    let widget = BudgetOwner::Widget(session.widget_id);
    set(subject, widget, messages(2)).await;
    let turn = subject.begin_turn(&session, 1).await;
    subject.break_off(turn, "Half").await;
    let retried = subject.stores.turns.retry_turn(&sample::turn_retry(&session, 1)).await.unwrap();
    assert_eq!(retried.quota.map(|quota| (quota.limit, quota.remaining)), Some((2, 0)));
    subject.break_off(retried.turn, "Half").await;
    let refused = subject.stores.turns.retry_turn(&sample::turn_retry(&session, 1)).await;
    let Err(RetryTurnError::QuotaReached(quota)) = refused else { panic!("{refused:?}") };
    assert_eq!((quota.owner, quota.unit), (QuotaOwner::Widget, QuotaUnit::Messages));
    let log = subject.find_log(&turn).await;
    assert_eq!((log.turn.generation, log.turn.is_running()), (2, false));
}

/// What one team spends is not missing elsewhere.
pub async fn teams_have_budgets_apart(subject: &Subject) {
    let session = subject.first_session().await;
    let other = subject.add_widget(subject.add_team(2).await, 2).await;
    let their = subject.open_session(&other, 2).await;
    set(subject, BudgetOwner::Team, messages(1)).await;
    subject.begin_turn(&session, 1).await;
    subject.begin_turn(&their, 2).await;
    assert_eq!(account(subject, BudgetOwner::Team).await.spending.messages, 1);
    let of_others = subject.stores.budgets.find_account(sample::team_id(2), BudgetOwner::Team, day());
    let of_others = of_others.await.unwrap().unwrap();
    assert_eq!((of_others.budget, of_others.spending.messages), (Budget::default(), 1));
}

/// However many ask at once, and whichever limit is the tighter one, the quota is used up and not overdrawn.
pub async fn of_many_messages_at_once_exactly_the_quota_begins(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    let owners = [BudgetOwner::Widget(widget.id), BudgetOwner::Team];
    for (round, owner) in (0..).zip(owners) {
        set(subject, owner, messages(u64::from(7 * (round + 1)))).await;
        assert_eq!(begun_at_once(subject, 20, 100 * round).await, 7);
        let change = BudgetChange { daily_messages: Some(None), daily_tokens: None };
        set(subject, owner, change).await;
    }
    for owner in owners {
        assert_eq!(account(subject, owner).await.spending.messages, 14);
    }
}

/// As many turns begin as their reservations fit into the limit.
pub async fn of_many_reservations_at_once_exactly_what_there_is_room_for_begins(subject: &Subject) {
    subject.add_widget(subject.add_team(1).await, 1).await;
    set(subject, BudgetOwner::Team, tokens(549)).await;
    assert_eq!(begun_at_once(subject, 20, 0).await, 10);
    assert_eq!(account(subject, BudgetOwner::Team).await.spending.reserved_tokens, 500);
}

/// Turns that run again compete for the quota like new ones.
pub async fn of_many_retries_at_once_exactly_the_quota_begins(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    let mut sessions = Vec::new();
    for n in 0..12 {
        let session = subject.open_session(&widget, n).await;
        let turn = subject.begin_turn(&session, n).await;
        subject.break_off(turn, "").await;
        sessions.push(session);
    }
    set(subject, BudgetOwner::Team, messages(12 + 5)).await;
    let retried = at_once(subject, 12, |stores, n| {
        let retry = sample::turn_retry(&sessions[n as usize], n);
        async move {
            match stores.turns.retry_turn(&retry).await {
                Ok(_) => true,
                Err(RetryTurnError::QuotaReached(_)) => false,
                Err(error) => panic!("{error:?}"),
            }
        }
    });
    assert_eq!(retried.await.into_iter().filter(|is_retried| *is_retried).count(), 5);
    assert_eq!(account(subject, BudgetOwner::Team).await.spending.messages, 17);
}

/// Lets `calls` fresh sessions of widget 1 ask at once under a key, and counts the turns that begin.
async fn begun_at_once(subject: &Subject, calls: u32, first: u32) -> usize {
    let mut asked: Vec<NewTurn> = Vec::new();
    for n in first..first + calls {
        let session = sample::chat_session(sample::widget_id(1), n);
        subject.stores.sessions.open_session(&session, 1, None).await.unwrap();
        asked.push(sample::keyed_turn(&session, n, "key"));
    }
    let begun = at_once(subject, calls, |stores, n| {
        let new = asked[n as usize].clone();
        async move {
            match stores.turns.begin_turn(&new).await {
                Ok(_) => true,
                Err(BeginTurnError::QuotaReached(_)) => false,
                Err(error) => panic!("{error:?}"),
            }
        }
    });
    begun.await.into_iter().filter(|is_begun| *is_begun).count()
}

/// Begins a turn, or gives which quota refuses it and whether running turns hold it.
async fn begin(subject: &Subject, new: &NewTurn) -> Result<(), (QuotaOwner, QuotaUnit, bool)> {
    match subject.stores.turns.begin_turn(new).await {
        Ok(_) => Ok(()),
        Err(BeginTurnError::QuotaReached(quota)) => Err((quota.owner, quota.unit, quota.is_held)),
        Err(error) => panic!("{error:?}"),
    }
}

fn owner_of(owner: QuotaOwner) -> BudgetOwner {
    match owner {
        QuotaOwner::Widget => BudgetOwner::Widget(sample::widget_id(1)),
        QuotaOwner::Team => BudgetOwner::Team,
    }
}

/// Sets a budget of team 1 or its widget.
pub(super) async fn set(subject: &Subject, owner: BudgetOwner, change: BudgetChange) -> Account {
    let record = sample::audit_record();
    let set = subject.stores.budgets.set_budget(sample::team_id(1), owner, change, day(), &record);
    set.await.unwrap().unwrap()
}

/// An account of team 1 or its widget, on the day of the samples.
pub(super) async fn account(subject: &Subject, owner: BudgetOwner) -> Account {
    let found = subject.stores.budgets.find_account(sample::team_id(1), owner, day());
    found.await.unwrap().unwrap()
}

pub(super) fn day() -> Day {
    Day::of(sample::at(0))
}

pub(super) fn next_day() -> Day {
    Day::of(sample::at(0) + SignedDuration::from_hours(24))
}

pub(super) fn limit(number: u64) -> DailyLimit {
    DailyLimit::parse(i64::try_from(number).unwrap()).unwrap()
}

pub(super) fn messages(number: u64) -> BudgetChange {
    BudgetChange { daily_messages: Some(Some(limit(number))), daily_tokens: None }
}

pub(super) fn tokens(number: u64) -> BudgetChange {
    BudgetChange { daily_messages: None, daily_tokens: Some(Some(limit(number))) }
}
