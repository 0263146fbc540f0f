//! What the nemesis did, and for how long.

use std::time::Duration;

use super::Fault;
use crate::time::Moment;

/// What suffers from a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suffering {
    /// A replica is not there, or does not move.
    Replica,
    /// The database is not there for some or all replicas.
    Database,
    /// The model is not there.
    Model,
    /// Clients do not reach a replica.
    Clients,
}

/// A fault and the time in which it held. Its end is when everything was ready again.
#[derive(Debug, Clone)]
pub struct FaultWindow {
    /// What was done.
    pub fault: Fault,
    /// When it began.
    pub from: Moment,
    /// When it was over.
    pub until: Moment,
}

impl FaultWindow {
    /// What suffered.
    pub fn suffering(&self) -> Suffering {
        self.fault.suffering()
    }
}

/// How much of the time between two moments lies in windows of this kind, each counted for itself.
pub fn overlap(faults: &[FaultWindow], suffering: Suffering, from: Moment, until: Moment) -> Duration {
    let windows = faults.iter().filter(|window| window.suffering() == suffering);
    windows.map(|window| window.until.min(until).saturating_sub(window.from.max(from))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overlap_counts_what_lies_within() {
        let second = Moment::from_secs;
        let fault = Fault::CutOffBackends;
        let windows = [FaultWindow { fault, from: second(10), until: second(14) }];
        let of = |from, until| overlap(&windows, Suffering::Database, second(from), second(until)).as_secs();
        assert_eq!([of(0, 5), of(0, 11), of(11, 12), of(13, 20), of(0, 20), of(15, 20)], [0, 1, 1, 1, 4, 0]);
        assert_eq!(overlap(&windows, Suffering::Model, second(0), second(20)).as_secs(), 0);
    }
}
