//! Shows turns to those who come back: from memory where the turn runs, else from the database.

use std::sync::Arc;

use chatloom_domain::id::{SessionId, TurnId};
use chatloom_domain::session::ChatSession;
use chatloom_domain::turn::{EventId, LoggedEvent, Turn, TurnEvent, TurnState};
use chatloom_ports::store::StoreError;
use chatloom_ports::store::turns::{StopOutcome, TurnLog};
use chatloom_ports::visitor::{StreamedEvent, TurnStream};
use futures::stream;
use thiserror::Error;

use super::TurnRunner;
use super::live::{Ending, LiveTurn};

/// Why a turn cannot be shown or stopped.
#[derive(Debug, Error)]
pub(crate) enum WatchError {
    /// There is no such turn of the session.
    #[error("there is no such turn")]
    NotFound,
    /// The turn runs on another replica, and this one is about to stop.
    #[error("the service is about to stop")]
    Draining,
    /// The store failed.
    #[error("could not read a turn")]
    Store(#[from] StoreError),
}

impl TurnRunner {
    /// Shows a turn after `position`; `None` when nothing is to come.
    pub(crate) async fn watch(
        &self,
        session: &ChatSession,
        turn: TurnId,
        position: Option<EventId>,
    ) -> Result<Option<TurnStream>, WatchError> {
        // A position in a later generation than ours means that the turn was taken away and run again elsewhere.
        if let Some(live) = self.find_running(session.id, turn)
            && position.is_none_or(|position| position.generation <= live.turn.generation)
        {
            return Ok(Some(live.log.watch(seq_within(live.turn.generation, position))));
        }
        let found = self.store.find_turn_log(session.id, turn).await?.ok_or(WatchError::NotFound)?;
        let seq = seq_within(found.turn.generation, position);
        if found.turn.is_running() {
            return self.follow(session, &found.turn, found.events, seq).map(Some);
        }
        if found.events.is_empty() {
            return Ok(None);
        }
        let events = from_the_start(&found.turn, found.events);
        let rest: Vec<_> = events.into_iter().filter(|logged| logged.seq > seq).collect();
        Ok((!rest.is_empty()).then(|| replay(&found.turn, rest)))
    }

    /// Shows a turn from its beginning to somebody who has sent its message again. When the log is gone, the message
    /// itself still tells how the turn ended.
    pub(crate) async fn watch_again(
        &self,
        session: &ChatSession,
        turn: TurnId,
    ) -> Result<TurnStream, WatchError> {
        if let Some(live) = self.find_running(session.id, turn) {
            return Ok(live.log.watch(0));
        }
        let found = self.store.find_turn_log(session.id, turn).await?.ok_or(WatchError::NotFound)?;
        if found.turn.is_running() {
            return self.follow(session, &found.turn, found.events, 0);
        }
        let events = if found.events.is_empty() { retold(&found) } else { found.events };
        Ok(replay(&found.turn, from_the_start(&found.turn, events)))
    }

    /// Asks a turn to stop, wherever it runs.
    pub(crate) async fn stop(&self, session: SessionId, turn: TurnId) -> Result<(), WatchError> {
        if let Some(live) = self.find_running(session, turn) {
            live.end(Ending::Stopped);
            return Ok(());
        }
        match self.store.request_stop(session, turn).await? {
            StopOutcome::Requested | StopOutcome::Ended => Ok(()),
            StopOutcome::NotFound => Err(WatchError::NotFound),
        }
    }

    /// A turn that runs here. After its lease has ended it may have been taken away, and run again elsewhere.
    fn find_running(&self, session: SessionId, turn: TurnId) -> Option<Arc<LiveTurn>> {
        if !self.holds_its_leases() {
            return None;
        }
        self.running_turns().get(&turn).filter(|live| live.turn.session_id == session).cloned()
    }

    fn follow(
        &self,
        session: &ChatSession,
        turn: &Turn,
        events: Vec<LoggedEvent>,
        seq: u32,
    ) -> Result<TurnStream, WatchError> {
        let stream = self.elsewhere.follow(session.widget_id, turn, from_the_start(turn, events), seq);
        if self.is_draining() {
            // Looked at after following, so that nobody slips in behind the drain.
            self.elsewhere.close();
            return Err(WatchError::Draining);
        }
        Ok(stream)
    }
}

/// The last event that a viewer knows of this generation. One that knows another generation knows nothing of it.
fn seq_within(generation: u32, position: Option<EventId>) -> u32 {
    position.filter(|position| position.generation == generation).map_or(0, |position| position.seq)
}

fn replay(turn: &Turn, events: Vec<LoggedEvent>) -> TurnStream {
    let (turn_id, generation) = (turn.id, turn.generation);
    Box::pin(stream::iter(events.into_iter().map(move |LoggedEvent { seq, event }| StreamedEvent {
        id: EventId { turn_id, generation, seq },
        event: Arc::new(event),
    })))
}

/// A log with its first event, which is not stored yet, or never was if the owner died before its first flush.
fn from_the_start(turn: &Turn, mut events: Vec<LoggedEvent>) -> Vec<LoggedEvent> {
    let started = turn.started();
    if events.first().is_none_or(|first| first.seq > started.seq) {
        events.insert(0, started);
    }
    events
}

/// The events of an ended turn whose log is gone after its first one, as few as there can be.
fn retold(found: &TurnLog) -> Vec<LoggedEvent> {
    let TurnLog { turn, content, .. } = found;
    let text = (!content.is_empty()).then(|| TurnEvent::Text(content.clone()));
    let end = match turn.state {
        TurnState::Running { .. } => None,
        TurnState::Completed { finish_reason, usage, .. } => Some(TurnEvent::Completed {
            assistant_message_id: turn.assistant_message_id,
            content: content.as_str().into(),
            created_at: turn.started_at,
            finish_reason,
            usage,
        }),
        TurnState::Interrupted { failure, ended_at, .. } | TurnState::Failed { failure, ended_at, .. } => {
            Some(TurnEvent::Broken { failure, at: ended_at })
        }
    };
    (2..).zip(text.into_iter().chain(end)).map(|(seq, event)| LoggedEvent { seq, event }).collect()
}
