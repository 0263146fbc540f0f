//! Beginning a turn, and running one again.

use chatloom_domain::budget::{MessageQuota, Reservation};
use chatloom_domain::id::{SessionId, TurnId, WidgetId};
use chatloom_domain::message::{Author, Message, MessageStatus};
use chatloom_domain::turn::{IdempotencyClaim, Turn};
use chatloom_ports::store::turns::{
    BeginTurnError, NewTurn, RetriedTurn, RetryTurnError, TurnChange, TurnRetry,
};

use super::super::tables::{Tables, TurnRecord};

impl Tables {
    pub(super) fn begin(&mut self, new: &NewTurn) -> Result<Option<MessageQuota>, BeginTurnError> {
        let session = new.turn.session_id;
        if !self.is_session_of(session, new.widget_id) {
            return Err(BeginTurnError::SessionNotFound);
        }
        if let Some(claim) = &new.claim {
            self.check_key_is_new(session, claim)?;
        }
        if self.admitted_widget(new.widget_id, new.widget_version).is_none() {
            return Err(BeginTurnError::WidgetChanged);
        }
        if let Some(running) = self.running_turn_of(session) {
            return Err(BeginTurnError::TurnRunning(running));
        }
        self.check_budgets(new.widget_id, &new.reservation)?;
        self.write_question(new);
        let record = TurnRecord {
            turn: new.turn,
            question: new.question.clone(),
            claim: new.claim.clone(),
            stop_requested: false,
            reservation: new.reservation,
            log: Vec::new(),
        };
        self.turns.insert(new.turn.id, record);
        Ok(self.take(new.widget_id, &new.reservation))
    }

    pub(super) fn retry(&mut self, retry: &TurnRetry) -> Result<RetriedTurn, RetryTurnError> {
        let session = retry.session_id;
        if !self.is_session_of(session, retry.widget_id) {
            return Err(RetryTurnError::SessionNotFound);
        }
        let Some(record) = self.turns_of(session).find(|record| record.turn.id == retry.turn_id) else {
            return Err(RetryTurnError::TurnNotFound);
        };
        let (turn, question) = (record.turn, record.question.clone());
        if self.admitted_widget(retry.widget_id, retry.widget_version).is_none() {
            return Err(RetryTurnError::WidgetChanged);
        }
        if let Some(running) = self.running_turn_of(session) {
            return Err(RetryTurnError::TurnRunning(running));
        }
        let messages = self.sessions.get(&session).map_or(&[][..], |record| &record.messages);
        if messages.last().is_none_or(|newest| newest.id != turn.assistant_message_id) {
            return Err(RetryTurnError::NotRetryable);
        }
        let again = turn.retry(retry.lease).map_err(|_| RetryTurnError::NotRetryable)?;
        self.check_budgets(retry.widget_id, &retry.reservation)?;
        self.run_again(again, retry.reservation);
        let quota = self.take(retry.widget_id, &retry.reservation);
        Ok(RetriedTurn { turn: again, question, quota })
    }

    fn run_again(&mut self, turn: Turn, reservation: Reservation) {
        if let Some(record) = self.turns.get_mut(&turn.id) {
            record.turn = turn;
            record.stop_requested = false;
            record.reservation = reservation;
            record.log.clear();
        }
        if let Some(answer) = self.answer_of(&turn) {
            answer.status = MessageStatus::Streaming;
        }
        if let Some(session) = self.sessions.get_mut(&turn.session_id) {
            session.feedback.remove(&turn.assistant_message_id);
        }
        self.changes.ring(TurnChange::Logs);
    }

    fn is_session_of(&self, session: SessionId, widget: WidgetId) -> bool {
        self.sessions.get(&session).is_some_and(|record| record.session.widget_id == widget)
    }

    fn running_turn_of(&self, session: SessionId) -> Option<TurnId> {
        self.turns_of(session).find(|record| record.turn.is_running()).map(|record| record.turn.id)
    }

    fn check_key_is_new(&self, session: SessionId, claim: &IdempotencyClaim) -> Result<(), BeginTurnError> {
        let of_key = |record: &&TurnRecord| record.claim.as_ref().is_some_and(|known| known.key == claim.key);
        match self.turns_of(session).find(of_key) {
            None => Ok(()),
            Some(record) if record.claim.as_ref() == Some(claim) => {
                Err(BeginTurnError::AlreadyBegun(record.turn.id))
            }
            Some(_) => Err(BeginTurnError::KeyReused),
        }
    }

    /// Adds the visitor's message and the place for the answer, and counts the former.
    fn write_question(&mut self, new: &NewTurn) {
        let turn = &new.turn;
        if let Some(record) = self.sessions.get_mut(&turn.session_id) {
            let last_seq = record.messages.last().map_or(0, |message| message.seq);
            record.active_at = record.active_at.max(turn.started_at);
            let question = Message {
                id: turn.user_message_id,
                seq: last_seq + 1,
                author: Author::User,
                content: new.question.content.as_str().to_owned(),
                status: MessageStatus::Complete,
                turn_id: None,
                feedback: None,
                created_at: turn.started_at,
            };
            let answer = Message {
                id: turn.assistant_message_id,
                seq: last_seq + 2,
                author: Author::Assistant,
                content: String::new(),
                status: MessageStatus::Streaming,
                turn_id: None,
                feedback: None,
                created_at: turn.started_at,
            };
            record.messages.extend([question, answer]);
        }
        if let Some(record) = self.widgets.get_mut(&new.widget_id) {
            record.total_messages += 1;
        }
    }
}
