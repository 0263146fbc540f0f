//! Habits of the Rust sources.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{hold, root};

/// Longer files hide a second job.
const MAX_LINES: usize = 400;

pub(crate) struct Source {
    /// Relative to the workspace's root.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent = |source: &Source| !source.text.starts_with("//! ");
    report("A file begins with `//!` and one to five lines on its job:", silent);
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    report("Split what is longer than 400 lines:", |source| source.text.lines().count() > MAX_LINES);
}

#[test]
fn modules_with_children_lie_beside_their_folders() {
    let rule = "Use `name.rs` and `name/`, never `name/mod.rs`:";
    report(rule, |source| source.path.file_name().is_some_and(|name| name == "mod.rs"));
}

#[test]
fn exceptions_from_lints_expire_and_give_reasons() {
    let rule = "Use `#[expect(lint, reason = \"...\")]`, which complains when it is no longer needed:";
    // Split, so that this file does not find itself.
    let words = [concat!("#[", "allow("), concat!("#![", "allow(")];
    report(rule, |source| words.iter().any(|word| source.text.contains(word)));
}

#[test]
fn tests_run_always_say_what_they_expect_and_never_sleep() {
    let rule = "No test is ignored, serial, expects a panic, or waits for time to pass:";
    let words = [
        concat!("#[", "ignore"),
        concat!("#[", "serial"),
        concat!("should", "_panic"),
        concat!("thread::", "sleep("),
    ];
    report(rule, |source| words.iter().any(|word| source.text.contains(word)));
}

#[test]
fn nothing_is_left_for_later() {
    let words =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX"), concat!("unimple", "mented!")];
    report("Finish it or file an issue:", |source| words.iter().any(|word| source.text.contains(word)));
}

fn report(rule: &str, breaks: impl Fn(&Source) -> bool) {
    let sources = sources();
    assert!(sources.len() > 50, "only {} sources were found", sources.len());
    let broken: Vec<_> = sources.iter().filter(|source| breaks(source)).map(name).collect();
    hold(rule, &broken);
}

fn name(source: &Source) -> String {
    source.path.display().to_string()
}

pub(crate) fn sources() -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    collect(&root.join("crates"), &root, &mut found);
    found
}

fn collect(folder: &Path, root: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let skipped = path.file_name().is_some_and(|name| name == "node_modules" || name == "target");
        if path.is_dir() && !skipped {
            collect(&path, root, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push(Source { path: path.strip_prefix(root).unwrap().to_owned(), text });
        }
    }
}
