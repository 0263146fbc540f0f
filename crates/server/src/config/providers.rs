//! Model providers: two from settings of their own, a scripted one, and any number from the settings file.

use std::fmt;

use chatloom_domain::workflow::ProviderName;
use chatloom_llm::{KeyHeader, MaxTokensField, ProviderConfig, ProviderKind};
use secrecy::SecretString;
use toml::{Table, Value};
use url::Url;

use super::ConfigError;
use crate::settings::{Environment, Settings};

/// The names of the providers that need no settings file.
const BUILT_IN: [&str; 3] = ["anthropic", "openai", "scripted"];

/// The keys of a `[providers.NAME]` table.
const KEYS: [&str; 7] =
    ["kind", "base_url", "api_key", "api_key_env", "key_header", "max_tokens_field", "send_stream_options"];

/// One provider under the name by which workflows refer to it.
#[derive(Debug, Clone)]
pub struct NamedProvider {
    /// The name in a workflow's `agent.provider`.
    pub name: ProviderName,
    /// What answers.
    pub model: ProviderModel,
}

/// What answers under a provider's name.
#[derive(Clone)]
pub enum ProviderModel {
    /// The model that needs no network.
    Scripted,
    /// A server that speaks one of the two wire formats.
    Remote {
        /// Which format.
        kind: ProviderKind,
        /// Where it is and what opens it.
        config: ProviderConfig,
    },
}

impl fmt::Debug for ProviderModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scripted => f.write_str("Scripted"),
            // Neither key nor address: some addresses carry a key in their query.
            Self::Remote { kind, .. } => write!(f, "Remote({})", kind.as_str()),
        }
    }
}

/// All providers that are configured. `openai` and `anthropic` exist once a key or an address is given, so that a
/// workflow that names an unconfigured one is refused when it is written and not when a visitor asks.
pub(super) fn parse(
    settings: &Settings,
    environment: Environment<'_>,
) -> Result<Vec<NamedProvider>, ConfigError> {
    let mut providers = vec![named("scripted", "providers", ProviderModel::Scripted)?];
    for (kind, key, address) in [
        (ProviderKind::OpenAi, "OPENAI_API_KEY", "OPENAI_BASE_URL"),
        (ProviderKind::Anthropic, "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    ] {
        if settings.find(key).is_some() || settings.find(address).is_some() {
            let base_url = base_url(address, settings.find_or_default(address))?;
            let api_key = settings.find(key).map(|text| api_key(key, text)).transpose()?;
            let config = remote(kind, base_url, api_key);
            providers.push(named(kind.as_str(), key, ProviderModel::Remote { kind, config })?);
        }
    }
    for (name, table) in &settings.providers {
        providers.push(ProviderTable { name, table }.parse(environment)?);
    }
    Ok(providers)
}

fn named(name: &str, setting: &str, model: ProviderModel) -> Result<NamedProvider, ConfigError> {
    let name = ProviderName::parse(name)
        .map_err(|error| ConfigError::new(setting, format!("has a name that is none: it {error}")))?;
    Ok(NamedProvider { name, model })
}

fn remote(kind: ProviderKind, base_url: Url, api_key: Option<SecretString>) -> ProviderConfig {
    // OpenAI's newer models know only the newer field; most compatible servers know only the older one.
    let official = base_url.host_str() == Some("api.openai.com");
    let mut config = ProviderConfig::new(base_url, api_key);
    if kind == ProviderKind::OpenAi && official {
        config.max_tokens_field = MaxTokensField::MaxCompletionTokens;
    }
    config
}

fn base_url(setting: &str, text: &str) -> Result<Url, ConfigError> {
    let url =
        Url::parse(text).map_err(|error| ConfigError::new(setting, format!("is not a URL: {error}")))?;
    if ["http", "https"].contains(&url.scheme()) {
        Ok(url)
    } else {
        Err(ConfigError::new(setting, "must begin with http:// or https://"))
    }
}

/// A key as a header can carry it. Anything else is most likely a file that was pasted whole.
fn api_key(setting: &str, text: &str) -> Result<SecretString, ConfigError> {
    if text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        Ok(SecretString::from(text))
    } else {
        Err(ConfigError::new(setting, "must be printable ASCII on one line"))
    }
}

/// One `[providers.NAME]` table.
struct ProviderTable<'a> {
    name: &'a str,
    table: &'a Table,
}

impl ProviderTable<'_> {
    fn parse(&self, environment: Environment<'_>) -> Result<NamedProvider, ConfigError> {
        if BUILT_IN.contains(&self.name) {
            return Err(self.refuse("", "must have another name: this one is built in"));
        }
        if let Some(unknown) = self.table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(self.refuse(unknown, &format!("is not one of {}", KEYS.join(", "))));
        }
        let model = match self.text("kind")? {
            Some("scripted") => ProviderModel::Scripted,
            Some(kind) => self.remote(kind, environment)?,
            None => return Err(self.refuse("kind", "must be openai, anthropic or scripted")),
        };
        named(self.name, &format!("providers.{}", self.name), model)
    }

    fn remote(&self, kind: &str, environment: Environment<'_>) -> Result<ProviderModel, ConfigError> {
        let kind = ProviderKind::parse(kind)
            .ok_or_else(|| self.refuse("kind", "must be openai, anthropic or scripted"))?;
        let address = self.text("base_url")?.unwrap_or(kind.default_base_url());
        let key = self.key(environment)?;
        let mut config = remote(kind, base_url(&self.path("base_url"), address)?, key);
        match self.text("key_header")? {
            None => {}
            Some("bearer") => config.key_header = KeyHeader::Bearer,
            Some("api-key") => config.key_header = KeyHeader::ApiKey,
            Some(_) => return Err(self.refuse("key_header", "must be bearer or api-key")),
        }
        match self.text("max_tokens_field")? {
            None => {}
            Some("max_tokens") => config.max_tokens_field = MaxTokensField::MaxTokens,
            Some("max_completion_tokens") => config.max_tokens_field = MaxTokensField::MaxCompletionTokens,
            Some(_) => {
                return Err(self.refuse("max_tokens_field", "must be max_tokens or max_completion_tokens"));
            }
        }
        match self.table.get("send_stream_options") {
            None => {}
            Some(Value::Boolean(send)) => config.send_stream_options = *send,
            Some(_) => return Err(self.refuse("send_stream_options", "must be true or false")),
        }
        Ok(ProviderModel::Remote { kind, config })
    }

    /// The key, from the table or from the variable that the table names.
    fn key(&self, environment: Environment<'_>) -> Result<Option<SecretString>, ConfigError> {
        match (self.text("api_key")?, self.text("api_key_env")?) {
            (Some(_), Some(_)) => Err(self.refuse("api_key", "must not be given together with api_key_env")),
            (Some(key), None) => api_key(&self.path("api_key"), key).map(Some),
            (None, Some(variable)) => {
                let value = environment(variable).and_then(|value| value.into_string().ok());
                match value.as_deref() {
                    None | Some("") => Err(self.refuse("api_key_env", "names a variable that is not set")),
                    Some(key) => api_key(&self.path("api_key_env"), key).map(Some),
                }
            }
            (None, None) => Ok(None),
        }
    }

    fn text(&self, key: &str) -> Result<Option<&str>, ConfigError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.refuse(key, "must be a text")),
        }
    }

    fn refuse(&self, key: &str, problem: &str) -> ConfigError {
        ConfigError::new(self.path(key), problem)
    }

    fn path(&self, key: &str) -> String {
        if key.is_empty() {
            format!("providers.{}", self.name)
        } else {
            format!("providers.{}.{key}", self.name)
        }
    }
}
