//! The one who breaks things: kills, pauses, and spoils the network and the database, by a schedule from a seed.

mod deeds;
mod schedule;
mod window;

pub use deeds::Nemesis;
pub use schedule::{Fault, Planned, Side, schedule};
pub use window::{FaultWindow, Suffering, overlap};
