//! Turns and their logs in memory.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::id::{ReplicaId, SessionId, TurnId, WorkflowId};
use chatloom_domain::message::{Author, Message, MessageStatus};
use chatloom_domain::turn::{Lease, LoggedEvent, Turn, TurnEvent, TurnFailure, TurnState};
use chatloom_domain::usage::TokenUsage;
use chatloom_ports::store::turns::{BeginTurnError, NewTurn, TurnAppend, TurnContext, TurnEnd};
use chatloom_ports::store::{StoreError, TurnStore};

use super::MemoryStores;
use super::tables::{Tables, TurnRecord};

#[async_trait]
impl TurnStore for MemoryStores {
    async fn begin_turn(&self, new: &NewTurn) -> Result<(), BeginTurnError> {
        self.transact(|tables| {
            tables.check_can_begin(new)?;
            tables.write_question(new);
            tables.turns.insert(new.turn.id, TurnRecord { turn: new.turn, log: Vec::new() });
            Ok(())
        })?
    }

    async fn load_turn_context(
        &self,
        session: SessionId,
        turn: TurnId,
        workflow: WorkflowId,
        history_limit: u32,
    ) -> Result<TurnContext, StoreError> {
        self.transact(|tables| TurnContext {
            workflow: tables.workflows.get(&workflow).cloned(),
            history: tables.history(session, turn, history_limit as usize),
        })
    }

    async fn append_events(
        &self,
        owner: ReplicaId,
        lease_until: Timestamp,
        appends: &[TurnAppend],
    ) -> Result<Vec<TurnId>, StoreError> {
        self.transact(|tables| {
            let lease = Lease { owner, until: lease_until };
            let mut lost = Vec::new();
            for append in appends {
                if !tables.append(append, lease) {
                    lost.push(append.turn_id);
                }
            }
            lost
        })
    }

    async fn finish_turn(&self, end: &TurnEnd) -> Result<bool, StoreError> {
        self.transact(|tables| {
            let Some(record) = tables.turns.get_mut(&end.turn.id) else {
                return false;
            };
            if !record.is_held_by(end.owner, end.turn.generation) {
                return record.turn == end.turn;
            }
            record.extend_log(&end.events);
            record.turn.state = end.turn.state;
            let turn = record.turn;
            tables.end_turn(&turn, &end.content);
            true
        })
    }

    async fn interrupt_expired_turns(&self, now: Timestamp, limit: u32) -> Result<Vec<TurnId>, StoreError> {
        self.transact(|tables| {
            let mut expired: Vec<_> = tables
                .turns
                .values()
                .filter_map(|record| match record.turn.state {
                    TurnState::Running { lease } if lease.until <= now => Some((lease.until, record.turn.id)),
                    _ => None,
                })
                .collect();
            expired.sort_unstable();
            expired.truncate(limit as usize);
            let ids: Vec<_> = expired.into_iter().map(|(_, id)| id).collect();
            for id in &ids {
                tables.interrupt(*id, now);
            }
            ids
        })
    }

    async fn prune_events(&self, ended_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.transact(|tables| {
            let has_old_log = |record: &&mut TurnRecord| {
                usage_and_end(&record.turn.state).is_some_and(|(_, ended_at)| ended_at < ended_before)
                    && !record.log.is_empty()
            };
            let mut pruned = 0;
            for record in tables.turns.values_mut().filter(has_old_log).take(limit as usize) {
                record.log.clear();
                pruned += 1;
            }
            pruned
        })
    }
}

fn usage_and_end(state: &TurnState) -> Option<(TokenUsage, Timestamp)> {
    match *state {
        TurnState::Running { .. } => None,
        TurnState::Completed { usage, ended_at, .. }
        | TurnState::Interrupted { usage, ended_at, .. }
        | TurnState::Failed { usage, ended_at, .. } => Some((usage, ended_at)),
    }
}

impl Tables {
    fn check_can_begin(&mut self, new: &NewTurn) -> Result<(), BeginTurnError> {
        let session = self.sessions.get(&new.turn.session_id);
        if session.is_none_or(|record| record.session.widget_id != new.widget_id) {
            return Err(BeginTurnError::SessionNotFound);
        }
        if self.admitted_widget(new.widget_id, new.widget_version).is_none() {
            return Err(BeginTurnError::WidgetChanged);
        }
        let mut of_session = self
            .turns
            .values()
            .map(|record| &record.turn)
            .filter(|turn| turn.session_id == new.turn.session_id);
        match of_session.find(|turn| matches!(turn.state, TurnState::Running { .. })) {
            Some(running) => Err(BeginTurnError::TurnRunning(running.id)),
            None => Ok(()),
        }
    }

    /// Adds the visitor's message and the place for the answer, and counts the former.
    fn write_question(&mut self, new: &NewTurn) {
        let turn = &new.turn;
        if let Some(record) = self.sessions.get_mut(&turn.session_id) {
            let last_seq = record.messages.last().map_or(0, |message| message.seq);
            record.active_at = record.active_at.max(turn.started_at);
            record.messages.push(Message {
                id: turn.user_message_id,
                seq: last_seq + 1,
                author: Author::User,
                content: new.content.as_str().to_owned(),
                status: MessageStatus::Complete,
                created_at: turn.started_at,
            });
            record.messages.push(Message {
                id: turn.assistant_message_id,
                seq: last_seq + 2,
                author: Author::Assistant,
                content: String::new(),
                status: MessageStatus::Streaming,
                created_at: turn.started_at,
            });
        }
        if let Some(record) = self.widgets.get_mut(&new.widget_id) {
            record.total_messages += 1;
        }
    }

    fn history(&self, session: SessionId, turn: TurnId, limit: usize) -> Vec<Message> {
        let turn = self.turns.get(&turn).map(|record| &record.turn).filter(|turn| turn.session_id == session);
        let (Some(turn), Some(record)) = (turn, self.sessions.get(&session)) else {
            return Vec::new();
        };
        let before = record.messages.iter().take_while(|message| message.id != turn.user_message_id);
        let is_read = |message: &&Message| {
            matches!(message.status, MessageStatus::Complete | MessageStatus::Interrupted)
                && !message.content.is_empty()
        };
        let readable: Vec<_> = before.filter(is_read).cloned().collect();
        readable[readable.len().saturating_sub(limit)..].to_vec()
    }

    /// Adds to the log of one turn and renews its lease; `false` if the turn is not the writer's any more.
    fn append(&mut self, append: &TurnAppend, lease: Lease) -> bool {
        let record = self.turns.get_mut(&append.turn_id);
        let Some(record) = record.filter(|record| record.is_held_by(lease.owner, append.generation)) else {
            return false;
        };
        record.extend_log(&append.events);
        record.turn.state = TurnState::Running { lease };
        let (turn, text) = (record.turn, record.text());
        self.write_answer(&turn, &text, MessageStatus::Streaming);
        true
    }

    fn interrupt(&mut self, id: TurnId, now: Timestamp) {
        let Some(record) = self.turns.get_mut(&id) else {
            return;
        };
        let text = record.text();
        let Ok(turn) = record.turn.expire(!text.is_empty(), now) else {
            return;
        };
        let seq = record.log.last().map_or(1, |logged| logged.seq + 1);
        let event = TurnEvent::Broken { failure: TurnFailure::AnswerInterrupted, at: now };
        record.turn = turn;
        record.log.push(LoggedEvent { seq, event });
        self.end_turn(&turn, &text);
    }

    /// Writes what a turn that has just ended leaves behind outside of its own row and log.
    fn end_turn(&mut self, turn: &Turn, content: &str) {
        let (usage, _) = usage_and_end(&turn.state).unwrap_or_default();
        self.count_answer(turn, !content.is_empty(), usage);
        self.write_answer(turn, content, turn.state.message_status());
    }
}
