//! How many requests one address may make. The limit is each replica's own and kept in memory.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use chatloom_domain::Timestamp;
use chatloom_domain::network::network_of;
use chatloom_ports::visitor::SpentAllowance;
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter as Governor};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Addresses whose allowance is whole again are forgotten after this many requests. An address takes some 50
/// bytes, so a flood from ever new addresses is bounded to a few megabytes beyond those still in debt.
const PRUNE_EVERY: u32 = 50_000;

type Keyed = Governor<IpAddr, DashMapStateStore<IpAddr>, DefaultClock, StateInformationMiddleware>;

/// What is counted together.
#[derive(Clone, Copy)]
pub(super) enum Bucket {
    /// Loading the widget, which every page view does.
    Init,
    /// Opening sessions.
    Sessions,
    /// Reading history and answers: who comes back to an answer must not pay for it with the next question.
    Reads,
    /// Everything else, which is sending above all.
    Rest,
}

impl Bucket {
    /// The bucket of a request. Paths that lead nowhere are counted, too.
    pub(super) fn of(method: &Method, path: &str) -> Self {
        if path.starts_with("/api/widget-chat/init") {
            Self::Init
        } else if method == Method::GET {
            Self::Reads
        } else if path == "/api/widget-chat/sessions" {
            Self::Sessions
        } else {
            Self::Rest
        }
    }
}

/// What an address has left.
pub(super) struct Allowance {
    limit: u32,
    remaining: u32,
    /// Until the address may do all at once again.
    reset: Duration,
    /// Seconds until the next request is accepted, where this one is not.
    pub(super) retry_after: Option<u64>,
}

impl Allowance {
    /// Adds the headers that tell the client; the reset is in Unix seconds.
    pub(super) fn add_headers(&self, headers: &mut HeaderMap, now: Timestamp) {
        let reset = now.as_second().saturating_add_unsigned(whole_seconds(self.reset));
        insert(headers, self.limit, self.remaining, reset);
    }
}

/// The headers of a refusal by an allowance that is not the address's.
pub(crate) fn headers_of(spent: &SpentAllowance) -> HeaderMap {
    let mut headers = HeaderMap::new();
    insert(&mut headers, spent.limit, 0, spent.whole_at.as_second());
    headers
}

fn insert(headers: &mut HeaderMap, limit: u32, remaining: u32, reset: i64) {
    headers.insert(LIMIT, limit.into());
    headers.insert(REMAINING, remaining.into());
    headers.insert(RESET, HeaderValue::from(reset));
}

/// Counts requests by address: a bucket that refills evenly over a minute.
pub(crate) struct RateLimiter {
    quota: Option<Quota>,
    init: Keyed,
    sessions: Keyed,
    reads: Keyed,
    rest: Keyed,
    until_prune: AtomicU32,
    trusted_proxies: usize,
}

impl RateLimiter {
    /// `per_minute` 0 counts nothing.
    pub(crate) fn new(per_minute: u32, trusted_proxies: usize) -> Self {
        let quota = NonZeroU32::new(per_minute).map(Quota::per_minute);
        // Never asked where there is no limit.
        let keyed = || {
            Governor::dashmap_with_clock(
                quota.unwrap_or(Quota::per_minute(NonZeroU32::MIN)),
                DefaultClock::default(),
            )
            .with_middleware()
        };
        Self {
            quota,
            init: keyed(),
            sessions: keyed(),
            reads: keyed(),
            rest: keyed(),
            until_prune: AtomicU32::new(PRUNE_EVERY),
            trusted_proxies,
        }
    }

    /// Counts one request; `None` where nothing is limited.
    pub(super) fn count(&self, bucket: Bucket, peer: IpAddr, headers: &HeaderMap) -> Option<Allowance> {
        let quota = self.quota?;
        self.prune_in_time();
        let key = network_of(self.client(peer, headers));
        let keyed = match bucket {
            Bucket::Init => &self.init,
            Bucket::Sessions => &self.sessions,
            Bucket::Reads => &self.reads,
            Bucket::Rest => &self.rest,
        };
        let limit = quota.burst_size().get();
        let refill = |count: u32| quota.replenish_interval().saturating_mul(count);
        Some(match keyed.check_key(&key) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                Allowance { limit, remaining, reset: refill(limit - remaining), retry_after: None }
            }
            Err(refused) => {
                let wait = refused.wait_time_from(DefaultClock::default().now());
                let retry_after = Some(whole_seconds(wait).max(1));
                Allowance { limit, remaining: 0, reset: wait + refill(limit - 1), retry_after }
            }
        })
    }

    /// The client's address, as the outermost trusted proxy saw it.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        client(peer, headers, self.trusted_proxies).to_canonical()
    }

    fn prune_in_time(&self) {
        let down = |left: u32| Some(left.checked_sub(1).unwrap_or(PRUNE_EVERY));
        if self.until_prune.fetch_update(Ordering::Relaxed, Ordering::Relaxed, down) == Ok(0) {
            for keyed in [&self.init, &self.sessions, &self.reads, &self.rest] {
                keyed.retain_recent();
            }
        }
    }
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// The address that the outermost trusted proxy saw. Each proxy appends its peer, so entries are counted from the
/// right: what stands further left was written by the client itself. With fewer entries than proxies, the request
/// did not come through all of them, and only the peer can be believed. The same goes for a header with a line that is no
/// text: skipping it would let the client choose which entry is counted.
fn client(peer: IpAddr, headers: &HeaderMap, trusted_proxies: usize) -> IpAddr {
    if trusted_proxies == 0 {
        return peer;
    }
    let lists: Result<Vec<_>, _> = headers.get_all(X_FORWARDED_FOR).map(HeaderValue::to_str).collect();
    let Ok(lists) = lists else { return peer };
    let entries = lists.iter().rev().flat_map(|list| list.rsplit(','));
    let entry = entries.map(str::trim).nth(trusted_proxies - 1);
    entry.and_then(address).unwrap_or(peer)
}

/// An entry of the header, with or without a port.
fn address(entry: &str) -> Option<IpAddr> {
    let bare = || entry.parse().ok();
    let with_port = || entry.parse().ok().map(|address: std::net::SocketAddr| address.ip());
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    bare().or_else(with_port).or_else(bracketed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn allowed(limiter: &RateLimiter, bucket: Bucket, address: &str) -> bool {
        limiter.count(bucket, ip(address), &HeaderMap::new()).unwrap().retry_after.is_none()
    }

    #[test]
    fn an_address_has_its_allowance_and_no_more_and_others_keep_theirs() {
        let limiter = RateLimiter::new(2, 0);
        assert!(allowed(&limiter, Bucket::Rest, "192.0.2.1"));
        assert!(allowed(&limiter, Bucket::Rest, "192.0.2.1"));
        assert!(!allowed(&limiter, Bucket::Rest, "192.0.2.1"));
        assert!(!allowed(&limiter, Bucket::Rest, "::ffff:192.0.2.1"));
        assert!(allowed(&limiter, Bucket::Init, "192.0.2.1"));
        assert!(allowed(&limiter, Bucket::Rest, "192.0.2.2"));
    }

    #[test]
    fn each_kind_of_request_has_a_bucket_of_its_own() {
        let session = "/api/widget-chat/sessions/s";
        let kinds = [
            (Method::GET, "/api/widget-chat/init".to_owned()),
            (Method::POST, "/api/widget-chat/sessions".to_owned()),
            (Method::GET, format!("{session}/turns/t/events")),
            (Method::POST, format!("{session}/messages")),
        ];
        let limiter = RateLimiter::new(1, 0);
        for expected in [true, false] {
            for (method, path) in &kinds {
                assert_eq!(allowed(&limiter, Bucket::of(method, path), "192.0.2.1"), expected, "{path}");
            }
        }
        for (method, path) in
            [(Method::GET, "/messages"), (Method::POST, "/turns/t/retry"), (Method::DELETE, "")]
        {
            let bucket = Bucket::of(&method, &format!("{session}{path}"));
            assert!(!allowed(&limiter, bucket, "192.0.2.1"), "{method} {path}");
        }
    }

    #[test]
    fn a_64_of_ipv6_is_one_address() {
        let limiter = RateLimiter::new(1, 0);
        assert!(allowed(&limiter, Bucket::Rest, "2001:db8:0:1::1"));
        assert!(!allowed(&limiter, Bucket::Rest, "2001:db8:0:1:ffff::2"));
        assert!(allowed(&limiter, Bucket::Rest, "2001:db8:0:2::1"));
    }

    #[test]
    fn zero_counts_nothing() {
        assert!(RateLimiter::new(0, 0).count(Bucket::Rest, ip("192.0.2.1"), &HeaderMap::new()).is_none());
    }

    #[test]
    fn forwarded_addresses_are_counted_from_the_right() {
        let mut headers = HeaderMap::new();
        headers.append(X_FORWARDED_FOR, HeaderValue::from_static("198.51.100.9, 192.0.2.3"));
        headers.append(X_FORWARDED_FOR, HeaderValue::from_static("192.0.2.2 ,[2001:db8::1]:80"));
        let peer = ip("10.0.0.1");
        let expected =
            [(0, "10.0.0.1"), (1, "2001:db8::1"), (2, "192.0.2.2"), (3, "192.0.2.3"), (5, "10.0.0.1")];
        for (proxies, address) in expected {
            assert_eq!(client(peer, &headers, proxies), ip(address), "{proxies}");
        }
        headers.append(X_FORWARDED_FOR, HeaderValue::from_static("unknown"));
        assert_eq!(client(peer, &headers, 1), peer);
    }

    #[test]
    fn a_forwarded_line_that_is_no_text_leaves_only_the_peer() {
        let unreadable = || HeaderValue::from_bytes(b"192.0.2.9, \xff").unwrap();
        let good = || HeaderValue::from_static("192.0.2.1");
        for lines in [[unreadable(), good()], [good(), unreadable()]] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(X_FORWARDED_FOR, line);
            }
            assert_eq!(client(ip("10.0.0.1"), &headers, 1), ip("10.0.0.1"));
        }
    }

    #[test]
    fn addresses_that_are_whole_again_are_forgotten() {
        let limiter = RateLimiter::new(u32::MAX, 0);
        limiter.until_prune.store(1, Ordering::Relaxed);
        for n in 0..2 {
            assert!(allowed(&limiter, Bucket::Rest, &format!("192.0.2.{n}")));
        }
        // With this many requests per minute an allowance is whole again after 14 nanoseconds.
        assert!(limiter.rest.len() <= 1);
    }
}
