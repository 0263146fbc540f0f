//! How a widget looks and greets: colours, texts, pictures, and whatever else its owner wants to keep with
//! it.
//!
//! Known keys are checked, because the widget puts them on other people's pages. Unknown keys are data that
//! is kept and given back, within limits.

mod color;
mod css;
mod data;
mod rules;
mod strings;

use std::collections::BTreeMap;

use thiserror::Error;

pub use color::{Color, ColorError};
pub use css::CssFault;
pub use data::Data;
pub use rules::CustomizationFault;
pub use strings::StringsFault;

/// How many bytes all unknown keys and their values may take together when written as compact JSON: 8 KiB, and what
/// the ninth migration made the names of two of them longer.
const MAX_OTHER_BYTES: usize = 8 * 1024 + 2 * "Before".len();
/// How many lists and objects may lie within each other in the value of an unknown key.
const MAX_OTHER_DEPTH: usize = 4;
/// Longer than any key that has a meaning.
const MAX_KEY_BYTES: usize = 64;

/// A widget's customization: known keys with checked values, and other keys as data. Null is never stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Customization(BTreeMap<String, Data>);

impl Customization {
    /// Nothing is customized.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Checks every key; keys whose value is null are left out.
    pub fn parse(mut map: BTreeMap<String, Data>) -> Result<Self, CustomizationError> {
        map.retain(|_, value| *value != Data::Null);
        let mut other_bytes = 0_usize;
        for (key, value) in &map {
            let is_known = rules::check_known(key, value)
                .map_err(|(below, fault)| CustomizationError::at(key, &below, fault))?;
            if !is_known {
                check_other(key, value).map_err(|fault| CustomizationError::at(key, &[], fault))?;
                other_bytes += data::text_bytes(key) + ":,".len() + value.json_bytes();
            }
        }
        if other_bytes > MAX_OTHER_BYTES {
            return Err(CustomizationError::whole(CustomizationFault::TooLarge));
        }
        Ok(Self(map))
    }

    /// Replaces the keys of `patch` and removes those that it gives as null; all other keys stay. Values are
    /// replaced whole, whatever lies in them.
    pub fn merge(&self, patch: BTreeMap<String, Data>) -> Result<Self, CustomizationError> {
        let mut merged = self.0.clone();
        merged.extend(patch);
        Self::parse(merged)
    }

    /// All keys that are set.
    pub fn entries(&self) -> &BTreeMap<String, Data> {
        &self.0
    }

    /// The value of a key, where it is set and a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Data::as_text)
    }

    /// The keys that our widget understands, in the order in which the documentation lists them.
    pub fn known_keys() -> impl Iterator<Item = &'static str> {
        rules::KNOWN.iter().map(|(key, _)| *key)
    }

    /// The names that texts of `strings` may have, each with what its text must contain.
    pub fn string_names() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
        strings::names().map(|name| (name, strings::placeholder(name)))
    }
}

fn check_other(key: &str, value: &Data) -> Result<(), CustomizationFault> {
    if key.is_empty() || key.len() > MAX_KEY_BYTES || key.chars().any(char::is_control) {
        return Err(CustomizationFault::Key);
    }
    if !value.is_within_depth(MAX_OTHER_DEPTH) {
        return Err(CustomizationFault::TooDeep);
    }
    if !value.is_finite() {
        return Err(CustomizationFault::NotANumber);
    }
    Ok(())
}

/// A customization that was refused, and the key at fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{fault}")]
pub struct CustomizationError {
    field: String,
    fault: CustomizationFault,
}

impl CustomizationError {
    /// `below` are the keys that lead from the value of `key` to what is at fault.
    fn at(key: &str, below: &[&str], fault: CustomizationFault) -> Self {
        let mut field = "customization".to_owned();
        for key in std::iter::once(&key).chain(below) {
            field.push('.');
            let key: String = key.chars().take(MAX_KEY_BYTES).collect();
            field.extend(key.escape_debug());
        }
        Self { field, fault }
    }

    fn whole(fault: CustomizationFault) -> Self {
        Self { field: "customization".to_owned(), fault }
    }

    /// The path of the value at fault, such as `customization.primaryColor` or `customization.strings.de.send`;
    /// `customization` alone where no
    /// single key is to blame. Long keys are cut and control characters escaped.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong with it; `Display` of this error prints the same, to follow on the field's name.
    pub fn fault(&self) -> CustomizationFault {
        self.fault
    }
}
