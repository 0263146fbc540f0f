//! How much a turn reserves of the daily budgets.
//!
//! Most widgets have no budget of tokens, so a turn is first begun with a guess, which costs nothing. Where the store says
//! that tokens are limited, what will be sent is looked at and bounded, and so is the answer.

use chatloom_domain::Timestamp;
use chatloom_domain::budget::{Day, QuotaUnit, Reservation};
use chatloom_domain::id::{SessionId, TurnId};
use chatloom_domain::message::{Author, Message, MessageStatus, Question};
use chatloom_domain::widget::Widget;
use chatloom_domain::workflow::Agent;
use chatloom_ports::store::StoreError;
use chatloom_ports::store::turns::{BeginTurnError, RetryTurnError};

use super::TurnRunner;
use super::answer::MOST_HISTORY;
use super::window::{conversation, instructions, newest, shown};

/// An answer gets room for at least so many tokens, or is not begun: some 190 words.
const LEAST_OUTPUT: u64 = 256;

/// An answer gets at most the fourth part of what is left, so that a small budget serves more than one visitor at a time
/// and is not refused as a whole because its last part is small.
const PART: u64 = 4;

/// How often a smaller reservation is tried when others take the room meanwhile.
const ATTEMPTS: usize = 4;

/// Tokens of a message besides its text: its author, and what keeps messages apart.
const FRAME: u64 = 8;

/// What a request will cost at most.
#[derive(Clone, Copy)]
struct Measure {
    input: u64,
    /// What the agent would like.
    output: u64,
}

/// What a turn is to answer.
#[derive(Clone, Copy)]
pub(super) enum Asked<'a> {
    /// A message that is to be stored.
    Now(&'a Question),
    /// The message of a turn, which is stored and is to be answered again.
    Before(TurnId),
}

/// A turn on its way to a reservation that fits.
pub(super) struct Reserving<'a> {
    runner: &'a TurnRunner,
    widget: &'a Widget,
    session: SessionId,
    asked: Asked<'a>,
    measure: Option<Measure>,
    attempts: usize,
    pub(super) reservation: Reservation,
}

impl<'a> Reserving<'a> {
    pub(super) fn new(
        runner: &'a TurnRunner,
        widget: &'a Widget,
        session: SessionId,
        asked: Asked<'a>,
        now: Timestamp,
    ) -> Self {
        let text = match asked {
            Asked::Now(question) => shown(question),
            Asked::Before(_) => String::new(),
        };
        let reservation = Reservation::rough(Day::of(now), &text);
        Self { runner, widget, session, asked, measure: None, attempts: ATTEMPTS, reservation }
    }

    /// Chooses another reservation, after the store had only this much room. `false` if there is none to be tried.
    pub(super) async fn adapt(&mut self, room: u64) -> Result<bool, StoreError> {
        if self.attempts == 0 {
            return Ok(false);
        }
        self.attempts -= 1;
        let measure = match self.measure {
            Some(measure) => measure,
            None => *self.measure.insert(self.measure().await?),
        };
        let next = measure.fit(self.reservation.day, room);
        let is_new = !self.reservation.is_measured || next.tokens() < self.reservation.tokens();
        self.reservation = next;
        Ok(is_new)
    }

    async fn measure(&self) -> Result<Measure, StoreError> {
        let runner = self.runner;
        let workflow = runner.workflows.find_workflow(self.widget.team_id, self.widget.workflow_id).await?;
        let agent = workflow.map(|workflow| workflow.agent);
        // The question of a turn that runs again, and the answer that it has, are the newest two.
        let mut history = runner.sessions.list_messages(self.session, None, MOST_HISTORY + 2).await?;
        let question = match self.asked {
            Asked::Now(question) => Some(question.clone()),
            Asked::Before(turn) => {
                let place = history.iter().rposition(|message| message.author == Author::User);
                history.truncate(place.unwrap_or(0));
                let question = runner.store.find_question(self.session, turn).await?;
                question.map(|question| self.widget.rules.apply(question))
            }
        };
        history.retain(is_read);
        Ok(Measure::of(agent.as_ref(), history, question.as_ref(), runner.limits.history_tokens))
    }
}

/// Whether a model may read an earlier message.
fn is_read(message: &Message) -> bool {
    matches!(message.status, MessageStatus::Complete | MessageStatus::Interrupted)
        && !message.content.is_empty()
}

impl Measure {
    fn of(
        agent: Option<&Agent>,
        history: Vec<Message>,
        question: Option<&Question>,
        history_tokens: usize,
    ) -> Self {
        let history = newest(history, agent.and_then(Agent::history_messages));
        let sent = question.map(|question| conversation(history, question, history_tokens));
        let messages: u64 = sent.iter().flatten().map(|message| bound(&message.content)).sum();
        let told = agent.zip(question).map(|(agent, question)| instructions(agent, question));
        let instructions = told.map_or(0, |told| bound(&told));
        let output = agent.and_then(Agent::max_output_tokens).map_or(Reservation::DEFAULT_OUTPUT, u64::from);
        Self { input: messages + instructions, output }
    }

    /// As much as fits, but never less than an answer needs; whether there is room for that, the store knows.
    fn fit(self, day: Day, room: u64) -> Reservation {
        let least = self.output.min(LEAST_OUTPUT);
        let output = self.output.min(room / PART).max(least);
        Reservation { day, input: self.input, output, is_measured: true }
    }
}

/// An upper estimate of a text's tokens: on average those of the common tokenizers have more than two bytes in every
/// language, and about four in English.
fn bound(text: &str) -> u64 {
    (text.len() as u64).div_ceil(2) + FRAME
}

/// How much room there is, where another reservation may fit.
pub(super) fn room_to_begin(error: &BeginTurnError) -> Option<u64> {
    match error {
        BeginTurnError::NotMeasured { room } => Some(*room),
        BeginTurnError::QuotaReached(quota) => (quota.unit == QuotaUnit::Tokens).then_some(quota.room),
        BeginTurnError::AlreadyBegun(_)
        | BeginTurnError::KeyReused
        | BeginTurnError::TurnRunning(_)
        | BeginTurnError::SessionNotFound
        | BeginTurnError::WidgetChanged
        | BeginTurnError::Store(_) => None,
    }
}

/// The same for a turn that is to run again.
pub(super) fn room_to_retry(error: &RetryTurnError) -> Option<u64> {
    match error {
        RetryTurnError::NotMeasured { room } => Some(*room),
        RetryTurnError::QuotaReached(quota) => (quota.unit == QuotaUnit::Tokens).then_some(quota.room),
        RetryTurnError::TurnNotFound
        | RetryTurnError::TurnRunning(_)
        | RetryTurnError::NotRetryable
        | RetryTurnError::SessionNotFound
        | RetryTurnError::WidgetChanged
        | RetryTurnError::Store(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_takes_a_fourth_of_a_small_room_and_all_it_wants_of_a_large_one() {
        let day = Day::of(Timestamp::UNIX_EPOCH);
        let fit = |output, room| Measure { input: 100, output }.fit(day, room).output;
        assert_eq!(fit(4_096, 1_000_000), 4_096);
        assert_eq!(fit(4_096, 10_000), 2_500);
        assert_eq!(fit(4_096, 400), 256);
        assert_eq!(fit(50, 400), 50);
        assert_eq!(fit(50, 0), 50);
    }
}
