//! The one place where a client for providers is built.

use std::time::Duration;

use reqwest::redirect;
use thiserror::Error;

/// How to reach providers. The defaults are for production.
#[derive(Debug, Clone)]
pub struct HttpClientConfig {
    /// The most time for a connection, TLS included.
    pub connect_timeout: Duration,
    /// The longest silence on a connection, the wait for the head included. A backstop: whoever waits for an
    /// answer has shorter timers, which keep-alive signs do not reset.
    pub read_timeout: Duration,
    /// Whether the system's proxy settings (`HTTPS_PROXY` and its like) hold. Tests say no.
    pub system_proxy: bool,
}

impl Default for HttpClientConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_mins(1),
            system_proxy: true,
        }
    }
}

/// The client cannot be built.
#[derive(Debug, Error)]
#[error("build the HTTP client for model providers")]
pub struct HttpClientError(#[source] reqwest::Error);

/// The client that all providers share, with its pool of connections. Clones are the same client.
#[derive(Debug, Clone)]
pub struct HttpClient(pub(crate) reqwest::Client);

impl HttpClient {
    /// Builds the client.
    ///
    /// A machine without certificate authorities, such as a bare container, gets a client that reaches `http`
    /// addresses and fails to connect to `https` ones, instead of no client.
    pub fn new(config: &HttpClientConfig) -> Result<Self, HttpClientError> {
        // Fails only if a provider is installed already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = builder(config).build().or_else(|error| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "no usable certificate authorities; providers with https addresses cannot be reached"
            );
            builder(config).tls_certs_only([]).build()
        });
        client.map(Self).map_err(HttpClientError)
    }
}

fn builder(config: &HttpClientConfig) -> reqwest::ClientBuilder {
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    let builder = reqwest::Client::builder()
        .user_agent("chatloom")
        // One HTTP/2 connection carries at most as many answers as the server allows, and the rest wait in silence.
        .http1_only()
        // A redirect would carry the key and the conversation to another address than the operator named.
        .redirect(redirect::Policy::none())
        .referer(false)
        // A request may be billed even if its answer is lost, so nobody but the caller repeats it.
        .retry(reqwest::retry::never())
        .connect_timeout(config.connect_timeout)
        // There is no total timeout: it would cut long answers that are well.
        .read_timeout(config.read_timeout)
        // Load balancers drop idle connections after a minute or more, often without a word.
        .pool_idle_timeout(Duration::from_secs(45))
        .tcp_keepalive(Duration::from_secs(30));
    if config.system_proxy { builder } else { builder.no_proxy() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_certificate_authorities_gets_a_client_too() {
        HttpClient::new(&HttpClientConfig::default()).unwrap();
        builder(&HttpClientConfig::default()).tls_certs_only([]).build().unwrap();
    }
}
