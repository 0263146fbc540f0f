//! Statements on daily budgets.
//!
//! All turns of a team meet in one row and those of a widget in another. Whoever writes both writes the widget's first, so
//! nobody waits in a circle, and writes them last in its transaction, so their locks are held for no longer than the commit
//! takes.

use chatloom_domain::budget::{Account, Accounts, BudgetChange, Day, MessageQuota, Reservation, Shortage};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use super::super::errors::QueryError;
use super::super::rows::budget::{
    BudgetChangeRow, BudgetRow, ReservationRow, SpendingRow, TakenRow, account,
};
use super::super::rows::stored_count;
use super::super::schema::{budget_days, budgets, chat_sessions, turns, widgets};
use crate::columns::{Id, Time, sql};
use crate::database::{Conn, Db};

/// Takes one message and the reserved tokens from the budgets of a widget and its team. An account without room gives no
/// row, and then nothing of the transaction may stay.
pub(crate) struct Take {
    widget: Id,
    day: Time,
    tokens: i64,
    needed: i64,
}

impl Take {
    pub(crate) fn new(widget: Id, reservation: &Reservation) -> Self {
        Self {
            widget,
            day: Time(reservation.day.start()),
            tokens: stored_count(reservation.tokens()),
            needed: Self::needed(reservation),
        }
    }

    /// How many tokens there must be room for, where they are limited: a rough reservation fits nowhere.
    pub(crate) fn needed(reservation: &Reservation) -> i64 {
        if reservation.is_measured { stored_count(reservation.tokens()) } else { i64::MAX }
    }

    /// `condition` must hold for anything to be taken.
    pub(crate) fn push<'b>(
        &'b self,
        out: &mut AstPass<'_, 'b, Db>,
        condition: &'static str,
    ) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO budget_days (owner_id, day, messages, tokens, reserved_tokens) SELECT o.column1, ",
        );
        out.push_bind_param::<sql::Time, _>(&self.day)?;
        out.push_sql(", 1, 0, ");
        out.push_bind_param::<BigInt, _>(&self.tokens)?;
        out.push_sql(" FROM (VALUES (");
        self.push_owners(out, "), (")?;
        out.push_sql(")) AS o WHERE ");
        out.push_sql(condition);
        // The first of the day. What does not fit into an empty account fits into none.
        out.push_sql(
            " AND NOT EXISTS (SELECT 1 FROM budgets AS b WHERE b.owner_id = o.column1 \
             AND (b.daily_messages <= 0 OR b.daily_tokens - ",
        );
        out.push_bind_param::<BigInt, _>(&self.needed)?;
        out.push_sql(
            " < 0)) ON CONFLICT (owner_id, day) DO UPDATE SET messages = budget_days.messages + 1, \
             reserved_tokens = budget_days.reserved_tokens + excluded.reserved_tokens \
             WHERE NOT EXISTS (SELECT 1 FROM budgets AS b WHERE b.owner_id = budget_days.owner_id \
             AND (b.daily_messages <= budget_days.messages OR b.daily_tokens - ",
        );
        out.push_bind_param::<BigInt, _>(&self.needed)?;
        out.push_sql(
            " < budget_days.tokens + budget_days.reserved_tokens)) RETURNING owner_id, messages, \
             (SELECT b.daily_messages FROM budgets AS b WHERE b.owner_id = budget_days.owner_id) AS daily_messages",
        );
        Ok(())
    }

    /// The accounts, the widget's first.
    pub(crate) fn push_owners<'b>(
        &'b self,
        out: &mut AstPass<'_, 'b, Db>,
        separator: &'static str,
    ) -> QueryResult<()> {
        out.push_bind_param::<sql::Id, _>(&self.widget)?;
        out.push_sql(separator);
        out.push_sql("(SELECT team_id FROM widgets WHERE id = ");
        out.push_bind_param::<sql::Id, _>(&self.widget)?;
        out.push_sql(")");
        Ok(())
    }
}

impl QueryFragment<Db> for Take {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        self.push(&mut out, "true")
    }
}

impl QueryId for Take {
    type QueryId = Self;
    // The text is always the same, so it is looked up by its type among the prepared statements.
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Take {
    type SqlType = diesel::sql_types::Untyped;
}

/// How many messages are left, if both accounts had room; `None` if not.
pub(crate) fn quota_left(rows: &[TakenRow], day: Day) -> Option<Option<MessageQuota>> {
    const ACCOUNTS: usize = 2;
    if rows.len() < ACCOUNTS {
        return None;
    }
    let count = |stored: i64| u64::try_from(stored).unwrap_or(0);
    let quotas = rows.iter().filter_map(|row| {
        let (limit, messages) = (row.daily_messages?, row.messages);
        let remaining = count(limit.saturating_sub(messages));
        Some(MessageQuota { limit: count(limit), remaining, resets_at: day.end() })
    });
    Some(quotas.min_by_key(|quota| quota.remaining))
}

/// Takes what a turn needs. An error means that nothing of the transaction may stay.
pub(crate) async fn take<E: From<QueryError> + From<Shortage>>(
    conn: &mut Conn,
    widget: Id,
    reservation: &Reservation,
    changed: impl FnOnce() -> E,
) -> Result<Option<MessageQuota>, E> {
    let rows: Vec<TakenRow> =
        Take::new(widget, reservation).get_results(conn).await.map_err(QueryError::from)?;
    match quota_left(&rows, reservation.day) {
        Some(quota) => Ok(quota),
        // Somebody may have raised the limit just now; then the request is admitted anew.
        None => Err(find_shortage(conn, widget, reservation, &rows).await?.map_or_else(changed, E::from)),
    }
}

/// Which budget has no room for a turn; `taken` is what this transaction has taken for it already.
pub(crate) async fn find_shortage(
    conn: &mut Conn,
    widget: Id,
    reservation: &Reservation,
    taken: &[TakenRow],
) -> Result<Option<Shortage>, QueryError> {
    let team: Id = widgets::table.find(widget).select(widgets::team_id).first(conn).await?;
    let mut accounts = [Account::default(); 2];
    for (account, owner) in accounts.iter_mut().zip([widget, team]) {
        *account = find_account(conn, owner, reservation.day).await?;
        if taken.iter().any(|row| row.owner_id == owner) {
            let spending = &mut account.spending;
            spending.messages = spending.messages.saturating_sub(1);
            spending.reserved_tokens = spending.reserved_tokens.saturating_sub(reservation.tokens());
        }
    }
    let [widget, team] = accounts;
    Ok(Accounts { widget, team }.shortage(reservation))
}

pub(crate) async fn find_account(conn: &mut Conn, owner: Id, day: Day) -> Result<Account, QueryError> {
    let budget = budgets::table.find(owner).select(BudgetRow::as_select());
    let budget: Option<BudgetRow> = budget.first(conn).await.optional()?;
    let spending = budget_days::table.find((owner, Time(day.start()))).select(SpendingRow::as_select());
    let spending: Option<SpendingRow> = spending.first(conn).await.optional()?;
    account(budget.as_ref(), spending.as_ref())
}

pub(crate) async fn set(
    conn: &mut Conn,
    owner: Id,
    team: Id,
    change: BudgetChange,
) -> Result<(), QueryError> {
    if change == BudgetChange::default() {
        return Ok(());
    }
    diesel::insert_into(budgets::table)
        .values(BudgetRow::first(owner, team, change))
        .on_conflict(budgets::owner_id)
        .do_update()
        .set(BudgetChangeRow::from(change))
        .execute(conn)
        .await?;
    Ok(())
}

/// What a turn has reserved.
pub(crate) async fn find_reservation(conn: &mut Conn, turn: Id) -> Result<Option<Reservation>, QueryError> {
    let row = turns::table.find(turn).select(ReservationRow::as_select());
    let row: Option<ReservationRow> = row.first(conn).await.optional()?;
    Ok(row.and_then(|row| row.reservation()))
}

/// Counts what a turn of the widget has used, and gives back what it had reserved.
pub(crate) async fn settle(
    conn: &mut Conn,
    widget: Id,
    day: Day,
    used: u64,
    reserved: u64,
) -> Result<(), QueryError> {
    let (tokens, reserved) = (stored_count(used), -stored_count(reserved));
    Settle { widget, day: Time(day.start()), tokens, reserved }.execute(conn).await?;
    Ok(())
}

/// A turn's end, in both accounts.
struct Settle {
    widget: Id,
    day: Time,
    tokens: i64,
    reserved: i64,
}

impl Settle {
    fn push_counts<'b>(&'b self, out: &mut AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(", ");
        out.push_bind_param::<sql::Time, _>(&self.day)?;
        out.push_sql(", 0, ");
        out.push_bind_param::<BigInt, _>(&self.tokens)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.reserved)
    }
}

impl QueryFragment<Db> for Settle {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql("INSERT INTO budget_days (owner_id, day, messages, tokens, reserved_tokens) VALUES (");
        out.push_bind_param::<sql::Id, _>(&self.widget)?;
        self.push_counts(&mut out)?;
        out.push_sql("), ((SELECT team_id FROM widgets WHERE id = ");
        out.push_bind_param::<sql::Id, _>(&self.widget)?;
        out.push_sql(")");
        self.push_counts(&mut out)?;
        out.push_sql(
            ") ON CONFLICT (owner_id, day) DO UPDATE SET tokens = budget_days.tokens + excluded.tokens, \
             reserved_tokens = budget_days.reserved_tokens + excluded.reserved_tokens",
        );
        Ok(())
    }
}

impl QueryId for Settle {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

/// What the running turns of a widget's sessions have reserved. Nobody else may begin or end one meanwhile.
pub(crate) async fn list_reservations(conn: &mut Conn, widget: Id) -> Result<Vec<Reservation>, QueryError> {
    let running = turns::table
        .inner_join(chat_sessions::table.on(chat_sessions::running_turn_id.eq(turns::id.nullable())))
        .filter(chat_sessions::widget_id.eq(widget))
        .select(ReservationRow::as_select());
    let rows: Vec<ReservationRow> = running.load(conn).await?;
    Ok(rows.iter().filter_map(ReservationRow::reservation).collect())
}

/// Forgets a widget's budget. What its running turns had reserved counts as spent by the team: nobody will know better.
pub(crate) async fn close(
    conn: &mut Conn,
    widget: Id,
    team: Id,
    mut open: Vec<Reservation>,
) -> Result<(), QueryError> {
    diesel::delete(budgets::table.filter(budgets::owner_id.eq(widget))).execute(conn).await?;
    diesel::delete(budget_days::table.filter(budget_days::owner_id.eq(widget))).execute(conn).await?;
    open.sort_unstable_by_key(|reservation| reservation.day);
    for of_day in open.chunk_by(|one, other| one.day == other.day) {
        let Some(first) = of_day.first() else { continue };
        let sum = stored_count(of_day.iter().map(Reservation::tokens).fold(0, u64::saturating_add));
        let day = Time(first.day.start());
        diesel::update(budget_days::table.find((team, day)))
            .set((
                budget_days::tokens.eq(budget_days::tokens + sum),
                budget_days::reserved_tokens.eq(budget_days::reserved_tokens - sum),
            ))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Forgets what was spent before `day`.
pub(crate) async fn prune(conn: &mut Conn, day: Time) -> Result<(), QueryError> {
    diesel::delete(budget_days::table.filter(budget_days::day.lt(day))).execute(conn).await?;
    Ok(())
}
