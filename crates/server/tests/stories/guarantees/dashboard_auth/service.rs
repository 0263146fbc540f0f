//! One process behind TLS, somebody who is signed in to it, and whoever forges tokens with the right key.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chatloom_testkit::model_server::ModelServer;
use jsonwebtoken::{Algorithm, EncodingKey};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Client, Dashboard, Database, DatabaseKind, JWT_SECRET, Process,
    process_settings,
};

/// The cookie's name where browsers come over TLS.
pub(super) const COOKIE: &str = "__Host-chatloom";

pub(super) struct Service {
    pub(super) client: Client,
    pub(super) settings: BTreeMap<&'static str, String>,
    pub(super) address: SocketAddr,
    pub(super) process: Process,
    _database: Database,
    _model: ModelServer,
}

impl Service {
    pub(super) async fn start() -> Self {
        let database = Database::create(DatabaseKind::Sqlite).await;
        let model = ModelServer::start().await;
        let mut settings = process_settings(&database, &model);
        settings.insert("APP_BASE_URL", "https://chat.example.com".to_owned());
        settings.insert("TRUSTED_PROXIES", "1".to_owned());
        let mut process = Process::start(&settings);
        let address = process.address().await;
        let client = Client::new(&format!("http://{address}"));
        Self { client, settings, address, process, _database: database, _model: model }
    }

    /// Ends the process and starts another one on the same database, with these settings changed. An empty text counts
    /// as none.
    pub(super) async fn restart_with(&mut self, changes: &[(&'static str, &str)]) {
        self.process.signal(nix::sys::signal::Signal::SIGTERM);
        assert_eq!(self.process.ended().await.code(), Some(0), "{}", self.process.log());
        self.settings.extend(changes.iter().map(|(name, value)| (*name, (*value).to_owned())));
        self.process = Process::start(&self.settings);
        self.address = self.process.address().await;
        self.client = Client::new(&format!("http://{}", self.address));
    }

    pub(super) async fn log_in(&self, cookie: Option<&str>) -> Answer {
        let body = json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD });
        let request = self.client.request(Method::POST, "/api/auth/login").json(&body);
        Answer::of(match cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        })
        .await
    }

    pub(super) async fn dashboard(&self) -> Dashboard {
        Dashboard::sign_in(&self.client, ADMIN_EMAIL, ADMIN_PASSWORD).await
    }

    /// A token that this service has written.
    pub(super) async fn token(&self) -> String {
        token_of(&self.log_in(None).await)
    }

    /// What the service says to somebody who comes with this token in the cookie.
    pub(super) async fn me(&self, token: &str) -> Answer {
        let request = self.client.request(Method::GET, "/api/auth/me");
        Answer::of(request.header("cookie", format!("{COOKIE}={token}"))).await
    }

    /// The same as a bearer.
    pub(super) async fn me_as_bearer(&self, token: &str) -> Answer {
        let request = self.client.request(Method::GET, "/api/auth/me");
        Answer::of(request.header("authorization", format!("Bearer {token}"))).await
    }

    /// Makes sure that each token is refused, as a bearer and in the cookie, with the same body every time; gives their
    /// number.
    pub(super) async fn refuses(&self, tokens: &[String]) -> usize {
        let mut first: Option<Value> = None;
        for token in tokens {
            for answer in [self.me(token).await, self.me_as_bearer(token).await] {
                assert_eq!(answer.status, 401, "accepted {token}");
                let mut body = answer.expect_error(401, "not_signed_in");
                body["requestId"].take();
                body["timestamp"].take();
                assert_eq!(*first.get_or_insert_with(|| body.clone()), body, "{token}");
            }
        }
        tokens.len()
    }

    /// The status of a request whose path is sent byte for byte.
    pub(super) async fn status_of(&self, method: &str, path: &str) -> u16 {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: chat.example.com\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let text = String::from_utf8_lossy(&answer);
        text.split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or_else(|| panic!("{path}: {text}"))
    }
}

/// The token in the cookie that an answer sets.
pub(super) fn token_of(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").expect("a cookie");
    let value = cookie.split(';').next().unwrap().strip_prefix(COOKIE).expect("our cookie");
    value.strip_prefix('=').unwrap().to_owned()
}

/// The texts of a token's first two segments.
pub(super) fn texts_of(token: &str) -> [String; 2] {
    let parts: Vec<_> = token.split('.').collect();
    let text = |n: usize| String::from_utf8(URL_SAFE_NO_PAD.decode(parts[n]).unwrap()).unwrap();
    [text(0), text(1)]
}

/// Signs any two texts with the key of the service.
pub(super) fn forge(header: &str, payload: &str) -> String {
    forge_with(JWT_SECRET, header, payload)
}

pub(super) fn forge_with(secret: &str, header: &str, payload: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let key = EncodingKey::from_secret(secret.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}
