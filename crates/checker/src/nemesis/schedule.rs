//! What will be broken, when, and for how long.

use std::fmt;

use super::Suffering;
use crate::proxy::Weather;
use crate::random::Random;

/// A replica's clients, a replica's database, or the model of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Between clients and this replica.
    Clients(usize),
    /// Between this replica and the database.
    Database(usize),
    /// Between all replicas and the model.
    Model,
}

/// What the nemesis can do. Times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9`, and a new start after a while.
    Kill {
        /// Which replica.
        replica: usize,
        /// How long it is away.
        down_ms: u64,
    },
    /// SIGTERM, and a new start after it has ended.
    Terminate {
        /// Which replica.
        replica: usize,
    },
    /// SIGSTOP, and SIGCONT after a while.
    Pause {
        /// Which replica.
        replica: usize,
        /// For how long.
        for_ms: u64,
    },
    /// Stops PostgreSQL and starts it again.
    StopDatabase {
        /// Whether it stops as a crash would.
        immediately: bool,
        /// How long it is away.
        down_ms: u64,
    },
    /// Terminates all connections to the database.
    CutOffBackends,
    /// Ends all connections on one side.
    Cut(Side),
    /// Spoils one side for a while.
    Spoil {
        /// Which side.
        side: Side,
        /// How.
        weather: Weather,
        /// For how long.
        for_ms: u64,
    },
}

impl Fault {
    /// What suffers from it.
    pub fn suffering(&self) -> Suffering {
        match self {
            Self::Kill { .. } | Self::Terminate { .. } | Self::Pause { .. } => Suffering::Replica,
            Self::StopDatabase { .. } | Self::CutOffBackends => Suffering::Database,
            Self::Cut(side) | Self::Spoil { side, .. } => match side {
                Side::Clients(_) => Suffering::Clients,
                Side::Database(_) => Suffering::Database,
                Side::Model => Suffering::Model,
            },
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill { replica, down_ms } => {
                write!(f, "kill -9 replica {replica}, start after {down_ms} ms")
            }
            Self::Terminate { replica } => write!(f, "SIGTERM replica {replica}, start when it has ended"),
            Self::Pause { replica, for_ms } => write!(f, "SIGSTOP replica {replica} for {for_ms} ms"),
            Self::StopDatabase { immediately: true, down_ms } => {
                write!(f, "crash PostgreSQL, start after {down_ms} ms")
            }
            Self::StopDatabase { down_ms, .. } => write!(f, "stop PostgreSQL, start after {down_ms} ms"),
            Self::CutOffBackends => f.write_str("terminate all backends"),
            Self::Cut(side) => write!(f, "cut {side:?}"),
            Self::Spoil { side, weather, for_ms } => write!(f, "{weather:?} at {side:?} for {for_ms} ms"),
        }
    }
}

/// A fault and how long to wait before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// Milliseconds after everything was ready again.
    pub after_ms: u64,
    /// What is done then.
    pub fault: Fault,
}

/// Longer than a lease (6 s) and a sweep (1 s): a turn of a replica that sleeps so long is taken over.
const LONG_PAUSE_MS: (u64, u64) = (9_200, 10_500);

/// The schedule of one round: so many kills, and one of everything else that the database makes possible.
pub fn schedule(random: &mut Random, on_postgres: bool, replicas: usize, kills: u32) -> Vec<Planned> {
    let replica = |random: &mut Random| random.index(replicas);
    let mut faults = Vec::new();
    for _ in 0..kills {
        faults.push(Fault::Kill { replica: replica(random), down_ms: random.between(50, 900) });
    }
    faults.push(Fault::Terminate { replica: replica(random) });
    let sides = if on_postgres {
        let for_ms = random.between(LONG_PAUSE_MS.0, LONG_PAUSE_MS.1);
        faults.push(Fault::Pause { replica: replica(random), for_ms });
        let (immediately, down_ms) = (random.percent(50), random.between(300, 2_000));
        faults.push(Fault::StopDatabase { immediately, down_ms });
        faults.push(Fault::CutOffBackends);
        vec![Side::Clients(replica(random)), Side::Database(replica(random)), Side::Model]
    } else {
        // Nobody can take over from the only replica; it must bear waking up late.
        faults.push(Fault::Pause { replica: 0, for_ms: random.between(1_000, 3_000) });
        vec![Side::Clients(0), Side::Model]
    };
    faults.extend(sides.into_iter().map(|side| network_fault(random, side)));
    random.shuffle(&mut faults);
    faults.into_iter().map(|fault| Planned { after_ms: random.between(400, 1_600), fault }).collect()
}

fn network_fault(random: &mut Random, side: Side) -> Fault {
    let for_ms = random.between(800, 2_500);
    match random.below(3) {
        0 => Fault::Cut(side),
        1 => Fault::Spoil { side, weather: Weather::BlackHole, for_ms },
        _ => Fault::Spoil { side, weather: Weather::Slow, for_ms },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(seed: u64, on_postgres: bool) -> Vec<Planned> {
        schedule(&mut Random::of(seed, "nemesis"), on_postgres, if on_postgres { 3 } else { 1 }, 10)
    }

    #[test]
    fn a_seed_gives_the_same_schedule_again() {
        assert_eq!(planned(1, true), planned(1, true));
        assert_ne!(planned(1, true), planned(2, true));
    }

    #[test]
    fn a_round_has_its_kills_and_one_of_everything_else() {
        let count = |on_postgres: bool, suffering: Suffering| {
            planned(3, on_postgres).iter().filter(|planned| planned.fault.suffering() == suffering).count()
        };
        // Ten kills, one SIGTERM, one pause.
        assert_eq!([count(false, Suffering::Replica), count(true, Suffering::Replica)], [12, 12]);
        assert_eq!([count(false, Suffering::Database), count(true, Suffering::Database)], [0, 3]);
        assert_eq!([count(false, Suffering::Model), count(true, Suffering::Clients)], [1, 1]);
    }
}
