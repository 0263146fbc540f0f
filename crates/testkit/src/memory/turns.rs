//! Turns and their logs in memory.

mod begin;
mod ends;
mod logs;

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::budget::MessageQuota;
use chatloom_domain::id::{ReplicaId, SessionId, TurnId, WorkflowId};
use chatloom_domain::message::{Message, MessageStatus, Question};
use chatloom_domain::turn::{Fingerprint, IdempotencyKey, Lease};
use chatloom_ports::store::turns::{
    BeginTurnError, LogPosition, NewTurn, RetriedTurn, RetryTurnError, RunningLog, StopOutcome, TurnAppend,
    TurnChange, TurnChanges, TurnContext, TurnEnd, TurnLog, TurnRetry,
};
use chatloom_ports::store::{StoreError, TurnStore};

use super::MemoryStores;
use super::tables::Tables;

#[async_trait]
impl TurnStore for MemoryStores {
    async fn begin_turn(&self, new: &NewTurn) -> Result<Option<MessageQuota>, BeginTurnError> {
        self.transact(|tables| tables.begin(new))?
    }

    async fn find_claimed(
        &self,
        session: SessionId,
        key: &IdempotencyKey,
    ) -> Result<Option<(TurnId, Fingerprint)>, StoreError> {
        self.transact(|tables| {
            tables.turns_of(session).find_map(|record| {
                let claim = record.claim.as_ref().filter(|claim| claim.key == *key)?;
                Some((record.turn.id, claim.fingerprint))
            })
        })
    }

    async fn retry_turn(&self, retry: &TurnRetry) -> Result<RetriedTurn, RetryTurnError> {
        self.transact(|tables| tables.retry(retry))?
    }

    async fn find_question(&self, session: SessionId, turn: TurnId) -> Result<Option<Question>, StoreError> {
        self.transact(|tables| {
            let record = tables.turns.get(&turn).filter(|record| record.turn.session_id == session);
            record.map(|record| record.question.clone())
        })
    }

    async fn request_stop(&self, session: SessionId, turn: TurnId) -> Result<StopOutcome, StoreError> {
        self.transact(|tables| {
            let record = tables.turns.get_mut(&turn).filter(|record| record.turn.session_id == session);
            let Some(record) = record else {
                return StopOutcome::NotFound;
            };
            if !record.turn.is_running() {
                return StopOutcome::Ended;
            }
            record.stop_requested = true;
            tables.changes.ring(TurnChange::Stops);
            StopOutcome::Requested
        })
    }

    async fn list_stop_requests(&self, owner: ReplicaId) -> Result<Vec<TurnId>, StoreError> {
        self.transact(|tables| {
            let to_stop = tables
                .turns
                .values()
                .filter(|record| record.stop_requested && record.is_held_by(owner, record.turn.generation));
            to_stop.map(|record| record.turn.id).collect()
        })
    }

    async fn find_turn_log(&self, session: SessionId, turn: TurnId) -> Result<Option<TurnLog>, StoreError> {
        self.transact(|tables| tables.find_log(session, turn))
    }

    async fn read_running_logs(&self, positions: &[LogPosition]) -> Result<Vec<RunningLog>, StoreError> {
        self.transact(|tables| positions.iter().filter_map(|position| tables.log_after(position)).collect())
    }

    fn changes(&self) -> TurnChanges {
        self.state().tables.changes.listen()
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
            let (written, lost): (Vec<_>, Vec<_>) =
                appends.iter().partition(|append| tables.append(append, lease));
            if written.iter().any(|append| !append.events.is_empty()) {
                tables.changes.ring(TurnChange::Logs);
            }
            lost.into_iter().map(|append| append.turn_id).collect()
        })
    }

    async fn finish_turn(&self, end: &TurnEnd) -> Result<bool, StoreError> {
        self.transact(|tables| tables.finish(end))
    }

    async fn interrupt_expired_turns(&self, now: Timestamp, limit: u32) -> Result<Vec<TurnId>, StoreError> {
        self.transact(|tables| tables.interrupt_expired(now, limit as usize))
    }

    async fn prune_events(&self, ended_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.transact(|tables| tables.prune(ended_before, limit as usize))
    }
}

impl Tables {
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
}
