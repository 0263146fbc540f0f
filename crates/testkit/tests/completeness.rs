//! The contract suite forgets nothing: every case runs, and every method of every store port has cases.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The text of a file or of all files of a folder, below the folder of the crates.
fn sources(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if path.is_file() {
        return fs::read_to_string(path).unwrap();
    }
    let files = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| fs::read_to_string(file).unwrap()).collect::<Vec<_>>().concat()
}

/// The names between `start` and an opening parenthesis, in lines that begin with `start` but for white space.
fn names_after(start: &str, text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix(start));
    lines.filter_map(|line| line.split_once('(')).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn every_case_is_in_the_macros_list() {
    let cases: BTreeSet<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/contract"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        // The subject's own methods are words for scenes, not cases.
        .filter(|path| !path.ends_with("subject.rs"))
        .flat_map(|path| names_after("pub async fn ", &fs::read_to_string(path).unwrap()))
        .collect();
    let list = sources("testkit/src/contract/suite.rs");
    let listed: BTreeSet<_> = list
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','))
        .filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        .map(str::to_owned)
        .collect();
    assert!(cases.len() > 100, "{} cases were found", cases.len());
    assert_eq!(cases, listed);
}

#[test]
fn every_method_of_every_store_port_has_a_case() {
    let ports = sources("ports/src/store.rs") + &sources("ports/src/store");
    let methods = names_after("async fn ", &ports);
    let cases = sources("testkit/src/contract");
    let missing: Vec<_> = methods.iter().filter(|method| !cases.contains(&format!(".{method}("))).collect();
    assert!(methods.len() > 20, "{} methods were found", methods.len());
    assert_eq!(missing, Vec::<&String>::new());
}
