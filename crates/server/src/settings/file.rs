//! The settings file: TOML with the settings' names in lower case, and one table for each extra provider of models and
//! for each identity provider.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use super::SETTINGS;
use crate::config::ConfigError;

/// What a settings file says.
pub(super) struct SettingsFile {
    pub(super) values: BTreeMap<&'static str, String>,
    pub(super) providers: BTreeMap<String, Table>,
    pub(super) identity: BTreeMap<String, Table>,
}

/// Reads the file. Errors name the key and never show a value, which may be a secret.
pub(super) fn read(path: &Path) -> Result<SettingsFile, ConfigError> {
    let refuse = |problem: String| ConfigError::new("CONFIG_FILE", problem);
    let text = std::fs::read_to_string(path).map_err(|error| {
        refuse(format!("names {}, which cannot be read: {}", path.display(), error.kind()))
    })?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
        // The error's own text quotes the line, so it is not shown.
        refuse(format!("names {}, which is not TOML near line {line}", path.display()))
    })?;
    let mut file =
        SettingsFile { values: BTreeMap::new(), providers: BTreeMap::new(), identity: BTreeMap::new() };
    for (key, value) in table {
        if key == "providers" {
            file.providers = tables(&key, value)?;
        } else if key == "identity" {
            file.identity = tables(&key, value)?;
        } else {
            let (name, text) = entry(&key, value)?;
            file.values.extend((!text.trim().is_empty()).then_some((name, text)));
        }
    }
    Ok(file)
}

fn entry(key: &str, value: Value) -> Result<(&'static str, String), ConfigError> {
    let known = SETTINGS.iter().find(|setting| setting.name.to_lowercase() == key);
    // A settings file that names another one would raise questions of order that nobody needs.
    let Some(setting) = known.filter(|setting| setting.name != "CONFIG_FILE") else {
        return Err(ConfigError::new(key, "is not a setting (in the settings file)"));
    };
    text(value).map(|text| (setting.name, text)).ok_or_else(|| {
        ConfigError::new(setting.name, "must be a text, a whole number, true or false in the settings file")
    })
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn tables(key: &str, value: Value) -> Result<BTreeMap<String, Table>, ConfigError> {
    let refuse = |name: &str| ConfigError::new(name, "must be a table");
    let Value::Table(tables) = value else { return Err(refuse(key)) };
    let named = tables.into_iter().map(|(name, value)| match value {
        Value::Table(table) => Ok((name, table)),
        _ => Err(refuse(&format!("{key}.{name}"))),
    });
    named.collect()
}
