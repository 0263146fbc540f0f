//! What an owner may set of the widget's look beyond colours: a few custom properties, as declarations of CSS.
//!
//! The widget puts the text into a style sheet on other people's pages. So nothing is kept because it looks harmless:
//! a declaration is kept because its property is in the table and its value is of that property's plain form. Functions,
//! escapes, comments, braces, at-rules and `!important` are of no such form.

use thiserror::Error;

/// The properties in the order of the documentation.
const PROPERTIES: &[(&str, Value)] = &[
    ("--chatloom-radius", Value::Pixels(0, 32)),
    ("--chatloom-font", Value::Families),
    ("--chatloom-font-size", Value::Pixels(13, 20)),
    ("--chatloom-width", Value::Pixels(320, 640)),
    ("--chatloom-height", Value::Pixels(400, 900)),
    ("--chatloom-launcher-size", Value::Pixels(44, 80)),
    ("--chatloom-offset-x", Value::Pixels(0, 200)),
    ("--chatloom-offset-y", Value::Pixels(0, 200)),
    // Greater ones than this could lie above what a page must be able to put above the widget.
    ("--chatloom-z-index", Value::Whole(1, 2_147_483_000)),
];

const MAX_CHARS: usize = 1_000;
/// What CSS takes for white space (CSS Syntax 3 section 4.2, and what its preprocessing turns into a line feed).
const WHITE_SPACE: [char; 5] = [' ', '\t', '\n', '\r', '\u{c}'];
/// Alone they would not be a family, but the page's own value or none (CSS Fonts 4 section 2.1.2).
const NO_FAMILIES: [&str; 6] = ["inherit", "initial", "unset", "revert", "revert-layer", "default"];

/// What a property accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    /// A whole number of `px`, from the first to the second.
    Pixels(u32, u32),
    /// A whole number, from the first to the second.
    Whole(u32, u32),
    /// Names of font families, separated by commas.
    Families,
}

/// What is wrong with the declarations. The texts follow on the name of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CssFault {
    /// Not a text, or too long a one.
    #[error("must be a text of at most {MAX_CHARS} characters")]
    TooLong,
    /// Not `name: value`, separated by semicolons.
    #[error("must be declarations such as --chatloom-radius: 12px, separated by semicolons")]
    Form,
    /// A property that the widget does not have.
    #[error("must only set {}", names())]
    Property,
    /// The property was set before.
    #[error("must set {0} only once")]
    Twice(&'static str),
    /// Not a length in the property's range.
    #[error("must set {property} to a whole number of px from {least}px to {most}px")]
    Pixels {
        /// The property.
        property: &'static str,
        /// The least length.
        least: u32,
        /// The greatest length.
        most: u32,
    },
    /// Not a number in the property's range.
    #[error("must set {property} to a whole number from {least} to {most}")]
    Whole {
        /// The property.
        property: &'static str,
        /// The least number.
        least: u32,
        /// The greatest number.
        most: u32,
    },
    /// Not names of font families.
    #[error(
        "must set {0} to names of font families, separated by commas and either plain words or in quotes: letters, \
         digits, spaces and any of - _ . in them"
    )]
    Families(&'static str),
}

fn names() -> String {
    PROPERTIES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// Checks all declarations; nothing between or after them counts as none.
pub(super) fn check(text: &str) -> Result<(), CssFault> {
    if text.chars().count() > MAX_CHARS {
        return Err(CssFault::TooLong);
    }
    let text = trimmed(text);
    let declarations = text.strip_suffix(';').unwrap_or(text);
    if text.is_empty() {
        return Ok(());
    }
    let mut seen = Vec::new();
    // No value may have a semicolon in it, not even in quotes, so that this finds the ends of all declarations.
    for declaration in declarations.split(';') {
        let (name, value) = declaration.split_once(':').ok_or(CssFault::Form)?;
        let name = trimmed(name);
        let known = PROPERTIES.iter().find(|(known, _)| *known == name);
        let (property, expected) = *known.ok_or(CssFault::Property)?;
        if seen.contains(&property) {
            return Err(CssFault::Twice(property));
        }
        seen.push(property);
        expected.check(property, trimmed(value))?;
    }
    Ok(())
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(WHITE_SPACE)
}

impl Value {
    fn check(self, property: &'static str, value: &str) -> Result<(), CssFault> {
        let (is_good, fault) = match self {
            Self::Pixels(least, most) => (
                value.strip_suffix("px").is_some_and(|digits| is_whole(digits, least, most)),
                CssFault::Pixels { property, least, most },
            ),
            Self::Whole(least, most) => {
                (is_whole(value, least, most), CssFault::Whole { property, least, most })
            }
            Self::Families => (value.split(',').map(trimmed).all(is_family), CssFault::Families(property)),
        };
        if is_good { Ok(()) } else { Err(fault) }
    }
}

fn is_whole(digits: &str, least: u32, most: u32) -> bool {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_plain && digits.parse().is_ok_and(|number: u32| (least..=most).contains(&number))
}

/// A name in quotes, or the words of one.
fn is_family(name: &str) -> bool {
    let quoted = ['"', '\''].into_iter().find_map(|quote| name.strip_prefix(quote)?.strip_suffix(quote));
    if let Some(name) = quoted {
        let is_plain = |c: char| c.is_alphanumeric() || " -_.".contains(c);
        return !name.trim().is_empty() && name.chars().all(is_plain);
    }
    let is_page_wide = NO_FAMILIES.iter().any(|word| name.eq_ignore_ascii_case(word));
    let mut words = name.split(WHITE_SPACE).filter(|word| !word.is_empty());
    !name.is_empty() && !is_page_wide && words.all(is_word)
}

/// An identifier of CSS without escapes and without what only custom properties begin with.
fn is_word(word: &str) -> bool {
    let name = word.strip_prefix('-').unwrap_or(word);
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
