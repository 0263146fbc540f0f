//! Daily budgets: how much a widget or a team may spend on one UTC day, and what a turn takes of it.
//!
//! A turn reserves before its model is asked and is settled when it ends, so that no number of turns at once can spend
//! more than there is.

mod day;
mod reservation;

use thiserror::Error;

use crate::Timestamp;
use crate::id::WidgetId;

pub use day::Day;
pub use reservation::Reservation;

/// A number of messages or tokens that one day may see: 0 to [`DailyLimit::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DailyLimit(u64);

/// The number is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be from 0 to 1,000,000,000,000, or null for no limit")]
pub struct DailyLimitError;

impl DailyLimit {
    /// The highest limit, far from where sums of 64 bits end.
    pub const MAX: u64 = 1_000_000_000_000;

    /// Checks the range.
    pub fn parse(number: i64) -> Result<Self, DailyLimitError> {
        u64::try_from(number).ok().filter(|number| *number <= Self::MAX).map(Self).ok_or(DailyLimitError)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// What may be spent on a day; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budget {
    /// Messages that are answered, tries of the same one included.
    pub daily_messages: Option<DailyLimit>,
    /// Tokens in and out.
    pub daily_tokens: Option<DailyLimit>,
}

/// Changes to a budget; `None` leaves a field as it is, `Some(None)` takes its limit away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BudgetChange {
    /// Messages.
    pub daily_messages: Option<Option<DailyLimit>>,
    /// Tokens.
    pub daily_tokens: Option<Option<DailyLimit>>,
}

impl Budget {
    /// The budget with the given fields replaced.
    #[must_use]
    pub fn changed(self, change: BudgetChange) -> Self {
        Self {
            daily_messages: change.daily_messages.unwrap_or(self.daily_messages),
            daily_tokens: change.daily_tokens.unwrap_or(self.daily_tokens),
        }
    }
}

/// What was spent on a day. It is counted with and without a limit, so that one that is set at noon knows the morning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spending {
    /// Messages whose answers were begun.
    pub messages: u64,
    /// Tokens of turns that have ended.
    pub tokens: u64,
    /// Tokens that running turns may still use.
    pub reserved_tokens: u64,
}

/// Who has a budget, within a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BudgetOwner {
    /// The team as a whole.
    Team,
    /// One of its widgets.
    Widget(WidgetId),
}

/// A budget and what was spent of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Account {
    /// What may be spent.
    pub budget: Budget,
    /// What was.
    pub spending: Spending,
}

/// The two accounts that every turn is paid from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Accounts {
    /// The widget's.
    pub widget: Account,
    /// Its team's.
    pub team: Account,
}

/// Whose quota is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotaOwner {
    /// The widget's own.
    Widget,
    /// That of its team.
    Team,
}

/// What is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotaUnit {
    /// Messages.
    Messages,
    /// Tokens.
    Tokens,
}

/// How many messages are left today, where that is limited: of several limits the one that leaves the fewest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageQuota {
    /// Messages of the whole day.
    pub limit: u64,
    /// Messages of the rest of it.
    pub remaining: u64,
    /// When the next day begins.
    pub resets_at: Timestamp,
}

/// A quota that has no room for one more turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReachedQuota {
    /// Whose.
    pub owner: QuotaOwner,
    /// Of what.
    pub unit: QuotaUnit,
    /// How many tokens there still is room for.
    pub room: u64,
    /// Whether running turns hold what is missing, so that there may be room when they end.
    pub is_held: bool,
    /// The messages that are left, where they are limited.
    pub messages: Option<MessageQuota>,
    /// When the next day begins.
    pub resets_at: Timestamp,
}

/// Why a turn cannot be paid for as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// A quota is used up.
    Reached(ReachedQuota),
    /// Tokens are limited, and the reservation is only a rough one.
    NotMeasured {
        /// How many tokens there is room for.
        room: u64,
    },
}

impl Accounts {
    /// What keeps a turn from being paid for; `None` if both accounts have room for it.
    pub fn shortage(&self, reservation: &Reservation) -> Option<Shortage> {
        let own = [(QuotaOwner::Widget, self.widget), (QuotaOwner::Team, self.team)];
        let reached = |owner, unit, is_held| {
            Shortage::Reached(ReachedQuota {
                owner,
                unit,
                room: self.room().unwrap_or(u64::MAX),
                is_held,
                messages: self.messages_left(reservation.day),
                resets_at: reservation.day.end(),
            })
        };
        if let Some((owner, _)) = own.iter().find(|(_, account)| account.messages_left() == Some(0)) {
            return Some(reached(*owner, QuotaUnit::Messages, false));
        }
        let room = self.room()?;
        if !reservation.is_measured {
            return Some(Shortage::NotMeasured { room });
        }
        let needed = reservation.tokens();
        let is_short = |account: &Account| account.room().is_some_and(|room| room < needed);
        let (owner, account) = own.iter().find(|(_, account)| is_short(account))?;
        let without_reservations = account.room().unwrap_or(0) + account.spending.reserved_tokens;
        Some(reached(*owner, QuotaUnit::Tokens, without_reservations >= needed))
    }

    /// How many messages the day still has, where they are limited.
    pub fn messages_left(&self, day: Day) -> Option<MessageQuota> {
        let quotas = [self.widget, self.team].into_iter().filter_map(|account| {
            let limit = account.budget.daily_messages?.get();
            Some(MessageQuota { limit, remaining: account.messages_left()?, resets_at: day.end() })
        });
        quotas.min_by_key(|quota| quota.remaining)
    }

    /// How many tokens both accounts have room for; `None` where neither limits them.
    pub fn room(&self) -> Option<u64> {
        self.widget.room().into_iter().chain(self.team.room()).min()
    }
}

impl Account {
    fn messages_left(&self) -> Option<u64> {
        Some(self.budget.daily_messages?.get().saturating_sub(self.spending.messages))
    }

    fn room(&self) -> Option<u64> {
        let taken = self.spending.tokens.saturating_add(self.spending.reserved_tokens);
        Some(self.budget.daily_tokens?.get().saturating_sub(taken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(messages: Option<i64>, tokens: Option<i64>, spending: Spending) -> Account {
        let limit = |number: Option<i64>| number.map(|number| DailyLimit::parse(number).unwrap());
        Account { budget: Budget { daily_messages: limit(messages), daily_tokens: limit(tokens) }, spending }
    }

    fn measured(input: u64, output: u64) -> Reservation {
        Reservation { day: Day::of(Timestamp::UNIX_EPOCH), input, output, is_measured: true }
    }

    /// Owner, unit and whether running turns hold it.
    fn reached(accounts: &Accounts, reservation: &Reservation) -> Option<(QuotaOwner, QuotaUnit, bool)> {
        match accounts.shortage(reservation)? {
            Shortage::Reached(quota) => Some((quota.owner, quota.unit, quota.is_held)),
            Shortage::NotMeasured { .. } => None,
        }
    }

    #[test]
    fn a_limit_is_a_number_within_its_range() {
        assert_eq!(DailyLimit::parse(0).unwrap().get(), 0);
        assert_eq!(DailyLimit::parse(1_000_000_000_000).unwrap().get(), DailyLimit::MAX);
        for bad in [-1, 1_000_000_000_001, i64::MIN, i64::MAX] {
            assert_eq!(DailyLimit::parse(bad), Err(DailyLimitError), "{bad}");
        }
    }

    #[test]
    fn without_limits_everything_can_be_paid_for() {
        let spent = Spending { messages: u64::MAX, tokens: u64::MAX, reserved_tokens: u64::MAX };
        let accounts = Accounts { widget: account(None, None, spent), team: account(None, None, spent) };
        let rough = Reservation { is_measured: false, ..measured(1, 1) };
        assert_eq!((accounts.shortage(&rough), accounts.room()), (None, None));
        assert_eq!(accounts.messages_left(rough.day), None);
    }

    #[test]
    fn the_quota_that_is_reached_is_named() {
        let spent = Spending { messages: 2, tokens: 50, reserved_tokens: 30 };
        let open = account(None, None, spent);
        let check = |account, reservation, unit, is_held| {
            let widget = Accounts { widget: account, team: open };
            assert_eq!(reached(&widget, &reservation), Some((QuotaOwner::Widget, unit, is_held)));
            let team = Accounts { widget: open, team: account };
            assert_eq!(reached(&team, &reservation), Some((QuotaOwner::Team, unit, is_held)));
        };
        check(account(Some(2), None, spent), measured(0, 0), QuotaUnit::Messages, false);
        check(account(None, Some(100), spent), measured(10, 11), QuotaUnit::Tokens, true);
        check(account(None, Some(100), spent), measured(20, 31), QuotaUnit::Tokens, false);
        let fits = Accounts { widget: account(Some(3), Some(100), spent), team: open };
        assert_eq!(fits.shortage(&measured(10, 10)), None);
    }

    #[test]
    fn a_limit_of_tokens_wants_a_measured_reservation() {
        let spent = Spending { messages: 0, tokens: 5, reserved_tokens: 3 };
        let accounts = Accounts { widget: Account::default(), team: account(None, Some(10), spent) };
        let rough = Reservation { is_measured: false, ..measured(1, 0) };
        assert_eq!(accounts.shortage(&rough), Some(Shortage::NotMeasured { room: 2 }));
    }

    #[test]
    fn the_tighter_quota_of_messages_is_told() {
        let spent = |messages| Spending { messages, ..Spending::default() };
        let accounts =
            Accounts { widget: account(Some(10), None, spent(2)), team: account(Some(100), None, spent(95)) };
        let left = accounts.messages_left(measured(0, 0).day).unwrap();
        assert_eq!((left.limit, left.remaining), (100, 5));
        assert_eq!(left.resets_at.to_string(), "1970-01-02T00:00:00Z");
    }

    #[test]
    fn only_given_fields_of_a_budget_change() {
        let limit = Some(DailyLimit(7));
        let budget = Budget { daily_messages: limit, daily_tokens: limit };
        assert_eq!(budget.changed(BudgetChange::default()), budget);
        let change = BudgetChange { daily_messages: Some(None), daily_tokens: None };
        assert_eq!(budget.changed(change), Budget { daily_messages: None, daily_tokens: limit });
    }
}
