//! What the widget says by itself, in an owner's words and languages.

use std::collections::BTreeMap;

use thiserror::Error;

use super::Data;
use super::rules::{is_language_tag, is_line};

/// The names of all that the widget says, as in its own languages; a test compares the two.
const NAMES: &[&str] = &[
    "open",
    "openUnread",
    "close",
    "assistant",
    "typing",
    "stillWriting",
    "greeting",
    "placeholder",
    "send",
    "stop",
    "restart",
    "latest",
    "disclaimer",
    "messages",
    "loading",
    "table",
    "you",
    "they",
    "copy",
    "copied",
    "good",
    "bad",
    "reason",
    "sendReason",
    "thanks",
    "unsaved",
    "again",
    WAIT,
    "offline",
    "reconnecting",
    "lost",
    "rate",
    "quota",
    "busy",
    "running",
    "gone",
    "forbidden",
    "identity",
    "invalid",
    TOO_LONG,
    "failed",
    "interrupted",
    "stopped",
    "timeout",
    "anew",
];
const WAIT: &str = "wait";
const TOO_LONG: &str = "tooLong";

/// More than any site of which we know is translated into.
const MAX_LANGUAGES: usize = 20;
/// All of the English texts take about 2 KiB.
const MAX_BYTES: usize = 8 * 1024;
const MAX_CHARS: usize = 300;

/// What is wrong with a text, a language or all of them. The sentences follow on the path of what is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StringsFault {
    /// Not texts by name by language.
    #[error(
        "must be an object of texts by name, by language, such as {{\"de\": {{\"send\": \"Abschicken\"}}}}"
    )]
    Form,
    /// Too many languages.
    #[error("must not have more than {MAX_LANGUAGES} languages")]
    TooManyLanguages,
    /// All texts together are too large.
    #[error("must not take more than 8 KiB")]
    TooLarge,
    /// Not of the shape of a BCP 47 language tag.
    #[error("must be named by a language tag such as en or pt-BR")]
    Language,
    /// The widget says nothing of this name.
    #[error("is nothing that the widget says")]
    Name,
    /// Not a short text on one line.
    #[error("must be a text of 1 to {MAX_CHARS} characters without line breaks or control characters")]
    Text,
    /// Without the place for what the widget puts in.
    #[error("must contain {0}")]
    Placeholder(&'static str),
}

/// The names of all that the widget says, in the order of its own languages.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied()
}

/// What the widget puts into a text of this name, and the text must have a place for.
pub(super) fn placeholder(name: &str) -> Option<&'static str> {
    match name {
        WAIT => Some("{seconds}"),
        TOO_LONG => Some("{count}"),
        _ => None,
    }
}

/// Checks all texts. What is at fault is named by the keys that lead to it.
pub(super) fn check(value: &Data) -> Result<(), (Vec<&str>, StringsFault)> {
    let Data::Object(languages) = value else {
        return Err((vec![], StringsFault::Form));
    };
    if languages.len() > MAX_LANGUAGES {
        return Err((vec![], StringsFault::TooManyLanguages));
    }
    if value.json_bytes() > MAX_BYTES {
        return Err((vec![], StringsFault::TooLarge));
    }
    for (language, texts) in languages {
        let texts = of_language(language, texts).map_err(|fault| (vec![language.as_str()], fault))?;
        for (name, text) in texts {
            check_text(name, text).map_err(|fault| (vec![language.as_str(), name.as_str()], fault))?;
        }
    }
    Ok(())
}

fn of_language<'a>(language: &str, texts: &'a Data) -> Result<&'a BTreeMap<String, Data>, StringsFault> {
    match texts {
        _ if !is_language_tag(language) => Err(StringsFault::Language),
        Data::Object(texts) => Ok(texts),
        _ => Err(StringsFault::Form),
    }
}

fn check_text(name: &str, text: &Data) -> Result<(), StringsFault> {
    if !NAMES.contains(&name) {
        return Err(StringsFault::Name);
    }
    let text = text.as_text().ok_or(StringsFault::Text)?;
    if text.trim().is_empty() || !is_line(text, MAX_CHARS) {
        return Err(StringsFault::Text);
    }
    match placeholder(name) {
        Some(placeholder) if !text.contains(placeholder) => Err(StringsFault::Placeholder(placeholder)),
        _ => Ok(()),
    }
}
