//! Reads a model's answer: publishes its text, watches the clocks, and counts what it cost.

use std::time::Duration;

use chatloom_domain::turn::{TurnEvent, TurnFailure};
use chatloom_domain::usage::TokenUsage;
use chatloom_ports::chat_model::{ModelError, ModelErrorClass, ModelEvent, ModelFinish, ModelStream};
use futures::StreamExt;
use tokio::time::{Instant, sleep_until};

use super::TurnRunner;
use super::live::LiveTurn;
use super::outcome::{Outcome, finish_reason, result_of};
use super::pieces::Pieces;

/// How long usage may take to arrive after the terminal marker; some servers then hold the connection open.
const AFTER_FINISH: Duration = Duration::from_secs(2);

/// Why reading an answer ended early.
pub(super) enum Cut {
    Model(ModelError),
    BrokenOff,
    TooLong,
    OutOfTime,
}

impl From<ModelError> for Cut {
    fn from(error: ModelError) -> Self {
        Self::Model(error)
    }
}

/// An answer while it arrives.
pub(super) struct Answer<'a> {
    live: &'a LiveTurn,
    runner: &'a TurnRunner,
    pieces: Pieces,
    bytes: usize,
    reported: (Option<u64>, Option<u64>),
    finish: Option<ModelFinish>,
    /// When the model will have been silent for too long.
    silent_at: Instant,
    /// When the turn will have taken too long.
    deadline: Instant,
}

impl<'a> Answer<'a> {
    pub(super) fn new(live: &'a LiveTurn, runner: &'a TurnRunner) -> Self {
        let now = Instant::now();
        Self {
            live,
            runner,
            pieces: Pieces::default(),
            bytes: 0,
            reported: (None, None),
            finish: None,
            silent_at: now + runner.limits.first_token,
            deadline: now + runner.limits.whole_turn,
        }
    }

    /// Reads to the end of the stream. Three clocks run: the waiting text's, the silence's, and the turn's.
    pub(super) async fn read(&mut self, mut stream: ModelStream) -> Result<ModelFinish, Cut> {
        let (alarm, broken_off) = (sleep_until(self.silent_at), self.live.broken_off());
        tokio::pin!(alarm, broken_off);
        loop {
            // The alarm may ring too early, never too late: moving it for every piece would cost more.
            let next = self.next_alarm();
            if next < alarm.deadline() {
                alarm.as_mut().reset(next);
            }
            tokio::select! {
                biased;
                event = stream.next() => match (event, self.finish) {
                    (Some(Ok(event)), _) => self.take(event)?,
                    (None | Some(Err(_)), Some(finish)) => return Ok(finish),
                    (None, None) => return Err(ModelError::of(ModelErrorClass::Truncated).into()),
                    (Some(Err(error)), None) => return Err(error.into()),
                },
                () = &mut broken_off => return Err(Cut::BrokenOff),
                () = &mut alarm => {
                    if let Some(end) = self.ring() {
                        return end;
                    }
                    alarm.as_mut().reset(self.next_alarm());
                }
            }
        }
    }

    fn next_alarm(&self) -> Instant {
        let due = self.pieces.due_at().unwrap_or(self.deadline);
        due.min(self.silent_at).min(self.deadline)
    }

    /// Does what is due now. Gives the end of the reading if a clock has run out.
    fn ring(&mut self) -> Option<Result<ModelFinish, Cut>> {
        let now = Instant::now();
        if self.pieces.due_at().is_some_and(|due| due <= now) {
            self.flush_pieces();
        }
        if self.deadline <= now {
            return Some(Err(Cut::OutOfTime));
        }
        if self.silent_at > now {
            return None;
        }
        let silence = match (self.finish, self.bytes) {
            (Some(finish), _) => return Some(Ok(finish)),
            (None, 0) => ModelErrorClass::FirstTokenTimeout,
            (None, _) => ModelErrorClass::IdleTimeout,
        };
        Some(Err(ModelError::of(silence).into()))
    }

    /// Takes an event, which proves that the model is not silent.
    fn take(&mut self, event: ModelEvent) -> Result<(), Cut> {
        let now = Instant::now();
        match event {
            ModelEvent::Text(piece) => {
                self.bytes += piece.len();
                if self.bytes > self.runner.limits.answer_bytes {
                    return Err(Cut::TooLong);
                }
                if let Some(text) = self.pieces.push(&storable(piece), now) {
                    self.live.publish(TurnEvent::Text(text));
                }
            }
            ModelEvent::Reasoning => {}
            ModelEvent::Usage { input, output } => {
                self.reported = (input.or(self.reported.0), output.or(self.reported.1));
            }
            ModelEvent::Finish(finish) => self.finish = Some(finish),
        }
        let patience = if self.finish.is_some() { AFTER_FINISH } else { self.runner.limits.silence };
        self.silent_at = now + patience;
        Ok(())
    }

    fn flush_pieces(&mut self) {
        if let Some(text) = self.pieces.take() {
            self.live.publish(TurnEvent::Text(text));
        }
    }

    /// What the provider did not count is estimated, so that a budget never sees a free answer.
    pub(super) fn conclude(mut self, result: Result<ModelFinish, Cut>, input_estimate: u64) -> Outcome {
        self.flush_pieces();
        let has_text = self.bytes > 0;
        let asked = has_text || result.is_ok();
        let usage = TokenUsage {
            input: self.reported.0.unwrap_or(if asked { input_estimate } else { 0 }),
            output: self.reported.1.unwrap_or((self.bytes as u64 * 2).div_ceil(7)),
        };
        let result = match result {
            Ok(ModelFinish::Stop) if !has_text => Err(TurnFailure::ModelUnavailable),
            Ok(finish) => Ok(finish_reason(finish)),
            Err(Cut::Model(error)) => {
                self.log(&error);
                result_of(error.class, has_text)
            }
            Err(Cut::TooLong | Cut::BrokenOff) => Err(TurnFailure::AnswerInterrupted),
            Err(Cut::OutOfTime) => Err(TurnFailure::TurnTimedOut),
        };
        Outcome { result, usage }
    }

    fn log(&self, error: &ModelError) {
        tracing::warn!(
            turn = %self.live.turn.id,
            class = error.class.as_str(),
            status = error.status,
            code = error.provider_code,
            provider_request_id = error.provider_request_id,
            "a model failed"
        );
    }
}

/// PostgreSQL cannot store NUL in a text. It is replaced here, so that what is shown live is what is stored.
fn storable(piece: String) -> String {
    if piece.contains('\0') { piece.replace('\0', "\u{fffd}") } else { piece }
}
