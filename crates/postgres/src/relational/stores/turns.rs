//! [`TurnStore`] on a relational database.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::id::{ReplicaId, SessionId, TurnId, WorkflowId};
use chatloom_domain::turn::{LoggedEvent, TurnEvent, TurnFailure};
use chatloom_ports::store::turns::{BeginTurnError, NewTurn, TurnAppend, TurnContext, TurnEnd};
use chatloom_ports::store::{StoreError, TurnStore};

use super::super::errors::QueryError;
use super::super::queries::turns::{EndError, Ending, Fence};
use super::super::queries::{logs, sessions, turns, workflows};
use super::super::rows::event::{logged_text, next_seq};
use super::RelationalStore;
use crate::columns::{Id, Time};
use crate::database::Conn;

#[async_trait]
impl TurnStore for RelationalStore {
    async fn begin_turn(&self, new: &NewTurn) -> Result<(), BeginTurnError> {
        let new = new.clone();
        self.database.write(move |conn| Box::pin(async move { turns::begin(conn, &new).await })).await
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
        Ok(self.database.write(move |conn| Box::pin(logs::append(conn, batch))).await?)
    }

    async fn finish_turn(&self, end: &TurnEnd) -> Result<bool, StoreError> {
        let ending = Ending {
            turn: end.turn,
            fence: Fence::Owner(end.owner),
            content: end.content.clone(),
            events: end.events.clone(),
        };
        match self.database.write(move |conn| Box::pin(turns::end(conn, ending))).await {
            Ok(()) => Ok(true),
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
        match failure {
            Some(error) if interrupted.is_empty() => Err(error.into()),
            _ => Ok(interrupted),
        }
    }

    async fn prune_events(&self, ended_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let before = Time(ended_before);
        Ok(self.database.write(move |conn| Box::pin(logs::prune(conn, before, limit))).await?)
    }
}

/// Ends a turn whose lease was seen to have run out, with what its log holds.
async fn interrupt(conn: &mut Conn, turn: Id, now: Timestamp) -> Result<(), EndError> {
    let (running, lease) = turns::find_running(conn, turn).await?.ok_or(EndError::Lost)?;
    let log = logs::load(conn, Id(running.id.as_uuid()), running.generation).await?;
    let content = logged_text(&log)?;
    let turn = running.expire(!content.is_empty(), now).map_err(|_| EndError::Lost)?;
    let event = TurnEvent::Broken { failure: TurnFailure::AnswerInterrupted, at: now };
    let events = vec![LoggedEvent { seq: next_seq(&log), event }];
    turns::end(conn, Ending { turn, fence: Fence::Lease(lease.until), content, events }).await
}
