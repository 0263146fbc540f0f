//! The driving port for what a team decides over its widgets' visitors.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::Actor;
use chatloom_domain::feedback::{RatedAnswer, Rating};
use chatloom_domain::id::{MessageId, SessionId, WidgetId};
use chatloom_domain::proof::VisitorSubjectError;
use chatloom_domain::session::VisitorIdError;
use chatloom_domain::team::TeamMember;
use chatloom_domain::token::{GraceError, IdentitySecret};
use thiserror::Error;

use crate::store::StoreError;

/// What may be known of a widget's identity secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentitySecretState {
    /// When the current one was made.
    pub made_at: Timestamp,
    /// Until when the one before it is accepted, if it still is.
    pub previous_until: Option<Timestamp>,
}

/// Whose conversations are to be erased, not looked at yet. It has no `Debug`: names are personal data.
#[derive(Clone, PartialEq, Eq)]
pub enum ErasureCommand {
    /// This session.
    Session(SessionId),
    /// All sessions with this self-asserted label.
    Visitor(String),
    /// All sessions that this proven visitor opened.
    Subject(String),
}

/// Why something could not be done about a widget's visitors.
#[derive(Debug, Error)]
pub enum VisitorAdministrationError {
    /// There is no such widget in the team.
    #[error("there is no such widget")]
    WidgetNotFound,
    /// The widget has no identity secret.
    #[error("the widget has no identity secret")]
    NoIdentitySecret,
    /// `graceSeconds` breaks its rule.
    #[error("graceSeconds {0}")]
    Grace(GraceError),
    /// `visitorId` breaks its rule.
    #[error("visitorId {0}")]
    VisitorId(VisitorIdError),
    /// `subject` breaks its rule.
    #[error("subject {0}")]
    Subject(VisitorSubjectError),
    /// The store failed.
    #[error("could not read or write what concerns visitors")]
    Store(#[source] StoreError),
}

impl From<StoreError> for VisitorAdministrationError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a team decides over its widgets' visitors: how they prove who they are, and that their conversations are erased; and
/// what these think of answers. Every method takes a member whose permission was checked by [`DashboardAccess::authorize`](super::DashboardAccess).
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait VisitorAdministration: Send + Sync {
    /// Makes a new secret with which the site signs who its visitors are. It is given this once. The one before it is
    /// accepted for `grace_seconds` more.
    async fn rotate_identity_secret(
        &self,
        actor: &Actor,
        widget: WidgetId,
        grace_seconds: Option<i64>,
    ) -> Result<IdentitySecret, VisitorAdministrationError>;

    /// When the secret was made, and until when the one before it is accepted.
    async fn identity_secret(
        &self,
        member: &TeamMember,
        widget: WidgetId,
    ) -> Result<IdentitySecretState, VisitorAdministrationError>;

    /// What visitors think of the widget's answers: up to 50, the newest first, of those after that on the message
    /// `before`.
    async fn feedback(
        &self,
        member: &TeamMember,
        widget: WidgetId,
        rating: Option<Rating>,
        before: Option<MessageId>,
    ) -> Result<Vec<RatedAnswer>, VisitorAdministrationError>;

    /// Erases conversations for good, also those that are being answered, and gives their number. Statistics stay.
    async fn erase(
        &self,
        actor: &Actor,
        widget: WidgetId,
        command: ErasureCommand,
    ) -> Result<u64, VisitorAdministrationError>;
}
