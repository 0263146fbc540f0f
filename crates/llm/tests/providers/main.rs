//! Both wire formats against a real server on loopback, which says what real servers say.
//!
//! The replays are recorded answers, cut in every hostile way by [`fixture`]; the rest is what surrounds an answer:
//! requests, refusals, and how connections end.

#![expect(clippy::unwrap_used, reason = "what the tests share is no test to clippy, but fails like one")]

mod chat_completions;
mod endings;
mod fixture;
mod framing;
mod key_sets;
mod messages;
mod refusals;
mod requests;
mod world;
