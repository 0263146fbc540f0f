//! Sample values. A test changes only what it is about: `Widget { active: false, ..sample::widget(…) }`.
//!
//! Ids are made of small numbers, so that a test can name them, order them, and read them in a failure.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

use chatloom_domain::Timestamp;
use chatloom_domain::audit::{Actor, AuditAction, AuditEntry, AuditObject, AuditRecord, Caller};
use chatloom_domain::budget::{Day, Reservation};
use chatloom_domain::customization::{Customization, Data};
use chatloom_domain::id::{
    AuditEntryId, AuthSessionId, ChallengeId, MessageId, ReplicaId, RequestId, SessionId, TeamId, TurnId,
    UserId, WidgetId, WorkflowId,
};
use chatloom_domain::message::MessageContent;
use chatloom_domain::origin::AllowedDomains;
use chatloom_domain::proof::VisitorSubject;
use chatloom_domain::session::{ChatSession, VisitorId};
use chatloom_domain::team::{AuthSession, Email, PersonName, Role, TeamMember, TeamName, User};
use chatloom_domain::token::{EmbedToken, SessionSecret};
use chatloom_domain::turn::{
    Fingerprint, IdempotencyClaim, IdempotencyKey, Lease, LoggedEvent, Turn, TurnEvent, TurnState,
};
use chatloom_domain::widget::{Widget, WidgetName, WidgetRules};
use chatloom_domain::workflow::{Agent, AgentInput, Workflow, WorkflowName};
use chatloom_ports::store::access::FirstAdmin;
use chatloom_ports::store::turns::{NewTurn, TurnRetry};
use chatloom_ports::store::widgets::{StoredToken, TokenRotation};
use jiff::SignedDuration;
use uuid::Uuid;

/// The moment around which all sample values lie: 2026-03-14T09:26:53.589793Z. It has microseconds on purpose.
const ORIGIN_MICROS: i64 = 1_773_480_413_589_793;

/// How long the lease of a sample turn holds, in seconds after its start.
pub const LEASE_SECONDS: i64 = 30;

/// The first administrator's password hash; no password is known to have it.
pub const PASSWORD_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzYWx0$vC4Wv5m6lqP0sC3p7bQzqg";

/// The moment `seconds` after the origin of the sample values, 2026-03-14T09:26:53.589793Z.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_microsecond(ORIGIN_MICROS).unwrap() + SignedDuration::from_secs(seconds)
}

/// When the UTC day of [`at`]`(0)` began.
pub fn day_start() -> Timestamp {
    Timestamp::from_second(ORIGIN_MICROS / 1_000_000 / 86_400 * 86_400).unwrap()
}

/// A version 7 UUID that ends in `n`; `kind` keeps the ids of different things apart.
fn uuid(kind: u8, n: u32) -> Uuid {
    let mut random = [0, 0, kind, 0, 0, 0, 0, 0, 0, 0];
    random[6..].copy_from_slice(&n.to_be_bytes());
    let millis = u64::try_from(ORIGIN_MICROS / 1_000).unwrap();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

macro_rules! numbered_ids {
    ($($name:ident -> $id:ident = $kind:literal),+ $(,)?) => {$(
        #[doc = concat!("The `", stringify!($id), "` of number `n`; ids sort as their numbers do.")]
        pub fn $name(n: u32) -> $id {
            $id::from_uuid(uuid($kind, n))
        }
    )+};
}

numbered_ids! {
    user_id -> UserId = 1,
    team_id -> TeamId = 2,
    auth_session_id -> AuthSessionId = 3,
    workflow_id -> WorkflowId = 4,
    widget_id -> WidgetId = 5,
    session_id -> SessionId = 6,
    message_id -> MessageId = 7,
    turn_id -> TurnId = 8,
    replica_id -> ReplicaId = 9,
    challenge_id -> ChallengeId = 10,
    audit_entry_id -> AuditEntryId = 11,
    request_id -> RequestId = 12,
}

/// The first administrator: user 1 of team 1, `ada@example.com`, "Ada Lovelace" of "Analytical Engines".
pub fn first_admin() -> FirstAdmin {
    FirstAdmin {
        user_id: user_id(1),
        team_id: team_id(1),
        email: Email::parse("ada@example.com").unwrap(),
        first_name: PersonName::parse("Ada").unwrap(),
        last_name: PersonName::parse("Lovelace").unwrap(),
        team_name: TeamName::parse("Analytical Engines").unwrap(),
        password_hash: PASSWORD_HASH.to_owned(),
        created_at: at(0),
    }
}

/// User `n` without teams, `user<n>@example.com`.
pub fn user(n: u32) -> User {
    User {
        id: user_id(n),
        first_name: PersonName::parse("Grace").unwrap(),
        last_name: PersonName::parse(&format!("Hopper {n}")).unwrap(),
        email: Email::parse(&format!("user{n}@example.com")).unwrap(),
        memberships: Vec::new(),
        created_at: at(0),
    }
}

/// Dashboard session `n` of a user, begun at [`at`]`(0)`.
pub fn auth_session(user: UserId, n: u32) -> AuthSession {
    AuthSession::begin(auth_session_id(n), user, at(0))
}

/// Where requests come from, unless it matters: 192.0.2.1.
pub fn caller() -> Caller {
    Caller { address: Ipv4Addr::new(192, 0, 2, 1).into(), request_id: request_id(1) }
}

/// An administrator of a team, user 1, at work from [`caller`]'s place.
pub fn actor(team_id: TeamId) -> Actor {
    let member = TeamMember { user_id: user_id(1), team_id, role: Role::Admin };
    Actor { member, caller: caller() }
}

/// Entry `n` of a team's audit log: user 1 made widget 1, at [`at`]`(0)`.
pub fn audit_entry(team: TeamId, n: u32) -> AuditEntry {
    let object = AuditObject::Widget(widget_id(1));
    AuditEntry::of_actor(audit_entry_id(n), &actor(team), at(0), AuditAction::WidgetCreated, object)
}

/// What team 1's audit log says of a change, where the case is not about that. Its id is a new one at every call.
pub fn audit_record() -> AuditRecord {
    static NEXT: AtomicU32 = AtomicU32::new(1_000_000);
    AuditRecord::of(audit_entry(team_id(1), NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// Workflow `n` of a team, in version 1.
pub fn workflow(team: TeamId, n: u32) -> Workflow {
    Workflow {
        id: workflow_id(n),
        team_id: team,
        name: WorkflowName::parse(&format!("Support {n}")).unwrap(),
        agent: agent(),
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    }
}

/// An agent of the provider `scripted` that sets none of its limits.
pub fn agent() -> Agent {
    Agent::parse(&AgentInput {
        instructions: "You are a friendly support agent.".to_owned(),
        provider: "scripted".to_owned(),
        model: "scripted-1".to_owned(),
        temperature: None,
        max_output_tokens: None,
        history_messages: None,
        fallback: None,
    })
    .unwrap()
}

/// Widget `n` of a team: active, open to every site, in version 1.
pub fn widget(team: TeamId, workflow: WorkflowId, n: u32) -> Widget {
    let title = ("title".to_owned(), Data::Text("Ask us".to_owned()));
    Widget {
        id: widget_id(n),
        team_id: team,
        name: WidgetName::parse(&format!("Shop {n}")).unwrap(),
        workflow_id: workflow,
        active: true,
        customization: Customization::parse([title].into()).unwrap(),
        allowed_domains: AllowedDomains::any_site(),
        rules: WidgetRules::default(),
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    }
}

/// Embed token `n`.
pub fn embed_token(n: u32) -> EmbedToken {
    EmbedToken::new(secret_bytes(n))
}

/// Session secret `n`.
pub fn session_secret(n: u32) -> SessionSecret {
    SessionSecret::new(secret_bytes(n))
}

/// Embed token `n` as it is stored. What stands for the encrypted text is only its bytes reversed.
pub fn stored_token(n: u32) -> StoredToken {
    let token = embed_token(n);
    StoredToken { hash: token.hash(), sealed: token.reveal().bytes().rev().collect() }
}

/// Chat session `n` of a widget, with a visitor's label and without a secret.
pub fn chat_session(widget: WidgetId, n: u32) -> ChatSession {
    ChatSession {
        id: session_id(n),
        widget_id: widget,
        visitor_id: Some(VisitorId::parse(&format!("visitor-{n}")).unwrap()),
        subject: None,
        secret_hash: None,
        created_at: at(0),
    }
}

/// A visitor's proven name.
pub fn visitor_subject(name: &str) -> VisitorSubject {
    VisitorSubject::parse(name).unwrap()
}

/// A visitor's message.
pub fn content(text: &str) -> MessageContent {
    MessageContent::parse(text).unwrap()
}

/// Turn `n` of a session: messages `2n` and `2n + 1`, generation 1, begun at [`at`]`(0)` and running on replica 1
/// under a lease of [`LEASE_SECONDS`].
pub fn turn(session: SessionId, n: u32) -> Turn {
    Turn {
        id: turn_id(n),
        session_id: session,
        user_message_id: message_id(2 * n),
        assistant_message_id: message_id(2 * n + 1),
        generation: 1,
        started_at: at(0),
        state: TurnState::Running { lease: Lease { owner: replica_id(1), until: at(LEASE_SECONDS) } },
    }
}

/// Turn `n` of a session, about to begin on a widget in version 1 with the question "Question `n`?".
pub fn new_turn(session: &ChatSession, n: u32) -> NewTurn {
    NewTurn {
        turn: turn(session.id, n),
        widget_id: session.widget_id,
        widget_version: 1,
        question: content(&format!("Question {n}?")).into(),
        claim: None,
        reservation: reservation(20, 30),
    }
}

/// A measured reservation of the day of [`at`]`(0)`.
pub fn reservation(input: u64, output: u64) -> Reservation {
    Reservation { day: Day::of(at(0)), input, output, is_measured: true }
}

/// Turn `n` of a session as [`new_turn`] makes it, begun under a key.
pub fn keyed_turn(session: &ChatSession, n: u32, key: &str) -> NewTurn {
    let new = new_turn(session, n);
    let key = IdempotencyKey::parse(key).unwrap();
    NewTurn {
        claim: Some(IdempotencyClaim { key, fingerprint: Fingerprint::of(&new.question.content) }),
        ..new
    }
}

/// Turn `n` of a session on a widget in version 1, about to run again on replica 2 under a lease of
/// [`LEASE_SECONDS`].
pub fn turn_retry(session: &ChatSession, n: u32) -> TurnRetry {
    TurnRetry {
        turn_id: turn_id(n),
        session_id: session.id,
        widget_id: session.widget_id,
        widget_version: 1,
        lease: Lease { owner: replica_id(2), until: at(LEASE_SECONDS) },
        reservation: reservation(20, 30),
    }
}

/// The log of a running turn: `Started` as event 1, then one event for each piece of text.
pub fn log(turn: &Turn, pieces: &[&str]) -> Vec<LoggedEvent> {
    let started = TurnEvent::Started {
        user_message_id: turn.user_message_id,
        assistant_message_id: turn.assistant_message_id,
    };
    let texts = pieces.iter().map(|piece| TurnEvent::Text((*piece).to_owned()));
    (1..).zip(std::iter::once(started).chain(texts)).map(|(seq, event)| LoggedEvent { seq, event }).collect()
}

fn secret_bytes(n: u32) -> [u8; 32] {
    let mut bytes = [0x5a; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    bytes
}

/// Token `n` in the place of the one before, which ends at once.
pub fn rotation(n: u32, second: i64) -> TokenRotation {
    TokenRotation { token: stored_token(n), previous_until: None, at: at(second) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_ids_sort_as_their_numbers_and_differ_between_kinds() {
        assert!(widget_id(1) < widget_id(2));
        assert!(widget_id(255) < widget_id(256));
        assert_ne!(widget_id(1).as_uuid(), workflow_id(1).as_uuid());
        assert_eq!(widget_id(1).as_uuid().get_version_num(), 7);
    }

    #[test]
    fn the_origin_is_what_the_documentation_says() {
        assert_eq!(at(0).to_string(), "2026-03-14T09:26:53.589793Z");
        assert_eq!(day_start().to_string(), "2026-03-14T00:00:00Z");
    }
}
