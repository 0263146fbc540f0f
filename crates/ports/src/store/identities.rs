//! The secrets with which sites sign who their visitors are.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::AuditRecord;
use chatloom_domain::id::{TeamId, WidgetId};

use super::StoreError;

/// A widget's identity secrets as they are stored: encrypted, and opaque to the store.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredIdentitySecrets {
    /// The encrypted current one.
    pub sealed: Vec<u8>,
    /// When the current one was made.
    pub made_at: Timestamp,
    /// The one before it, if that was given a grace.
    pub previous: Option<PreviousIdentitySecret>,
}

/// An identity secret that another one took the place of.
#[derive(Clone, PartialEq, Eq)]
pub struct PreviousIdentitySecret {
    /// The encrypted secret.
    pub sealed: Vec<u8>,
    /// Until when it is accepted.
    pub until: Timestamp,
}

/// The secrets with which sites sign who their visitors are, at most two for each widget.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait IdentityStore: Send + Sync {
    /// Gives the widget a new secret, made `at`, and counts the widget's version up, so that nothing is written for a
    /// visitor who was admitted before. The current secret becomes the previous one until `previous_until`, and is
    /// forgotten if that is `None`; an earlier previous one MUST be forgotten in any case.
    /// Gives `false` when there is no such widget in the team. MUST write the record in the same transaction if, and only
    /// if, it makes the change.
    async fn rotate_identity_secret(
        &self,
        team: TeamId,
        widget: WidgetId,
        sealed: &[u8],
        previous_until: Option<Timestamp>,
        at: Timestamp,
        record: &AuditRecord,
    ) -> Result<bool, StoreError>;

    /// Finds the secrets of a widget of the team; `None` if it has none. MUST read the current row: nothing that is
    /// cached decides over a proof. A deleted widget MUST have none.
    async fn find_identity_secrets(
        &self,
        team: TeamId,
        widget: WidgetId,
    ) -> Result<Option<StoredIdentitySecrets>, StoreError>;
}
