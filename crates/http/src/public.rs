//! The visitors' side of the API, for pages on other people's sites: embed token, CORS, rate limit.

pub(crate) mod challenges;
pub(crate) mod cors;
pub(crate) mod feedback;
pub(crate) mod guard;
pub(crate) mod init;
pub(crate) mod messages;
pub(crate) mod origin;
mod presented;
pub(crate) mod quota;
pub(crate) mod rate_limit;
pub(crate) mod sessions;
pub(crate) mod turns;
