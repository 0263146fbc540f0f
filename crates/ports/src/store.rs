//! Driven ports to the database: one trait per cluster of data that changes together.
//!
//! Every method is one transaction. Implementations share [`StoreError`]: a store that cannot be reached, waits
//! too long for a connection or a lock, or fails in any unforeseen way is `Unavailable`; a row that its parser
//! refuses is `Inconsistent`. Lists and lookups of one team MUST never see another team's rows.
//!
//! A method that changes what an owner cares for takes what the audit log is to say of it. It MUST write these entries in
//! the same transaction when it makes the change, and none of them when it does not.

pub mod access;
pub mod audit;
pub mod budgets;
pub mod identities;
pub mod sessions;
pub mod turns;
pub mod widgets;
pub mod workflows;

use std::sync::Arc;

use async_trait::async_trait;
use thiserror::Error;

pub use access::AccessStore;
pub use audit::AuditStore;
pub use budgets::BudgetStore;
pub use identities::IdentityStore;
pub use sessions::SessionStore;
pub use turns::TurnStore;
pub use widgets::WidgetStore;
pub use workflows::WorkflowStore;

/// Why a store could not do what was asked, whatever it was.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database cannot be reached, is too busy, or failed. Trying again later may help.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A stored row breaks a rule of the domain.
    #[error("row {id} of table {table} is inconsistent")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The row's key.
        id: String,
        /// The rule that it breaks.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What became of a write that names the version it was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaveOutcome {
    /// Written; the stored version is now one higher than the expected one.
    Saved,
    /// Somebody else wrote first; nothing was written.
    Stale,
    /// There is no such thing in the team; nothing was written.
    Absent,
}

/// Tells whether the database answers.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait StoreHealth: Send + Sync {
    /// MUST make a round trip to the database.
    async fn check(&self) -> Result<(), StoreError>;
}

/// All stores of one database, as the composition and the contract suite pass them around.
#[derive(Clone)]
pub struct Stores {
    /// Users, teams, memberships, dashboard sessions.
    pub access: Arc<dyn AccessStore>,
    /// The audit log.
    pub audit: Arc<dyn AuditStore>,
    /// Workflows.
    pub workflows: Arc<dyn WorkflowStore>,
    /// Widgets and their embed tokens.
    pub widgets: Arc<dyn WidgetStore>,
    /// The secrets with which sites sign who their visitors are.
    pub identities: Arc<dyn IdentityStore>,
    /// Chat sessions and their messages.
    pub sessions: Arc<dyn SessionStore>,
    /// Turns and their logs.
    pub turns: Arc<dyn TurnStore>,
    /// Daily budgets.
    pub budgets: Arc<dyn BudgetStore>,
    /// Whether the database answers.
    pub health: Arc<dyn StoreHealth>,
}
