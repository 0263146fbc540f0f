//! The data of the stores in memory, and the questions that more than one store asks it.

use std::collections::{BTreeMap, BTreeSet};

use chatloom_domain::Timestamp;
use chatloom_domain::audit::AuditEntry;
use chatloom_domain::budget::{Budget, BudgetOwner, Day, Reservation, Spending};
use chatloom_domain::feedback::Feedback;
use chatloom_domain::id::{
    AuditEntryId, AuthSessionId, ChallengeId, MessageId, ReplicaId, SessionId, TeamId, TurnId, UserId,
    WidgetId, WorkflowId,
};
use chatloom_domain::identity::{Issuer, Subject};
use chatloom_domain::message::{Message, Question};
use chatloom_domain::session::ChatSession;
use chatloom_domain::team::{AuthSession, Email, PersonName, Role, TeamName};
use chatloom_domain::token::{TokenHash, WidgetTokens};
use chatloom_domain::turn::{IdempotencyClaim, LoggedEvent, Turn, TurnEvent, TurnState};
use chatloom_domain::usage::TokenUsage;
use chatloom_domain::widget::Widget;
use chatloom_domain::workflow::Workflow;
use chatloom_ports::store::identities::StoredIdentitySecrets;

use super::changes::Changes;

#[derive(Default)]
pub(super) struct Tables {
    pub(super) users: BTreeMap<UserId, UserRecord>,
    pub(super) teams: BTreeMap<TeamId, TeamRecord>,
    pub(super) members: BTreeMap<(UserId, TeamId), Role>,
    pub(super) auth_sessions: BTreeMap<AuthSessionId, AuthSession>,
    pub(super) external_identities: BTreeMap<(Issuer, Subject), ExternalRecord>,
    pub(super) audit_log: BTreeMap<AuditEntryId, AuditEntry>,
    pub(super) workflows: BTreeMap<WorkflowId, Workflow>,
    pub(super) widgets: BTreeMap<WidgetId, WidgetRecord>,
    /// The tokens of deleted widgets.
    pub(super) tombstones: BTreeSet<TokenHash>,
    pub(super) deleted: BTreeSet<WidgetId>,
    pub(super) sessions: BTreeMap<SessionId, SessionRecord>,
    pub(super) turns: BTreeMap<TurnId, TurnRecord>,
    /// Spent challenges, and when they expire.
    pub(super) spent_challenges: BTreeMap<ChallengeId, Timestamp>,
    pub(super) budgets: BTreeMap<(TeamId, BudgetOwner), Budget>,
    pub(super) spending: BTreeMap<(TeamId, BudgetOwner, Day), Spending>,
    /// Whom to wake when turns change.
    pub(super) changes: Changes,
}

pub(super) struct UserRecord {
    pub(super) first_name: PersonName,
    pub(super) last_name: PersonName,
    pub(super) email: Email,
    pub(super) password_hash: String,
    pub(super) created_at: Timestamp,
    pub(super) is_disabled: bool,
}

pub(super) struct ExternalRecord {
    pub(super) user_id: UserId,
    pub(super) email: Option<Email>,
    pub(super) vouched_at: Timestamp,
}

pub(super) struct TeamRecord {
    pub(super) name: TeamName,
    pub(super) created_at: Timestamp,
}

pub(super) struct WidgetRecord {
    pub(super) widget: Widget,
    pub(super) token_hash: TokenHash,
    pub(super) sealed_token: Vec<u8>,
    pub(super) tokens: WidgetTokens,
    pub(super) previous_token: Option<TokenHash>,
    pub(super) identity_secrets: Option<StoredIdentitySecrets>,
    pub(super) total_sessions: u64,
    pub(super) total_messages: u64,
    pub(super) token_usage: TokenUsage,
}

pub(super) struct SessionRecord {
    pub(super) session: ChatSession,
    /// When it was made or last written to by its visitor.
    pub(super) active_at: Timestamp,
    /// In order of `seq`, as they were last stored: the text of a running turn is in its log alone.
    pub(super) messages: Vec<Message>,
    /// What the visitor thinks of answers; the messages themselves do not say.
    pub(super) feedback: BTreeMap<MessageId, Feedback>,
}

pub(super) struct TurnRecord {
    pub(super) turn: Turn,
    pub(super) question: Question,
    /// The key under which it was begun.
    pub(super) claim: Option<IdempotencyClaim>,
    /// Whether somebody wants the current generation to stop.
    pub(super) stop_requested: bool,
    /// What the current generation has reserved.
    pub(super) reservation: Reservation,
    /// The log of the current generation.
    pub(super) log: Vec<LoggedEvent>,
}

impl TurnRecord {
    /// Whether the turn is running under this owner and generation: the fence before every write.
    pub(super) fn is_held_by(&self, owner: ReplicaId, generation: u32) -> bool {
        matches!(self.turn.state, TurnState::Running { lease } if lease.owner == owner)
            && self.turn.generation == generation
    }

    /// Adds to the log. Events that are there already may be written again, together with all that follow them. A gap
    /// or a change is a mistake of the writer that a database would keep in its own way, so here it fails the test
    /// at once.
    pub(super) fn extend_log(&mut self, events: &[LoggedEvent]) {
        let Some(first) = events.first() else {
            return;
        };
        let stored = self.log.partition_point(|logged| logged.seq < first.seq);
        let again = self.log.split_off(stored);
        assert!(events.starts_with(&again), "events of turn {} are written again as they were", self.turn.id);
        for event in events {
            let expected = self.log.last().map_or(1, |last| last.seq + 1);
            assert_eq!(event.seq, expected, "events of turn {} have no gaps", self.turn.id);
            self.log.push(event.clone());
        }
    }

    /// The text that the log holds so far.
    pub(super) fn text(&self) -> String {
        self.log
            .iter()
            .filter_map(|logged| match &logged.event {
                TurnEvent::Text(piece) => Some(piece.as_str()),
                _ => None,
            })
            .collect()
    }
}

impl Tables {
    pub(super) fn has_workflow(&self, team: TeamId, id: WorkflowId) -> bool {
        self.workflows.get(&id).is_some_and(|workflow| workflow.team_id == team)
    }

    pub(super) fn widget_of(&self, team: TeamId, id: WidgetId) -> Option<&WidgetRecord> {
        self.widgets.get(&id).filter(|record| record.widget.team_id == team)
    }

    pub(super) fn widget_of_mut(&mut self, team: TeamId, id: WidgetId) -> Option<&mut WidgetRecord> {
        self.widgets.get_mut(&id).filter(|record| record.widget.team_id == team)
    }

    /// The widget, if it is as it was when a request was admitted to it.
    pub(super) fn admitted_widget(&mut self, id: WidgetId, version: i64) -> Option<&mut WidgetRecord> {
        self.widgets.get_mut(&id).filter(|record| record.widget.active && record.widget.version == version)
    }

    /// Whether a turn of the session is running.
    pub(super) fn is_busy(&self, id: SessionId) -> bool {
        self.turns_of(id).any(|record| record.turn.is_running())
    }

    /// Removes a session with its messages, turns and events.
    pub(super) fn remove_session(&mut self, id: SessionId) -> bool {
        self.forfeit(id);
        self.turns.retain(|_, record| record.turn.session_id != id);
        self.sessions.remove(&id).is_some()
    }

    /// The turns of a session in no particular order.
    pub(super) fn turns_of(&self, session: SessionId) -> impl Iterator<Item = &TurnRecord> {
        self.turns.values().filter(move |record| record.turn.session_id == session)
    }

    /// The agent's message of a turn. Both tables lose a session together, so a turn that is there has its message.
    pub(super) fn answer_of(&mut self, turn: &Turn) -> Option<&mut Message> {
        let session = self.sessions.get_mut(&turn.session_id)?;
        session.messages.iter_mut().find(|message| message.id == turn.assistant_message_id)
    }

    /// Counts what a turn came to: its tokens, and the agent's message if it is the first to be read.
    pub(super) fn count_answer(&mut self, turn: &Turn, is_first_text: bool, usage: TokenUsage) {
        let session = self.sessions.get(&turn.session_id);
        let widget = session.and_then(|record| self.widgets.get_mut(&record.session.widget_id));
        if let Some(record) = widget {
            record.total_messages += u64::from(is_first_text);
            record.token_usage.input += usage.input;
            record.token_usage.output += usage.output;
        }
    }
}
