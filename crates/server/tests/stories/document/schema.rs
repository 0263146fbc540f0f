//! Values that a schema allows, and whether it allows a value.

use std::collections::BTreeSet;

use chatloom_checker::random::Random;
use serde_json::{Map, Value, json};

use super::operations::Document;
use super::pool::Pool;

/// The types that a schema names, those of its alternatives included; empty where any is allowed.
pub(crate) fn types(document: &Document, schema: &Value) -> BTreeSet<String> {
    let schema = document.resolve(schema);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let alternatives = ["oneOf", "anyOf", "allOf"].iter().filter_map(|word| schema[word].as_array());
    match &schema["type"] {
        Value::String(only) => BTreeSet::from([only.clone()]),
        Value::Array(several) => several.iter().filter_map(text).collect(),
        _ => alternatives.flatten().flat_map(|one| types(document, one)).collect(),
    }
}

/// The alternative that is an object, or the schema itself.
pub(crate) fn object_of<'a>(document: &'a Document, schema: &'a Value) -> &'a Value {
    let schema = document.resolve(schema);
    let alternatives = ["oneOf", "anyOf"].iter().filter_map(|word| schema[word].as_array());
    let mut objects = alternatives.flatten().map(|one| object_of(document, one));
    objects.find(|one| one["type"] == "object").unwrap_or(schema)
}

/// Makes values that schemas allow.
pub(crate) struct Maker<'a> {
    pub(crate) document: &'a Document,
    /// Known values, for fields that are named after them.
    pub(crate) pool: &'a Pool,
    pub(crate) random: &'a mut Random,
    /// Whether optional fields are left to chance. Else only objects are there, to have all that can be in them.
    pub(crate) is_free: bool,
}

impl Maker<'_> {
    /// A value that the schema allows, for a field of this name.
    pub(crate) fn value(&mut self, schema: &Value, name: &str) -> Value {
        let schema = object_of(self.document, schema);
        let types = types(self.document, schema);
        let has = |name: &str| types.contains(name);
        if has("object") {
            return self.object(schema);
        }
        if let Some(known) = self.pool.for_field(name, self.random) {
            return Value::String(known);
        }
        if self.random.percent(70) && !schema["example"].is_null() {
            return schema["example"].clone();
        }
        if has("array") {
            let count = self.random.below(3);
            return (0..count).map(|_| self.value(&schema["items"], name)).collect();
        }
        match (schema["format"].as_str(), schema["enum"].as_array()) {
            _ if has("boolean") => Value::Bool(self.random.percent(80)),
            _ if has("integer") => json!(self.random.below(100) + 1),
            _ if has("number") => json!(1.5),
            (_, Some(allowed)) => allowed[self.random.index(allowed.len())].clone(),
            (Some("uuid"), _) => Value::String(self.pool.some_id(self.random)),
            _ => Value::String(text(name, self.random)),
        }
    }

    fn object(&mut self, schema: &Value) -> Value {
        let Some(properties) = schema["properties"].as_object() else { return json!({}) };
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        // Many optional fields at once would break one rule or another nearly always.
        let chance = if properties.len() > 6 { 15 } else { 50 };
        let mut members = Map::new();
        for (name, property) in properties {
            let is_there = if self.is_free {
                self.random.percent(chance)
            } else {
                types(self.document, property).contains("object")
            };
            if is_there || required.iter().any(|required| required == name) {
                members.insert(name.clone(), self.value(property, name));
            }
        }
        Value::Object(members)
    }
}

/// A text that is right for most fields, sites and addresses included.
fn text(name: &str, random: &mut Random) -> String {
    let name = name.to_lowercase();
    let number = random.below(1000);
    if name.contains("domain") || name.contains("origin") {
        return format!("shop{number}.example");
    }
    if name.contains("email") {
        return format!("person{number}@example.com");
    }
    if name.contains("url") {
        return format!("https://example.com/{number}.png");
    }
    if name.contains("color") || name.contains("background") {
        return format!("#{:06x}", random.below(1 << 24));
    }
    ["Hello", "Grüße", "東京", "a b", "🛍 shop"][random.index(5)].to_owned()
}

/// What is wrong with a value, by the schema; `at` is its path.
pub(crate) fn faults(document: &Document, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let schema = document.resolve(schema);
    for word in ["oneOf", "anyOf"] {
        if let Some(alternatives) = schema[word].as_array() {
            let fits = |one: &Value| faults(document, one, value, at).is_empty();
            let none = !alternatives.iter().any(fits);
            return none.then(|| format!("{at} is none of the alternatives: {value}")).into_iter().collect();
        }
    }
    let allowed = types(document, schema);
    if !allowed.is_empty() && !type_names(value).iter().any(|name| allowed.contains(*name)) {
        return vec![format!("{at} should be {allowed:?} and is {value}")];
    }
    let mut found = Vec::new();
    if let (Some(properties), Some(members)) = (schema["properties"].as_object(), value.as_object()) {
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let missing = required.iter().filter(|name| !members.contains_key(name.as_str().unwrap()));
        found.extend(missing.map(|name| format!("{at} has no {name}")));
        for (name, member) in members {
            // Customizations have further keys, which their description allows.
            if let Some(property) = properties.get(name) {
                found.extend(faults(document, property, member, &format!("{at}.{name}")));
            }
        }
    }
    for item in value.as_array().into_iter().flatten() {
        found.extend(faults(document, &schema["items"], item, &format!("{at}[]")));
    }
    found
}

/// The names under which schemas know the type of a value.
pub(crate) fn type_names(value: &Value) -> &'static [&'static str] {
    match value {
        Value::Null => &["null"],
        Value::Bool(_) => &["boolean"],
        Value::Number(number) if number.is_f64() => &["number"],
        Value::Number(_) => &["integer", "number"],
        Value::String(_) => &["string"],
        Value::Array(_) => &["array"],
        Value::Object(_) => &["object"],
    }
}
