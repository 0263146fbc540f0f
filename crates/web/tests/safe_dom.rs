//! Nothing that browsers get turns text into markup or code: that keeps answers harmless, and the widget working on
//! pages that enforce Trusted Types or forbid inline styles.

use std::fs;
use std::path::{Path, PathBuf};

const FORBIDDEN: [&str; 10] = [
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "setHTML",
    "DOMParser",
    "eval(",
    "new Function",
    "document.write",
    "<style",
    "setAttribute('style'",
];

#[test]
fn no_file_makes_markup_or_code_from_text() {
    let files = files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("web"));
    assert!(files.len() > 10, "the folder of the widget was not found");
    for file in files {
        let source = fs::read_to_string(&file).unwrap();
        for forbidden in FORBIDDEN {
            assert!(!source.contains(forbidden), "{} contains {forbidden}", file.display());
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            files.extend(files_below(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}
