//! The statements. Each function is a step of a transaction that its caller holds, or a single statement that needs none.

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod begin;
pub(crate) mod budgets;
pub(crate) mod erasure;
pub(crate) mod external_identities;
pub(crate) mod feedback;
pub(crate) mod identities;
pub(crate) mod insert_many;
pub(crate) mod logs;
pub(crate) mod replay;
pub(crate) mod sessions;
pub(crate) mod turns;
pub(crate) mod usage;
pub(crate) mod widgets;
pub(crate) mod workflows;
