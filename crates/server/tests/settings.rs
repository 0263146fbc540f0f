//! What operators may write, what it means, and how mistakes are told.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chatloom_server::config::{Config, ConfigError, Database, Invocation, LogFormat, ProviderModel};
use chatloom_server::settings::SETTINGS;
use secrecy::ExposeSecret;

const SECRET: &str = "f3Jq9vXw2LrT8mZk5NcB7dHs4GyP6aUe";

/// An environment of the given variables, arguments of the given flags.
fn invoke(variables: &[(&str, &str)], arguments: &[&str]) -> Result<Invocation, ConfigError> {
    let environment = |name: &str| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| OsString::from(value))
    };
    Invocation::parse(arguments.iter().map(OsString::from), &environment)
}

fn config(variables: &[(&str, &str)]) -> Config {
    match invoke(variables, &[]) {
        Ok(Invocation::Serve(config)) => *config,
        Ok(Invocation::Print(message)) => panic!("{message}"),
        Err(error) => panic!("{error}"),
    }
}

/// The whole complaint about these variables.
fn complaint(variables: &[(&str, &str)]) -> String {
    invoke(variables, &[]).unwrap_err().to_string()
}

/// A settings file that lives as long as the returned folder.
fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chatloom.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path.to_str().unwrap().to_owned())
}

#[test]
fn nothing_at_all_is_the_embedded_default() {
    let config = config(&[]);
    assert_eq!((config.host.as_str(), config.port), ("127.0.0.1", 8080));
    assert_eq!(config.base_url(8080), "http://127.0.0.1:8080");
    assert!(matches!(config.database, Database::Embedded));
    assert_eq!(config.embedded_database(), Path::new("data/chatloom.db"));
    assert!(config.jwt_secret.is_none() && config.first_admin.is_none());
    assert_eq!(config.providers.len(), 1);
    assert!(matches!(config.providers[0].model, ProviderModel::Scripted));
    assert_eq!((config.public_rate_limit_per_minute, config.trusted_proxies), (30, 0));
    assert_eq!(config.max_connections, None);
    assert_eq!((config.log_format, config.log_filter.as_str()), (LogFormat::Text, "info,actix_server=warn"));
    assert_eq!(config.drain, Duration::from_secs(25));
    assert!(!config.require_allowed_domains);
}

#[test]
fn every_bad_value_is_told_with_its_setting() {
    let database = ("DATABASE_URL", "postgres://localhost/chatloom");
    let secret = ("JWT_SECRET", SECRET);
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("PORT", "80a")], "PORT must be a whole number from 0 to 65535"),
        (&[("PORT", "65536")], "PORT must be a whole number from 0 to 65535"),
        (&[("PORT", "-1")], "PORT must be a whole number from 0 to 65535"),
        (&[("DRAIN_SECONDS", "3601")], "DRAIN_SECONDS must be a whole number from 0 to 3600"),
        (&[("TRUSTED_PROXIES", "yes")], "TRUSTED_PROXIES must be a whole number from 0 to 16"),
        (
            &[("PUBLIC_RATE_LIMIT_PER_MINUTE", "30/min")],
            "PUBLIC_RATE_LIMIT_PER_MINUTE must be a whole number from 0 to 1000000",
        ),
        (&[("MAX_CONNECTIONS", "0")], "MAX_CONNECTIONS must be a whole number from 1 to 1000000"),
        (&[("APP_BASE_URL", "chat.example.com")], "APP_BASE_URL is not a URL: relative URL without a base"),
        (&[("APP_BASE_URL", "ftp://example.com")], "APP_BASE_URL must begin with http:// or https://"),
        (&[("REQUIRE_ALLOWED_DOMAINS", "yes")], "REQUIRE_ALLOWED_DOMAINS must be true or false"),
        (&[("LOG_FORMAT", "xml")], "LOG_FORMAT must be text or json"),
        (&[("LOG", "chatloom=loud")], "LOG must be a list of levels such as info,chatloom_app=debug"),
        (
            &[("DATABASE_URL", "mysql://h/d")],
            "DATABASE_URL must begin with sqlite:, postgres:// or postgresql://",
        ),
        (&[("DATABASE_URL", "sqlite:")], "DATABASE_URL must name a file after sqlite:"),
        (
            &[("DATABASE_URL", "sqlite::memory:")],
            "DATABASE_URL must name a file: a database in memory would lose every conversation",
        ),
        (
            &[("DATABASE_URL", "postgres://h:port/d"), secret],
            "DATABASE_URL is not a URL: invalid port number",
        ),
        (&[database], "JWT_SECRET must be set when DATABASE_URL is set: 32 or more random bytes"),
        (
            &[database, ("JWT_SECRET", "kJ8s2")],
            "JWT_SECRET must have at least 32 bytes, such as `openssl rand -base64 48` prints",
        ),
        (
            &[("JWT_SECRET", "changeme")],
            "JWT_SECRET is an example value; use 32 or more random bytes, such as `openssl rand -base64 48` prints",
        ),
        (
            &[("JWT_SECRET", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")],
            "JWT_SECRET is too easy to guess; use random bytes, such as `openssl rand -base64 48` prints",
        ),
        (&[("ADMIN_EMAIL", "ada@example.com")], "ADMIN_PASSWORD must be given together with ADMIN_EMAIL"),
        (&[("ADMIN_PASSWORD", "12345678")], "ADMIN_EMAIL must be given together with ADMIN_PASSWORD"),
        (&[("ADMIN_EMAIL", "ada"), ("ADMIN_PASSWORD", "12345678")], "ADMIN_EMAIL must be an e-mail address"),
        (
            &[("ADMIN_EMAIL", "a@b.c"), ("ADMIN_PASSWORD", "1234567")],
            "ADMIN_PASSWORD must have 8 to 128 characters",
        ),
        (&[("ANTHROPIC_API_KEY", "sk-1\nsk-2")], "ANTHROPIC_API_KEY must be printable ASCII on one line"),
        (&[("OPENAI_BASE_URL", "localhost:11434")], "OPENAI_BASE_URL must begin with http:// or https://"),
        (
            &[("ANTHROPIC_BASE_URL", "nowhere")],
            "ANTHROPIC_BASE_URL is not a URL: relative URL without a base",
        ),
    ];
    for (variables, expected) in cases {
        assert_eq!(complaint(variables), *expected);
    }
}

#[test]
fn a_base_url_is_an_origin_and_nothing_more() {
    let base_url = |text| config(&[("APP_BASE_URL", text)]).base_url(1);
    assert_eq!(base_url("https://chat.example.com/"), "https://chat.example.com");
    assert_eq!(base_url("https://Chat.Example.com:443"), "https://chat.example.com");
    assert_eq!(base_url("http://localhost:3000"), "http://localhost:3000");
    for more in ["https://h/path", "https://h/?q", "https://h/#f", "https://user@h", "https://user:pw@h"] {
        let expected = "APP_BASE_URL must be an origin only, such as https://chat.example.com, without path, query or user";
        assert_eq!(complaint(&[("APP_BASE_URL", more)]), expected, "{more}");
    }
}

#[test]
fn the_base_url_follows_the_listener_unless_it_is_given() {
    let base_url = |host| config(&[("HOST", host)]).base_url(9000);
    assert_eq!(base_url("192.0.2.1"), "http://192.0.2.1:9000");
    assert_eq!(base_url("0.0.0.0"), "http://localhost:9000");
    assert_eq!(base_url("::1"), "http://[::1]:9000");
    assert_eq!(base_url("::"), "http://localhost:9000");
}

#[test]
fn database_urls_name_a_file_or_a_server() {
    let sqlite = |url| match config(&[("DATABASE_URL", url), ("JWT_SECRET", SECRET)]).database {
        Database::Sqlite(path) => path,
        other => panic!("{other:?}"),
    };
    assert_eq!(sqlite("sqlite:chat.db"), PathBuf::from("chat.db"));
    assert_eq!(sqlite("sqlite:/var/lib/chat.db"), PathBuf::from("/var/lib/chat.db"));
    assert_eq!(sqlite("sqlite:///var/lib/chat.db"), PathBuf::from("/var/lib/chat.db"));
    for url in ["postgres://u:p@h:5432/d", "postgresql://h/d?sslmode=require"] {
        let config = config(&[("DATABASE_URL", url), ("JWT_SECRET", SECRET)]);
        let Database::Postgres(kept) = config.database else { panic!("{url}") };
        assert_eq!(kept.expose_secret(), url);
    }
}

#[test]
fn flags_win_over_the_environment_and_the_environment_over_the_file() {
    let (_folder, path) = file("port = 1001\nhost = \"192.0.2.3\"\nlog = \"warn\"\ndrain_seconds = 3");
    let variables = [("CONFIG_FILE", path.as_str()), ("PORT", "1002"), ("HOST", "192.0.2.2")];
    let Ok(Invocation::Serve(config)) = invoke(&variables, &["--host", "192.0.2.1"]) else {
        panic!("refused")
    };
    assert_eq!((config.host.as_str(), config.port), ("192.0.2.1", 1002));
    assert_eq!((config.log_filter.as_str(), config.drain), ("warn", Duration::from_secs(3)));
}

#[test]
fn an_empty_value_counts_as_not_given() {
    let config = config(&[("DATABASE_URL", ""), ("JWT_SECRET", " "), ("OPENAI_API_KEY", ""), ("PORT", "")]);
    assert!(matches!(config.database, Database::Embedded));
    assert_eq!((config.port, config.providers.len()), (8080, 1));
}

#[test]
fn a_value_is_taken_as_it_is_written() {
    let config = config(&[("ADMIN_EMAIL", "ada@example.com"), ("ADMIN_PASSWORD", " pass phrase ")]);
    assert_eq!(config.first_admin.unwrap().password.expose_secret(), " pass phrase ");
    assert_eq!(complaint(&[("PORT", " 80")]), "PORT must be a whole number from 0 to 65535");
}

#[test]
fn a_key_or_an_address_brings_its_provider() {
    let names = |variables: &[(&str, &str)]| {
        let providers = config(variables).providers;
        providers.iter().map(|provider| provider.name.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&[("OPENAI_API_KEY", "sk-1")]), ["scripted", "openai"]);
    assert_eq!(names(&[("OPENAI_BASE_URL", "http://localhost:11434/v1")]), ["scripted", "openai"]);
    assert_eq!(names(&[("ANTHROPIC_API_KEY", "sk-2")]), ["scripted", "anthropic"]);
}

#[test]
fn the_defaults_of_the_help_are_those_of_the_providers() {
    use chatloom_llm::ProviderKind;
    for (name, kind) in
        [("OPENAI_BASE_URL", ProviderKind::OpenAi), ("ANTHROPIC_BASE_URL", ProviderKind::Anthropic)]
    {
        let setting = SETTINGS.iter().find(|setting| setting.name == name).unwrap();
        assert_eq!(setting.default, kind.default_base_url());
    }
}

#[test]
fn a_flag_may_be_a_text_or_a_boolean_of_the_settings_file() {
    let (_folder, path) = file("require_allowed_domains = true");
    assert!(config(&[("CONFIG_FILE", &path)]).require_allowed_domains);
    assert!(config(&[("REQUIRE_ALLOWED_DOMAINS", "true")]).require_allowed_domains);
    assert!(!config(&[("CONFIG_FILE", &path), ("REQUIRE_ALLOWED_DOMAINS", "false")]).require_allowed_domains);
}

#[test]
fn the_settings_file_adds_providers_whose_keys_may_lie_in_the_environment() {
    let (_folder, path) = file(
        r#"
        [providers.local]
        kind = "openai"
        base_url = "http://localhost:11434/v1"
        send_stream_options = false

        [providers.azure]
        kind = "openai"
        base_url = "https://example.openai.azure.com/openai/deployments/d?api-version=1"
        api_key_env = "AZURE_KEY"
        key_header = "api-key"
        max_tokens_field = "max_completion_tokens"
        "#,
    );
    let config = config(&[("CONFIG_FILE", &path), ("AZURE_KEY", "azure-canary")]);
    let [_, azure, local] = &config.providers[..] else { panic!("{:?}", config.providers) };
    assert_eq!((azure.name.as_str(), local.name.as_str()), ("azure", "local"));
    let ProviderModel::Remote { config: azure, .. } = &azure.model else { panic!("azure is no server") };
    assert_eq!(azure.api_key.as_ref().unwrap().expose_secret(), "azure-canary");
    let ProviderModel::Remote { config: local, .. } = &local.model else { panic!("local is no server") };
    assert!(local.api_key.is_none() && !local.send_stream_options);
}

#[test]
fn mistakes_in_the_settings_file_name_their_key_and_show_no_value() {
    let cases = [
        ("prot = 80", "prot is not a setting (in the settings file)"),
        ("PORT = 80", "PORT is not a setting (in the settings file)"),
        ("config_file = \"x\"", "config_file is not a setting (in the settings file)"),
        ("port = 80.5", "PORT must be a text, a whole number, true or false in the settings file"),
        ("port = \"canary\"", "PORT must be a whole number from 0 to 65535"),
        (
            "jwt_secret = [\"canary\"]",
            "JWT_SECRET must be a text, a whole number, true or false in the settings file",
        ),
        ("providers = 1", "providers must be a table"),
        ("[providers]\nx = 1", "providers.x must be a table"),
        ("[providers.x]", "providers.x.kind must be openai, anthropic or scripted"),
        ("[providers.x]\nkind = \"canary\"", "providers.x.kind must be openai, anthropic or scripted"),
        (
            "[providers.openai]\nkind = \"openai\"",
            "providers.openai must have another name: this one is built in",
        ),
        (
            "[providers.X]\nkind = \"scripted\"",
            "providers.X has a name that is none: it must be 1 to 64 characters of a-z, 0-9, - and _",
        ),
        (
            "[providers.x]\nkind = \"openai\"\napikey = \"canary\"",
            "providers.x.apikey is not one of kind, base_url, api_key, api_key_env, key_header, max_tokens_field, \
             send_stream_options",
        ),
        (
            "[providers.x]\nkind = \"openai\"\napi_key_env = \"UNSET\"",
            "providers.x.api_key_env names a variable that is not set",
        ),
        (
            "[providers.x]\nkind = \"openai\"\napi_key = \"canary\"\napi_key_env = \"UNSET\"",
            "providers.x.api_key must not be given together with api_key_env",
        ),
        (
            "[providers.x]\nkind = \"openai\"\nbase_url = \"canary\"",
            "providers.x.base_url is not a URL: relative URL without a base",
        ),
    ];
    for (text, expected) in cases {
        let (_folder, path) = file(text);
        assert_eq!(complaint(&[("CONFIG_FILE", &path)]), expected, "{text}");
    }
}

#[test]
fn an_unreadable_settings_file_is_told_without_quoting_it() {
    let (_folder, path) = file("port = 1\njwt_secret = \"canary");
    let complaint_about_syntax = complaint(&[("CONFIG_FILE", &path)]);
    assert_eq!(complaint_about_syntax, format!("CONFIG_FILE names {path}, which is not TOML near line 2"));
    let complaint_about_absence = complaint(&[("CONFIG_FILE", "/nowhere/x.toml")]);
    assert_eq!(
        complaint_about_absence,
        "CONFIG_FILE names /nowhere/x.toml, which cannot be read: entity not found"
    );
}

#[test]
fn debug_shows_no_secret() {
    let (_folder, path) = file(
        "[providers.x]\nkind = \"openai\"\napi_key = \"canary-1\"\nbase_url = \"http://h/?key=canary-2\"",
    );
    let config = config(&[
        ("CONFIG_FILE", &path),
        ("DATABASE_URL", "postgres://u:canary-3@h/d"),
        ("JWT_SECRET", SECRET),
        ("ADMIN_EMAIL", "ada@example.com"),
        ("ADMIN_PASSWORD", "canary-4"),
        ("OPENAI_API_KEY", "canary-5"),
    ]);
    let shown = format!("{config:?}");
    assert!(!shown.contains("canary") && !shown.contains(SECRET), "{shown}");
}

#[test]
fn the_help_lists_every_setting_and_secrets_have_no_flag() {
    let Ok(Invocation::Print(help)) = invoke(&[("JWT_SECRET", "canary")], &["--help"]) else {
        panic!("no help")
    };
    let help = help.to_string();
    for setting in SETTINGS {
        assert!(help.contains(setting.name), "{}", setting.name);
        let flag = format!("--{} ", setting.name.to_lowercase().replace('_', "-"));
        assert_eq!(help.contains(&flag), !setting.secret, "{flag}");
    }
    assert!(!help.contains("canary"));
    let Ok(Invocation::Print(refusal)) = invoke(&[], &["--jwt-secret", "x"]) else {
        panic!("a secret has a flag")
    };
    assert_eq!(refusal.exit_code(), 2);
}

#[test]
fn the_operators_page_lists_every_setting() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md")).unwrap();
    for setting in SETTINGS {
        assert!(page.contains(&format!("`{}`", setting.name)), "{}", setting.name);
    }
}
