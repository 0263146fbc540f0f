//! The audit log of a team: who did what to which object, when, and from where.
//!
//! An entry names things and never repeats their content: no secret, no text that a person wrote. What it does hold of a
//! person is the address that a dashboard user came from, and so it lives for [`AuditEntry::RETENTION`] and no longer.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use jiff::SignedDuration;
use thiserror::Error;
use uuid::Uuid;

use crate::Timestamp;
use crate::customization::Data;
use crate::id::{AuditEntryId, RequestId, TeamId, UserId, WidgetId, WorkflowId};
use crate::team::{Email, TeamMember};

/// Where a request to the dashboard came from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The client's address, as the outermost trusted proxy saw it.
    pub address: IpAddr,
    /// What the request is called in the log and in its answer.
    pub request_id: RequestId,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address is personal data and must not reach a log through a debug print.
        f.debug_struct("Caller").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

/// A member of a team who is about to change something, and where their request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// Who, and in which team.
    pub member: TeamMember,
    /// From where.
    pub caller: Caller,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// What was done. What is told beside it is in the entry's detail.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum AuditAction { $($(#[$doc])* $name),+ }

        impl AuditAction {
            /// All actions.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The stable name that the API and the databases use.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

actions! {
    /// A widget was made.
    WidgetCreated = "widget.created",
    /// Fields of a widget were changed; `fields` names them. Some changes have an action of their own beside it.
    WidgetUpdated = "widget.updated",
    /// A widget's list of allowed domains was emptied, which opens it to every site.
    AllowedDomainsEmptied = "widget.allowed_domains_emptied",
    /// A widget was switched on.
    WidgetSwitchedOn = "widget.switched_on",
    /// A widget was switched off.
    WidgetSwitchedOff = "widget.switched_off",
    /// A widget was deleted with all its conversations.
    WidgetDeleted = "widget.deleted",
    /// A widget got a new embed token; `graceSeconds` is for how long the old one is still taken.
    TokenRegenerated = "widget.token_regenerated",
    /// Visitors need not prove who they are any more.
    IdentityRequirementLifted = "widget.identity_requirement_lifted",
    /// A widget got a new secret for proving who its visitors are.
    IdentitySecretRotated = "widget.identity_secret_rotated",
    /// A visitor's conversations were erased.
    VisitorErased = "widget.visitor_erased",
    /// How long a widget keeps conversations was changed.
    RetentionChanged = "widget.retention_changed",
    /// What a widget or a whole team may spend was changed.
    BudgetsChanged = "budgets.changed",
    /// A workflow was made.
    WorkflowCreated = "workflow.created",
    /// Fields of a workflow were changed; `fields` names them.
    WorkflowUpdated = "workflow.updated",
    /// A workflow was deleted.
    WorkflowDeleted = "workflow.deleted",
    /// A user signed in.
    LoginSucceeded = "user.login_succeeded",
    /// Somebody named a user and gave a wrong password.
    LoginFailed = "user.login_failed",
    /// Somebody named a user after too many failures, and no password was looked at; told once in a quarter of an hour.
    LoginThrottled = "user.login_throttled",
    /// A user signed out.
    LoggedOut = "user.logged_out",
    /// A user changed their password, which ended all their other sessions.
    PasswordChanged = "user.password_changed",
    /// A signed-in user gave a wrong password when they were to change it.
    PasswordChangeFailed = "user.password_change_failed",
}

/// The text names no action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("is not an action of the audit log")]
pub struct AuditActionError;

impl AuditAction {
    /// Reads the name that [`AuditAction::as_str`] gives.
    pub fn parse(input: &str) -> Result<Self, AuditActionError> {
        Self::ALL.iter().copied().find(|action| action.as_str() == input).ok_or(AuditActionError)
    }
}

/// What something was done to. It may be gone by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditObject {
    /// The team itself.
    Team(TeamId),
    /// A person who signs in.
    User(UserId),
    /// A widget.
    Widget(WidgetId),
    /// A workflow.
    Workflow(WorkflowId),
}

/// The text names no kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("is not a kind of object of the audit log")]
pub struct AuditObjectError;

impl AuditObject {
    /// Reads a kind, as [`AuditObject::kind`] gives it, and an id.
    pub fn parse(kind: &str, id: Uuid) -> Result<Self, AuditObjectError> {
        match kind {
            "team" => Ok(Self::Team(TeamId::from_uuid(id))),
            "user" => Ok(Self::User(UserId::from_uuid(id))),
            "widget" => Ok(Self::Widget(WidgetId::from_uuid(id))),
            "workflow" => Ok(Self::Workflow(WorkflowId::from_uuid(id))),
            _ => Err(AuditObjectError),
        }
    }

    /// The kind's stable name.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Team(_) => "team",
            Self::User(_) => "user",
            Self::Widget(_) => "widget",
            Self::Workflow(_) => "workflow",
        }
    }

    /// The bare UUID, for rows and wire types.
    pub const fn as_uuid(self) -> Uuid {
        match self {
            Self::Team(id) => id.as_uuid(),
            Self::User(id) => id.as_uuid(),
            Self::Widget(id) => id.as_uuid(),
            Self::Workflow(id) => id.as_uuid(),
        }
    }
}

/// One line of a team's audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// The entry's id, a UUID of version 7: entries in order of id are in order of time.
    pub id: AuditEntryId,
    /// Whose log it stands in.
    pub team_id: TeamId,
    /// When.
    pub at: Timestamp,
    /// Who. `None` where nobody has proven who they are, and for what the service does by itself.
    pub actor: Option<UserId>,
    /// Did what.
    pub action: AuditAction,
    /// To which object.
    pub object: AuditObject,
    /// What else there is to tell: names and numbers, by name.
    pub detail: BTreeMap<String, Data>,
    /// From where. `None` for what the service does by itself.
    pub caller: Option<Caller>,
}

impl AuditEntry {
    /// How long an entry is kept.
    pub const RETENTION: SignedDuration = SignedDuration::from_hours(365 * 24);

    /// What a member of a team did.
    pub fn of_actor(
        id: AuditEntryId,
        actor: &Actor,
        at: Timestamp,
        action: AuditAction,
        object: AuditObject,
    ) -> Self {
        Self {
            id,
            team_id: actor.member.team_id,
            at,
            actor: Some(actor.member.user_id),
            action,
            object,
            detail: BTreeMap::new(),
            caller: Some(actor.caller),
        }
    }

    /// The entry with a number in its detail.
    #[must_use]
    pub fn with_number(mut self, name: &str, number: i64) -> Self {
        self.detail.insert(name.to_owned(), Data::Int(number));
        self
    }

    /// The entry with names in its detail, such as those of the fields that were changed.
    #[must_use]
    pub fn with_names(mut self, name: &str, names: &[&str]) -> Self {
        let names = names.iter().map(|name| Data::Text((*name).to_owned())).collect();
        self.detail.insert(name.to_owned(), Data::List(names));
        self
    }
}

/// An entry with what only the present knows.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedAuditEntry {
    /// The entry.
    pub entry: AuditEntry,
    /// The actor's address for signing in; `None` where there is no actor, or the user is gone.
    pub actor_email: Option<Email>,
}

/// What the log will say of one change: at least one entry, so that a change without any cannot be asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRecord(Vec<AuditEntry>);

impl AuditRecord {
    /// A record of one entry.
    pub fn of(entry: AuditEntry) -> Self {
        Self(vec![entry])
    }

    /// The record with one entry more.
    #[must_use]
    pub fn and(mut self, entry: AuditEntry) -> Self {
        self.0.push(entry);
        self
    }

    /// The entries, in the order of their ids.
    pub fn entries(&self) -> &[AuditEntry] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_actions_round_trip_and_are_told_apart() {
        for (index, action) in AuditAction::ALL.iter().enumerate() {
            assert_eq!(AuditAction::parse(action.as_str()), Ok(*action));
            assert!(AuditAction::ALL[..index].iter().all(|other| other.as_str() != action.as_str()));
        }
        assert_eq!(AuditAction::parse("widget.painted"), Err(AuditActionError));
    }

    #[test]
    fn objects_round_trip() {
        let id = Uuid::from_u128(7);
        for kind in ["team", "user", "widget", "workflow"] {
            let object = AuditObject::parse(kind, id).unwrap();
            assert_eq!((object.kind(), object.as_uuid()), (kind, id));
        }
        assert_eq!(AuditObject::parse("visitor", id), Err(AuditObjectError));
    }

    #[test]
    fn a_callers_address_is_not_printed() {
        let caller = Caller {
            address: "203.0.113.77".parse().unwrap(),
            request_id: RequestId::from_uuid(Uuid::from_u128(1)),
        };
        let printed = format!("{caller:?}");
        assert!(!printed.contains("203") && printed.contains("RequestId"), "{printed}");
    }
}
