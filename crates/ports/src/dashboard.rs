//! Driving ports of the dashboard: who is asking, and what they may change.

mod budgets;
pub mod visitors;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::{Actor, Caller, ListedAuditEntry};
use chatloom_domain::customization::{CustomizationError, Data};
use chatloom_domain::id::{AuditEntryId, TeamId, WidgetId, WorkflowId};
use chatloom_domain::origin::AllowedDomainsError;
use chatloom_domain::password::NewPasswordError;
use chatloom_domain::team::{Permission, TeamMember, User};
use chatloom_domain::text::TextError;
use chatloom_domain::token::{EmbedToken, GraceError, WidgetTokens};
use chatloom_domain::usage::WidgetStats;
use chatloom_domain::widget::{RetentionDaysError, Widget};
use chatloom_domain::workflow::{AgentError, AgentInput, Workflow};
use thiserror::Error;

#[cfg(feature = "mock")]
pub use budgets::MockBudgetAdministration;
pub use budgets::{BudgetAdministration, BudgetError, BudgetReport, SetBudgetCommand};

use crate::environment::SigningError;
use crate::identity::KeySetError;
use crate::store::StoreError;

/// The JWT that a request carries, not looked at yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(pub String);

/// A freshly signed JWT. It has no `Debug`, so it cannot slip into a log.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(pub String);

/// Why the dashboard does not let somebody in.
#[derive(Debug, Error)]
pub enum AccessError {
    /// E-mail address and password do not belong together, or there is no such user: callers answer both alike.
    #[error("e-mail address or password is wrong")]
    WrongCredentials,
    /// No valid JWT, or its session has ended.
    #[error("not signed in")]
    NotSignedIn,
    /// Not a member of the team, or there is no such team: callers answer both alike.
    #[error("there is no such team for this user")]
    NotAMember,
    /// A member whose role does not carry the permission.
    #[error("role does not permit this")]
    NotPermitted,
    /// The identity provider's token is not valid here, whatever the cause.
    #[error("the identity provider's token is not valid")]
    IdentityRefused,
    /// The identity provider's keys cannot be fetched; trying again in a minute may help.
    #[error("the identity provider's keys are not available")]
    IdentityUnavailable(#[source] KeySetError),
    /// The new password breaks a rule.
    #[error("new password {0}")]
    NewPassword(NewPasswordError),
    /// Too many wrong passwords for this user or from this address; no password was looked at.
    #[error("too many wrong passwords")]
    TooManyFailures {
        /// How long to wait before the next one is looked at.
        retry_after: Duration,
    },
    /// Too many sign-ins at once; trying again in a second helps.
    #[error("too many sign-ins at once")]
    Busy,
    /// The token could not be signed.
    #[error("could not sign in")]
    Signing(#[source] SigningError),
    /// The store failed.
    #[error("could not read or write access data")]
    Store(#[source] StoreError),
}

impl From<StoreError> for AccessError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A change of one's own password.
#[derive(Clone, PartialEq, Eq)]
pub struct ChangePasswordCommand {
    /// The password that holds now.
    pub current: String,
    /// The one that is to hold.
    pub new: String,
}

/// Signing in and out, and what a signed-in user may do.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DashboardAccess: Send + Sync {
    /// Checks e-mail address and password and begins a dashboard session. A presented session, if any, ends.
    /// Takes about as long for an unknown address as for a wrong password. After too many failures no password is
    /// looked at for a while, whether there is such a user or not.
    async fn log_in(
        &self,
        email: &str,
        password: &str,
        presented: Option<Credentials>,
        caller: Caller,
    ) -> Result<(User, AccessToken), AccessError>;

    /// Checks a token of an identity provider, brings its user up to date, and begins a dashboard session that lasts no
    /// longer than the operator allows for the provider. A presented session, if any, ends.
    async fn exchange(
        &self,
        identity_token: &str,
        presented: Option<Credentials>,
        caller: Caller,
    ) -> Result<(User, AccessToken), AccessError>;

    /// Ends the session and begins a new one for the same user.
    async fn refresh(&self, credentials: &Credentials) -> Result<AccessToken, AccessError>;

    /// Ends the session.
    async fn log_out(&self, credentials: &Credentials, caller: Caller) -> Result<(), AccessError>;

    /// Gives the signed-in user a new password. All their sessions end at once; the token is that of a new one.
    /// A wrong current password counts as a failed sign-in does.
    async fn change_password(
        &self,
        credentials: &Credentials,
        command: ChangePasswordCommand,
        caller: Caller,
    ) -> Result<AccessToken, AccessError>;

    /// The signed-in user.
    async fn current_user(&self, credentials: &Credentials) -> Result<User, AccessError>;

    /// Checks, against the database, that the credentials are those of a member of the team whose role carries
    /// the permission.
    async fn authorize(
        &self,
        credentials: &Credentials,
        team: TeamId,
        permission: Permission,
    ) -> Result<TeamMember, AccessError>;
}

/// A page of a team's audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditPage {
    /// Newest first.
    pub entries: Vec<ListedAuditEntry>,
    /// Where the next page begins; `None` where there is none.
    pub next_before: Option<AuditEntryId>,
}

/// Reading what was done in a team. Takes a member whose permission was checked by [`DashboardAccess::authorize`].
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// At most `limit` entries, newest first; with `before` only older ones than that.
    async fn page(
        &self,
        member: &TeamMember,
        before: Option<AuditEntryId>,
        limit: u32,
    ) -> Result<AuditPage, StoreError>;
}

/// A widget to be made.
#[derive(Debug, Clone)]
pub struct CreateWidgetCommand {
    /// Display name.
    pub name: String,
    /// The workflow that answers.
    pub workflow_id: WorkflowId,
    /// How it looks.
    pub customization: BTreeMap<String, Data>,
    /// The sites that may embed it; empty means any.
    pub allowed_domains: Vec<String>,
    /// What is demanded of those who use it.
    pub rules: RulesInput,
}

/// A new embed token.
#[derive(Clone)]
pub struct RotatedToken {
    /// The token.
    pub token: EmbedToken,
    /// Until when the one before is accepted as well.
    pub previous_valid_until: Option<Timestamp>,
}

/// What an owner wants a widget's rules to be; `None` leaves one as it is, or as a new widget has it: nothing is
/// demanded, pages say nothing of themselves, there is a page for the widget, and conversations are kept for 90 days.
#[derive(Debug, Clone, Copy, Default)]
pub struct RulesInput {
    /// Whether requests that name no site may use a widget with a list of sites.
    pub allow_no_origin: Option<bool>,
    /// Whether only visitors who prove their identity may open a session.
    pub identity_required: Option<bool>,
    /// Whether a browser must do some work before it may open a session.
    pub bot_check: Option<bool>,
    /// Whether what a page says of itself may reach the model.
    pub page_context: Option<bool>,
    /// Whether the widget has a full page of its own.
    pub hosted_page: Option<bool>,
    /// For how many days conversations are kept; the inner `None` keeps them until somebody erases them.
    pub retention_days: Option<Option<i64>>,
}

/// Changes to a widget; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct UpdateWidgetCommand {
    /// Display name.
    pub name: Option<String>,
    /// The workflow that answers.
    pub workflow_id: Option<WorkflowId>,
    /// Whether visitors may use it.
    pub active: Option<bool>,
    /// Merged key by key; a null value removes its key.
    pub customization: Option<BTreeMap<String, Data>>,
    /// Replaces the whole list.
    pub allowed_domains: Option<Vec<String>>,
    /// Changes the given rules.
    pub rules: RulesInput,
}

/// Why a widget could not be read or written.
#[derive(Debug, Error)]
pub enum WidgetError {
    /// There is no such widget in the team.
    #[error("there is no such widget")]
    NotFound,
    /// `workflowId` names no workflow of the team.
    #[error("there is no such workflow in the team")]
    WorkflowNotFound,
    /// `name` breaks its rule.
    #[error("name {0}")]
    Name(TextError),
    /// `customization` breaks a rule.
    #[error("{0}")]
    Customization(CustomizationError),
    /// `allowedDomains` breaks a rule.
    #[error("{0}")]
    AllowedDomains(AllowedDomainsError),
    /// `graceSeconds` breaks its rule.
    #[error("graceSeconds {0}")]
    Grace(GraceError),
    /// This installation wants every widget to have a list of allowed domains.
    #[error("the list of allowed domains must not be empty on this installation")]
    AllowedDomainsRequired,
    /// `retentionDays` breaks its rule.
    #[error("retentionDays {0}")]
    Retention(RetentionDaysError),
    /// Only an administrator may open a widget further, or change for how long conversations are kept.
    #[error("role does not permit {0}")]
    NotPermitted(Permission),
    /// Others kept changing the widget at the same time.
    #[error("the widget was changed by somebody else at the same time")]
    Contended,
    /// The stored token cannot be read with the server's current secret; rotating it makes a new one.
    #[error("the embed token cannot be shown")]
    TokenUnreadable,
    /// The store failed.
    #[error("could not read or write a widget")]
    Store(#[source] StoreError),
}

impl From<StoreError> for WidgetError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Managing widgets. Every method takes a member whose permission was checked by [`DashboardAccess::authorize`]; what
/// changes something takes an actor, because the audit log tells of it.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait WidgetAdministration: Send + Sync {
    /// All widgets of the member's team, newest first.
    async fn list(&self, member: &TeamMember) -> Result<Vec<Widget>, WidgetError>;

    /// Makes a widget with a new embed token.
    async fn create(&self, actor: &Actor, command: CreateWidgetCommand) -> Result<Widget, WidgetError>;

    /// Reads one widget.
    async fn find(&self, member: &TeamMember, id: WidgetId) -> Result<Widget, WidgetError>;

    /// Changes the given fields and no others.
    async fn update(
        &self,
        actor: &Actor,
        id: WidgetId,
        command: UpdateWidgetCommand,
    ) -> Result<Widget, WidgetError>;

    /// Deletes the widget and all its conversations; its embed token is invalid at once.
    async fn delete(&self, actor: &Actor, id: WidgetId) -> Result<(), WidgetError>;

    /// The current embed token, to be shown in the embed code.
    async fn embed_token(&self, member: &TeamMember, id: WidgetId) -> Result<EmbedToken, WidgetError>;

    /// Puts a new embed token in the place of the current one, which is invalid at once, or after `grace_seconds` if they
    /// are given. A token that was still going on from an earlier rotation is invalid at once in any case.
    async fn rotate_embed_token(
        &self,
        actor: &Actor,
        id: WidgetId,
        grace_seconds: Option<i64>,
    ) -> Result<RotatedToken, WidgetError>;

    /// When the widget's tokens were made and last used, and until when the one before the current is accepted; one
    /// that is not accepted any more is left out.
    async fn tokens(&self, member: &TeamMember, id: WidgetId) -> Result<WidgetTokens, WidgetError>;

    /// What the widget has been used for; "today" is the UTC day.
    async fn stats(&self, member: &TeamMember, id: WidgetId) -> Result<WidgetStats, WidgetError>;
}

/// A workflow to be made.
#[derive(Debug, Clone)]
pub struct CreateWorkflowCommand {
    /// Display name.
    pub name: String,
    /// Who answers.
    pub agent: AgentInput,
}

/// Changes to a workflow; `None` leaves a field as it is. The agent is replaced whole.
#[derive(Debug, Clone, Default)]
pub struct UpdateWorkflowCommand {
    /// Display name.
    pub name: Option<String>,
    /// Who answers.
    pub agent: Option<AgentInput>,
}

/// Why a workflow could not be read or written.
#[derive(Debug, Error)]
pub enum WorkflowError {
    /// There is no such workflow in the team.
    #[error("there is no such workflow")]
    NotFound,
    /// `name` breaks its rule.
    #[error("name {0}")]
    Name(TextError),
    /// A field of `agent` breaks its rule.
    #[error("{} {}", .0.field(), .0)]
    Agent(AgentError),
    /// The operator has configured no provider of that name.
    #[error("{field} must be one of {}", known.join(", "))]
    UnknownProvider {
        /// `agent.provider` or `agent.fallback.provider`.
        field: &'static str,
        /// The configured providers' names, in order.
        known: Vec<String>,
    },
    /// A widget still points at the workflow.
    #[error("the workflow is in use by a widget")]
    InUse,
    /// Others kept changing the workflow at the same time.
    #[error("the workflow was changed by somebody else at the same time")]
    Contended,
    /// The store failed.
    #[error("could not read or write a workflow")]
    Store(#[source] StoreError),
}

impl From<StoreError> for WorkflowError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Managing workflows. Every method takes a member whose permission was checked by [`DashboardAccess::authorize`]; what
/// changes something takes an actor, because the audit log tells of it.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait WorkflowAdministration: Send + Sync {
    /// All workflows of the member's team, newest first.
    async fn list(&self, member: &TeamMember) -> Result<Vec<Workflow>, WorkflowError>;

    /// Makes a workflow.
    async fn create(&self, actor: &Actor, command: CreateWorkflowCommand) -> Result<Workflow, WorkflowError>;

    /// Reads one workflow.
    async fn find(&self, member: &TeamMember, id: WorkflowId) -> Result<Workflow, WorkflowError>;

    /// Changes the given fields and no others.
    async fn update(
        &self,
        actor: &Actor,
        id: WorkflowId,
        command: UpdateWorkflowCommand,
    ) -> Result<Workflow, WorkflowError>;

    /// Deletes a workflow that no widget points at.
    async fn delete(&self, actor: &Actor, id: WorkflowId) -> Result<(), WorkflowError>;
}
