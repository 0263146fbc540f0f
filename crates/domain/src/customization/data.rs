//! Values of the shape of JSON, owned by the domain so that it needs no serialisation library.

use std::collections::BTreeMap;

/// The longest text that any JSON writer makes of a 64-bit float, sign and exponent included.
const FLOAT_BYTES: usize = 24;

/// A value that a widget's owner keeps with it.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// No value; in a customization, the wish to remove a key.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number; stored ones are finite, because JSON knows no others.
    Float(f64),
    /// A text.
    Text(String),
    /// Values in order.
    List(Vec<Data>),
    /// Values by name.
    Object(BTreeMap<String, Data>),
}

impl Data {
    /// The text, where this is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether at most `depth` lists and objects lie within each other. It looks no deeper than that,
    /// whatever the value's own depth is.
    pub(crate) fn is_within_depth(&self, depth: usize) -> bool {
        match self {
            Self::List(items) => depth > 0 && items.iter().all(|item| item.is_within_depth(depth - 1)),
            Self::Object(members) => {
                depth > 0 && members.values().all(|value| value.is_within_depth(depth - 1))
            }
            _ => true,
        }
    }

    /// Whether all numbers in it can be written as JSON.
    pub(crate) fn is_finite(&self) -> bool {
        match self {
            Self::Float(number) => number.is_finite(),
            Self::List(items) => items.iter().all(Self::is_finite),
            Self::Object(members) => members.values().all(Self::is_finite),
            _ => true,
        }
    }

    /// How many bytes this takes as compact JSON: exact but for floats, which count as the longest one, and
    /// for a separator too many in each list and object.
    pub(super) fn json_bytes(&self) -> usize {
        match self {
            Self::Null | Self::Bool(true) => "true".len(),
            Self::Bool(false) => "false".len(),
            Self::Int(number) => number.to_string().len(),
            Self::Float(_) => FLOAT_BYTES,
            Self::Text(text) => text_bytes(text),
            Self::List(items) => {
                "[]".len() + items.iter().map(|item| item.json_bytes() + ",".len()).sum::<usize>()
            }
            Self::Object(members) => {
                let member =
                    |(key, value): (&String, &Self)| text_bytes(key) + ":,".len() + value.json_bytes();
                "{}".len() + members.iter().map(member).sum::<usize>()
            }
        }
    }
}

/// How many bytes a text takes as a JSON string, quotes and escapes included (RFC 8259 section 7).
pub(super) fn text_bytes(text: &str) -> usize {
    let escaped = |byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => "\\u0000".len(),
        _ => 1,
    };
    "\"\"".len() + text.bytes().map(escaped).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str, value: Data) -> Data {
        Data::Object(BTreeMap::from([(key.to_owned(), value)]))
    }

    #[test]
    fn sizes_are_those_of_compact_json() {
        assert_eq!(Data::Null.json_bytes(), "null".len());
        assert_eq!(Data::Int(-120).json_bytes(), "-120".len());
        assert_eq!(text_bytes("a\"\n\u{1}é"), "\"a\\\"\\n\\u0001é\"".len());
        // One separator is counted too many in each.
        assert_eq!(Data::List(vec![Data::Int(1), Data::Int(2)]).json_bytes(), "[1,2]".len() + 1);
        assert_eq!(object("a", Data::Bool(false)).json_bytes(), "{\"a\":false}".len() + 1);
    }

    #[test]
    fn depth_counts_lists_and_objects_but_not_what_they_hold() {
        assert!(Data::Null.is_within_depth(0));
        assert!(!Data::List(vec![]).is_within_depth(0));
        let nested = object("a", Data::List(vec![object("b", Data::Int(1))]));
        assert!(nested.is_within_depth(3));
        assert!(!nested.is_within_depth(2));
    }
}
