//! What the tests of the other crates share: repeatable time and chance, sample values, stores in memory, the
//! contract that every implementation of the stores must keep, and throw-away servers.
//!
//! A dev-dependency only. It knows the domain and the ports, never an adapter.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "in a test a panic is the right answer to a world that is not as the test needs it"
)]

pub mod clock;
pub mod contract;
pub mod entropy;
pub mod identity_provider;
pub mod memory;
pub mod model_server;
pub mod postgres;
pub mod proof_of_work;
pub mod sample;

pub use clock::FixedClock;
pub use entropy::SeededEntropy;
pub use memory::MemoryStores;
