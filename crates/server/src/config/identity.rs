//! Identity providers: the `[identity.NAME]` tables of the settings file.

use std::collections::BTreeMap;
use std::net::IpAddr;

use chatloom_domain::id::TeamId;
use chatloom_domain::identity::Issuer;
use chatloom_domain::team::{PersonName, Role};
use chatloom_jwt::{IdentityProviderConfig, SigningAlgorithm};
use jiff::SignedDuration;
use toml::{Table, Value};
use url::{Host, Url};
use uuid::Uuid;

use super::ConfigError;
use crate::settings::Settings;

/// The keys of an `[identity.NAME]` table.
const KEYS: [&str; 7] =
    ["issuer", "audience", "jwks_url", "algorithms", "teams_claim", "session_minutes", "teams"];

/// The claim that lists a person's teams where the settings name none.
const DEFAULT_TEAMS_CLAIM: &str = "chatloom_teams";

/// How long a session may last, in minutes, before the provider is asked again: an hour unless the settings say otherwise, and
/// no longer than sessions of users with passwords.
const DEFAULT_SESSION_MINUTES: i64 = 60;
const SESSION_MINUTES: std::ops::RangeInclusive<i64> = 5..=720;

/// All identity providers that are configured.
pub(super) fn parse(settings: &Settings) -> Result<Vec<IdentityProviderConfig>, ConfigError> {
    let mut providers: Vec<IdentityProviderConfig> = Vec::new();
    for (name, table) in &settings.identity {
        let table = IdentityTable { path: format!("identity.{name}"), table };
        let provider = table.parse(name)?;
        // A token is routed by its issuer alone, so an issuer has one table.
        if providers.iter().any(|other| other.issuer == provider.issuer) {
            return Err(table.refuse("issuer", "must not be that of another identity provider"));
        }
        providers.push(provider);
    }
    Ok(providers)
}

/// One table, by its path in the file.
struct IdentityTable<'a> {
    path: String,
    table: &'a Table,
}

impl IdentityTable<'_> {
    fn parse(&self, name: &str) -> Result<IdentityProviderConfig, ConfigError> {
        if let Some(unknown) = self.table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(self.refuse(unknown, &format!("is not one of {}", KEYS.join(", "))));
        }
        let issuer = Issuer::parse(self.text("issuer")?);
        let name = PersonName::parse(name);
        Ok(IdentityProviderConfig {
            name: name.map_err(|error| ConfigError::new(&self.path, format!("has a name that {error}")))?,
            issuer: issuer.map_err(|error| self.refuse("issuer", &error.to_string()))?,
            audience: self.text("audience")?.to_owned(),
            jwks_url: self.jwks_url()?,
            algorithms: self.algorithms()?,
            teams_claim: self.optional_text("teams_claim")?.unwrap_or(DEFAULT_TEAMS_CLAIM).to_owned(),
            session_lifetime: self.session_lifetime()?,
            teams: self.teams()?,
        })
    }

    /// Whoever can change the key set on its way can sign anybody in.
    fn jwks_url(&self) -> Result<String, ConfigError> {
        let key = "jwks_url";
        let url = Url::parse(self.text(key)?);
        let url = url.map_err(|error| self.refuse(key, &format!("is not a URL: {error}")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(self.refuse(key, "must not contain a user or a password"));
        }
        if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) {
            return Ok(url.into());
        }
        Err(self.refuse(key, "must begin with https://; http:// is for addresses of this machine only"))
    }

    fn algorithms(&self) -> Result<Vec<SigningAlgorithm>, ConfigError> {
        let key = "algorithms";
        let refuse =
            || self.refuse(key, &format!("must be a list of {}", SigningAlgorithm::NAMES.join(", ")));
        let names = match self.table.get(key) {
            None => return Ok(SigningAlgorithm::DEFAULT.to_vec()),
            Some(Value::Array(names)) if !names.is_empty() => names,
            Some(_) => return Err(refuse()),
        };
        let parsed = names.iter().map(|name| name.as_str().and_then(SigningAlgorithm::parse));
        parsed.collect::<Option<_>>().ok_or_else(refuse)
    }

    fn session_lifetime(&self) -> Result<SignedDuration, ConfigError> {
        let key = "session_minutes";
        let minutes = match self.table.get(key) {
            None => Some(DEFAULT_SESSION_MINUTES),
            Some(value) => value.as_integer().filter(|minutes| SESSION_MINUTES.contains(minutes)),
        };
        let minutes = minutes.ok_or_else(|| self.refuse(key, "must be a whole number from 5 to 720"))?;
        Ok(SignedDuration::from_mins(minutes))
    }

    /// What each value of the claim stands for.
    fn teams(&self) -> Result<BTreeMap<String, (TeamId, Role)>, ConfigError> {
        let entries = match self.table.get("teams") {
            None => return Ok(BTreeMap::new()),
            Some(Value::Table(entries)) => entries,
            Some(_) => return Err(self.refuse("teams", "must be a table")),
        };
        let parsed = entries.iter().map(|(value, entry)| Ok((value.clone(), self.team(value, entry)?)));
        parsed.collect()
    }

    fn team(&self, value: &str, entry: &Value) -> Result<(TeamId, Role), ConfigError> {
        let key = format!("teams.\"{value}\"");
        let shape = || self.refuse(&key, "must be { team = \"the team's id\", role = \"…\" }");
        let entry = entry.as_table().filter(|entry| entry.len() == 2).ok_or_else(shape)?;
        let text = |name: &str| entry.get(name).and_then(Value::as_str).ok_or_else(shape);
        let team = Uuid::parse_str(text("team")?);
        let team =
            team.map_err(|_| self.refuse(&format!("{key}.team"), "must be the id of a team, a UUID"))?;
        let role = Role::parse(text("role")?);
        let role = role.map_err(|error| self.refuse(&format!("{key}.role"), &error.to_string()))?;
        Ok((TeamId::from_uuid(team), role))
    }

    fn text(&self, key: &str) -> Result<&str, ConfigError> {
        self.optional_text(key)?.ok_or_else(|| self.refuse(key, "must be given"))
    }

    fn optional_text(&self, key: &str) -> Result<Option<&str>, ConfigError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(self.refuse(key, "must be a text that is not empty")),
        }
    }

    fn refuse(&self, key: &str, problem: &str) -> ConfigError {
        ConfigError::new(format!("{}.{key}", self.path), problem)
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
