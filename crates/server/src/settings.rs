//! All settings by name, and where their values come from. The only place that reads the environment.
//!
//! A setting has one name: `PORT` in the environment, `port` in the settings file, `--port` on the command line. A
//! flag wins over the environment, the environment over the file. Values stay texts here; `config` gives them meaning.

mod file;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command};
use toml::Table;

use crate::config::ConfigError;

/// One setting.
pub struct Setting {
    /// Its name in the environment. The settings file has it in lower case, the command line with hyphens.
    pub name: &'static str,
    /// What it is for, without a full stop.
    pub help: &'static str,
    /// What holds when it is not given, in words or as the value itself; empty if nothing does.
    pub default: &'static str,
    /// Secrets have no flag, because everybody on a machine can read the arguments of its processes.
    pub secret: bool,
}

const fn setting(name: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, help, default, secret: false }
}

const fn secret(name: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, help, default, secret: true }
}

/// Every setting, in the order in which `--help` lists them.
pub const SETTINGS: &[Setting] = &[
    setting("HOST", "127.0.0.1", "Address or host name to listen on; 0.0.0.0 for every IPv4 address"),
    setting("PORT", "8080", "Port to listen on; 0 takes a free one"),
    setting("APP_BASE_URL", "http://HOST:PORT", "Public address of this server, as browsers reach it"),
    setting("DATA_DIR", "data", "Folder of the embedded database and its secret"),
    secret("DATABASE_URL", "an SQLite file in DATA_DIR", "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME"),
    secret(
        "JWT_SECRET",
        "made and kept in DATA_DIR when DATABASE_URL is not set",
        "At least 32 random bytes, such as `openssl rand -base64 48` prints; signs sign-ins and seals embed tokens",
    ),
    secret(
        "JWT_SECRET_PREVIOUS",
        "",
        "Up to 4 secrets that were JWT_SECRET before, newest first, separated by commas, spaces or line breaks; they \
         still check sign-ins and open embed tokens",
    ),
    setting("ADMIN_EMAIL", "", "E-mail address of the first administrator, for a database without users"),
    secret("ADMIN_PASSWORD", "", "Password of the first administrator, 8 to 128 characters"),
    secret("OPENAI_API_KEY", "", "Key of the provider `openai`"),
    setting("OPENAI_BASE_URL", "https://api.openai.com/v1", "Address of an OpenAI-compatible API"),
    secret("ANTHROPIC_API_KEY", "", "Key of the provider `anthropic`"),
    setting("ANTHROPIC_BASE_URL", "https://api.anthropic.com", "Address of an Anthropic-compatible API"),
    setting(
        "PUBLIC_RATE_LIMIT_PER_MINUTE",
        "30",
        "Requests that one visitor's address may make in a minute; 0 is no limit",
    ),
    setting("SESSION_RATE_LIMIT_PER_MINUTE", "20", "Messages of one chat session in a minute; 0 is no limit"),
    setting(
        "VISITOR_RATE_LIMIT_PER_MINUTE",
        "30",
        "Messages in a minute of all sessions of one visitor who is named; 0 is no limit",
    ),
    setting(
        "WIDGET_RATE_LIMIT_PER_MINUTE",
        "600",
        "Messages and new sessions of one widget in a minute; 0 is no limit",
    ),
    setting("MODEL_CONCURRENCY", "200", "Answers that are made at the same time; 0 is no limit"),
    setting("MODEL_QUEUE", "50", "Messages that may wait for that, at most 2 s"),
    setting(
        "TRUSTED_PROXIES",
        "0",
        "Number of our own proxies in front of this server that append to X-Forwarded-For",
    ),
    setting(
        "MAX_CONNECTIONS",
        "10000, or half of the files that the process may open",
        "Connections at the same time; whoever comes then is answered with 503",
    ),
    setting(
        "REQUIRE_ALLOWED_DOMAINS",
        "false",
        "Refuse widgets without a list of allowed domains, true or false; without it no list means any site",
    ),
    setting("LOG_FORMAT", "text", "How log lines look: text or json"),
    setting(
        "LOG",
        "info,actix_server=warn",
        "Which log lines are written, such as warn or info,chatloom_app=debug",
    ),
    setting("DRAIN_SECONDS", "25", "How long running answers may go on after SIGTERM, 0 to 3600"),
    setting(
        "CONFIG_FILE",
        "",
        "Settings file in TOML, with the names above in lower case, [providers.NAME] and [identity.NAME]",
    ),
];

/// How a process reads its environment; a function, so that tests need not change a real one.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The process's real environment.
pub fn process_environment(name: &str) -> Option<OsString> {
    #[expect(clippy::disallowed_methods, reason = "this is the place that settings are read in")]
    std::env::var_os(name)
}

/// Settings as texts, each from its strongest source.
pub struct Settings {
    values: BTreeMap<&'static str, String>,
    /// `[providers.NAME]` of the settings file.
    pub(crate) providers: BTreeMap<String, Table>,
    /// `[identity.NAME]` of the settings file.
    pub(crate) identity: BTreeMap<String, Table>,
}

impl Settings {
    /// Collects the settings from parsed flags, the environment and the settings file that they name.
    ///
    /// An empty value counts as not given: that is how compose files and service managers unset a variable.
    pub fn gather(flags: &ArgMatches, environment: Environment<'_>) -> Result<Self, ConfigError> {
        let mut values = BTreeMap::new();
        for setting in SETTINGS {
            if let Some(text) = given(setting, flags, environment)? {
                values.insert(setting.name, text);
            }
        }
        let mut settings = Self { values, providers: BTreeMap::new(), identity: BTreeMap::new() };
        if let Some(path) = settings.find("CONFIG_FILE").map(PathBuf::from) {
            let file = file::read(&path)?;
            for (name, text) in file.values {
                settings.values.entry(name).or_insert(text);
            }
            settings.providers = file.providers;
            settings.identity = file.identity;
        }
        Ok(settings)
    }

    /// The setting's text, if it was given.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The setting's text, or the default that the table names.
    pub(crate) fn find_or_default(&self, name: &str) -> &str {
        let default =
            SETTINGS.iter().find(|setting| setting.name == name).map_or("", |setting| setting.default);
        self.find(name).unwrap_or(default)
    }
}

fn given(
    setting: &Setting,
    flags: &ArgMatches,
    environment: Environment<'_>,
) -> Result<Option<String>, ConfigError> {
    let flag = if setting.secret { None } else { flags.get_one::<String>(setting.name).cloned() };
    let text = match (flag, environment(setting.name)) {
        (Some(flag), _) => flag,
        (None, Some(value)) => {
            value.into_string().map_err(|_| ConfigError::new(setting.name, "must be UTF-8"))?
        }
        (None, None) => return Ok(None),
    };
    Ok((!text.trim().is_empty()).then_some(text))
}

/// The command line: a flag for every setting that is no secret, and a help text that lists them all.
pub fn command() -> Command {
    let flags = SETTINGS.iter().filter(|setting| !setting.secret).map(|setting| {
        Arg::new(setting.name)
            .long(setting.name.to_lowercase().replace('_', "-"))
            .value_name("VALUE")
            .help(help(setting))
    });
    let secrets = SETTINGS
        .iter()
        .filter(|setting| setting.secret)
        .map(|setting| format!("  {}\n      {}\n", setting.name, help(setting)));
    Command::new("chatloom")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Chatloom serves embeddable AI chat widgets and the API to manage them.")
        .long_about(
            "Chatloom serves embeddable AI chat widgets and the API to manage them.\n\n\
             Every setting can be given in the environment or in a settings file; those that are no secrets also as \
             a flag. A flag wins over the environment, the environment over the file.",
        )
        .after_help(format!("Secrets, in the environment or the settings file only:\n{}", secrets.collect::<String>()))
        .args(flags)
}

fn help(setting: &Setting) -> String {
    let default = match setting.default {
        "" => String::new(),
        default => format!(" [default: {default}]"),
    };
    if setting.secret {
        format!("{}{default}", setting.help)
    } else {
        format!("{} [env: {}]{default}", setting.help, setting.name)
    }
}
