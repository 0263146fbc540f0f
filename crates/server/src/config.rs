//! The service's configuration: settings that were given a meaning and found good, before anything is started.

mod identity;
mod jwt_secret;
mod providers;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chatloom_app::LoadLimits;
use chatloom_domain::team::Email;
use chatloom_jwt::IdentityProviderConfig;
use secrecy::SecretString;
use thiserror::Error;
use tracing_subscriber::EnvFilter;
use url::Url;

pub use jwt_secret::JwtSecret;
pub use providers::{NamedProvider, ProviderModel};

use crate::settings::{Environment, Settings, command};

/// A setting that is missing or wrong. It never carries the value, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{setting} {problem}")]
pub struct ConfigError {
    /// The setting's name, or the key's in the settings file.
    pub setting: String,
    /// What is wrong with it; reads on after the name.
    pub problem: String,
}

impl ConfigError {
    pub(crate) fn new(setting: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { setting: setting.into(), problem: problem.into() }
    }
}

/// Where conversations are kept.
#[derive(Debug, Clone)]
pub enum Database {
    /// An SQLite file in the data folder: nothing was configured, so the service makes what it needs by itself.
    Embedded,
    /// An SQLite file that the operator named.
    Sqlite(PathBuf),
    /// A PostgreSQL server.
    Postgres(SecretString),
}

/// Who becomes the first administrator of a database without users.
#[derive(Debug, Clone)]
pub struct FirstAdminConfig {
    /// A valid e-mail address.
    pub email: String,
    /// 8 to 128 characters.
    pub password: SecretString,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Everything that an operator can decide. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address or host name to listen on.
    pub host: String,
    /// Port to listen on; 0 takes a free one.
    pub port: u16,
    /// The public origin without a slash at the end; `None` follows the address that is listened on.
    pub app_base_url: Option<String>,
    /// The data folder of the embedded default.
    pub data_dir: PathBuf,
    /// Where conversations are kept.
    pub database: Database,
    /// Signs sign-ins and seals embed tokens; `None` only with [`Database::Embedded`], which makes its own.
    pub jwt_secret: Option<JwtSecret>,
    /// Secrets that were used before it: they still check sign-ins and open embed tokens. Newest first, none twice.
    pub jwt_secret_previous: Vec<JwtSecret>,
    /// The first administrator, if one was given.
    pub first_admin: Option<FirstAdminConfig>,
    /// Model providers: the built-in three, then those of the settings file.
    pub providers: Vec<NamedProvider>,
    /// Identity providers whose users may sign in.
    pub identity_providers: Vec<IdentityProviderConfig>,
    /// Public requests per address and minute; 0 is no limit.
    pub public_rate_limit_per_minute: u32,
    /// How much visitors may ask for at a time, whatever their addresses.
    pub load: LoadLimits,
    /// How many entries at the end of `X-Forwarded-For` are our own proxies'.
    pub trusted_proxies: usize,
    /// Connections at the same time; `None` is as many as there are files for, at most 10,000.
    pub max_connections: Option<usize>,
    /// Whether widgets without a list of allowed domains are refused.
    pub require_allowed_domains: bool,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines are written, in the syntax of tracing's filter directives.
    pub log_filter: String,
    /// How long running turns may go on after SIGTERM.
    pub drain: Duration,
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Invocation {
    /// Run the service.
    Serve(Box<Config>),
    /// Print this and end: the help, the version, or what is wrong with the flags.
    Print(clap::Error),
}

impl Invocation {
    /// Reads flags (without the program's name), environment and settings file.
    pub fn parse(
        arguments: impl IntoIterator<Item = OsString>,
        environment: Environment<'_>,
    ) -> Result<Self, ConfigError> {
        match command().no_binary_name(true).try_get_matches_from(arguments) {
            Ok(flags) => {
                let settings = Settings::gather(&flags, environment)?;
                Ok(Self::Serve(Box::new(Config::parse(&settings, environment)?)))
            }
            Err(message) => Ok(Self::Print(message)),
        }
    }
}

impl Config {
    /// Gives the settings their meaning; the first bad one is the error. Provider tables may name further variables
    /// of the environment that hold their keys.
    pub fn parse(settings: &Settings, environment: Environment<'_>) -> Result<Self, ConfigError> {
        let database = parse_database(settings)?;
        let embedded = matches!(database, Database::Embedded);
        let jwt_secret = JwtSecret::parse_setting(settings.find("JWT_SECRET"), embedded)?;
        let previous = settings.find("JWT_SECRET_PREVIOUS").unwrap_or_default();
        Ok(Self {
            host: settings.find_or_default("HOST").to_owned(),
            port: number(settings, "PORT", u64::from(u16::MAX))?,
            app_base_url: settings.find("APP_BASE_URL").map(parse_base_url).transpose()?,
            data_dir: PathBuf::from(settings.find_or_default("DATA_DIR")),
            database,
            jwt_secret_previous: JwtSecret::parse_previous(previous, jwt_secret.as_ref())?,
            jwt_secret,
            first_admin: parse_first_admin(settings)?,
            providers: providers::parse(settings, environment)?,
            identity_providers: identity::parse(settings)?,
            public_rate_limit_per_minute: number(settings, "PUBLIC_RATE_LIMIT_PER_MINUTE", 1_000_000)?,
            load: parse_load_limits(settings)?,
            trusted_proxies: number::<u8>(settings, "TRUSTED_PROXIES", 16)?.into(),
            max_connections: parse_max_connections(settings)?,
            require_allowed_domains: flag(settings, "REQUIRE_ALLOWED_DOMAINS")?,
            log_format: parse_log_format(settings.find_or_default("LOG_FORMAT"))?,
            log_filter: parse_log_filter(settings.find_or_default("LOG"))?,
            drain: Duration::from_secs(number(settings, "DRAIN_SECONDS", 3600)?),
        })
    }

    /// The embedded database's file.
    pub fn embedded_database(&self) -> PathBuf {
        self.data_dir.join("chatloom.db")
    }

    /// The public origin, given the port that is really listened on.
    pub fn base_url(&self, port: u16) -> String {
        self.app_base_url.clone().unwrap_or_else(|| {
            let any = ["0.0.0.0", "::", "[::]"].contains(&self.host.as_str());
            let host = match &self.host {
                // Nobody can open the address that stands for every address.
                _ if any => "localhost".to_owned(),
                host if host.contains(':') && !host.starts_with('[') => format!("[{host}]"),
                host => host.clone(),
            };
            format!("http://{host}:{port}")
        })
    }
}

/// A whole number from 0 to `max`.
fn number<T: TryFrom<u64>>(settings: &Settings, name: &'static str, max: u64) -> Result<T, ConfigError> {
    let parsed: Option<u64> = settings.find_or_default(name).parse().ok();
    parsed
        .filter(|number| *number <= max)
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| ConfigError::new(name, format!("must be a whole number from 0 to {max}")))
}

fn parse_max_connections(settings: &Settings) -> Result<Option<usize>, ConfigError> {
    let Some(text) = settings.find("MAX_CONNECTIONS") else { return Ok(None) };
    let parsed = text.parse().ok().filter(|most| (1..=1_000_000).contains(most));
    let refuse = || ConfigError::new("MAX_CONNECTIONS", "must be a whole number from 1 to 1000000");
    parsed.map(Some).ok_or_else(refuse)
}

/// `true` or `false`.
fn flag(settings: &Settings, name: &'static str) -> Result<bool, ConfigError> {
    let parsed = settings.find_or_default(name).parse();
    parsed.map_err(|_| ConfigError::new(name, "must be true or false"))
}

fn parse_load_limits(settings: &Settings) -> Result<LoadLimits, ConfigError> {
    const MOST_PER_MINUTE: u64 = 1_000_000;
    const MOST_AT_ONCE: u64 = 100_000;
    Ok(LoadLimits {
        session_messages_per_minute: number(settings, "SESSION_RATE_LIMIT_PER_MINUTE", MOST_PER_MINUTE)?,
        visitor_messages_per_minute: number(settings, "VISITOR_RATE_LIMIT_PER_MINUTE", MOST_PER_MINUTE)?,
        widget_requests_per_minute: number(settings, "WIDGET_RATE_LIMIT_PER_MINUTE", MOST_PER_MINUTE)?,
        model_concurrency: number(settings, "MODEL_CONCURRENCY", MOST_AT_ONCE)?,
        model_queue: number(settings, "MODEL_QUEUE", MOST_AT_ONCE)?,
    })
}

fn parse_database(settings: &Settings) -> Result<Database, ConfigError> {
    let refuse = |problem: &str| Err(ConfigError::new("DATABASE_URL", problem));
    let Some(url) = settings.find("DATABASE_URL") else { return Ok(Database::Embedded) };
    if let Some(path) = url.strip_prefix("sqlite:") {
        // `sqlite:///var/x` and `sqlite:/var/x` name the same file; `sqlite://x` would make a host of a folder.
        let path = path.strip_prefix("//").unwrap_or(path);
        return match path {
            "" => refuse("must name a file after sqlite:"),
            ":memory:" => refuse("must name a file: a database in memory would lose every conversation"),
            path => Ok(Database::Sqlite(Path::new(path).to_owned())),
        };
    }
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return refuse("must begin with sqlite:, postgres:// or postgresql://");
    }
    match Url::parse(url) {
        Ok(_) => Ok(Database::Postgres(SecretString::from(url))),
        Err(error) => refuse(&format!("is not a URL: {error}")),
    }
}

fn parse_base_url(text: &str) -> Result<String, ConfigError> {
    let refuse = |problem: &str| ConfigError::new("APP_BASE_URL", problem);
    let url = Url::parse(text).map_err(|error| refuse(&format!("is not a URL: {error}")))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(refuse("must begin with http:// or https://"));
    }
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return Err(refuse(
            "must be an origin only, such as https://chat.example.com, without path, query or user",
        ));
    }
    Ok(url.origin().ascii_serialization())
}

fn parse_first_admin(settings: &Settings) -> Result<Option<FirstAdminConfig>, ConfigError> {
    let (email, password) = match (settings.find("ADMIN_EMAIL"), settings.find("ADMIN_PASSWORD")) {
        (None, None) => return Ok(None),
        (Some(_), None) => {
            return Err(ConfigError::new("ADMIN_PASSWORD", "must be given together with ADMIN_EMAIL"));
        }
        (None, Some(_)) => {
            return Err(ConfigError::new("ADMIN_EMAIL", "must be given together with ADMIN_PASSWORD"));
        }
        (Some(email), Some(password)) => (email, password),
    };
    let email = Email::parse(email).map_err(|error| ConfigError::new("ADMIN_EMAIL", error.to_string()))?;
    if !(8..=128).contains(&password.chars().count()) {
        return Err(ConfigError::new("ADMIN_PASSWORD", "must have 8 to 128 characters"));
    }
    Ok(Some(FirstAdminConfig { email: email.as_str().to_owned(), password: password.into() }))
}

fn parse_log_format(text: &str) -> Result<LogFormat, ConfigError> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(ConfigError::new("LOG_FORMAT", "must be text or json")),
    }
}

fn parse_log_filter(text: &str) -> Result<String, ConfigError> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(ConfigError::new("LOG", "must be a list of levels such as info,chatloom_app=debug")),
    }
}
