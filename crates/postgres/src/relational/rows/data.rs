//! The domain's JSON-like data as JSON and back.

use chatloom_domain::customization::Data;
use serde_json::{Number, Value};

/// Data as JSON.
pub(crate) fn json(data: &Data) -> Value {
    match data {
        Data::Null => Value::Null,
        Data::Bool(value) => Value::Bool(*value),
        Data::Int(number) => Value::Number((*number).into()),
        // Numbers that JSON cannot write do not pass the parser of customizations.
        Data::Float(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
        Data::Text(text) => Value::String(text.clone()),
        Data::List(items) => Value::Array(items.iter().map(json).collect()),
        Data::Object(members) => {
            Value::Object(members.iter().map(|(key, value)| (key.clone(), json(value))).collect())
        }
    }
}

/// JSON as data.
pub(crate) fn data(value: Value) -> Data {
    match value {
        Value::Null => Data::Null,
        Value::Bool(value) => Data::Bool(value),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Data::Int(number),
            None => number.as_f64().map_or(Data::Null, Data::Float),
        },
        Value::String(text) => Data::Text(text),
        Value::Array(items) => Data::List(items.into_iter().map(data).collect()),
        Value::Object(members) => {
            Data::Object(members.into_iter().map(|(key, value)| (key, data(value))).collect())
        }
    }
}
