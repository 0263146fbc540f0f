//! Reads JSON of which any field may be missing, null, or of another scalar type.

use serde_json::Value;

/// The payload as JSON. A broken UTF-8 sequence costs a replacement character, not the answer.
pub(crate) fn parse(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok().or_else(|| match std::str::from_utf8(bytes) {
        Ok(_) => None,
        Err(_) => serde_json::from_str(&String::from_utf8_lossy(bytes)).ok(),
    })
}

/// A count that may be written as an integer, as a float, or as a text of digits.
pub(crate) fn count(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().and_then(whole)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A count that is a float on the wire, which JavaScript servers and Python's divisions produce.
fn whole(number: f64) -> Option<u64> {
    // The largest count that every float can express exactly, 2^53; far beyond any number of tokens.
    const MAX: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was checked, and a fraction of a token means nothing"
    )]
    (0.0..=MAX).contains(&number).then_some(number as u64)
}

/// The text of a field, or nothing if it is absent, empty, or not a text.
pub(crate) fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// Whether a field is there and says anything: not null, `false`, `""`, `[]` or `{}`.
pub(crate) fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_are_read_in_every_spelling() {
        for (value, expected) in [
            (json!(7), Some(7)),
            (json!(7.0), Some(7)),
            (json!("7"), Some(7)),
            (json!(-7), None),
            (json!(1e300), None),
            (json!(null), None),
            (json!([7]), None),
        ] {
            assert_eq!(count(&value), expected, "{value}");
        }
    }

    #[test]
    fn broken_utf_8_becomes_a_replacement_character() {
        assert_eq!(parse(b"{\"a\":\"\xFF\"}"), Some(json!({ "a": "\u{FFFD}" })));
        assert_eq!(parse(b"{\"a\":"), None);
    }
}
