//! Daily budgets of teams and widgets, and what was spent of them.

use async_trait::async_trait;
use chatloom_domain::audit::AuditRecord;
use chatloom_domain::budget::{Account, BudgetChange, BudgetOwner, Day};
use chatloom_domain::id::TeamId;

use super::StoreError;

/// Daily budgets of teams and widgets.
///
/// What is spent is written by [`super::TurnStore`], in the transactions in which turns begin and end, and by the deletions
/// of sessions and widgets. It MUST be counted whether or not there is a limit, and no reservation MUST be left when no turn
/// runs.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait BudgetStore: Send + Sync {
    /// The budget of the team, or of a widget of the team, with what was spent of it on the day. `None` when there is no
    /// such widget in the team.
    async fn find_account(
        &self,
        team: TeamId,
        owner: BudgetOwner,
        day: Day,
    ) -> Result<Option<Account>, StoreError>;

    /// Sets the given limits and leaves the others as they are, also when both are set at the same time. Gives the account
    /// as it is then; `None`, and nothing is written, when there is no such widget in the team. MUST write the record in
    /// the same transaction if, and only if, it sets the limits.
    async fn set_budget(
        &self,
        team: TeamId,
        owner: BudgetOwner,
        change: BudgetChange,
        day: Day,
        record: &AuditRecord,
    ) -> Result<Option<Account>, StoreError>;

    /// Forgets what was spent on the days before `day`.
    async fn prune_spending(&self, day: Day) -> Result<(), StoreError>;
}
