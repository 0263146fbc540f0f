//! People who sign in with an identity provider: a real one, with real keys, in front of the whole service.

use std::collections::BTreeMap;

use chatloom_testkit::identity_provider::keys::{ED25519, P256, RSA_1, RSA_2};
use chatloom_testkit::identity_provider::{IdentityProvider, KeyPair, KeySetReply};
use chatloom_testkit::model_server::ModelServer;
use jiff::Timestamp;
use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Client, Dashboard, Database, DatabaseKind, Process, process_settings,
};

/// A server that lets the people of one provider into the first team.
struct World {
    provider: IdentityProvider,
    client: Client,
    team: String,
    admin: Dashboard,
    _process: Process,
    _files: TempDir,
    _model: ModelServer,
    _database: Database,
}

impl World {
    async fn start(kind: DatabaseKind) -> Self {
        let (database, model) = (Database::create(kind).await, ModelServer::start().await);
        let provider = IdentityProvider::start(&[RSA_1, P256, ED25519]).await;
        let mut settings = process_settings(&database, &model);
        // The settings name the team by its id, which is known after a first start.
        let mut first = Process::start(&settings);
        let team = Dashboard::sign_in(&first.client().await, ADMIN_EMAIL, ADMIN_PASSWORD).await;
        let team = team.team().to_owned();
        first.signal(Signal::SIGTERM);
        assert_eq!(first.ended().await.code(), Some(0));
        let files = tempfile::tempdir().unwrap();
        settings.insert("CONFIG_FILE", config_file(&files, &provider, &team));
        let mut process = Process::start(&settings);
        let client = process.client().await;
        let admin = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
        Self {
            provider,
            client,
            team,
            admin,
            _process: process,
            _files: files,
            _model: model,
            _database: database,
        }
    }

    /// Claims about Ada, made `age` seconds ago, who belongs to these groups.
    fn claims(&self, age: i64, groups: &[&str]) -> Value {
        #[expect(clippy::disallowed_methods, reason = "the provider's clock is the machine's")]
        let issued_at = Timestamp::now().as_second() - age;
        json!({
            "iss": self.provider.issuer(), "aud": "chatloom", "sub": "ada|7", "iat": issued_at,
            "exp": issued_at + 3600, "email": ADMIN_EMAIL, "given_name": "Ada", "family_name": "L.", "groups": groups,
        })
    }

    async fn exchange(&self, token: &str) -> Answer {
        let request = self.client.request(Method::POST, "/api/auth/exchange");
        Answer::of(request.header("authorization", format!("Bearer {token}"))).await
    }

    /// Exchanges a good token; gives the user and the cookie.
    async fn enter(&self, key: KeyPair, claims: &Value) -> (Value, String) {
        let answer = self.exchange(&key.sign(claims)).await;
        let cookie = answer.header("set-cookie").map(|cookie| cookie.split(';').next().unwrap().to_owned());
        (answer.expect(200), cookie.unwrap())
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        Answer::of(self.client.request(Method::GET, path).header("cookie", cookie)).await
    }

    async fn widgets(&self, cookie: &str) -> Answer {
        self.get(&format!("/api/teams/{}/widgets", self.team), cookie).await
    }
}

fn config_file(folder: &TempDir, provider: &IdentityProvider, team: &str) -> String {
    let path = folder.path().join("chatloom.toml");
    let text = format!(
        r#"
        [identity.acme]
        issuer = "{}"
        audience = "chatloom"
        jwks_url = "{}"
        teams_claim = "groups"
        session_minutes = 30

        [identity.acme.teams]
        readers = {{ team = "{team}", role = "VIEWER" }}
        "support builders" = {{ team = "{team}", role = "BUILDER" }}
        elsewhere = {{ team = "00000000-0000-7000-8000-000000000001", role = "ADMIN" }}
        "#,
        provider.issuer(),
        provider.jwks_url(),
    );
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

async fn a_person_enters_with_the_providers_token_and_has_the_rights_that_it_names(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let (user, cookie) = world.enter(RSA_1, &world.claims(2, &["readers", "elsewhere", "unknown"])).await;
    let team = json!({ "teamId": world.team, "teamName": "My team", "role": "VIEWER" });
    assert_eq!(user["teams"], json!([team]));
    assert_eq!((&user["firstName"], &user["email"]), (&json!("Ada"), &json!(ADMIN_EMAIL)));
    // The first administrator has the same address, and is somebody else.
    let administrator = world.admin.me().await.expect(200);
    assert_ne!(administrator["id"], user["id"]);
    world.widgets(&cookie).await.expect(200);

    // The next token makes her a builder, and is signed with another kind of key.
    let (again, cookie) = world.enter(P256, &world.claims(1, &["support builders"])).await;
    assert_eq!((&again["id"], &again["teams"][0]["role"]), (&user["id"], &json!("BUILDER")));
    // What she is told by an older one no longer counts.
    let older = ED25519.sign(&world.claims(60, &["readers"]));
    world.exchange(&older).await.expect_error(401, "identity_refused");
    let (_, newest) = world.enter(ED25519, &world.claims(0, &[])).await;
    world.widgets(&newest).await.expect_error(404, "team_not_found");
    world.widgets(&cookie).await.expect_error(404, "team_not_found");

    let request = world.client.request(Method::POST, "/api/auth/logout").header("cookie", &newest);
    Answer::of(request).await.expect(200);
    world.get("/api/auth/me", &newest).await.expect_error(401, "not_signed_in");
    world.get("/api/auth/me", &cookie).await.expect(200);
}

async fn neither_kind_of_token_passes_for_the_other(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let token = RSA_1.sign(&world.claims(0, &["readers"]));
    let bearer =
        world.client.request(Method::GET, "/api/auth/me").header("authorization", format!("Bearer {token}"));
    Answer::of(bearer).await.expect_error(401, "not_signed_in");
    world.get("/api/auth/me", &format!("chatloom={token}")).await.expect_error(401, "not_signed_in");
    let (_, cookie) = world.enter(RSA_1, &world.claims(0, &["readers"])).await;
    let ours = cookie.split_once('=').unwrap().1;
    world.exchange(ours).await.expect_error(401, "identity_refused");
    // Without a provider's token there is nothing to exchange, whoever asks.
    let request = world.client.request(Method::POST, "/api/auth/exchange").header("cookie", &cookie);
    Answer::of(request).await.expect_error(401, "not_signed_in");
}

on_both_databases!(
    a_person_enters_with_the_providers_token_and_has_the_rights_that_it_names,
    neither_kind_of_token_passes_for_the_other,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_tokens_are_refused_alike_and_ask_for_keys_once_a_minute() {
    let world = World::start(DatabaseKind::Sqlite).await;
    let good = world.claims(0, &["readers"]);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let header = |key: KeyPair, name: &str, value: Value| {
        let mut header = key.header();
        header[name] = value;
        key.sign_texts(&header.to_string(), &good.to_string())
    };
    let eve = IdentityProvider::start(&[RSA_2]).await;
    let mut forged = vec![
        RSA_2.named(RSA_1.id).sign(&good),
        RSA_1.with_algorithm("RS512").sign(&good),
        RSA_1.sign(&with("iss", json!(eve.issuer()))),
        RSA_1.sign(&with("aud", json!("another"))),
        RSA_1.sign(&with("aud", json!(["chatloom", "another"]))),
        RSA_1.sign(&with("exp", json!(good["iat"].as_i64().unwrap() - 60))),
        RSA_1.sign(&with("exp", json!(good["iat"].as_i64().unwrap() + 90_000))),
        RSA_1.sign(&with("sub", json!(7))),
        header(RSA_2, "jku", json!(eve.jwks_url())),
        header(RSA_2, "x5u", json!(eve.jwks_url())),
        header(RSA_2, "jwk", RSA_2.jwk()),
        header(RSA_1, "crit", json!(["exp"])),
        header(RSA_1, "alg", json!("HS256")),
        header(RSA_1, "alg", json!("none")),
        "nonsense".to_owned(),
    ];
    forged.extend((0..100).map(|n| header(ED25519, "kid", json!(format!("made-up-{n}")))));
    let mut first: Option<BTreeMap<String, Value>> = None;
    for token in &forged {
        let body = world.exchange(token).await.expect_error(401, "identity_refused");
        let mut body: BTreeMap<String, Value> = serde_json::from_value(body).unwrap();
        body.retain(|name, _| !["requestId", "timestamp"].contains(&name.as_str()));
        assert_eq!(*first.get_or_insert_with(|| body.clone()), body);
    }
    assert_eq!((world.provider.fetches(), eve.fetches()), (1, 0));
    world.enter(RSA_1, &good).await;
    assert_eq!(world.provider.fetches(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_cannot_be_asked_is_no_refusal() {
    let world = World::start(DatabaseKind::Sqlite).await;
    let elsewhere = IdentityProvider::start(&[RSA_1]).await;
    world.provider.reply_with(KeySetReply::Redirect(elsewhere.jwks_url()));
    let answer = world.exchange(&RSA_1.sign(&world.claims(0, &["readers"]))).await;
    assert_eq!(answer.header("retry-after"), Some("60"));
    answer.expect_error(503, "identity_unavailable");
    assert_eq!((world.provider.fetches(), elsewhere.fetches()), (1, 0));
    // Everybody else signs in as before.
    Dashboard::sign_in(&world.client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
}
