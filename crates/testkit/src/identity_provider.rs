//! An identity provider on loopback: a key set over real HTTP, and tokens signed with real keys of every kind.

pub mod keys;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::model_server::read_request;

/// A key pair, its private half in DER (PKCS #1 for RSA, else PKCS #8), its public half as a JSON Web Key without
/// anything that is not part of the key.
#[derive(Debug, Clone, Copy)]
pub struct KeyPair {
    /// The name under which the provider publishes it.
    pub id: &'static str,
    /// The algorithm that it is used with.
    pub algorithm: &'static str,
    private: &'static str,
    public: &'static str,
}

impl KeyPair {
    /// The public half as it stands in a key set.
    pub fn jwk(&self) -> Value {
        let mut jwk: Value = serde_json::from_str(self.public).unwrap();
        jwk["kid"] = self.id.into();
        jwk["alg"] = self.algorithm.into();
        jwk["use"] = "sig".into();
        jwk
    }

    /// The header of a token that this key signs.
    pub fn header(&self) -> Value {
        json!({ "typ": "JWT", "alg": self.algorithm, "kid": self.id })
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_texts(&self.header().to_string(), &claims.to_string())
    }

    /// A token of any two texts, which need not be JSON.
    pub fn sign_texts(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let der = STANDARD.decode(self.private).unwrap();
        let key = match &self.algorithm[..2] {
            "ES" => EncodingKey::from_ec_der(&der),
            "Ed" => EncodingKey::from_ed_der(&der),
            _ => EncodingKey::from_rsa_der(&der),
        };
        let algorithm = self.algorithm.parse().unwrap();
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap();
        format!("{message}.{signature}")
    }

    /// The same key used with another algorithm of its kind.
    #[must_use]
    pub fn with_algorithm(self, algorithm: &'static str) -> Self {
        Self { algorithm, ..self }
    }

    /// The same key under another name.
    #[must_use]
    pub fn named(self, id: &'static str) -> Self {
        Self { id, ..self }
    }
}

/// The document that publishes these keys.
pub fn key_set(keys: &[KeyPair]) -> Value {
    json!({ "keys": keys.iter().map(KeyPair::jwk).collect::<Vec<_>>() })
}

/// What the provider answers to whoever asks for its keys.
#[derive(Debug, Clone)]
pub enum KeySetReply {
    /// 200 with this body.
    Document(String),
    /// Another status, with an address to go to instead.
    Redirect(String),
    /// This status and no body.
    Status(u16),
    /// 200 and a body that never ends.
    Endless,
    /// Nothing, while the connection stays open.
    Silence,
}

/// The provider. Dropping it ends everything.
pub struct IdentityProvider {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    _tasks: JoinSet<()>,
}

struct Shared {
    reply: KeySetReply,
    fetches: usize,
}

impl IdentityProvider {
    /// Starts on a free port, with these keys in its set.
    pub async fn start(keys: &[KeyPair]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let reply = KeySetReply::Document(key_set(keys).to_string());
        let shared = Arc::new(Mutex::new(Shared { reply, fetches: 0 }));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, _tasks: tasks }
    }

    /// What it names itself in its tokens.
    pub fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where its keys are.
    pub fn jwks_url(&self) -> String {
        format!("{}/.well-known/jwks.json", self.issuer())
    }

    /// Publishes these keys from now on.
    pub fn publish(&self, keys: &[KeyPair]) {
        self.reply_with(KeySetReply::Document(key_set(keys).to_string()));
    }

    /// Answers like this from now on.
    pub fn reply_with(&self, reply: KeySetReply) {
        self.shared.lock().unwrap().reply = reply;
    }

    /// How often the keys were asked for, on whatever path.
    pub fn fetches(&self) -> usize {
        self.shared.lock().unwrap().fetches
    }
}

async fn accept(listener: TcpListener, shared: Arc<Mutex<Shared>>) {
    // Aborted with this task, so no connection outlives the provider.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

/// Answers one request; whoever asks again connects again.
async fn serve(mut stream: TcpStream, shared: Arc<Mutex<Shared>>) {
    let Ok(Some(_)) = read_request(&mut stream, &mut Vec::new()).await else { return };
    let reply = {
        let mut shared = shared.lock().unwrap();
        shared.fetches += 1;
        shared.reply.clone()
    };
    let endless = matches!(reply, KeySetReply::Endless);
    let head = |status: u16, rest: &str| format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{rest}\r\n");
    let answer = match reply {
        KeySetReply::Document(body) => {
            head(200, &format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()))
                + &body
        }
        KeySetReply::Redirect(to) => head(302, &format!("location: {to}\r\ncontent-length: 0\r\n")),
        KeySetReply::Status(status) => head(status, "content-length: 0\r\n"),
        KeySetReply::Endless => head(200, "content-type: application/json\r\n"),
        KeySetReply::Silence => return std::future::pending().await,
    };
    // A client that has gone away is the end of it.
    let mut wrote = stream.write_all(answer.as_bytes()).await;
    while endless && wrote.is_ok() {
        wrote = stream.write_all(&[b' '; 4096]).await;
    }
}
