//! A plain HTTP client, and answers that are easy to make claims about.

use std::net::IpAddr;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

/// A client of one server. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Client {
    base_url: String,
    http: reqwest::Client,
}

impl Client {
    pub(crate) fn new(base_url: &str) -> Self {
        Self::build(base_url, None)
    }

    /// A client that comes from an address of its own.
    pub(crate) fn from(base_url: &str, address: IpAddr) -> Self {
        Self::build(base_url, Some(address))
    }

    fn build(base_url: &str, address: Option<IpAddr>) -> Self {
        // Fails only if a provider is installed already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(
            clippy::disallowed_methods,
            reason = "this client stands for a browser, not for the service"
        )]
        let http = reqwest::Client::builder().no_proxy().local_address(address).build().unwrap();
        Self { base_url: base_url.to_owned(), http }
    }

    /// A request to a path of the server.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base_url))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }
}

/// An answer that was read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The body as JSON; null if it is none.
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        Self::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn read(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        Self { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }

    /// The body of an answer that must have this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// Makes sure that it is an error of this status and code, in the one shape that errors have.
    #[track_caller]
    pub(crate) fn expect_error(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status.as_u16(), self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
        for field in ["status", "error", "message", "timestamp", "path", "requestId"] {
            assert!(!self.body[field].is_null(), "no {field} in {}", self.body);
        }
        self.body
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
