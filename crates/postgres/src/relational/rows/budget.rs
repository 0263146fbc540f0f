//! Budgets and what was spent of them, as rows.

use chatloom_domain::budget::{Account, Budget, BudgetChange, DailyLimit, Day, Reservation, Spending};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use super::super::errors::{QueryError, inconsistent};
use super::super::schema::{budget_days, budgets, turns};
use super::stored_count;
use crate::columns::{Id, Time, sql};
use crate::database::Db;

#[derive(Clone, Copy, Insertable, Queryable, Selectable)]
#[diesel(table_name = budgets, check_for_backend(Db), treat_none_as_default_value = false)]
pub(crate) struct BudgetRow {
    pub(crate) owner_id: Id,
    pub(crate) team_id: Id,
    daily_messages: Option<i64>,
    daily_tokens: Option<i64>,
}

/// The limits that are to change; what is `None` stays.
#[derive(AsChangeset)]
#[diesel(table_name = budgets)]
pub(crate) struct BudgetChangeRow {
    daily_messages: Option<Option<i64>>,
    daily_tokens: Option<Option<i64>>,
}

#[derive(Clone, Copy, Queryable, Selectable)]
#[diesel(table_name = budget_days, check_for_backend(Db))]
pub(crate) struct SpendingRow {
    messages: i64,
    tokens: i64,
    reserved_tokens: i64,
}

/// What a turn's current generation has reserved. A turn that a replica of an earlier version began has no day.
#[derive(Clone, Copy, Insertable, AsChangeset, Queryable, Selectable)]
#[diesel(table_name = turns, check_for_backend(Db))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct ReservationRow {
    pub(crate) budget_day: Option<Time>,
    pub(crate) reserved_input_tokens: i64,
    pub(crate) reserved_output_tokens: i64,
}

/// One of the two accounts that had room for a turn, as it is afterwards.
#[derive(QueryableByName)]
#[diesel(check_for_backend(Db))]
pub(crate) struct TakenRow {
    #[diesel(sql_type = sql::Id)]
    pub(crate) owner_id: Id,
    #[diesel(sql_type = BigInt)]
    pub(crate) messages: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(crate) daily_messages: Option<i64>,
}

impl BudgetRow {
    /// A budget that nobody has set before.
    pub(crate) fn first(owner_id: Id, team_id: Id, change: BudgetChange) -> Self {
        let budget = Budget::default().changed(change);
        Self {
            owner_id,
            team_id,
            daily_messages: budget.daily_messages.map(stored_limit),
            daily_tokens: budget.daily_tokens.map(stored_limit),
        }
    }

    fn budget(&self) -> Result<Budget, QueryError> {
        let limit = |number: Option<i64>| number.map(DailyLimit::parse).transpose();
        let refuse = |error| inconsistent("budgets", self.owner_id.0, error);
        Ok(Budget {
            daily_messages: limit(self.daily_messages).map_err(refuse)?,
            daily_tokens: limit(self.daily_tokens).map_err(refuse)?,
        })
    }
}

impl From<BudgetChange> for BudgetChangeRow {
    fn from(change: BudgetChange) -> Self {
        Self {
            daily_messages: change.daily_messages.map(|limit| limit.map(stored_limit)),
            daily_tokens: change.daily_tokens.map(|limit| limit.map(stored_limit)),
        }
    }
}

impl From<&Reservation> for ReservationRow {
    fn from(reservation: &Reservation) -> Self {
        Self {
            budget_day: Some(Time(reservation.day.start())),
            reserved_input_tokens: stored_count(reservation.input),
            reserved_output_tokens: stored_count(reservation.output),
        }
    }
}

impl ReservationRow {
    /// What is reserved and has to be given back; `None` for a turn of an earlier version.
    pub(crate) fn reservation(&self) -> Option<Reservation> {
        let tokens = |stored: i64| u64::try_from(stored).unwrap_or(0);
        Some(Reservation {
            day: Day::of(self.budget_day?.0),
            input: tokens(self.reserved_input_tokens),
            output: tokens(self.reserved_output_tokens),
            is_measured: true,
        })
    }
}

/// An owner's account, of which either row may be missing.
pub(crate) fn account(
    budget: Option<&BudgetRow>,
    spending: Option<&SpendingRow>,
) -> Result<Account, QueryError> {
    let count = |stored: i64| u64::try_from(stored).unwrap_or(0);
    Ok(Account {
        budget: budget.map(BudgetRow::budget).transpose()?.unwrap_or_default(),
        spending: spending.map_or_else(Spending::default, |row| Spending {
            messages: count(row.messages),
            tokens: count(row.tokens),
            reserved_tokens: count(row.reserved_tokens),
        }),
    })
}

fn stored_limit(limit: DailyLimit) -> i64 {
    stored_count(limit.get())
}
