//! What happens on other replicas: turns of theirs that are watched here, and turns of ours that are stopped there.
//!
//! Everything is read from the database. Its wake-ups make that quick, and looking now and then makes it sure.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chatloom_domain::id::{SessionId, TurnId, WidgetId};
use chatloom_domain::turn::{LoggedEvent, Turn, TurnEvent, TurnFailure};
use chatloom_ports::store::turns::{LogPosition, TurnChange};
use chatloom_ports::visitor::TurnStream;
use futures::StreamExt;
use futures::future::join_all;
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};

use super::TurnRunner;
use super::gone;
use super::live::Ending;
use super::log::EventLog;

/// How often both are looked for without a wake-up. Half of the second within which a stop has to work.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The shortest time between two looks. A busy service is woken by many ends of turns, and one look sees them all.
const PAUSE: Duration = Duration::from_millis(20);

/// How many ends of turns are read at the same time.
const CONCLUSIONS_AT_ONCE: usize = 4;

/// A turn that runs on another replica, and its log as far as it is known here.
#[derive(Clone)]
struct Followed {
    session_id: SessionId,
    widget_id: WidgetId,
    log: Arc<EventLog>,
}

/// The turns of other replicas that somebody watches here. All viewers of one share its log.
#[derive(Default)]
pub(super) struct Elsewhere {
    followed: Mutex<HashMap<TurnId, Followed>>,
    has_more: Notify,
}

impl Elsewhere {
    fn followed(&self) -> MutexGuard<'_, HashMap<TurnId, Followed>> {
        // The map is changed by single calls only, so a panic elsewhere cannot leave it half changed.
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a running turn of another replica after the event `seq`. `events` is what was read of its log.
    pub(super) fn follow(
        &self,
        widget_id: WidgetId,
        turn: &Turn,
        events: Vec<LoggedEvent>,
        seq: u32,
    ) -> TurnStream {
        let mut followed = self.followed();
        let known = followed.get(&turn.id).filter(|known| known.log.generation == turn.generation);
        let log = match known {
            Some(known) => known.log.clone(),
            None => Arc::new(EventLog::new(turn.id, turn.generation)),
        };
        log.extend(events);
        let stream = log.watch(seq);
        let session_id = turn.session_id;
        let before = followed.insert(turn.id, Followed { session_id, widget_id, log: log.clone() });
        drop(followed);
        // Viewers of an older generation look again and find this one.
        if let Some(before) = before.filter(|before| !Arc::ptr_eq(&before.log, &log)) {
            before.log.close();
        }
        // What was written after the log was read, and before it was followed, woke nobody.
        self.has_more.notify_one();
        stream
    }

    /// Sends all viewers away; they will look again on another replica.
    pub(super) fn close(&self) {
        for (_, Followed { log, .. }) in self.followed().drain() {
            log.close();
        }
    }

    /// What is to be read: the places up to which watched logs are known. Those that nobody watches are forgotten.
    fn positions(&self) -> Vec<LogPosition> {
        let mut followed = self.followed();
        followed.retain(|_, turn| turn.log.is_watched());
        let position = |turn: &Followed| LogPosition {
            turn_id: turn.log.turn_id,
            generation: turn.log.generation,
            seq: turn.log.last_seq(),
        };
        followed.values().map(position).collect()
    }

    fn find(&self, turn: TurnId) -> Option<Followed> {
        self.followed().get(&turn).cloned()
    }
}

/// Looks until the runner is stopped.
pub(super) async fn run(runner: Arc<TurnRunner>) {
    let mut changes = runner.store.changes();
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let (logs, stops) = tokio::select! {
            () = runner.stopped.cancelled() => return,
            () = runner.elsewhere.has_more.notified() => (true, false),
            Some(change) = changes.next() => (change == TurnChange::Logs, change == TurnChange::Stops),
            _ = ticks.tick() => (true, true),
        };
        // Stops first: they have a second, and the ends of many watched turns may take longer.
        if stops {
            find_stops(&runner).await;
            gone::end_gone(&runner).await;
        }
        if logs {
            read_on(&runner).await;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Adds what is new to the logs that are watched here.
async fn read_on(runner: &TurnRunner) {
    let positions = runner.elsewhere.positions();
    if positions.is_empty() {
        return;
    }
    let running = match runner.store.read_running_logs(&positions).await {
        Ok(running) => running,
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "could not read the logs of watched turns"
            );
            return;
        }
    };
    let mut running: HashMap<_, _> = running.into_iter().map(|log| (log.turn_id, log.events)).collect();
    let mut ended = Vec::new();
    for position in positions {
        let Some(followed) = runner.elsewhere.find(position.turn_id) else { continue };
        if followed.log.generation != position.generation {
            continue;
        }
        match running.remove(&position.turn_id) {
            Some(events) => followed.log.extend(events),
            None => ended.push(followed),
        }
    }
    for portion in ended.chunks(CONCLUSIONS_AT_ONCE) {
        let mut conclusions = Vec::new();
        for followed in portion {
            conclusions.push(conclude(runner, followed));
        }
        join_all(conclusions).await;
    }
}

/// Shows the rest of a turn that does not run any more.
async fn conclude(runner: &TurnRunner, followed: &Followed) {
    let Followed { session_id, widget_id, log } = followed;
    match runner.store.find_turn_log(*session_id, log.turn_id).await {
        Ok(Some(found)) if found.turn.generation == log.generation && !found.turn.is_running() => {
            log.extend(found.events);
        }
        Ok(None) if gone::is_gone(runner, *widget_id).await => {
            let failure = TurnFailure::WidgetGone;
            log.publish(TurnEvent::Broken { failure, at: runner.clock.now() });
        }
        // It was erased, or is run again: whoever looks again will find that.
        Ok(_) => {}
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(turn = %log.turn_id, error, "could not read the end of a watched turn");
            return;
        }
    }
    log.close();
    let mut followed = runner.elsewhere.followed();
    if followed.get(&log.turn_id).is_some_and(|followed| followed.log.generation == log.generation) {
        followed.remove(&log.turn_id);
    }
}

/// Stops those turns of ours that somebody stopped on another replica.
async fn find_stops(runner: &TurnRunner) {
    if runner.running_turns().is_empty() {
        return;
    }
    match runner.store.list_stop_requests(runner.replica).await {
        Ok(turns) => {
            for turn in turns {
                if let Some(live) = runner.running_turns().get(&turn) {
                    live.end(Ending::Stopped);
                }
            }
        }
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not look for turns to stop");
        }
    }
}
