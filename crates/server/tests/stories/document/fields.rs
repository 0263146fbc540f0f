//! Every way in which one field of a body can be wrong by its type alone.

use serde_json::{Map, Value, json};

use super::operations::{Document, Operation};
use super::schema::{object_of, type_names, types};

/// A change of a good body.
type Change = Box<dyn Fn(Value) -> String + Send + Sync>;

/// A body with one wrong field.
pub(crate) struct WrongBody {
    /// The field's own name.
    pub(crate) field: String,
    /// Its path, and what is there.
    pub(crate) what: String,
    pub(crate) body: Change,
}

/// Values of every type; a field gets those that it does not allow.
fn values() -> [Value; 6] {
    [Value::Null, json!(true), json!(7.5), json!("wrong"), json!([1]), json!({ "a": [] })]
}

/// The wrong bodies of an operation: each field, at any depth, missing if it is required, and of every other type.
pub(crate) fn wrong_bodies(operation: &Operation, document: &Document) -> Vec<WrongBody> {
    let mut found = Vec::new();
    let schema = operation.body.as_ref().expect("a body");
    collect(document, schema, &[], &mut found);
    found
}

fn collect(document: &Document, schema: &Value, path: &[String], found: &mut Vec<WrongBody>) {
    let schema = object_of(document, schema);
    let Some(properties) = schema["properties"].as_object() else { return };
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (name, property) in properties {
        let path = [path, std::slice::from_ref(name)].concat();
        let mut add = |what: String, value: Option<Value>| {
            let (field, at) = (name.clone(), path.clone());
            let what = format!("{} {what}", at.join("."));
            let body: Change = Box::new(move |good| with(good, &at, value.as_ref()).to_string());
            found.push(WrongBody { field, what, body });
        };
        if required.iter().any(|required| required == name) {
            add("missing".to_owned(), None);
        }
        let allowed = types(document, property);
        let items = types(document, &object_of(document, property)["items"]);
        for value in values() {
            let is_allowed = type_names(&value).iter().any(|name| allowed.contains(*name));
            // Of the types that are allowed, only a list with a wrong item is wrong.
            let has_wrong_item = value.is_array() && !items.is_empty() && !items.contains("integer");
            if !allowed.is_empty() && (!is_allowed || has_wrong_item) {
                add(format!("= {value}"), Some(value));
            }
        }
        if allowed.contains("object") {
            collect(document, property, &path, found);
        }
    }
}

/// The body with this value, or nothing, at the path. What lies on the way is made where it is not there.
fn with(mut good: Value, path: &[String], value: Option<&Value>) -> Value {
    let (last, way) = path.split_last().expect("a path");
    let mut at = &mut good;
    for name in way {
        let members = object(at);
        at = members.entry(name.clone()).or_insert_with(|| json!({}));
    }
    match value {
        Some(value) => drop(object(at).insert(last.clone(), value.clone())),
        None => drop(object(at).remove(last)),
    }
    good
}

fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("it is one now")
}
