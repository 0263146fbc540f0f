//! The dashboard's side of the API: signing in, widgets, workflows, budgets, visitors and what they think, the audit log.

pub(crate) mod audit_log;
mod authorized;
pub(crate) mod budgets;
pub(crate) mod credentials;
mod csrf;
pub(crate) mod feedback;
pub(crate) mod login;
pub(crate) mod visitors;
pub(crate) mod widgets;
pub(crate) mod workflows;

pub(crate) use authorized::path_uuid;
pub(crate) use credentials::bearer_token;
