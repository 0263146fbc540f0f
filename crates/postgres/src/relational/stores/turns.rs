//! [`TurnStore`] on a relational database.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::budget::MessageQuota;
use chatloom_domain::id::{ReplicaId, SessionId, TurnId, WorkflowId};
use chatloom_domain::message::Question;
use chatloom_domain::turn::{Fingerprint, IdempotencyKey, LoggedEvent, TurnEvent, TurnFailure, TurnState};
use chatloom_ports::store::turns::{
    BeginTurnError, LogPosition, NewTurn, RetriedTurn, RetryTurnError, RunningLog, StopOutcome, TurnAppend,
    TurnChange, TurnChanges, TurnContext, TurnEnd, TurnLog, TurnRetry,
};
use chatloom_ports::store::{StoreError, TurnStore};

use super::super::errors::QueryError;
use super::super::queries::begin::BeginError;
use super::super::queries::turns::{EndError, Ending, Fence};
use super::super::queries::{begin, logs, replay, sessions, turns, workflows};
use super::super::rows::event::{last_seq, logged_text};
use super::RelationalStore;
use crate::columns::{Id, Time};
use crate::database::Conn;

#[async_trait]
impl TurnStore for RelationalStore {
    async fn begin_turn(&self, new: &NewTurn) -> Result<Option<MessageQuota>, BeginTurnError> {
        let of_unit = new.clone();
        let unit =
            self.database.write(move |conn| Box::pin(async move { begin::begin(conn, &of_unit).await }));
        match unit.await {
            // A repetition that waited for the session may find it free again when the first is done, and cannot see
            // the key but through the index: its statement sees what had been committed when it began.
            Err(BeginError::Query(error)) if error.is_unique_violation() && new.claim.is_some() => {
                let new = new.clone();
                let found = self
                    .database
                    .read(move |conn| Box::pin(async move { begin::why_claimed(conn, &new).await }));
                Err(found.await?.unwrap_or_else(|| error.into()))
            }
            begun => Ok(begun?),
        }
    }

    async fn find_claimed(
        &self,
        session: SessionId,
        key: &IdempotencyKey,
    ) -> Result<Option<(TurnId, Fingerprint)>, StoreError> {
        let (session, key) = (Id(session.as_uuid()), key.clone());
        let unit = self
            .database
            .read(move |conn| Box::pin(async move { begin::find_claimed(conn, session, &key).await }));
        Ok(unit.await?)
    }

    async fn retry_turn(&self, retry: &TurnRetry) -> Result<RetriedTurn, RetryTurnError> {
        let retry = *retry;
        let unit = self.database.write(move |conn| Box::pin(async move { begin::retry(conn, &retry).await }));
        let running = unit.await?;
        self.database.tell(TurnChange::Logs);
        Ok(running)
    }

    async fn find_question(&self, session: SessionId, turn: TurnId) -> Result<Option<Question>, StoreError> {
        let (session, turn) = (Id(session.as_uuid()), Id(turn.as_uuid()));
        Ok(self.database.read(move |conn| Box::pin(begin::find_question(conn, session, turn))).await?)
    }

    async fn request_stop(&self, session: SessionId, turn: TurnId) -> Result<StopOutcome, StoreError> {
        let (session, turn) = (Id(session.as_uuid()), Id(turn.as_uuid()));
        let unit = self.database.write(move |conn| Box::pin(turns::request_stop(conn, session, turn)));
        let outcome = unit.await?;
        if outcome == StopOutcome::Requested {
            self.database.tell(TurnChange::Stops);
        }
        Ok(outcome)
    }

    async fn list_stop_requests(&self, owner: ReplicaId) -> Result<Vec<TurnId>, StoreError> {
        let owner = Id(owner.as_uuid());
        let to_stop = self.database.read(move |conn| Box::pin(turns::list_stop_requests(conn, owner)));
        Ok(to_stop.await?.into_iter().map(|turn| TurnId::from_uuid(turn.0)).collect())
    }

    async fn find_turn_log(&self, session: SessionId, turn: TurnId) -> Result<Option<TurnLog>, StoreError> {
        let (session, turn) = (Id(session.as_uuid()), Id(turn.as_uuid()));
        Ok(self.database.read(move |conn| Box::pin(replay::find_log(conn, session, turn))).await?)
    }

    async fn read_running_logs(&self, positions: &[LogPosition]) -> Result<Vec<RunningLog>, StoreError> {
        if positions.is_empty() {
            return Ok(Vec::new());
        }
        let positions = positions.to_vec();
        let unit = self
            .database
            .read(move |conn| Box::pin(async move { replay::read_running(conn, &positions).await }));
        Ok(unit.await?)
    }

    fn changes(&self) -> TurnChanges {
        self.database.changes()
    }

    async fn load_turn_context(
        &self,
        session: SessionId,
        turn: TurnId,
        workflow: WorkflowId,
        history_limit: u32,
    ) -> Result<TurnContext, StoreError> {
        let (session, turn, workflow) = (Id(session.as_uuid()), Id(turn.as_uuid()), Id(workflow.as_uuid()));
        let work = self.database.read(move |conn| {
            Box::pin(async move {
                let workflow = workflows::find_of_widget(conn, workflow).await?;
                let history = sessions::list_history(conn, session, turn, history_limit).await?;
                Ok::<_, QueryError>(TurnContext { workflow, history })
            })
        });
        Ok(work.await?)
    }

    async fn append_events(
        &self,
        owner: ReplicaId,
        lease_until: Timestamp,
        appends: &[TurnAppend],
    ) -> Result<Vec<TurnId>, StoreError> {
        if appends.is_empty() {
            return Ok(Vec::new());
        }
        let batch = logs::Batch::new(owner, lease_until, appends)?;
        let has_events = batch.has_events();
        let lost = self.database.write(move |conn| Box::pin(logs::append(conn, batch))).await?;
        if has_events {
            self.database.tell(TurnChange::Logs);
        }
        Ok(lost)
    }

    async fn finish_turn(&self, end: &TurnEnd) -> Result<bool, StoreError> {
        let ending = Ending {
            turn: end.turn,
            fence: Fence::Owner(end.owner),
            content: end.content.clone(),
            events: end.events.clone(),
        };
        match self.database.write(move |conn| Box::pin(turns::end(conn, ending))).await {
            Ok(()) => {
                self.database.tell(TurnChange::Logs);
                Ok(true)
            }
            Err(EndError::Lost) => {
                let turn = end.turn;
                Ok(self.database.read(move |conn| Box::pin(turns::has_ended_so(conn, turn))).await?)
            }
            Err(EndError::Query(error)) => Err(error.into()),
        }
    }

    /// Each turn is ended in a transaction of its own: together they would hold the locks of many sessions at once, and
    /// one turn that cannot be read would keep all others running.
    async fn interrupt_expired_turns(&self, now: Timestamp, limit: u32) -> Result<Vec<TurnId>, StoreError> {
        let expired = self.database.read(move |conn| Box::pin(turns::list_expired(conn, Time(now), limit)));
        let mut interrupted = Vec::new();
        let mut failure = None;
        for turn in expired.await? {
            match self.database.write(move |conn| Box::pin(interrupt(conn, turn, now))).await {
                Ok(()) => interrupted.push(TurnId::from_uuid(turn.0)),
                Err(EndError::Lost) => {}
                Err(EndError::Query(error)) => {
                    // Without a connection to be had, each of the others would wait for one as long in vain.
                    let is_away = matches!(error, QueryError::NotRun(_));
                    failure = Some(error);
                    if is_away {
                        break;
                    }
                }
            }
        }
        if !interrupted.is_empty() {
            self.database.tell(TurnChange::Logs);
        }
        match failure {
            Some(error) if interrupted.is_empty() => Err(error.into()),
            _ => Ok(interrupted),
        }
    }

    async fn prune_events(&self, ended_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let before = Time(ended_before);
        let pruned = self.database.write(move |conn| Box::pin(logs::prune(conn, before, limit))).await?;
        self.note_erasures(pruned);
        Ok(pruned)
    }
}

/// Ends a turn whose lease was seen to have run out, with what its log holds.
async fn interrupt(conn: &mut Conn, turn: Id, now: Timestamp) -> Result<(), EndError> {
    let running = turns::find_running(conn, turn).await?.ok_or(EndError::Lost)?;
    let TurnState::Running { lease } = running.state else {
        return Err(EndError::Lost);
    };
    let log = logs::load(conn, Id(running.id.as_uuid()), running.generation).await?;
    let content = logged_text(&log)?;
    let turn = running.expire(!content.is_empty(), now).map_err(|_| EndError::Lost)?;
    let event = TurnEvent::Broken { failure: TurnFailure::AnswerInterrupted, at: now };
    let events = vec![LoggedEvent::after_loss(last_seq(&log), event)];
    turns::end(conn, Ending { turn, fence: Fence::Lease(lease.until), content, events }).await
}
