//! Reading the database's URL, with our defaults for what it leaves open.

use std::time::Duration;

use tokio_postgres::Config;

/// A server that is reachable accepts within milliseconds; more than this looks like one that is not.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long what was sent may stay without acknowledgement before the connection counts as dead.
const UNACKNOWLEDGED_LIMIT: Duration = Duration::from_secs(10);
/// An idle connection is probed after this time, and then at this interval, so that a server that vanished is noticed
/// within a minute.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

/// Reads a URL or a list of `key=value`. It says nothing about what is wrong, because that could repeat the password.
pub(crate) fn parse_url(url: &str) -> Option<Config> {
    // The client knows one word for TLS; ours always verifies, so libpq's stricter words mean no more than that one.
    let url =
        url.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    let mut config: Config = url.parse().ok()?;
    if config.get_hosts().is_empty() {
        return None;
    }
    if config.get_application_name().is_none() {
        config.application_name("chatloom");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(UNACKNOWLEDGED_LIMIT);
    }
    config.keepalives(true).keepalives_idle(KEEPALIVE_IDLE);
    config.keepalives_interval(KEEPALIVE_INTERVAL).keepalives_retries(KEEPALIVE_RETRIES);
    Some(config)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio_postgres::config::{Host, SslMode};

    use super::*;

    #[test]
    fn what_a_url_leaves_open_gets_our_defaults() {
        let config = parse_url("postgres://ada@db.example/chat").unwrap();
        assert_eq!(config.get_application_name(), Some("chatloom"));
        assert_eq!(config.get_connect_timeout(), Some(&CONNECT_TIMEOUT));
        assert_eq!(config.get_tcp_user_timeout(), Some(&UNACKNOWLEDGED_LIMIT));
        assert!(config.get_keepalives());
    }

    #[test]
    fn what_a_url_says_is_kept() {
        let config =
            parse_url("postgres://ada@db.example/chat?application_name=mine&connect_timeout=7").unwrap();
        assert_eq!(config.get_application_name(), Some("mine"));
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(7)));
    }

    #[test]
    fn a_unix_socket_is_named_by_its_folder() {
        let config = parse_url("postgres://ada@/chat?host=/tmp/sockets").unwrap();
        assert_eq!(config.get_hosts(), [Host::Unix(Path::new("/tmp/sockets").to_owned())]);
    }

    #[test]
    fn every_word_that_asks_for_a_verified_server_asks_for_tls() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let config = parse_url(&format!("postgres://ada@db.example/chat?sslmode={mode}")).unwrap();
            assert_eq!(config.get_ssl_mode(), SslMode::Require, "{mode}");
        }
    }

    #[test]
    fn a_malformed_url_is_refused() {
        for url in ["", "http://db.example", "postgres:///chat", "postgres://ada:secret@db.example:port/chat"]
        {
            assert!(parse_url(url).is_none(), "{url}");
        }
    }
}
