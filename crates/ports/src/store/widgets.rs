//! Widgets, their embed tokens and their statistics.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::AuditRecord;
use chatloom_domain::id::{TeamId, WidgetId};
use chatloom_domain::token::{TokenHash, TokenSlot, WidgetTokens};
use chatloom_domain::usage::WidgetStats;
use chatloom_domain::widget::Widget;
use thiserror::Error;

use super::{SaveOutcome, StoreError};

/// An embed token as it is stored: a hash to look it up, and the encrypted text to show it again.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// SHA-256 of the token; unique over all widgets, deleted ones included.
    pub hash: TokenHash,
    /// The encrypted token; opaque to the store.
    pub sealed: Vec<u8>,
}

/// A new embed token for a widget, and what becomes of the one before.
#[derive(Clone)]
pub struct TokenRotation {
    /// The new token.
    pub token: StoredToken,
    /// Until when the token before is accepted as well; `None` ends it at once.
    pub previous_until: Option<Timestamp>,
    /// When this happens.
    pub at: Timestamp,
}

/// Whom an embed token belongs to.
#[derive(Debug, Clone, PartialEq)]
pub enum TokenOwner {
    /// A widget that is there, active or not, and which of its tokens it is.
    Widget(Box<Widget>, TokenSlot),
    /// A widget that was deleted.
    Deleted,
}

/// Why a widget could not be written.
#[derive(Debug, Error)]
pub enum WidgetWriteError {
    /// The workflow is not one of the widget's team; nothing was written.
    #[error("there is no such workflow in the team")]
    WorkflowNotFound,
    /// The store failed.
    #[error("could not write a widget")]
    Store(#[source] StoreError),
}

impl From<StoreError> for WidgetWriteError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Widgets of teams.
///
/// A stored list of allowed domains that breaks the rules MUST come back as one that is unreadable, which allows no
/// site, and MUST stay so until another list is saved.
///
/// A deleted widget keeps a tombstone with its token's hash and nothing else that a person wrote; no method but
/// [`WidgetStore::find_token_owner`] sees it.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait WidgetStore: Send + Sync {
    /// Stores a new widget with its token.
    /// MUST refuse a workflow of another team as if it were not there.
    async fn create_widget(
        &self,
        widget: &Widget,
        token: &StoredToken,
        record: &AuditRecord,
    ) -> Result<(), WidgetWriteError>;

    /// All widgets of the team, newest first (by `created_at`, then by id, descending).
    async fn list_widgets(&self, team: TeamId) -> Result<Vec<Widget>, StoreError>;

    /// Finds a widget of the team.
    async fn find_widget(&self, team: TeamId, id: WidgetId) -> Result<Option<Widget>, StoreError>;

    /// Writes name, workflow, `active`, customization, allowed domains and `updated_at` of `widget` if the
    /// stored version is `widget.version`, and counts the version up.
    /// MUST be `Stale` when the stored version differs; MUST refuse a workflow of another team.
    /// Wakes those who run its turns when it is switched off.
    async fn save_widget(
        &self,
        widget: &Widget,
        record: &AuditRecord,
    ) -> Result<SaveOutcome, WidgetWriteError>;

    /// Deletes a widget: its sessions, messages, turns, events and statistics are gone, and of itself only the
    /// current token's hash stays. Wakes those who run its turns. What it spent stays counted for its team, and what its
    /// running turns have reserved counts as spent there. Gives `false` when there is no such widget in the team.
    async fn delete_widget(
        &self,
        team: TeamId,
        id: WidgetId,
        at: Timestamp,
        record: &AuditRecord,
    ) -> Result<bool, StoreError>;

    /// Finds the encrypted token of a widget of the team.
    async fn find_sealed_token(&self, team: TeamId, id: WidgetId) -> Result<Option<Vec<u8>>, StoreError>;

    /// Puts the new token in the place of the widget's token and counts the version up. The token before MUST be
    /// unknown from then on, unless it is given a time to go on; the one before that MUST be unknown in any case.
    /// Gives `false` when there is no such widget in the team.
    async fn rotate_embed_token(
        &self,
        team: TeamId,
        id: WidgetId,
        rotation: &TokenRotation,
        record: &AuditRecord,
    ) -> Result<bool, StoreError>;

    /// What is known of the tokens of a widget of the team.
    async fn find_tokens(&self, team: TeamId, id: WidgetId) -> Result<Option<WidgetTokens>, StoreError>;

    /// Notes that a token was used. MUST leave the widget's version and time of change alone, and do nothing for a token
    /// that is no widget's any more.
    async fn note_token_use(&self, hash: &TokenHash, at: Timestamp) -> Result<(), StoreError>;

    /// Which of the widgets are switched off or deleted. An id that was never a widget's is left out.
    async fn list_gone(&self, widgets: &[WidgetId]) -> Result<Vec<WidgetId>, StoreError>;

    /// Finds whom a token belongs to, also one before the current; whether its time is over is the caller's to see. MUST read the current row: nothing that is cached decides over a token.
    async fn find_token_owner(&self, hash: &TokenHash) -> Result<Option<TokenOwner>, StoreError>;

    /// What a widget of the team has been used for. `day_start` is when the current UTC day began.
    async fn find_widget_stats(
        &self,
        team: TeamId,
        id: WidgetId,
        day_start: Timestamp,
    ) -> Result<Option<WidgetStats>, StoreError>;
}
