//! Writes the logs of all running turns together, a few times a second, and renews their leases.

use std::sync::Arc;

use chatloom_domain::Timestamp;
use chatloom_ports::store::turns::TurnAppend;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::TurnRunner;
use super::gone;
use super::live::{Ending, LiveTurn};

/// About how much one transaction writes, in bytes. A larger one would keep all other writers waiting.
const TRANSACTION_BYTES: usize = 1024 * 1024;

/// One turn's part of a flush.
struct Part {
    live: Arc<LiveTurn>,
    /// While the guard is held nobody else writes the turn's log. Without it only the lease is renewed.
    stored: Option<OwnedMutexGuard<usize>>,
    append: TurnAppend,
}

/// Flushes until the runner is stopped.
pub(super) async fn run(runner: Arc<TurnRunner>) {
    let mut ticks = interval(runner.limits.flush_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut renewed_at = Instant::now();
    let mut failing_since = None;
    loop {
        tokio::select! {
            () = runner.stopped.cancelled() => return,
            _ = ticks.tick() => {}
        }
        // Silent turns are renewed three times within a lease, others with every flush; after a failure all of them at
        // once, because their leases may be about to end.
        let renew = failing_since.is_some() || renewed_at.elapsed() >= runner.limits.lease / 3;
        // Both from before the writing, which may take long.
        let (lease_end, begun_at) = (runner.lease_end(runner.clock.now()), Instant::now());
        let parts = parts(&runner, renew);
        if parts.is_empty() {
            failing_since = None;
            continue;
        }
        let since = *failing_since.get_or_insert_with(Instant::now);
        if flush_all(&runner, parts, lease_end).await {
            failing_since = None;
            if renew {
                renewed_at = begun_at;
                runner.renewed_until(lease_end);
            }
        } else if since.elapsed() >= runner.limits.store_patience {
            tracing::error!("the database has been away for too long; breaking off the running turns");
            runner.running_turns().values().for_each(|live| live.end(Ending::BrokenOff));
        }
    }
}

/// What is to be written now. The log of a turn that is just being finished is left to its finisher, who may have to
/// wait for the database; its lease is not.
fn parts(runner: &TurnRunner, renew: bool) -> Vec<Part> {
    let running: Vec<_> = runner.running_turns().values().cloned().collect();
    let part = |live: Arc<LiveTurn>| {
        let stored = live.stored.clone().try_lock_owned().ok();
        let events = stored.as_ref().map(|stored| live.log.logged_from(**stored)).unwrap_or_default();
        if events.is_empty() && !renew {
            return None;
        }
        let append = TurnAppend { turn_id: live.turn.id, generation: live.turn.generation, events };
        Some(Part { live, stored, append })
    };
    running.into_iter().filter_map(part).collect()
}

/// Writes the parts in as many transactions as they take. `false` when the database is away.
async fn flush_all(runner: &TurnRunner, parts: Vec<Part>, lease_end: Timestamp) -> bool {
    let (mut portion, mut bytes) = (Vec::new(), 0);
    for part in parts {
        bytes += part.append.events.iter().map(|logged| logged.event.text_bytes()).sum::<usize>();
        portion.push(part);
        if bytes >= TRANSACTION_BYTES {
            bytes = 0;
            if !flush(runner, std::mem::take(&mut portion), lease_end).await {
                return false;
            }
        }
    }
    portion.is_empty() || flush(runner, portion, lease_end).await
}

/// Writes the parts in one transaction. `false` when the database is away; the events then wait for the next flush.
async fn flush(runner: &TurnRunner, parts: Vec<Part>, lease_end: Timestamp) -> bool {
    let (owners, appends): (Vec<_>, Vec<_>) =
        parts.into_iter().map(|part| ((part.live, part.stored), part.append)).unzip();
    let lost = match runner.store.append_events(runner.replica, lease_end, &appends).await {
        Ok(lost) => lost,
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                turns = appends.len(),
                "could not flush turns"
            );
            return false;
        }
    };
    let mut taken = Vec::new();
    for ((live, stored), append) in owners.into_iter().zip(&appends) {
        // A turn that was just being finished may have ended meanwhile, as it should.
        let Some(mut stored) = stored else { continue };
        *stored += append.events.len();
        if lost.contains(&live.turn.id) {
            tracing::warn!(turn = %live.turn.id, "a running turn was taken away or erased");
            taken.push(live);
        }
    }
    gone::end_taken(runner, &taken).await;
    true
}
