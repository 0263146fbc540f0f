//! What operators may write about an identity provider, and how mistakes are told.

use std::ffi::OsString;

use crate::config::{Config, ConfigError, Invocation};

/// A settings file that lives as long as the returned folder.
fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chatloom.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path.to_str().unwrap().to_owned())
}

fn parse(path: &str) -> Result<Config, ConfigError> {
    let environment = |name: &str| (name == "CONFIG_FILE").then(|| OsString::from(path));
    match Invocation::parse([], &environment)? {
        Invocation::Serve(config) => Ok(*config),
        Invocation::Print(message) => panic!("{message}"),
    }
}

fn complaint(path: &str) -> String {
    parse(path).unwrap_err().to_string()
}

/// A good table, with one line in the place of another.
fn identity(line: &str, instead: &str) -> String {
    let good = r#"
        [identity.acme]
        issuer = "https://login.acme.example"
        audience = "chatloom"
        jwks_url = "https://login.acme.example/jwks.json"
        algorithms = ["ES256"]
        teams_claim = "groups"
        session_minutes = 30
        [identity.acme.teams]
        "support builders" = { team = "00000000-0000-7000-8000-000000000001", role = "BUILDER" }
    "#;
    assert!(good.contains(line), "{line}");
    good.replace(line, instead)
}

#[test]
fn an_identity_provider_is_read_from_its_table() {
    let (_folder, path) = file(&identity("", ""));
    let providers = parse(&path).unwrap().identity_providers;
    let [acme] = &providers[..] else { panic!("{providers:?}") };
    assert_eq!((acme.name.as_str(), acme.issuer.as_str()), ("acme", "https://login.acme.example"));
    assert_eq!((acme.audience.as_str(), acme.teams_claim.as_str()), ("chatloom", "groups"));
    assert_eq!((acme.session_lifetime.as_secs(), acme.algorithms.len(), acme.teams.len()), (1800, 1, 1));
    let minimal = "[identity.x]\nissuer = \"i\"\naudience = \"a\"\njwks_url = \"http://127.0.0.1:1/k\"";
    let (_folder, path) = file(minimal);
    let providers = parse(&path).unwrap().identity_providers;
    let [x] = &providers[..] else { panic!("{providers:?}") };
    assert_eq!((x.teams_claim.as_str(), x.session_lifetime.as_secs()), ("chatloom_teams", 3600));
    assert_eq!((x.algorithms.len(), x.teams.len()), (3, 0));
}

#[test]
fn mistakes_in_the_table_of_an_identity_provider_name_their_key() {
    let url = "jwks_url = \"https://login.acme.example/jwks.json\"";
    let team = "{ team = \"00000000-0000-7000-8000-000000000001\", role = \"BUILDER\" }";
    let shape = "must be { team = \"the team's id\", role = \"…\" }";
    let cases = [
        ("issuer = \"https://login.acme.example\"", "", "issuer must be given".to_owned()),
        ("issuer = \"https://login.acme.example\"", "issuer = 7", "issuer must be a text that is not empty".into()),
        ("audience = \"chatloom\"", "audience = \"\"", "audience must be a text that is not empty".into()),
        (url, "", "jwks_url must be given".into()),
        (url, "jwks_url = \"nowhere\"", "jwks_url is not a URL: relative URL without a base".into()),
        (
            url,
            "jwks_url = \"http://login.acme.example/jwks.json\"",
            "jwks_url must begin with https://; http:// is for addresses of this machine only".into(),
        ),
        (
            url,
            "jwks_url = \"http://localhost.evil.example/\"",
            "jwks_url must begin with https://; http:// is for addresses of this machine only".into(),
        ),
        (url, "jwks_url = \"https://u:p@h/\"", "jwks_url must not contain a user or a password".into()),
        (
            "[\"ES256\"]",
            "[\"HS256\"]",
            "algorithms must be a list of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA".into(),
        ),
        (
            "[\"ES256\"]",
            "[]",
            "algorithms must be a list of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA".into(),
        ),
        ("minutes = 30", "minutes = 4", "session_minutes must be a whole number from 5 to 720".into()),
        ("minutes = 30", "minutes = \"30\"", "session_minutes must be a whole number from 5 to 720".into()),
        (team, "\"BUILDER\"", format!("teams.\"support builders\" {shape}")),
        (team, "{ team = \"x\" }", format!("teams.\"support builders\" {shape}")),
        (
            team,
            "{ team = \"My team\", role = \"BUILDER\" }",
            "teams.\"support builders\".team must be the id of a team, a UUID".into(),
        ),
        (
            "\"BUILDER\"",
            "\"OWNER\"",
            "teams.\"support builders\".role must be VIEWER, OPERATOR, BUILDER or ADMIN".into(),
        ),
        (
            "teams_claim",
            "team_claim",
            "team_claim is not one of issuer, audience, jwks_url, algorithms, teams_claim, session_minutes, teams".into(),
        ),
    ];
    for (line, instead, expected) in cases {
        let (_folder, path) = file(&identity(line, instead));
        assert_eq!(complaint(&path), format!("identity.acme.{expected}"));
    }
    let twice = identity("", "") + &identity("", "").replace("identity.acme", "identity.other");
    let (_folder, path) = file(&twice);
    let expected = "identity.other.issuer must not be that of another identity provider";
    assert_eq!(complaint(&path), expected);
    let (_folder, path) = file("identity = 1");
    assert_eq!(complaint(&path), "identity must be a table");
}
