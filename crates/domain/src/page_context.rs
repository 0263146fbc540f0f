//! What a page says of itself beside a visitor's message: where the visitor is, what lies in the cart.
//!
//! Whoever writes the page writes this, or a program in its place, so a model may read it and nobody may trust it.

use std::fmt::{self, Write as _};

use thiserror::Error;

use crate::customization::Data;

/// How many lists and objects may lie within each other, the outermost counted. A page that says more than that of itself has
/// a circle in what it says; what has fewer levels is bounded by its length.
const MAX_DEPTH: usize = 32;

/// A JSON object on one line, of at most 2,048 bytes, nested at most 32 deep, without NUL.
#[derive(Clone, PartialEq, Eq)]
pub struct PageContext(String);

/// Why something is no page's context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PageContextError {
    /// Not an object.
    #[error("must be a JSON object")]
    NotAnObject,
    /// More than [`PageContext::MAX_BYTES`].
    #[error("must take at most 2048 bytes as compact JSON")]
    TooLong,
    /// Nested too deeply.
    #[error("must not nest lists and objects more than 32 deep")]
    TooDeep,
    /// A number that JSON cannot write.
    #[error("must contain finite numbers only")]
    NotANumber,
    /// NUL in a key or a text.
    #[error("must not contain NUL")]
    Nul,
}

impl PageContext {
    /// The longest one, written compactly.
    pub const MAX_BYTES: usize = 2_048;

    /// Checks the data and writes it.
    pub fn parse(data: &Data) -> Result<Self, PageContextError> {
        if !matches!(data, Data::Object(_)) {
            return Err(PageContextError::NotAnObject);
        }
        // First, because what follows looks as deep as there is something.
        if !data.is_within_depth(MAX_DEPTH) {
            return Err(PageContextError::TooDeep);
        }
        if !data.is_finite() {
            return Err(PageContextError::NotANumber);
        }
        if has_nul(data) {
            return Err(PageContextError::Nul);
        }
        let mut line = String::new();
        write_data(data, &mut line);
        if line.len() > Self::MAX_BYTES {
            return Err(PageContextError::TooLong);
        }
        Ok(Self(line))
    }

    /// Compact JSON in which nothing breaks the line.
    pub fn as_line(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PageContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Pages may say who their visitor is; that must not reach a log through a debug print.
        f.write_str("PageContext")
    }
}

fn has_nul(data: &Data) -> bool {
    match data {
        Data::Text(text) => text.contains('\0'),
        Data::List(items) => items.iter().any(has_nul),
        Data::Object(members) => members.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Data::Null | Data::Bool(_) | Data::Int(_) | Data::Float(_) => false,
    }
}

fn write_data(data: &Data, line: &mut String) {
    match data {
        Data::Null => line.push_str("null"),
        Data::Bool(value) => line.push_str(if *value { "true" } else { "false" }),
        Data::Int(number) => line.push_str(&number.to_string()),
        // Its debug form has an exponent where `Display` writes up to 300 zeros; JSON reads both.
        Data::Float(number) => {
            // A string takes whatever is written to it.
            let _ = write!(line, "{number:?}");
        }
        Data::Text(text) => write_text(text, line),
        Data::List(items) => {
            line.push('[');
            write_all(items, line, write_data);
            line.push(']');
        }
        Data::Object(members) => {
            line.push('{');
            write_all(members, line, |(key, value), line| {
                write_text(key, line);
                line.push(':');
                write_data(value, line);
            });
            line.push('}');
        }
    }
}

fn write_all<T>(items: impl IntoIterator<Item = T>, line: &mut String, write: impl Fn(T, &mut String)) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        write(item, line);
    }
}

/// Beyond what JSON demands, escapes whatever somebody could take for the end of a line (Unicode 5.8).
fn write_text(text: &str, line: &mut String) {
    line.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => line.extend(['\\', c]),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                let _ = write!(line, "\\u{:04x}", u32::from(c));
            }
            c => line.push(c),
        }
    }
    line.push('"');
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn object<const N: usize>(members: [(&str, Data); N]) -> Data {
        Data::Object(members.map(|(key, value)| (key.to_owned(), value)).into())
    }

    fn text(text: &str) -> Data {
        Data::Text(text.to_owned())
    }

    fn line(data: &Data) -> String {
        PageContext::parse(data).map(|context| context.as_line().to_owned()).unwrap()
    }

    #[test]
    fn it_is_written_as_compact_json() {
        let list = Data::List(vec![Data::Null, Data::Bool(true), Data::Int(-7), Data::Float(0.5)]);
        let data =
            object([("a", list), ("b", object([])), ("c", Data::List(vec![])), ("d \"\\", text("é/"))]);
        assert_eq!(line(&data), r#"{"a":[null,true,-7,0.5],"b":{},"c":[],"d \"\\":"é/"}"#);
        assert_eq!(line(&object([])), "{}");
    }

    #[test]
    fn what_is_written_is_read_back_as_the_same() {
        let numbers = [f64::MAX, 5e-324, 1e16, -0.5, 1.0 / 3.0].map(Data::Float);
        let data = object([
            ("numbers", Data::List(numbers.into())),
            ("least", Data::Int(i64::MIN)),
            ("texts", text("\u{1}\u{7f}\u{85}\u{2028}\u{2029}\n\r\t\"\\ 🧑🏽‍💻 \u{b}\u{c}")),
        ]);
        let written = line(&data);
        let read: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!(read["texts"], "\u{1}\u{7f}\u{85}\u{2028}\u{2029}\n\r\t\"\\ 🧑🏽‍💻 \u{b}\u{c}");
        assert_eq!(read["least"], i64::MIN);
        let numbers: Vec<_> =
            read["numbers"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
        assert_eq!(numbers, [f64::MAX, 5e-324, 1e16, -0.5, 1.0 / 3.0]);
    }

    #[test]
    fn nothing_in_it_breaks_the_line() {
        let breaks = "a\nb\rc\u{b}d\u{c}e\u{85}f\u{2028}g\u{2029}h";
        let written = line(&object([(breaks, text(breaks))]));
        assert!(
            !written.contains(|c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}'),
            "{written}"
        );
    }

    #[test]
    fn what_breaks_a_rule_is_refused() {
        let refusal = |data: &Data| PageContext::parse(data).err();
        let nested = |depth| (1..depth).fold(object([]), |inner, _| object([("a", inner)]));
        assert_eq!(refusal(&nested(32)), None);
        assert_eq!(refusal(&nested(33)), Some(PageContextError::TooDeep));
        for other in [Data::Null, text("{}"), Data::List(vec![]), Data::Int(1), Data::Bool(true)] {
            assert_eq!(refusal(&other), Some(PageContextError::NotAnObject));
        }
        for with_nul in [
            object([("a", text("b\0"))]),
            object([("\0", Data::Null)]),
            object([("a", Data::List(vec![text("\0")]))]),
        ] {
            assert_eq!(refusal(&with_nul), Some(PageContextError::Nul));
        }
        assert_eq!(refusal(&object([("a", Data::Float(f64::NAN))])), Some(PageContextError::NotANumber));
        let of_bytes =
            |bytes: usize| Data::Object(BTreeMap::from([("a".to_owned(), text(&"x".repeat(bytes - 8)))]));
        assert_eq!(line(&of_bytes(2_048)).len(), 2_048);
        assert_eq!(refusal(&of_bytes(2_049)), Some(PageContextError::TooLong));
    }

    #[test]
    fn it_is_not_printed() {
        let context = PageContext::parse(&object([("email", text("CANARY"))])).unwrap();
        assert_eq!(format!("{context:?}"), "PageContext");
    }
}
