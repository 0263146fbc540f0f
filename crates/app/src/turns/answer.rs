//! Answers one turn: asks the model, has its answer read, and stores the end.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chatloom_domain::id::WorkflowId;
use chatloom_domain::message::Question;
use chatloom_domain::turn::{Turn, TurnEvent, TurnFailure};
use chatloom_domain::usage::{TokenUsage, estimate_tokens};
use chatloom_domain::workflow::Agent;
use chatloom_ports::chat_model::ModelRequest;
use chatloom_ports::store::StoreError;
use chatloom_ports::store::turns::TurnEnd;
use futures::FutureExt;
use tokio::time::{Instant, timeout_at};

use super::TurnRunner;
use super::asking::{self, Begun};
use super::live::LiveTurn;
use super::outcome::Outcome;
use super::reading::{Answer, Cut};
use super::slots::Slot;
use super::window::{conversation, instructions, newest};

/// How long to wait before a failed last write is tried again.
const WRITE_AGAIN: Duration = Duration::from_millis(250);

/// What is to be answered.
pub(super) struct Task {
    pub(super) workflow: WorkflowId,
    pub(super) question: Question,
    /// The most tokens that were reserved for the answer, where tokens are limited.
    pub(super) output_limit: Option<u32>,
    /// Held until the answer has ended.
    pub(super) slot: Arc<Slot>,
}

impl TurnRunner {
    /// Runs a turn from its model's first sign to its stored end.
    pub(super) async fn answer(self: Arc<Self>, live: Arc<LiveTurn>, task: Task) {
        let _registered = Registered { runner: &self, live: &live };
        let generated = AssertUnwindSafe(self.generate(&live, &task)).catch_unwind().await;
        // The model is done; storing the end needs nothing of the provider.
        drop(task.slot);
        // A bug in here or in an adapter costs this answer. Without an end its session would be blocked for good.
        let outcome = generated.unwrap_or_else(|_| {
            tracing::error!(turn = %live.turn.id, "answering panicked");
            failed(TurnFailure::AnswerInterrupted)
        });
        self.finish(&live, outcome).await;
    }

    async fn generate(&self, live: &LiveTurn, task: &Task) -> Outcome {
        let (agent, request) = match self.prepare(&live.turn, task).await {
            Ok(prepared) => prepared,
            Err(failure) => return failed(failure),
        };
        let input_estimate = estimate_input(&request);
        let mut answer = Answer::new(live, self);
        let result = match self.ask(&mut answer, &agent, request).await {
            Ok(Begun::Speaking(mut stream)) => answer.read_rest(&mut stream).await,
            Ok(Begun::Silent(finish)) => Ok(finish),
            Err(cut) => Err(cut),
        };
        if let (Err(Cut::Model(error)), true) = (&result, answer.has_text()) {
            asking::log(live.turn.id, None, error);
        }
        answer.conclude(result, input_estimate)
    }

    async fn prepare(&self, turn: &Turn, task: &Task) -> Result<(Agent, ModelRequest), TurnFailure> {
        // The store caps the history; the workflow's own, smaller number is applied below.
        let context =
            self.store.load_turn_context(turn.session_id, turn.id, task.workflow, MOST_HISTORY).await;
        let context = context.map_err(|error| {
            tracing::error!(turn = %turn.id, error = &error as &dyn std::error::Error, "could not load a turn's context");
            TurnFailure::ModelUnavailable
        })?;
        let agent = context.workflow.ok_or(TurnFailure::ModelUnavailable)?.agent;
        let history = newest(context.history, agent.history_messages());
        let request = ModelRequest {
            model: agent.model.clone(),
            instructions: instructions(&agent, &task.question),
            messages: conversation(history, &task.question, self.limits.history_tokens),
            temperature: agent.temperature(),
            max_output_tokens: agent.max_output_tokens().into_iter().chain(task.output_limit).min(),
        };
        Ok((agent, request))
    }

    /// Stores the end and then shows it. A turn that was taken away or erased is only shown as broken off.
    async fn finish(&self, live: &LiveTurn, outcome: Outcome) {
        let content = live.log.text();
        let ended_at = self.clock.now();
        let turn = live.turn;
        let ended = match outcome.result {
            Ok(reason) => turn.complete(reason, outcome.usage, ended_at),
            Err(failure) => turn.break_off(failure, !content.is_empty(), outcome.usage, ended_at),
        };
        let Ok(ended) = ended else { return };
        let terminal = match outcome.result {
            Ok(finish_reason) => TurnEvent::Completed {
                assistant_message_id: turn.assistant_message_id,
                content: content.as_str().into(),
                created_at: turn.started_at,
                finish_reason,
                usage: outcome.usage,
            },
            Err(failure) => TurnEvent::Broken { failure, at: ended_at },
        };
        let mut end = TurnEnd { turn: ended, owner: self.replica, content, events: Vec::new() };
        let is_stored = self.store_end(live, &mut end, &terminal).await;
        let unstored = match outcome.result {
            Err(TurnFailure::WidgetGone) => TurnFailure::WidgetGone,
            _ => TurnFailure::AnswerInterrupted,
        };
        live.log.publish(if is_stored {
            terminal
        } else {
            TurnEvent::Broken { failure: unstored, at: ended_at }
        });
    }

    /// Tries for a while when the database is away. `false` when the end could not be stored.
    async fn store_end(&self, live: &LiveTurn, end: &mut TurnEnd, terminal: &TurnEvent) -> bool {
        let give_up = Instant::now() + self.limits.store_patience;
        while Instant::now() < give_up && !self.stopped.is_cancelled() {
            match timeout_at(give_up, self.try_end(live, end, terminal)).await {
                Ok(Ok(true)) => return true,
                Ok(Ok(false)) => {
                    tracing::warn!(turn = %end.turn.id, "a turn was taken away before its end was stored");
                    return false;
                }
                Ok(Err(error)) => {
                    tracing::error!(turn = %end.turn.id, error = &error as &dyn std::error::Error, "could not store a turn's end");
                    tokio::time::sleep(WRITE_AGAIN).await;
                }
                Err(_) => tracing::error!(turn = %end.turn.id, "there was no time to store a turn's end"),
            }
        }
        false
    }

    /// Until it is this end's turn to be written, the flusher goes on with the log.
    async fn try_end(
        &self,
        live: &LiveTurn,
        end: &mut TurnEnd,
        terminal: &TurnEvent,
    ) -> Result<bool, StoreError> {
        // Nobody closes the semaphore, so there is always a permit to come.
        let _permit = self.ends.acquire().await;
        let mut stored = live.stored.lock().await;
        end.events = live.log.logged_from(*stored);
        end.events.push(live.log.next_logged(terminal.clone()));
        let is_stored = self.store.finish_turn(end).await?;
        *stored += end.events.len();
        Ok(is_stored)
    }
}

/// A turn's entry among the running ones, which goes with its task however that ends, and then lets the viewers go.
struct Registered<'a> {
    runner: &'a TurnRunner,
    live: &'a Arc<LiveTurn>,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        let mut running = self.runner.running_turns();
        // The next generation may have taken the place.
        if running.get(&self.live.turn.id).is_some_and(|entry| Arc::ptr_eq(entry, self.live)) {
            running.remove(&self.live.turn.id);
        }
        drop(running);
        self.live.log.close();
    }
}

/// The most earlier messages that any workflow may ask for.
pub(super) const MOST_HISTORY: u32 = 200;

fn failed(failure: TurnFailure) -> Outcome {
    Outcome { result: Err(failure), usage: TokenUsage::default() }
}

fn estimate_input(request: &ModelRequest) -> u64 {
    let messages: u64 = request.messages.iter().map(|message| estimate_tokens(&message.content)).sum();
    messages + estimate_tokens(&request.instructions)
}
