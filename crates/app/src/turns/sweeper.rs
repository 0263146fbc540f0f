//! Ends turns whose owner is gone, and throws away what nobody needs any more.

use std::sync::Arc;
use std::time::Duration;

use chatloom_domain::SignedDuration;
use chatloom_domain::audit::AuditEntry;
use chatloom_domain::budget::Day;
use chatloom_ports::store::StoreError;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::TurnRunner;

/// How many turns are taken at a time, so that one transaction stays short.
const BATCH: u32 = 100;

/// How long a spent challenge is remembered beyond its end, for replicas whose clocks are behind.
const SPENT_FOR: Duration = Duration::from_mins(1);

/// How often old logs, entries of the audit log, dashboard sessions and spent challenges are thrown away.
const CLEAN_UP_EVERY: Duration = Duration::from_mins(10);

/// How long a session is kept in which nobody has written. Who comes back later is given another one without noticing.
const EMPTY_SESSIONS_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How long it is known what was spent on a day. Only today's limits anything.
const SPENDING_FOR: SignedDuration = SignedDuration::from_hours(31 * 24);

/// Sweeps until the runner is stopped; first at once, for what a crash has left.
pub(super) async fn run(runner: Arc<TurnRunner>) {
    let mut ticks = interval(runner.limits.sweep_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut clean_up_at = Instant::now();
    // Until when nobody is ended, while the database is away and shortly after.
    let mut grace = None;
    loop {
        tokio::select! {
            () = runner.stopped.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if let Some(until) = grace {
            // While the database was away nobody could renew a lease. The living get some time to do so.
            if runner.health.check().await.is_err() {
                grace = Some(Instant::now() + runner.limits.lease / 2);
            } else if Instant::now() >= until {
                grace = None;
            }
            continue;
        }
        if runner.holds_its_leases() && report(&interrupt_expired(&runner).await) {
            grace = Some(Instant::now() + runner.limits.lease / 2);
        }
        if Instant::now() >= clean_up_at {
            clean_up_at = Instant::now() + CLEAN_UP_EVERY;
            report(&clean_up(&runner).await);
        }
    }
}

/// Tells the operator what failed. `true` if the database was to blame, and not a row in it.
fn report(swept: &Result<(), StoreError>) -> bool {
    let Err(error) = swept else { return false };
    tracing::error!(error = error as &dyn std::error::Error, "could not sweep");
    matches!(error, StoreError::Unavailable(_))
}

async fn interrupt_expired(runner: &TurnRunner) -> Result<(), StoreError> {
    loop {
        let ended = runner.store.interrupt_expired_turns(runner.clock.now(), BATCH).await?;
        for turn in &ended {
            tracing::warn!(%turn, "ended a turn whose owner is gone");
        }
        if ended.len() < BATCH as usize {
            return Ok(());
        }
    }
}

async fn clean_up(runner: &TurnRunner) -> Result<(), StoreError> {
    let now = runner.clock.now();
    if let Ok(before) = now.checked_sub(runner.limits.log_retention) {
        while runner.store.prune_events(before, BATCH).await? >= u64::from(BATCH) {}
    }
    if let Ok(before) = now.checked_sub(EMPTY_SESSIONS_FOR) {
        while runner.sessions.purge_empty_sessions(before, BATCH).await? >= u64::from(BATCH) {}
    }
    if let Ok(before) = now.checked_sub(SPENDING_FOR) {
        runner.budgets.prune_spending(Day::of(before)).await?;
    }
    if let Ok(before) = now.checked_sub(AuditEntry::RETENTION) {
        while runner.audit.prune_audit_log(before, BATCH).await? >= u64::from(BATCH) {}
    }
    runner.access.delete_expired_auth_sessions(now).await?;
    if let Ok(before) = now.checked_sub(SPENT_FOR) {
        runner.sessions.prune_spent_challenges(before).await?;
    }
    Ok(())
}
