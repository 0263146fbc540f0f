//! How many answers are made at the same time, and who of those that wait is next.
//!
//! A provider takes only so much, and a replica has only so many connections. Teams share the places: none may hold more
//! than three quarters of them, and one that becomes free goes to the team that holds the fewest. So a flood of one team
//! leaves a quarter to the others, and is behind them in the queue.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chatloom_domain::id::TeamId;
use tokio::sync::oneshot;

/// How long somebody waits for a place. A visitor does not wait longer without a sign.
const PATIENCE: Duration = Duration::from_secs(2);

/// All places of this replica. Clones are the same places.
#[derive(Clone)]
pub(super) struct Slots(Arc<Room>);

struct Room {
    /// 0 is no limit.
    places: usize,
    queue: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    by_team: HashMap<TeamId, usize>,
    /// In the order of their coming.
    waiting: Vec<Waiting>,
    tickets: u64,
}

struct Waiting {
    ticket: u64,
    team: TeamId,
    door: oneshot::Sender<Slot>,
}

/// A place, which goes to the next one when this is dropped.
pub(super) struct Slot(Option<(Arc<Room>, TeamId)>);

impl Slots {
    /// `places` 0 is no limit; `queue` 0 lets nobody wait.
    pub(super) fn new(places: usize, queue: usize) -> Self {
        Self(Arc::new(Room { places, queue, taken: Mutex::default() }))
    }

    /// A place that is free now.
    pub(super) fn try_take(&self, team: TeamId) -> Option<Slot> {
        if self.0.places == 0 {
            return Some(Slot(None));
        }
        self.0.taken().take(team, self.0.places).then(|| self.0.slot(team))
    }

    /// A place, for which the caller may have to wait a little; `None` if there are too many who wait already, or for too
    /// long.
    pub(super) async fn take(&self, team: TeamId) -> Option<Slot> {
        if let Some(slot) = self.try_take(team) {
            return Some(slot);
        }
        let (place, _in_queue) = self.queue_up(team)?;
        tokio::time::timeout(PATIENCE, place).await.ok()?.ok()
    }

    fn queue_up(&self, team: TeamId) -> Option<(oneshot::Receiver<Slot>, InQueue)> {
        let mut taken = self.0.taken();
        let own = taken.waiting.iter().filter(|waiting| waiting.team == team).count();
        if taken.waiting.len() >= self.0.queue || own >= share(self.0.queue) {
            return None;
        }
        let (door, place) = oneshot::channel();
        let ticket = taken.tickets;
        taken.tickets += 1;
        taken.waiting.push(Waiting { ticket, team, door });
        Some((place, InQueue { room: self.0.clone(), ticket }))
    }
}

/// How much of something one team may have, so that others always find some of it.
fn share(all: usize) -> usize {
    all - all / 4
}

impl Room {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Nothing in here panics half way through a change.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(self: &Arc<Self>, team: TeamId) -> Slot {
        Slot(Some((self.clone(), team)))
    }

    /// Gives a place back, and on to the next one who waits.
    fn leave(self: &Arc<Self>, team: TeamId) {
        let next = {
            let mut taken = self.taken();
            taken.leave(team);
            taken.next(self.places)
        };
        if let Some(Waiting { team, door, .. }) = next {
            // One who has gone meanwhile hands the place on by dropping it.
            drop(door.send(self.slot(team)));
        }
    }
}

impl Taken {
    fn held_by(&self, team: TeamId) -> usize {
        self.by_team.get(&team).copied().unwrap_or(0)
    }

    fn take(&mut self, team: TeamId, places: usize) -> bool {
        let all: usize = self.by_team.values().sum();
        if all >= places || self.held_by(team) >= share(places) {
            return false;
        }
        *self.by_team.entry(team).or_default() += 1;
        true
    }

    fn leave(&mut self, team: TeamId) {
        if let Some(held) = self.by_team.get_mut(&team) {
            *held -= 1;
            if *held == 0 {
                self.by_team.remove(&team);
            }
        }
    }

    /// Who gets a place that has become free; it is taken for them.
    fn next(&mut self, places: usize) -> Option<Waiting> {
        let by_need = |waiting: &(usize, &Waiting)| (self.held_by(waiting.1.team), waiting.1.ticket);
        let (index, Waiting { team, .. }) = self.waiting.iter().enumerate().min_by_key(by_need)?;
        let team = *team;
        self.take(team, places).then(|| self.waiting.remove(index))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some((room, team)) = self.0.take() {
            room.leave(team);
        }
    }
}

/// Somebody's place in the queue, which they leave however their waiting ends.
struct InQueue {
    room: Arc<Room>,
    ticket: u64,
}

impl Drop for InQueue {
    fn drop(&mut self) {
        let gone = {
            let mut taken = self.room.taken();
            let index = taken.waiting.iter().position(|waiting| waiting.ticket == self.ticket);
            index.map(|index| taken.waiting.remove(index))
        };
        drop(gone);
    }
}

#[cfg(test)]
mod tests {
    use chatloom_testkit::sample::team_id;
    use futures::FutureExt;
    use tokio::time::Instant;

    use super::*;

    fn take(slots: &Slots, team: u32, count: usize) -> Vec<Slot> {
        (0..count).map_while(|_| slots.try_take(team_id(team))).collect()
    }

    #[test]
    fn one_team_leaves_a_quarter_to_the_others() {
        let slots = Slots::new(8, 0);
        let loud = take(&slots, 1, 99);
        assert_eq!(loud.len(), 6);
        let quiet = take(&slots, 2, 99);
        assert_eq!(quiet.len(), 2);
        assert!(slots.try_take(team_id(3)).is_none());
        drop(quiet);
        assert!(slots.try_take(team_id(1)).is_none());
        assert!(slots.try_take(team_id(3)).is_some());
        drop(loud);
        assert_eq!(take(&slots, 1, 99).len(), 6);
        assert!(slots.0.taken().by_team.is_empty());
    }

    #[test]
    fn few_places_are_not_divided_and_zero_is_no_limit() {
        assert_eq!(take(&Slots::new(1, 0), 1, 9).len(), 1);
        assert_eq!(take(&Slots::new(3, 0), 1, 9).len(), 3);
        assert_eq!(take(&Slots::new(0, 0), 1, 1_000).len(), 1_000);
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_place_waits_two_seconds_in_a_short_queue() {
        let slots = Slots::new(1, 2);
        let held = slots.try_take(team_id(1)).unwrap();
        let begun = Instant::now();
        let mut first = Box::pin(slots.take(team_id(1)));
        let mut second = Box::pin(slots.take(team_id(2)));
        assert!(first.as_mut().now_or_never().is_none() && second.as_mut().now_or_never().is_none());
        assert!(slots.take(team_id(3)).await.is_none());
        assert_eq!(begun.elapsed(), Duration::ZERO);
        assert!(second.await.is_none());
        assert_eq!(begun.elapsed(), PATIENCE);
        assert!(first.await.is_none());
        assert!(slots.0.taken().waiting.is_empty());
        drop(held);
        assert!(slots.try_take(team_id(1)).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_free_place_goes_to_the_team_with_the_fewest() {
        let slots = Slots::new(4, 8);
        let mut loud = take(&slots, 1, 3);
        let other = slots.try_take(team_id(2)).unwrap();
        let mut again = Box::pin(slots.take(team_id(1)));
        assert!(again.as_mut().now_or_never().is_none());
        let mut quiet = Box::pin(slots.take(team_id(3)));
        assert!(quiet.as_mut().now_or_never().is_none());
        loud.pop();
        let quiet = quiet.now_or_never().unwrap().unwrap();
        assert!(again.as_mut().now_or_never().is_none());
        drop(other);
        assert!(again.now_or_never().unwrap().is_some());
        drop(quiet);
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_not_lost_on_somebody_who_has_gone() {
        let slots = Slots::new(1, 4);
        let held = slots.try_take(team_id(1)).unwrap();
        let mut gone = Box::pin(slots.take(team_id(1)));
        let mut stays = Box::pin(slots.take(team_id(2)));
        assert!(gone.as_mut().now_or_never().is_none() && stays.as_mut().now_or_never().is_none());
        drop(held);
        // The place was handed to one who never came for it.
        drop(gone);
        assert!(stays.now_or_never().unwrap().is_some());
        assert!(slots.0.taken().by_team.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn one_team_does_not_fill_the_queue() {
        let slots = Slots::new(1, 4);
        let _held = slots.try_take(team_id(1)).unwrap();
        let mut waiting: Vec<_> = (0..4).map(|_| Box::pin(slots.take(team_id(1)))).collect();
        let refused = waiting.iter_mut().filter_map(|place| place.as_mut().now_or_never()).count();
        assert_eq!(refused, 1);
        assert!(slots.take(team_id(2)).now_or_never().is_none());
    }
}
