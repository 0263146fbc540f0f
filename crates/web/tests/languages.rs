//! Every language says everything that English does, and nothing that would break the widget.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// How many languages there are besides English; a folder that was not found would have none.
const TRANSLATIONS: usize = 13;

struct Language {
    name: String,
    source: String,
    texts: BTreeMap<String, String>,
}

impl Language {
    fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let source = fs::read_to_string(path)?;
        let name = path.display().to_string();
        Ok(Self { name, texts: serde_json::from_str(&source)?, source })
    }

    /// The keys as they follow each other in the file, once for every time that they stand there.
    fn keys(&self) -> Vec<&str> {
        let lines = self.source.lines().filter_map(|line| line.strip_prefix("  \""));
        lines.filter_map(|line| line.split_once("\": ")).map(|(key, _)| key).collect()
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("web/languages")
}

fn english() -> Language {
    Language::read(&folder().join("en.json")).unwrap_or_else(|error| panic!("en.json: {error}"))
}

fn languages() -> Vec<Language> {
    let read =
        |path: PathBuf| Language::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let languages: Vec<_> =
        fs::read_dir(folder()).into_iter().flatten().flatten().map(|entry| read(entry.path())).collect();
    assert_eq!(languages.len(), TRANSLATIONS + 1);
    languages
}

/// What is filled in later, in the order of the alphabet: languages may put it in another place.
fn placeholders(text: &str) -> Vec<&str> {
    let mut found: Vec<_> =
        text.split('{').skip(1).map(|rest| rest.split_once('}').map_or(rest, |(name, _)| name)).collect();
    found.sort_unstable();
    found
}

#[test]
fn every_language_has_the_keys_of_english_in_the_same_order() {
    let english = english();
    assert_eq!(english.keys().len(), english.texts.len());
    for language in languages() {
        assert_eq!(language.keys(), english.keys(), "{}", language.name);
    }
}

#[test]
fn every_text_keeps_the_placeholders_of_english() {
    let english = english();
    for language in languages() {
        for (key, text) in &language.texts {
            let expected = english.texts.get(key).map(|text| placeholders(text));
            assert_eq!(Some(placeholders(text)), expected, "{} {key}", language.name);
        }
    }
}

#[test]
fn every_text_is_plain_and_trimmed() {
    for language in languages() {
        for (key, text) in &language.texts {
            assert!(!text.is_empty(), "{} {key} is empty", language.name);
            assert_eq!(text.trim(), text, "{} {key} has space around it", language.name);
            assert!(!text.contains(['<', '>', '&', '`']), "{} {key} has markup: {text}", language.name);
        }
    }
}

#[test]
fn no_language_tells_two_things_apart_by_nothing() {
    for language in languages() {
        let mut texts: Vec<_> = language.texts.values().collect();
        texts.sort_unstable();
        let twice: Vec<_> = texts.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "{} says the same twice: {twice:?}", language.name);
    }
}
