//! Each promise about security has a test that bears its id, so that none is lost on the way.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::sources::sources;
use crate::{hold, root};

/// The cases: dashboard access, teams, embed tokens, origins, sessions, cost, HTTP, and erasure with logs.
const CASES: &[(char, &[u8])] = &[
    ('a', &[1, 3, 4, 6, 7, 9, 10, 12, 13, 15, 16, 18, 19, 21, 22, 24]),
    ('t', &[1, 3, 4, 6, 7, 9, 10, 12, 13]),
    ('e', &[1, 2, 4, 5, 7, 8, 10, 11, 13, 14]),
    ('o', &[2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18, 20, 21]),
    ('s', &[1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20, 22]),
    ('c', &[1, 3, 4, 6, 7, 8, 9, 10]),
    ('h', &[1, 3, 4, 6, 7, 9, 10, 12, 13]),
    ('g', &[1, 3, 4, 6, 7]),
];

#[test]
fn every_case_has_a_test_of_its_name() {
    let tested = tested();
    let ids = CASES.iter().flat_map(|(group, numbers)| numbers.iter().map(move |n| format!("{group}{n:02}")));
    let missing: Vec<_> = ids.filter(|id| !tested.contains(id)).collect();
    hold(
        "A test's name begins with the id of the case that it tries (`fn e05_…` or `test('S16: …`):",
        &missing,
    );
}

fn tested() -> BTreeSet<String> {
    let mut tested = BTreeSet::new();
    for source in
        sources().iter().filter(|source| source.path.components().any(|part| part.as_os_str() == "tests"))
    {
        let names = source.text.split("fn ").skip(1);
        tested.extend(names.filter_map(|name| id_of(name, '_')));
    }
    for text in browser_tests(&root().join("crates/web/browser-tests")) {
        tested.extend(text.split("test('").skip(1).filter_map(|name| id_of(name, ':')));
    }
    tested
}

/// The id at the beginning of a name: a letter, two digits and what ends it.
fn id_of(name: &str, end: char) -> Option<String> {
    let id = name.get(..3)?.to_ascii_lowercase();
    let mut letters = id.chars();
    let is_id = letters.next()?.is_ascii_lowercase() && letters.all(|digit| digit.is_ascii_digit());
    (is_id && name[3..].starts_with(end)).then_some(id)
}

fn browser_tests(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.to_string_lossy().ends_with(".test.js"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}
