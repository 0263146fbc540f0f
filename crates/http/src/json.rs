//! JSON to the domain's [`Data`] and back: the one place where the two meet.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use chatloom_domain::customization::Data;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::error::{ApiError, Code};

/// Longer keys are cut where an error repeats them.
const MAX_ECHOED_CHARS: usize = 64;

/// Reads a JSON text. A key that an object gives twice is refused, because the next reader of the same bytes may
/// take the other one.
pub(crate) fn parse(bytes: &[u8]) -> Result<Data, ApiError> {
    let duplicate = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed = Reader { duplicate: &duplicate }.deserialize(&mut reader).and_then(|data| {
        reader.end()?;
        Ok(data)
    });
    parsed.map_err(|error| match duplicate.take() {
        Some(key) => ApiError::new(Code::DuplicateField, format!("{} is given more than once", echo(&key))),
        None => ApiError::new(
            Code::InvalidJson,
            format!("the body is not valid JSON (line {}, column {})", error.line(), error.column()),
        ),
    })
}

/// A key of the caller's, short and without control characters, to be repeated in an error.
pub(crate) fn echo(key: &str) -> String {
    key.chars().take(MAX_ECHOED_CHARS).collect::<String>().escape_debug().to_string()
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    /// The first key that came twice. Serde's own errors carry only prose.
    duplicate: &'a RefCell<Option<String>>,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Data;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Data, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Data;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Data, E> {
        Ok(Data::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Data, E> {
        Ok(Data::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Data, E> {
        Ok(Data::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Data, E> {
        #[expect(clippy::cast_precision_loss, reason = "what JSON readers do with numbers beyond 64 bits")]
        let float = || Data::Float(value as f64);
        Ok(i64::try_from(value).map_or_else(|_| float(), Data::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Data, E> {
        Ok(Data::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Data, E> {
        Ok(Data::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Data, E> {
        Ok(Data::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Data, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Data::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Data, A::Error> {
        let mut object = BTreeMap::new();
        while let Some(key) = members.next_key::<String>()? {
            if object.contains_key(&key) {
                *self.duplicate.borrow_mut() = Some(key);
                return Err(A::Error::custom("duplicate key"));
            }
            object.insert(key, members.next_value_seed(self)?);
        }
        Ok(Data::Object(object))
    }
}

/// Writes [`Data`] as JSON.
pub(crate) struct AsJson<'a>(pub(crate) &'a Data);

impl Serialize for AsJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Data::Null => serializer.serialize_unit(),
            Data::Bool(value) => serializer.serialize_bool(*value),
            Data::Int(value) => serializer.serialize_i64(*value),
            Data::Float(value) => serializer.serialize_f64(*value),
            Data::Text(value) => serializer.serialize_str(value),
            Data::List(items) => serializer.collect_seq(items.iter().map(AsJson)),
            Data::Object(members) => AsJsonObject(members).serialize(serializer),
        }
    }
}

/// Writes an object's members as JSON.
pub(crate) struct AsJsonObject<'a>(pub(crate) &'a BTreeMap<String, Data>);

impl Serialize for AsJsonObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0 {
            map.serialize_entry(key, &AsJson(value))?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(json: &str) -> String {
        serde_json::to_string(&AsJson(&parse(json.as_bytes()).unwrap())).unwrap()
    }

    #[test]
    fn every_kind_of_value_survives_the_way_in_and_out() {
        let json = r#"{"a":[null,true,-5,2.5,"é\n\u0001"],"b":{"c":{}},"d":9223372036854775807}"#;
        assert_eq!(round_trip(json), json);
    }

    #[test]
    fn a_number_beyond_64_bits_becomes_a_float() {
        assert_eq!(round_trip("18446744073709551615"), "1.8446744073709552e+19");
    }

    /// Read and written again and again, a number must not wander.
    #[test]
    fn a_float_with_many_digits_comes_back_exactly() {
        for float in ["1.8446744073706855e+22", "0.30000000000000004", "5e-324", "1.7976931348623157e+308"] {
            assert_eq!(round_trip(float), float);
        }
    }

    #[test]
    fn a_key_given_twice_is_refused_at_any_depth() {
        let error = parse(br#"{"a":[{"b":1,"b":2}]}"#).unwrap_err();
        assert_eq!((error.code, error.message()), (Code::DuplicateField, "b is given more than once"));
        assert_eq!(parse(br#"{"a":1,"\u0061":2}"#).unwrap_err().code, Code::DuplicateField);
    }

    #[test]
    fn what_is_not_json_is_refused_without_repeating_it() {
        let deep = "[".repeat(10_000);
        for bad in
            ["", "{", "{}x", "{'a':1}", "nul", "1e999", "\"\u{0}\"", "\"\\ud800\"", "\u{feff}{}", &deep]
        {
            let error = parse(bad.as_bytes()).unwrap_err();
            assert_eq!(error.code, Code::InvalidJson, "{bad:.20}");
            assert!(error.message().starts_with("the body is not valid JSON"), "{bad:.20}");
        }
        assert_eq!(parse(b"\"\xff\"").unwrap_err().code, Code::InvalidJson);
    }
}
