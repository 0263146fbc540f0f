//! Reads a model's answer: publishes its text, watches the clocks, and counts what it cost.

use std::time::Duration;

use chatloom_domain::turn::{FinishReason, TurnEvent, TurnFailure};
use chatloom_domain::usage::TokenUsage;
use chatloom_ports::chat_model::{ModelError, ModelErrorClass, ModelEvent, ModelFinish, ModelStream};
use futures::StreamExt;
use tokio::time::{Instant, sleep_until};

use super::TurnRunner;
use super::live::{Ending, LiveTurn};
use super::outcome::{Outcome, finish_reason, result_of};
use super::pieces::Pieces;

/// How long usage may take to arrive after the terminal marker; some servers then hold the connection open.
const AFTER_FINISH: Duration = Duration::from_secs(2);

/// Why reading an answer ended early.
#[derive(Debug)]
pub(super) enum Cut {
    Model(ModelError),
    Ended(Ending),
    TooLong,
    OutOfTime,
}

impl From<ModelError> for Cut {
    fn from(error: ModelError) -> Self {
        Self::Model(error)
    }
}

/// Up to where a stream is to be read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    FirstText,
    End,
}

/// An answer while it arrives.
pub(super) struct Answer<'a> {
    pub(super) live: &'a LiveTurn,
    runner: &'a TurnRunner,
    pieces: Pieces,
    bytes: usize,
    reported: (Option<u64>, Option<u64>),
    finish: Option<ModelFinish>,
    /// When the model will have been silent for too long.
    silent_at: Instant,
    /// When the turn will have taken too long.
    pub(super) deadline: Instant,
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

    /// Gives a model the whole time for its first word. Gives the moment when that time is over.
    pub(super) fn expect_first_text(&mut self) -> Instant {
        self.reported = (None, None);
        self.silent_at = Instant::now() + self.runner.limits.first_token;
        self.silent_at.min(self.deadline)
    }

    pub(super) fn has_text(&self) -> bool {
        self.bytes > 0
    }

    /// Reads to the first text. Gives the finish if the stream ends without any.
    pub(super) async fn read_first_text(
        &mut self,
        stream: &mut ModelStream,
    ) -> Result<Option<ModelFinish>, Cut> {
        self.read(stream, Until::FirstText).await
    }

    /// Reads to the end of the stream.
    pub(super) async fn read_rest(&mut self, stream: &mut ModelStream) -> Result<ModelFinish, Cut> {
        let finish = self.read(stream, Until::End).await?;
        finish.ok_or_else(|| ModelError::of(ModelErrorClass::Truncated).into())
    }

    /// Three clocks run: the waiting text's, the silence's, and the turn's.
    async fn read(&mut self, stream: &mut ModelStream, until: Until) -> Result<Option<ModelFinish>, Cut> {
        let (alarm, ending) = (sleep_until(self.silent_at.min(self.deadline)), self.live.ending());
        tokio::pin!(alarm, ending);
        loop {
            // The alarm may ring too early, never too late: moving it for every piece would cost more.
            let next = self.next_alarm();
            if next < alarm.deadline() {
                alarm.as_mut().reset(next);
            }
            tokio::select! {
                biased;
                event = stream.next() => match (event, self.finish) {
                    (Some(Ok(event)), _) => {
                        self.take(event)?;
                        if until == Until::FirstText && self.has_text() {
                            return Ok(None);
                        }
                    }
                    (None | Some(Err(_)), Some(finish)) => return Ok(Some(finish)),
                    (None, None) => return Err(ModelError::of(ModelErrorClass::Truncated).into()),
                    (Some(Err(error)), None) => return Err(error.into()),
                },
                // An answer that only waits for its usage is whole.
                why = &mut ending => return self.finish.map(Some).ok_or(Cut::Ended(why)),
                () = &mut alarm => {
                    if let Some(end) = self.ring() {
                        return end.map(Some);
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
            self.flush_pieces(now);
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
                    self.live.log.publish(TurnEvent::Text(text));
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

    fn flush_pieces(&mut self, now: Instant) {
        if let Some(text) = self.pieces.take(now) {
            self.live.log.publish(TurnEvent::Text(text));
        }
    }

    /// Before its end a provider tells at most how many tokens there were at the beginning.
    fn output_tokens(&self) -> u64 {
        let estimate = (self.bytes as u64 * 2).div_ceil(7);
        match self.reported.1 {
            Some(reported) if self.finish.is_some() => reported,
            Some(reported) => reported.max(estimate),
            None => estimate,
        }
    }

    /// What the provider did not count is estimated, so that a budget never sees a free answer.
    pub(super) fn conclude(mut self, result: Result<ModelFinish, Cut>, input_estimate: u64) -> Outcome {
        self.flush_pieces(Instant::now());
        let has_text = self.has_text();
        // The model has worked on the question, although nothing came of it.
        let asked = has_text || matches!(result, Ok(_) | Err(Cut::Ended(_) | Cut::OutOfTime));
        let usage = TokenUsage {
            input: self.reported.0.unwrap_or(if asked { input_estimate } else { 0 }),
            output: self.output_tokens(),
        };
        let result = match result {
            Ok(ModelFinish::Stop) if !has_text => Err(TurnFailure::ModelUnavailable),
            Ok(finish) => Ok(finish_reason(finish)),
            Err(Cut::Model(error)) => result_of(error.class, has_text),
            Err(Cut::Ended(Ending::Stopped)) => Ok(FinishReason::Stopped),
            Err(Cut::TooLong | Cut::Ended(Ending::BrokenOff)) => Err(TurnFailure::AnswerInterrupted),
            Err(Cut::OutOfTime) => Err(TurnFailure::TurnTimedOut),
            Err(Cut::Ended(Ending::WidgetGone)) => Err(TurnFailure::WidgetGone),
        };
        Outcome { result, usage }
    }
}

/// PostgreSQL cannot store NUL in a text. It is replaced here, so that what is shown live is what is stored.
fn storable(piece: String) -> String {
    if piece.contains('\0') { piece.replace('\0', "\u{fffd}") } else { piece }
}
