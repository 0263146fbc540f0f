//! One type per kind of id, so that a session's id cannot be passed where a widget's is meant.

use std::fmt;

use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that is known to name this kind of thing.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare UUID, for rows and wire types.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )+};
}

ids! {
    /// A person who signs in to the dashboard.
    UserId,
    /// A team, the owner of widgets and workflows.
    TeamId,
    /// A signed-in dashboard session (`sid` in the JWT).
    AuthSessionId,
    /// An agent workflow.
    WorkflowId,
    /// A chat widget.
    WidgetId,
    /// A visitor's chat session.
    SessionId,
    /// A visitor's or the agent's message.
    MessageId,
    /// One question and the work of answering it.
    TurnId,
    /// A bot check's challenge.
    ChallengeId,
    /// One running process of the service.
    ReplicaId,
    /// A line of a team's audit log.
    AuditEntryId,
    /// A request, as the log and its answer call it.
    RequestId,
}
