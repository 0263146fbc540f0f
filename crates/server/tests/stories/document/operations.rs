//! The document as the client needs it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// One method of one path.
pub(crate) struct Operation {
    pub(crate) id: String,
    /// In upper case.
    pub(crate) method: String,
    /// The path's template, with names in braces.
    pub(crate) template: String,
    pub(crate) parameters: Vec<Parameter>,
    /// The schema of the JSON body.
    pub(crate) body: Option<Value>,
    /// By status: the media type and the schema of what comes with it.
    pub(crate) answers: BTreeMap<u16, Option<(String, Value)>>,
    /// Whether it is refused without credentials.
    pub(crate) needs_credentials: bool,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Header,
}

pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) place: Place,
}

/// All operations and the schemas that they refer to.
pub(crate) struct Document {
    pub(crate) operations: Vec<Operation>,
    schemas: Value,
}

impl Operation {
    /// Whether it is for visitors.
    pub(crate) fn is_public(&self) -> bool {
        self.template.starts_with("/api/widget-chat")
    }

    /// The segment before a path's parameter: the name of what the parameter is an id of.
    pub(crate) fn collection_of(&self, parameter: &str) -> Option<&str> {
        let (before, _) = self.template.split_once(&format!("/{{{parameter}}}"))?;
        before.rsplit('/').next()
    }

    /// The last segment that is no parameter: what the answer is about.
    pub(crate) fn subject(&self) -> &str {
        self.template.rsplit('/').find(|segment| !segment.starts_with('{')).unwrap_or_default()
    }
}

impl Document {
    pub(crate) fn read(document: &Value) -> Self {
        let mut operations = Vec::new();
        for (template, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                operations.push(read_operation(template, method, operation));
            }
        }
        assert!(operations.len() >= 25, "only {} operations", operations.len());
        Self { operations, schemas: document["components"]["schemas"].clone() }
    }

    /// The schema that a reference means.
    pub(crate) fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => &self.schemas[reference.rsplit('/').next().unwrap()],
            None => schema,
        }
    }

    /// Every operation in its turn, so that a new one gets its share. Signing in and out is rarer, because it takes a
    /// password's hash.
    pub(crate) fn in_turn(&self, number: usize) -> &Operation {
        let round = |round: usize| {
            self.operations
                .iter()
                .filter(move |operation| round == 0 || !operation.template.starts_with("/api/auth/"))
        };
        let length = (0..4).flat_map(round).count();
        (0..4).flat_map(round).nth(number % length).expect("an operation")
    }
}

fn read_operation(template: &str, method: &str, operation: &Value) -> Operation {
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let answers = operation["responses"].as_object().unwrap().iter();
    let security = operation["security"].as_array().map(Vec::as_slice).unwrap_or_default();
    Operation {
        id: operation["operationId"].as_str().unwrap().to_owned(),
        method: method.to_uppercase(),
        template: template.to_owned(),
        parameters: parameters.iter().map(read_parameter).collect(),
        body: operation["requestBody"]["content"]["application/json"].get("schema").cloned(),
        answers: answers.map(|(status, answer)| (status.parse().unwrap(), read_answer(answer))).collect(),
        needs_credentials: !security.is_empty() && !security.contains(&json!({})),
    }
}

fn read_parameter(parameter: &Value) -> Parameter {
    let place = match parameter["in"].as_str().unwrap() {
        "path" => Place::Path,
        "query" => Place::Query,
        "header" => Place::Header,
        other => panic!("a parameter in {other}"),
    };
    Parameter { name: parameter["name"].as_str().unwrap().to_owned(), place }
}

fn read_answer(answer: &Value) -> Option<(String, Value)> {
    let (media_type, content) = answer["content"].as_object()?.iter().next()?;
    Some((media_type.clone(), content["schema"].clone()))
}
