//! What the application offers (driving ports) and what it needs (driven ports).
//!
//! Ports speak of use, not of tables or wires. One method of a store is one transaction; its rustdoc says what
//! MUST happen, and the contract suite holds every store to it. Mocks exist behind the `mock` feature only.

pub mod chat_model;
pub mod dashboard;
pub mod environment;
pub mod identity;
pub mod secret_ring;
pub mod store;
pub mod visitor;
