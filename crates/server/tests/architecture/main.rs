//! The rules of this workspace that a program can check: which crate may know which, what the sources look like, and
//! which versions of dependencies never come back.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

mod arrows;
mod guarantees;
mod sources;
mod sql;
mod versions;

use std::path::{Path, PathBuf};

/// The workspace's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Fails with the rule and all that breaks it, so that one run shows everything.
fn hold(rule: &str, broken_by: &[String]) {
    assert!(broken_by.is_empty(), "{rule}\n  {}", broken_by.join("\n  "));
}
