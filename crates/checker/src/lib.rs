//! A small checker in the manner of Jepsen: clients ask, a nemesis breaks things, and what was acknowledged must be
//! there in the end, once, and be what was said.
//!
//! It starts the real binary, speaks HTTP to it, and shares no code with it. The same seed gives the same schedule of
//! operations and faults; how the machine interleaves them is its own affair.

pub mod chat;
pub mod check;
pub mod client;
pub mod cluster;
pub mod cuts;
pub mod dashboard;
pub mod events;
pub mod evidence;
pub mod follow;
pub mod http;
pub mod invariants;
pub mod journal;
pub mod model;
pub mod nemesis;
pub mod owner;
pub mod percentiles;
pub mod proxy;
pub mod race;
pub mod random;
pub mod report;
pub mod script;
mod settle;
pub mod stage;
pub mod stream;
pub mod time;
pub mod view;
