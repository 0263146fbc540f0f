//! Managing daily budgets.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::Actor;
use chatloom_domain::budget::{Account, BudgetOwner, DailyLimitError};
use chatloom_domain::team::TeamMember;
use thiserror::Error;

use crate::store::StoreError;

/// Limits to be set, not looked at yet; `None` leaves one as it is, `Some(None)` takes it away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SetBudgetCommand {
    /// Messages of a day.
    pub daily_messages: Option<Option<i64>>,
    /// Tokens of a day.
    pub daily_tokens: Option<Option<i64>>,
}

/// A budget, and what was spent of it today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetReport {
    /// Limits and counts.
    pub account: Account,
    /// When the counts begin anew: the next UTC midnight.
    pub resets_at: Timestamp,
}

/// Why a budget could not be read or set.
#[derive(Debug, Error)]
pub enum BudgetError {
    /// There is no such widget in the team.
    #[error("there is no such widget")]
    WidgetNotFound,
    /// A limit breaks its rule.
    #[error("{field} {fault}")]
    Limit {
        /// `dailyMessages` or `dailyTokens`.
        field: &'static str,
        /// What is wrong with it.
        fault: DailyLimitError,
    },
    /// The store failed.
    #[error("could not read or write a budget")]
    Store(#[source] StoreError),
}

impl From<StoreError> for BudgetError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Managing daily budgets. Every method takes a member whose permission was checked by
/// [`super::DashboardAccess::authorize`].
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait BudgetAdministration: Send + Sync {
    /// Reads the budget of the member's team, or of one of its widgets.
    async fn find(&self, member: &TeamMember, owner: BudgetOwner) -> Result<BudgetReport, BudgetError>;

    /// Changes the given limits and no others. What was spent today counts against the new limits too.
    async fn set(
        &self,
        actor: &Actor,
        owner: BudgetOwner,
        command: SetBudgetCommand,
    ) -> Result<BudgetReport, BudgetError>;
}
