//! Ending turns, by their owners or over their heads.

use chatloom_domain::Timestamp;
use chatloom_domain::id::{SessionId, TurnId, WidgetId};
use chatloom_domain::message::MessageStatus;
use chatloom_domain::turn::{LoggedEvent, Turn, TurnEvent, TurnFailure, TurnState};
use chatloom_domain::usage::TokenUsage;
use chatloom_ports::store::turns::{TurnChange, TurnEnd};

use super::super::tables::Tables;

/// What an ended turn spent, and when it ended.
pub(super) fn usage_and_end(state: &TurnState) -> Option<(TokenUsage, Timestamp)> {
    match *state {
        TurnState::Running { .. } => None,
        TurnState::Completed { usage, ended_at, .. }
        | TurnState::Interrupted { usage, ended_at, .. }
        | TurnState::Failed { usage, ended_at, .. } => Some((usage, ended_at)),
    }
}

impl Tables {
    pub(super) fn finish(&mut self, end: &TurnEnd) -> bool {
        let Some(record) = self.turns.get_mut(&end.turn.id) else {
            return false;
        };
        if !record.is_held_by(end.owner, end.turn.generation) {
            return record.turn == end.turn;
        }
        record.extend_log(&end.events);
        record.turn.state = end.turn.state;
        let (turn, reservation) = (record.turn, record.reservation);
        self.write_end(&turn, &end.content);
        self.settle(self.widget_of_session(turn.session_id), &reservation, turn.state.usage().total());
        true
    }

    pub(super) fn interrupt_expired(&mut self, now: Timestamp, limit: usize) -> Vec<TurnId> {
        let lease_end = |turn: &Turn| match turn.state {
            TurnState::Running { lease } if lease.until <= now => Some((lease.until, turn.id)),
            _ => None,
        };
        let mut expired: Vec<_> = self.turns.values().filter_map(|record| lease_end(&record.turn)).collect();
        expired.sort_unstable();
        expired.truncate(limit);
        let ids: Vec<_> = expired.into_iter().map(|(_, id)| id).collect();
        for id in &ids {
            self.interrupt(*id, now);
        }
        ids
    }

    fn interrupt(&mut self, id: TurnId, now: Timestamp) {
        let Some(record) = self.turns.get_mut(&id) else {
            return;
        };
        let text = record.text();
        let Ok(turn) = record.turn.expire(!text.is_empty(), now) else {
            return;
        };
        let last_stored = record.log.last().map_or(0, |logged| logged.seq);
        let event = TurnEvent::Broken { failure: TurnFailure::AnswerInterrupted, at: now };
        record.turn = turn;
        record.log.push(LoggedEvent::after_loss(last_stored, event));
        let reservation = record.reservation;
        self.write_end(&turn, &text);
        self.settle(self.widget_of_session(turn.session_id), &reservation, reservation.spent_by(&text));
    }

    fn widget_of_session(&self, session: SessionId) -> WidgetId {
        self.sessions.get(&session).expect("a turn's session is there").session.widget_id
    }

    /// Writes what a turn that has just ended leaves behind outside of its own row and log. A text that an earlier
    /// generation left has been counted, and is better than none.
    fn write_end(&mut self, turn: &Turn, content: &str) {
        let Some(answer) = self.answer_of(turn) else {
            return;
        };
        let had_text = !answer.content.is_empty();
        answer.status = match turn.state.message_status() {
            MessageStatus::Failed if had_text => MessageStatus::Interrupted,
            status => status,
        };
        if !content.is_empty() {
            content.clone_into(&mut answer.content);
        }
        let (usage, _) = usage_and_end(&turn.state).unwrap_or_default();
        self.count_answer(turn, !content.is_empty() && !had_text, usage);
        self.changes.ring(TurnChange::Logs);
    }
}
