//! Starts turns: a new message's, or one that is run again.

use std::sync::Arc;
use std::time::Duration;

use chatloom_domain::budget::Reservation;
use chatloom_domain::id::{MessageId, SessionId, TurnId, WorkflowId};
use chatloom_domain::message::Question;
use chatloom_domain::turn::{IdempotencyClaim, Lease, Turn, TurnState};
use chatloom_domain::widget::Widget;
use chatloom_ports::store::StoreError;
use chatloom_ports::store::turns::{BeginTurnError, NewTurn, RetriedTurn, RetryTurnError, TurnRetry};
use chatloom_ports::visitor::{AnsweringTurn, TurnStream};
use thiserror::Error;

use super::TurnRunner;
use super::answer::Task;
use super::live::LiveTurn;
use super::reserving::{Asked, Reserving, room_to_begin, room_to_retry};
use super::slots::Slot;

/// Why a turn was not begun, or not run again, apart from what the store says.
#[derive(Debug, Error)]
pub(crate) enum StartError<E> {
    /// The service is about to stop.
    #[error("the service is about to stop")]
    Draining,
    /// Too many answers are being made.
    #[error("too many answers are being made")]
    Busy,
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
    pub(crate) question: Question,
    pub(crate) claim: Option<IdempotencyClaim>,
}

impl TurnRunner {
    /// Stores the visitor's message with a running turn and begins to answer it.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        message: NewMessage<'_>,
    ) -> Result<AnsweringTurn, StartError<BeginTurnError>> {
        // A drain waits for whoever was let in.
        let _admitted = self.answers.token();
        let NewMessage { widget, session, question, claim } = message;
        let slot = match self.admit(widget).await {
            Ok(Some(slot)) => slot,
            // A repetition begins nothing, so nothing can be in its way, and it waits for nobody.
            Ok(None) => match self.find_claimed(session, claim.as_ref()).await? {
                Some(known) => return Err(known),
                None => self.slots.take(widget.team_id).await.ok_or(StartError::Busy)?,
            },
            Err(refusal) => return Err(self.find_claimed(session, claim.as_ref()).await?.unwrap_or(refusal)),
        };
        let (slot, turn) = (Arc::new(slot), self.new_turn(session));
        let mut reserving = Reserving::new(self, widget, session, Asked::Now(&question), turn.started_at);
        loop {
            let new = NewTurn {
                turn,
                widget_id: widget.id,
                widget_version: widget.version,
                question: question.clone(),
                claim: claim.clone(),
                reservation: reserving.reservation,
            };
            match self.begin_reserved(new, widget.workflow_id, slot.clone()).await {
                Err(StartError::Store(error)) => match room_to_begin(&error) {
                    Some(room) if reserving.adapt(room).await.map_err(unreadable)? => {}
                    _ => return Err(StartError::Store(error)),
                },
                begun => return begun,
            }
        }
    }

    async fn begin_reserved(
        self: &Arc<Self>,
        new: NewTurn,
        workflow: WorkflowId,
        slot: Arc<Slot>,
    ) -> Result<AnsweringTurn, StartError<BeginTurnError>> {
        let runner = self.clone();
        self.start_in_task(async move {
            let quota = runner.store.begin_turn(&new).await?;
            let output_limit = output_limit(&new.reservation);
            let task = Task { workflow, question: new.question, output_limit, slot };
            let live = LiveTurn::new(new.turn, new.widget_id);
            Ok(AnsweringTurn { events: runner.start_answer(live, task), quota })
        })
        .await
    }

    /// Runs a turn that has no answer again, as the next generation.
    pub(crate) async fn retry(
        self: &Arc<Self>,
        widget: &Widget,
        session_id: SessionId,
        turn_id: TurnId,
    ) -> Result<AnsweringTurn, StartError<RetryTurnError>> {
        let _admitted = self.answers.token();
        let slot = match self.admit(widget).await? {
            Some(slot) => slot,
            None => self.slots.take(widget.team_id).await.ok_or(StartError::Busy)?,
        };
        let (slot, now) = (Arc::new(slot), self.clock.now());
        let lease = Lease { owner: self.replica, until: self.lease_end(now) };
        let mut reserving = Reserving::new(self, widget, session_id, Asked::Before(turn_id), now);
        loop {
            let retry = TurnRetry {
                turn_id,
                session_id,
                widget_id: widget.id,
                widget_version: widget.version,
                lease,
                reservation: reserving.reservation,
            };
            match self.retry_reserved(retry, widget, slot.clone()).await {
                Err(StartError::Store(error)) => match room_to_retry(&error) {
                    Some(room) if reserving.adapt(room).await.map_err(unreadable)? => {}
                    _ => return Err(StartError::Store(error)),
                },
                begun => return begun,
            }
        }
    }

    async fn retry_reserved(
        self: &Arc<Self>,
        retry: TurnRetry,
        widget: &Widget,
        slot: Arc<Slot>,
    ) -> Result<AnsweringTurn, StartError<RetryTurnError>> {
        let (runner, workflow, rules) = (self.clone(), widget.workflow_id, widget.rules);
        self.start_in_task(async move {
            let RetriedTurn { turn, question, quota } = runner.store.retry_turn(&retry).await?;
            let question = rules.apply(question);
            let task = Task { workflow, question, output_limit: output_limit(&retry.reservation), slot };
            let live = LiveTurn::new(turn, retry.widget_id);
            Ok(AnsweringTurn { events: runner.start_answer(live, task), quota })
        })
        .await
    }

    /// Works in a task of the runner's: a request that is dropped in the middle must not leave a committed turn behind
    /// that nobody answers.
    async fn start_in_task<E: From<StoreError> + Send + 'static>(
        &self,
        work: impl Future<Output = Result<AnsweringTurn, E>> + Send + 'static,
    ) -> Result<AnsweringTurn, StartError<E>> {
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

    /// Refuses before anything is stored what could not be answered anyway, and gives a place among the answers that are
    /// made; none if all are taken.
    async fn admit<E: From<StoreError>>(&self, widget: &Widget) -> Result<Option<Slot>, StartError<E>> {
        self.check_can_start(widget).await?;
        Ok(self.slots.try_take(widget.team_id))
    }

    /// The workflow is looked up only while some model is known to fail.
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
    fn start_answer(self: Arc<Self>, live: LiveTurn, task: Task) -> TurnStream {
        let live = Arc::new(live);
        live.log.publish(live.turn.started().event);
        let stream = live.log.watch(0);
        self.register(&live);
        let runner = self.clone();
        self.answers.spawn_on(async move { runner.answer(live, task).await }, &self.runtime);
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

/// The most tokens that a turn's answer may have, where tokens are limited.
fn output_limit(reservation: &Reservation) -> Option<u32> {
    reservation.is_measured.then(|| u32::try_from(reservation.output).unwrap_or(u32::MAX))
}

/// What is to be sent could not be measured.
fn unreadable<E: From<StoreError>>(error: StoreError) -> StartError<E> {
    StartError::Store(error.into())
}
