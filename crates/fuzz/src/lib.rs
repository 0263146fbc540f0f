//! What the fuzzer runs: one function for each reader of untrusted bytes, with the rules that no input may break.
//!
//! A target takes any bytes and panics where a rule is broken. `cargo fuzz` looks for such bytes (the wrappers are in
//! `fuzz/`, a project of its own); `cargo test` runs the targets over the inputs that it has kept and over some made
//! by chance. Never part of what is shipped.

#![expect(
    clippy::missing_panics_doc,
    reason = "a panic is how a target reports what it has found; its rules are in its description"
)]

mod bodies;
mod credentials;
mod event_ids;
mod origins;
mod streams;
mod tokens;

pub use bodies::bodies;
pub use credentials::credentials;
pub use event_ids::event_ids;
pub use origins::origins;
pub use streams::streams;
pub use tokens::tokens;

/// A target and the name of its wrapper and of its folder of inputs.
pub struct Target {
    /// The name.
    pub name: &'static str,
    /// Runs it on one input.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "bodies", run: bodies },
    Target { name: "credentials", run: credentials },
    Target { name: "event_ids", run: event_ids },
    Target { name: "origins", run: origins },
    Target { name: "streams", run: streams },
    Target { name: "tokens", run: tokens },
];

/// The line before the first line feed, and what follows.
fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}
