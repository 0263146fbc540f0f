//! The HTTP contract: every route with every status it can give, whole bodies as snapshots, against mocks of the
//! driving ports. Each answer is also compared with what the OpenAPI document promises.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failing helper fails the test that called it, and some mocks panic on purpose"
)]

mod audit_log;
mod authorization;
mod bodies;
mod budgets;
mod challenges;
mod connections;
mod cors;
mod document;
mod errors;
mod feedback;
mod hosted;
mod login;
mod logs;
mod pages;
mod quotas;
mod readers;
mod socket;
mod streams;
mod tokens;
mod turns;
mod visitor_administration;
mod visitors;
mod widgets;
mod workflows;
mod world;
