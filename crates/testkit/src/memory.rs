//! All stores in memory, behind one mutex: each method is one transaction because nobody else can get in.
//!
//! They keep the same contract as the databases, so stories of the use cases need no database, and they can be
//! told to fail, which databases only do when nobody wants it.

mod access;
mod audit;
mod budgets;
mod changes;
mod identities;
mod sessions;
mod tables;
mod turns;
mod widgets;
mod workflows;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::AuditEntry;
use chatloom_domain::id::{TeamId, UserId};
use chatloom_domain::team::{TeamName, User};
use chatloom_ports::store::{StoreError, StoreHealth, Stores};

use crate::contract::Seed;
use tables::{Tables, TeamRecord, UserRecord};

/// The stores in memory. Clones share their data and their failures.
#[derive(Clone, Default)]
pub struct MemoryStores(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    tables: Tables,
    unavailable: bool,
    failures_due: u32,
}

/// A failure that a test asked for, or a unique key that was taken.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refusal(&'static str);

impl MemoryStores {
    /// Stores with nothing in them.
    pub fn new() -> Self {
        Self::default()
    }

    /// All ports, over the data of this handle.
    pub fn stores(&self) -> Stores {
        let shared = Arc::new(self.clone());
        Stores {
            access: shared.clone(),
            audit: shared.clone(),
            workflows: shared.clone(),
            widgets: shared.clone(),
            identities: shared.clone(),
            sessions: shared.clone(),
            turns: shared.clone(),
            budgets: shared.clone(),
            health: shared,
        }
    }

    /// Makes the next `n` calls of any method fail as `Unavailable`, before they read or write anything.
    pub fn fail_next(&self, n: u32) {
        self.state().failures_due = n;
    }

    /// Makes every call fail as `Unavailable` until it is set back.
    pub fn set_unavailable(&self, unavailable: bool) {
        self.state().unavailable = unavailable;
    }

    /// Runs one transaction. Steps check everything first and write then, so there is nothing to roll back.
    fn transact<T>(&self, step: impl FnOnce(&mut Tables) -> T) -> Result<T, StoreError> {
        let mut state = self.state();
        if state.unavailable {
            return Err(unavailable("the test made the stores unavailable"));
        }
        if state.failures_due > 0 {
            state.failures_due -= 1;
            return Err(unavailable("the test asked for a failure"));
        }
        Ok(step(&mut state.tables))
    }

    /// Runs one transaction that may write these entries of the audit log.
    fn transact_told<T>(
        &self,
        entries: &[AuditEntry],
        step: impl FnOnce(&mut Tables) -> T,
    ) -> Result<T, StoreError> {
        self.transact(|tables| {
            let have_teams = entries.iter().all(|entry| tables.teams.contains_key(&entry.team_id));
            if have_teams {
                Ok(step(tables))
            } else {
                Err(unavailable("there is no team that could have the log"))
            }
        })?
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A step panics only over a mistake of its caller, and then the test has failed anyway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(reason: &'static str) -> StoreError {
    StoreError::Unavailable(Box::new(Refusal(reason)))
}

#[async_trait]
impl StoreHealth for MemoryStores {
    async fn check(&self) -> Result<(), StoreError> {
        self.transact(|_| ())
    }
}

#[async_trait]
impl Seed for MemoryStores {
    async fn add_team(&self, id: TeamId, name: &TeamName, created_at: Timestamp) {
        let mut state = self.state();
        state.tables.teams.insert(id, TeamRecord { name: name.clone(), created_at });
    }

    async fn add_user(&self, user: &User, password_hash: &str) {
        let mut state = self.state();
        let record = UserRecord {
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            email: user.email.clone(),
            password_hash: password_hash.to_owned(),
            created_at: user.created_at,
            is_disabled: false,
        };
        state.tables.users.insert(user.id, record);
        for membership in &user.memberships {
            state.tables.members.insert((user.id, membership.team_id), membership.role);
        }
    }

    async fn disable_user(&self, id: UserId, _at: Timestamp) {
        self.state().tables.users.get_mut(&id).expect("the user is there").is_disabled = true;
    }

    async fn remove_user(&self, id: UserId) {
        let mut state = self.state();
        state.tables.users.remove(&id);
        state.tables.members.retain(|(user, _), _| *user != id);
        state.tables.auth_sessions.retain(|_, session| session.user_id != id);
    }

    async fn remove_team(&self, id: TeamId) {
        let mut state = self.state();
        state.tables.teams.remove(&id);
        state.tables.members.retain(|(_, team), _| *team != id);
        state.tables.audit_log.retain(|_, entry| entry.team_id != id);
    }
}

#[cfg(test)]
mod tests {
    use chatloom_ports::store::turns::{StopOutcome, TurnChange, TurnChanges};
    use futures::{FutureExt, StreamExt};

    use super::*;
    use crate::contract::Subject;
    use crate::sample;

    /// What has been rung and not been heard yet.
    fn rung(changes: &mut TurnChanges) -> Vec<TurnChange> {
        std::iter::from_fn(|| changes.next().now_or_never().flatten()).collect()
    }

    #[tokio::test]
    async fn every_handle_hears_what_is_written_until_all_are_dropped() {
        let memory = MemoryStores::new();
        let writer = Subject::new(memory.stores(), Arc::new(memory.clone()), ());
        let mut changes = memory.clone().stores().turns.changes();
        let session = writer.first_session().await;
        let turn = writer.begin_turn(&session, 1).await;
        assert_eq!(rung(&mut changes), []);
        writer.append(&turn, &["One"]).await;
        writer.append(&turn, &["One", "two"]).await;
        assert_eq!(rung(&mut changes), [TurnChange::Logs]);
        let stopped = writer.stores.turns.request_stop(session.id, turn.id).await.unwrap();
        assert_eq!((stopped, rung(&mut changes)), (StopOutcome::Requested, vec![TurnChange::Stops]));
        assert_eq!(writer.stores.turns.interrupt_expired_turns(sample::at(99), 1).await.unwrap(), [turn.id]);
        assert_eq!(rung(&mut changes), [TurnChange::Logs]);
        writer.retry_turn(&session, 1).await;
        assert_eq!(rung(&mut changes), [TurnChange::Logs]);
        drop((writer, memory));
        assert_eq!(changes.next().await, None);
    }

    #[tokio::test]
    async fn failures_end_when_they_are_used_up_or_taken_back() {
        let memory = MemoryStores::new();
        let stores = memory.stores();
        memory.fail_next(2);
        assert!(matches!(stores.health.check().await, Err(StoreError::Unavailable(_))));
        assert!(matches!(stores.access.find_first_team().await, Err(StoreError::Unavailable(_))));
        stores.health.check().await.unwrap();
        memory.set_unavailable(true);
        assert!(stores.health.check().await.is_err());
        assert!(stores.health.check().await.is_err());
        memory.set_unavailable(false);
        stores.health.check().await.unwrap();
    }
}
