//! Ends turns whose owner is gone, and throws away what nobody needs any more.

use std::sync::Arc;
use std::time::Duration;

use chatloom_domain::audit::AuditEntry;
use chatloom_ports::store::StoreError;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::TurnRunner;

/// How many turns are taken at a time, so that one transaction stays short.
const BATCH: u32 = 100;

/// How often old logs, entries of the audit log and dashboard sessions are thrown away.
const CLEAN_UP_EVERY: Duration = Duration::from_mins(10);

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
    if let Ok(before) = now.checked_sub(AuditEntry::RETENTION) {
        while runner.audit.prune_audit_log(before, BATCH).await? >= u64::from(BATCH) {}
    }
    runner.access.delete_expired_auth_sessions(now).await?;
    Ok(())
}
