//! Tokens of identity providers: what is accepted, and everything near it that is not.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

mod claims;
mod headers;
mod key_sets;
mod provider;
