//! Reading the fields of a JSON object, so that every refusal names the field and says what it should be.

use std::collections::BTreeMap;

use chatloom_domain::customization::Data;
use uuid::Uuid;

use crate::error::{ApiError, Code};
use crate::json::echo;

/// An object's fields that have not been read yet.
pub(crate) struct Fields {
    /// Path of the object within the body, with a dot at its end; empty for the body itself.
    prefix: &'static str,
    members: BTreeMap<String, Data>,
}

/// What a field can hold.
pub(crate) trait FieldValue: Sized {
    /// What is missing where a value is no such thing, following on the field's name.
    const RULE: &'static str;

    fn from_data(data: Data) -> Option<Self>;
}

impl Fields {
    /// The fields of a whole body.
    pub(crate) fn of_body(body: Data) -> Result<Self, ApiError> {
        match body {
            Data::Object(members) => Ok(Self { prefix: "", members }),
            _ => Err(ApiError::new(Code::InvalidJson, "the body must be a JSON object")),
        }
    }

    /// No fields at all, for routes without a body.
    pub(crate) fn empty() -> Self {
        Self { prefix: "", members: BTreeMap::new() }
    }

    /// The fields of an object within the body; `prefix` is its path with a dot at its end.
    pub(crate) fn of_member(prefix: &'static str, members: BTreeMap<String, Data>) -> Self {
        Self { prefix, members }
    }

    /// Reads a field that may be absent. Null is not absence: where it has no meaning, it is a mistake.
    pub(crate) fn optional<T: FieldValue>(&mut self, name: &str) -> Result<Option<T>, ApiError> {
        let Some(value) = self.members.remove(name) else {
            return Ok(None);
        };
        match T::from_data(value) {
            Some(value) => Ok(Some(value)),
            None => Err(ApiError::field(&format!("{}{name}", self.prefix), T::RULE)),
        }
    }

    /// Reads a field of which null says that there is nothing, as its absence does.
    pub(crate) fn nullable<T: FieldValue>(&mut self, name: &str) -> Result<Option<T>, ApiError> {
        if self.members.get(name) == Some(&Data::Null) {
            self.members.remove(name);
        }
        self.optional(name)
    }

    /// Reads a field that may be absent and of which null is a value: that there is nothing from now on.
    pub(crate) fn clearable<T: FieldValue>(&mut self, name: &str) -> Result<Option<Option<T>>, ApiError> {
        let is_given = self.members.contains_key(name);
        let value = self.nullable(name)?;
        Ok(is_given.then_some(value))
    }

    /// Reads a field that must be there.
    pub(crate) fn required<T: FieldValue>(&mut self, name: &str) -> Result<T, ApiError> {
        self.optional(name)?
            .ok_or_else(|| ApiError::new(Code::MissingField, format!("{}{name} is required", self.prefix)))
    }

    /// Refuses what has not been read: a typo in a name must not be taken for a wish to leave the field alone.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        match self.members.into_keys().next() {
            None => Ok(()),
            Some(name) => Err(ApiError::new(
                Code::UnknownField,
                format!("{}{} is not a field of this request", self.prefix, echo(&name)),
            )),
        }
    }
}

impl FieldValue for String {
    const RULE: &'static str = "must be a text";

    fn from_data(data: Data) -> Option<Self> {
        match data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl FieldValue for bool {
    const RULE: &'static str = "must be true or false";

    fn from_data(data: Data) -> Option<Self> {
        match data {
            Data::Bool(value) => Some(value),
            _ => None,
        }
    }
}

impl FieldValue for i64 {
    const RULE: &'static str = "must be a whole number";

    fn from_data(data: Data) -> Option<Self> {
        match data {
            Data::Int(number) => Some(number),
            _ => None,
        }
    }
}

/// A number that may be taken away.
impl FieldValue for Option<i64> {
    const RULE: &'static str = "must be a whole number or null";

    fn from_data(data: Data) -> Option<Self> {
        match data {
            Data::Null => Some(None),
            data => i64::from_data(data).map(Some),
        }
    }
}

impl FieldValue for f64 {
    const RULE: &'static str = "must be a number";

    fn from_data(data: Data) -> Option<Self> {
        match data {
            #[expect(clippy::cast_precision_loss, reason = "no field has a meaning beyond 2^52")]
            Data::Int(number) => Some(number as Self),
            Data::Float(number) => Some(number),
            _ => None,
        }
    }
}

impl FieldValue for Uuid {
    const RULE: &'static str = "must be a UUID";

    fn from_data(data: Data) -> Option<Self> {
        parse_uuid(data.as_text()?)
    }
}

impl FieldValue for Vec<String> {
    const RULE: &'static str = "must be a list of texts";

    fn from_data(data: Data) -> Option<Self> {
        match data {
            Data::List(items) => items.into_iter().map(String::from_data).collect(),
            _ => None,
        }
    }
}

/// Anything, for whoever knows the rule.
impl FieldValue for Data {
    const RULE: &'static str = "must be JSON";

    fn from_data(data: Data) -> Option<Self> {
        Some(data)
    }
}

impl FieldValue for BTreeMap<String, Data> {
    const RULE: &'static str = "must be an object";

    fn from_data(data: Data) -> Option<Self> {
        match data {
            Data::Object(members) => Some(members),
            _ => None,
        }
    }
}

/// Reads a UUID in its usual form with hyphens. The library would also take braces, URNs and bare digits.
pub(crate) fn parse_uuid(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn fields(json: &str) -> Fields {
        Fields::of_body(parse(json.as_bytes()).unwrap()).unwrap()
    }

    fn refusal<T: FieldValue>(json: &str) -> String {
        fields(json).required::<T>("f").err().unwrap().message().to_owned()
    }

    #[test]
    fn a_value_of_the_wrong_type_is_refused_with_the_field_and_the_rule() {
        assert_eq!(refusal::<String>(r#"{"f":1}"#), "f must be a text");
        assert_eq!(refusal::<String>(r#"{"f":null}"#), "f must be a text");
        assert_eq!(refusal::<bool>(r#"{"f":"true"}"#), "f must be true or false");
        assert_eq!(refusal::<i64>(r#"{"f":1.0}"#), "f must be a whole number");
        assert_eq!(refusal::<Option<i64>>(r#"{"f":""}"#), "f must be a whole number or null");
        assert_eq!(refusal::<f64>(r#"{"f":"1"}"#), "f must be a number");
        assert_eq!(refusal::<Uuid>(r#"{"f":"7"}"#), "f must be a UUID");
        assert_eq!(refusal::<Uuid>(r#"{"f":"00000000000000000000000000000000"}"#), "f must be a UUID");
        assert_eq!(refusal::<Vec<String>>(r#"{"f":["a",1]}"#), "f must be a list of texts");
        assert_eq!(refusal::<BTreeMap<String, Data>>(r#"{"f":[]}"#), "f must be an object");
        assert_eq!(refusal::<String>("{}"), "f is required");
    }

    #[test]
    fn what_has_not_been_read_is_unknown() {
        let error = fields(r#"{"allowedDomain":[]}"#).finish().unwrap_err();
        assert_eq!(error.code, Code::UnknownField);
        assert_eq!(error.message(), "allowedDomain is not a field of this request");
        let error = Fields::of_member("agent.", BTreeMap::from([("\n".into(), Data::Null)])).finish();
        assert_eq!(error.unwrap_err().message(), "agent.\\n is not a field of this request");
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        for body in ["null", "[]", "1", "\"{}\""] {
            assert_eq!(
                Fields::of_body(parse(body.as_bytes()).unwrap()).err().unwrap().code,
                Code::InvalidJson
            );
        }
    }
}
