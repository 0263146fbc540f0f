//! Writing and reading the logs of turns.

use chatloom_domain::Timestamp;
use chatloom_domain::id::{SessionId, TurnId};
use chatloom_domain::turn::{Lease, LoggedEvent, TurnEvent, TurnState};
use chatloom_ports::store::turns::{LogPosition, RunningLog, TurnAppend, TurnLog};

use super::super::tables::{Tables, TurnRecord};
use super::ends::usage_and_end;

impl Tables {
    /// Adds to the log of one turn and renews its lease; `false` if the turn is not the writer's any more.
    pub(super) fn append(&mut self, append: &TurnAppend, lease: Lease) -> bool {
        let record = self.turns.get_mut(&append.turn_id);
        let Some(record) = record.filter(|record| record.is_held_by(lease.owner, append.generation)) else {
            return false;
        };
        record.extend_log(&append.events);
        record.turn.state = TurnState::Running { lease };
        true
    }

    pub(super) fn find_log(&mut self, session: SessionId, id: TurnId) -> Option<TurnLog> {
        let record = self.turns.get(&id).filter(|record| record.turn.session_id == session)?;
        let (turn, events) = (record.turn, as_stored(record));
        let content = self.answer_of(&turn)?.content.clone();
        Some(TurnLog { turn, events, content })
    }

    pub(super) fn log_after(&self, position: &LogPosition) -> Option<RunningLog> {
        let record = self
            .turns
            .get(&position.turn_id)
            .filter(|record| record.turn.is_running() && record.turn.generation == position.generation)?;
        let events = record.log.iter().filter(|logged| logged.seq > position.seq).cloned().collect();
        Some(RunningLog { turn_id: position.turn_id, events })
    }

    pub(super) fn prune(&mut self, ended_before: Timestamp, limit: usize) -> u64 {
        let has_old_log = |record: &&mut TurnRecord| {
            usage_and_end(&record.turn.state).is_some_and(|(_, ended_at)| ended_at < ended_before)
                && !record.log.is_empty()
        };
        let mut pruned = 0;
        for record in self.turns.values_mut().filter(has_old_log).take(limit) {
            record.log.clear();
            pruned += 1;
        }
        pruned
    }
}

/// The log with the whole answer told once: a database does not store it again with the event that completes it.
fn as_stored(record: &TurnRecord) -> Vec<LoggedEvent> {
    let mut events = record.log.clone();
    if let Some(LoggedEvent { event: TurnEvent::Completed { content, .. }, .. }) = events.last_mut() {
        *content = record.text().into();
    }
    events
}
