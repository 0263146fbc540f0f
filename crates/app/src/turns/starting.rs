//! Starts turns: a new message's, or one that is run again.

use std::sync::Arc;
use std::time::Duration;

use chatloom_domain::id::{MessageId, SessionId, TurnId, WorkflowId};
use chatloom_domain::message::MessageContent;
use chatloom_domain::turn::{IdempotencyClaim, Lease, Turn, TurnState};
use chatloom_domain::widget::Widget;
use chatloom_ports::store::StoreError;
use chatloom_ports::store::turns::{BeginTurnError, NewTurn, RetryTurnError, TurnRetry};
use chatloom_ports::visitor::TurnStream;
use thiserror::Error;

use super::TurnRunner;
use super::live::LiveTurn;

/// Why a turn was not begun, or not run again, apart from what the store says.
#[derive(Debug, Error)]
pub(crate) enum StartError<E> {
    /// The service is about to stop.
    #[error("the service is about to stop")]
    Draining,
    /// None of the agent's models may be asked now.
    #[error("the model has failed too often just now")]
    ModelUnavailable {
        /// When one may.
        retry_after: Duration,
    },
    /// The store refused or failed.
    #[error("could not start a turn")]
    Store(#[source] E),
}

/// A message on its way into a session of a widget.
pub(crate) struct NewMessage<'a> {
    pub(crate) widget: &'a Widget,
    pub(crate) session: SessionId,
    pub(crate) content: MessageContent,
    pub(crate) claim: Option<IdempotencyClaim>,
}

impl TurnRunner {
    /// Stores the visitor's message with a running turn and begins to answer it.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        message: NewMessage<'_>,
    ) -> Result<TurnStream, StartError<BeginTurnError>> {
        // A drain waits for whoever was let in.
        let _admitted = self.answers.token();
        let NewMessage { widget, session, content, claim } = message;
        if let Err(refusal) = self.check_can_start(widget).await {
            // A repetition begins nothing, so nothing can be in its way.
            return Err(self.find_claimed(session, claim.as_ref()).await?.unwrap_or(refusal));
        }
        let new = NewTurn {
            turn: self.new_turn(session),
            widget_id: widget.id,
            widget_version: widget.version,
            content,
            claim,
        };
        let (runner, workflow) = (self.clone(), widget.workflow_id);
        self.start_in_task(async move {
            runner.store.begin_turn(&new).await?;
            Ok(runner.start_answer(LiveTurn::new(new.turn, new.widget_id), workflow, new.content))
        })
        .await
    }

    /// Runs a turn that has no answer again, as the next generation.
    pub(crate) async fn retry(
        self: &Arc<Self>,
        widget: &Widget,
        session_id: SessionId,
        turn_id: TurnId,
    ) -> Result<TurnStream, StartError<RetryTurnError>> {
        let _admitted = self.answers.token();
        self.check_can_start(widget).await?;
        let lease = Lease { owner: self.replica, until: self.lease_end(self.clock.now()) };
        let retry =
            TurnRetry { turn_id, session_id, widget_id: widget.id, widget_version: widget.version, lease };
        let (runner, workflow) = (self.clone(), widget.workflow_id);
        self.start_in_task(async move {
            let (turn, question) = runner.store.retry_turn(&retry).await?;
            Ok(runner.start_answer(LiveTurn::new(turn, retry.widget_id), workflow, question))
        })
        .await
    }

    /// Works in a task of the runner's: a request that is dropped in the middle must not leave a committed turn behind
    /// that nobody answers.
    async fn start_in_task<E: From<StoreError> + Send + 'static>(
        &self,
        work: impl Future<Output = Result<TurnStream, E>> + Send + 'static,
    ) -> Result<TurnStream, StartError<E>> {
        let started = self.answers.spawn_on(work, &self.runtime).await;
        started
            .unwrap_or_else(|lost| Err(StoreError::Unavailable(Box::new(lost)).into()))
            .map_err(StartError::Store)
    }

    /// What is to be said of a key that is known already.
    async fn find_claimed(
        &self,
        session: SessionId,
        claim: Option<&IdempotencyClaim>,
    ) -> Result<Option<StartError<BeginTurnError>>, StartError<BeginTurnError>> {
        let Some(claim) = claim else { return Ok(None) };
        let known = self.store.find_claimed(session, &claim.key).await;
        let known = known.map_err(|error| StartError::Store(error.into()))?;
        Ok(known.map(|(turn, fingerprint)| {
            StartError::Store(if fingerprint == claim.fingerprint {
                BeginTurnError::AlreadyBegun(turn)
            } else {
                BeginTurnError::KeyReused
            })
        }))
    }

    /// Refuses before anything is stored what could not be answered anyway. The workflow is looked up only while some
    /// model is known to fail.
    async fn check_can_start<E: From<StoreError>>(&self, widget: &Widget) -> Result<(), StartError<E>> {
        if self.is_draining() {
            return Err(StartError::Draining);
        }
        if !self.upstream.has_open_circuits() {
            return Ok(());
        }
        let found = self.workflows.find_workflow(widget.team_id, widget.workflow_id).await;
        let workflow = found.map_err(|error| StartError::Store(error.into()))?;
        match workflow.and_then(|workflow| self.upstream.refuses(&workflow.agent)) {
            Some(retry_after) => Err(StartError::ModelUnavailable { retry_after }),
            None => Ok(()),
        }
    }

    /// Answers a turn that is stored as running, and shows it.
    fn start_answer(
        self: Arc<Self>,
        live: LiveTurn,
        workflow: WorkflowId,
        question: MessageContent,
    ) -> TurnStream {
        let live = Arc::new(live);
        live.log.publish(live.turn.started().event);
        let stream = live.log.watch(0);
        self.register(&live);
        let runner = self.clone();
        self.answers.spawn_on(async move { runner.answer(live, workflow, question).await }, &self.runtime);
        stream
    }

    fn new_turn(&self, session_id: SessionId) -> Turn {
        let now = self.clock.now();
        Turn {
            id: TurnId::from_uuid(self.entropy.uuid(now)),
            session_id,
            user_message_id: MessageId::from_uuid(self.entropy.uuid(now)),
            assistant_message_id: MessageId::from_uuid(self.entropy.uuid(now)),
            generation: 1,
            started_at: now,
            state: TurnState::Running { lease: Lease { owner: self.replica, until: self.lease_end(now) } },
        }
    }
}
