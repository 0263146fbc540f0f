//! TLS towards the database: either none, or with the server's certificate checked as a browser would.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How connections are secured.
#[derive(Clone)]
pub(crate) enum Transport {
    /// Not at all; for Unix sockets and networks that are trusted.
    Plain,
    /// With the server's certificate checked against the system's roots and the host's name.
    Tls(MakeRustlsConnect),
}

impl Transport {
    /// TLS is used exactly when the URL asks for it. What libpq calls `prefer` falls back to plain text for anybody who
    /// is in the way, so it protects from nobody and is plain here.
    pub(crate) fn of(mode: SslMode) -> Result<Self, rustls::Error> {
        if mode != SslMode::Require {
            return Ok(Self::Plain);
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_platform_verifier()?
            .with_no_client_auth();
        Ok(Self::Tls(MakeRustlsConnect::new(config)))
    }
}
