//! Users, teams, and what a role may do.

use std::fmt;

use jiff::SignedDuration;
use thiserror::Error;

use crate::Timestamp;
use crate::id::{AuthSessionId, TeamId, UserId};
use crate::text::{Lines, text_type};

text_type! {
    /// A team's display name: 1 to 100 characters on one line.
    TeamName, max = 100, lines = Lines::Single
}

text_type! {
    /// A person's first or last name: 1 to 100 characters on one line.
    PersonName, max = 100, lines = Lines::Single
}

/// An e-mail address as a sign-in name, lower-cased.
///
/// Only the shape that every address has is checked (RFC 5321 length limit, one `@` with something on both
/// sides, no spaces or control characters); whether mail arrives there is not a property of the text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// The text is not an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be an e-mail address")]
pub struct EmailError;

impl Email {
    /// Trims, lower-cases and checks the address: at most 254 bytes (RFC 5321, section 4.5.3.1).
    pub fn parse(input: &str) -> Result<Self, EmailError> {
        let text = input.trim();
        if text.len() > 254 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(EmailError);
        }
        match text.split_once('@') {
            Some((local, domain)) if !local.is_empty() && !domain.is_empty() && !domain.contains('@') => {
                Ok(Self(text.to_lowercase()))
            }
            _ => Err(EmailError),
        }
    }

    /// The sign-in name of a user who has none: it is their own, and nobody's address (RFC 2606).
    pub fn placeholder(user: UserId) -> Self {
        Self(format!("{user}@external.invalid"))
    }

    /// The address, lower-cased.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address is personal data and must not reach a log through a debug print.
        f.write_str("Email")
    }
}

/// What a member may do in a team. Each role may do all that the lower ones may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads widgets, workflows and statistics.
    Viewer,
    /// Also reads embed codes.
    Operator,
    /// Also creates, changes and deletes widgets and workflows.
    Builder,
    /// Also opens a restricted widget, decides how long conversations are kept, erases them, makes the secret that proves
    /// who a visitor is, sets budgets, and reads the audit log.
    Admin,
}

/// The text is not a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be VIEWER, OPERATOR, BUILDER or ADMIN")]
pub struct RoleError;

impl Role {
    /// Reads the name that the API and the databases use.
    pub fn parse(input: &str) -> Result<Self, RoleError> {
        match input {
            "VIEWER" => Ok(Self::Viewer),
            "OPERATOR" => Ok(Self::Operator),
            "BUILDER" => Ok(Self::Builder),
            "ADMIN" => Ok(Self::Admin),
            _ => Err(RoleError),
        }
    }

    /// The name that [`Role::parse`] reads.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "VIEWER",
            Self::Operator => "OPERATOR",
            Self::Builder => "BUILDER",
            Self::Admin => "ADMIN",
        }
    }

    /// Whether the role carries the permission.
    pub fn may(self, permission: Permission) -> bool {
        self >= permission.least_role()
    }
}

/// Something that a team lets its members do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// List and read widgets, workflows and statistics.
    Read,
    /// Read the embed code, which shows the embed token.
    ReadEmbedCode,
    /// Read what visitors think of answers, with these.
    ReadFeedback,
    /// Create, change and delete widgets and workflows, and rotate embed tokens.
    Build,
    /// Empty a widget's list of allowed domains, which opens it to every site.
    OpenToAnySite,
    /// Let visitors in who prove nothing, where only proven ones may come in now.
    WaiveIdentity,
    /// Decide how long conversations are kept.
    SetRetention,
    /// Make the secret that proves who a visitor is. Whoever has it can read every proven visitor's conversations.
    ProveIdentity,
    /// Erase visitors' conversations.
    EraseConversations,
    /// Set the daily budgets of the team and its widgets.
    SetBudgets,
    /// Read who changed what, and from where.
    ReadAuditLog,
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "reading",
            Self::ReadEmbedCode => "reading the embed code",
            Self::ReadFeedback => "reading feedback",
            Self::Build => "changing widgets and workflows",
            Self::OpenToAnySite => "opening the widget to any site",
            Self::WaiveIdentity => "switching identityRequired off",
            Self::SetRetention => "changing retentionDays",
            Self::ProveIdentity => "making an identity secret",
            Self::EraseConversations => "erasing conversations",
            Self::SetBudgets => "setting budgets",
            Self::ReadAuditLog => "reading the audit log",
        })
    }
}

impl Permission {
    /// The lowest role that has the permission.
    pub const fn least_role(self) -> Role {
        match self {
            Self::Read => Role::Viewer,
            Self::ReadEmbedCode | Self::ReadFeedback => Role::Operator,
            Self::Build => Role::Builder,
            Self::OpenToAnySite
            | Self::WaiveIdentity
            | Self::SetRetention
            | Self::ProveIdentity
            | Self::EraseConversations
            | Self::SetBudgets
            | Self::ReadAuditLog => Role::Admin,
        }
    }
}

/// A user's place in a team, as it is in the database now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TeamMember {
    /// Who.
    pub user_id: UserId,
    /// In which team.
    pub team_id: TeamId,
    /// With which role.
    pub role: Role,
}

/// One membership as it is shown to its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The team.
    pub team_id: TeamId,
    /// Its name.
    pub team_name: TeamName,
    /// The user's role in it.
    pub role: Role,
}

/// A person who signs in to the dashboard, with all their teams in order of name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// First name.
    pub first_name: PersonName,
    /// Last name.
    pub last_name: PersonName,
    /// The sign-in name.
    pub email: Email,
    /// The teams the user belongs to.
    pub memberships: Vec<Membership>,
    /// When the user was made.
    pub created_at: Timestamp,
}

/// A signed-in dashboard session. The JWT only points at it, so ending it takes effect at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthSession {
    /// The session's id, `sid` in the JWT.
    pub id: AuthSessionId,
    /// Who is signed in.
    pub user_id: UserId,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When it was last used, a minute or so behind.
    pub last_seen_at: Timestamp,
    /// When it ends, however busy it is.
    pub expires_at: Timestamp,
    /// When it and all that it is renewed into end; `None` where it can be renewed without end.
    pub renewable_until: Option<Timestamp>,
}

impl AuthSession {
    /// How long a session lives, however busy it is.
    pub const LIFETIME: SignedDuration = SignedDuration::from_hours(12);
    /// How long a session lives without being used.
    pub const IDLE_LIMIT: SignedDuration = SignedDuration::from_mins(60);
    /// How far `last_seen_at` may lag, so that reading the dashboard does not write on every request.
    pub const SEEN_PRECISION: SignedDuration = SignedDuration::from_mins(1);

    /// A session that begins now.
    pub fn begin(id: AuthSessionId, user_id: UserId, now: Timestamp) -> Self {
        Self::begin_until(id, user_id, now, None)
    }

    /// A session that begins now and, renewed or not, ends at `renewable_until` at the latest.
    pub fn begin_until(
        id: AuthSessionId,
        user_id: UserId,
        now: Timestamp,
        renewable_until: Option<Timestamp>,
    ) -> Self {
        let lifetime = now + Self::LIFETIME;
        let expires_at = renewable_until.map_or(lifetime, |until| until.min(lifetime));
        Self { id, user_id, created_at: now, last_seen_at: now, expires_at, renewable_until }
    }

    /// The session that takes this one's place now. It cannot outlive what this one was bound to.
    #[must_use]
    pub fn renewed(&self, id: AuthSessionId, now: Timestamp) -> Self {
        Self::begin_until(id, self.user_id, now, self.renewable_until)
    }

    /// Whether the session still counts.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at && now.duration_since(self.last_seen_at) < Self::IDLE_LIMIT
    }

    /// Whether `last_seen_at` is old enough to be written anew.
    pub fn is_due_for_touch(&self, now: Timestamp) -> bool {
        now.duration_since(self.last_seen_at) >= Self::SEEN_PRECISION
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_session_ends_after_an_idle_hour_and_after_twelve_hours() {
        let start = Timestamp::UNIX_EPOCH;
        let session = AuthSession::begin(
            AuthSessionId::from_uuid(Uuid::from_u128(1)),
            UserId::from_uuid(Uuid::from_u128(2)),
            start,
        );
        let after = |minutes| start + SignedDuration::from_mins(minutes);
        assert!(session.is_live(after(59)));
        assert!(!session.is_live(after(60)));
        let busy = AuthSession { last_seen_at: after(719), ..session };
        assert!(busy.is_live(after(719)));
        assert!(!busy.is_live(after(720)));
    }

    #[test]
    fn a_bound_session_cannot_be_renewed_beyond_its_bound() {
        let start = Timestamp::UNIX_EPOCH;
        let after = |minutes| start + SignedDuration::from_mins(minutes);
        let [first, second] = [1, 2].map(|n| AuthSessionId::from_uuid(Uuid::from_u128(n)));
        let user = UserId::from_uuid(Uuid::from_u128(3));
        let bound = AuthSession::begin_until(first, user, start, Some(after(60)));
        let renewed = bound.renewed(second, after(50));
        assert_eq!([bound.expires_at, renewed.expires_at], [after(60); 2]);
        assert_eq!((renewed.id, renewed.renewable_until), (second, Some(after(60))));
        let long = AuthSession::begin_until(first, user, start, Some(after(10_000)));
        assert_eq!(long.expires_at, after(720));
        let free = AuthSession::begin(first, user, start).renewed(second, after(700));
        assert_eq!((free.expires_at, free.renewable_until), (after(1420), None));
    }

    #[test]
    fn each_role_may_do_what_the_table_says() {
        let table = [
            (Role::Viewer, [true, false, false, false, false, false]),
            (Role::Operator, [true, true, false, false, false, false]),
            (Role::Builder, [true, true, true, false, false, false]),
            (Role::Admin, [true, true, true, true, true, true]),
        ];
        let permissions = [
            Permission::Read,
            Permission::ReadEmbedCode,
            Permission::Build,
            Permission::OpenToAnySite,
            Permission::SetBudgets,
            Permission::ReadAuditLog,
        ];
        for (role, expected) in table {
            assert_eq!(permissions.map(|permission| role.may(permission)), expected, "{role:?}");
        }
    }

    #[test]
    fn role_names_round_trip() {
        for role in [Role::Viewer, Role::Operator, Role::Builder, Role::Admin] {
            assert_eq!(Role::parse(role.as_str()), Ok(role));
        }
        assert_eq!(Role::parse("admin"), Err(RoleError));
    }

    #[test]
    fn email_addresses_are_lower_cased_and_checked() {
        assert_eq!(Email::parse(" Ada@Example.COM ").unwrap().as_str(), "ada@example.com");
        for bad in ["", "ada", "@example.com", "ada@", "a b@c.d", "a@b@c", "a\u{0}@b.c"] {
            assert_eq!(Email::parse(bad), Err(EmailError), "{bad:?}");
        }
    }
}
