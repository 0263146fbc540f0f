//! Slows down who guesses passwords: failures are counted by account and by address.
//!
//! Each replica counts for itself and in memory, so N replicas let N times as much pass, and a restart forgets. What is
//! counted is bounded: an account is a hash of eight bytes, and a bucket is forgotten when it is whole again.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chatloom_domain::Timestamp;
use chatloom_domain::network::network_of;
use chatloom_domain::team::Email;
use jiff::SignedDuration;

/// Ten wrong passwords at once, then one in 30 seconds. An owner who is being guessed at waits, and is never shut out.
const ACCOUNT: Quota = Quota { burst: 10, interval: SignedDuration::from_secs(30) };

/// Twenty failures in a minute, whomever they name. An office behind one address has more typos than a person.
const ADDRESS: Quota = Quota { burst: 20, interval: SignedDuration::from_secs(3) };

/// How often the audit log hears that an account is being guessed at.
const TELLING: Quota = Quota { burst: 1, interval: SignedDuration::from_mins(15) };

/// The most buckets of a kind. A failure costs a hash of tens of milliseconds, two at a time, so that not half as many
/// can be in debt at once; should they be, nobody new may try until some are whole.
const MAX_BUCKETS: usize = 50_000;

/// How many places are remembered from which somebody has signed in.
const MAX_FAMILIAR: usize = 10_000;

/// A bucket of tries that refills evenly.
#[derive(Clone, Copy)]
struct Quota {
    burst: i32,
    /// How long one try takes to come back.
    interval: SignedDuration,
}

/// Buckets by key. Of each it is known when it will be whole again, which says everything (the generic cell rate
/// algorithm); a key that is not there has a whole one.
struct Buckets<K> {
    quota: Quota,
    whole_at: HashMap<K, Timestamp>,
}

/// An account by a keyed hash of its address, and where the try comes from if that place is familiar.
type Account = (u64, Option<IpAddr>);

/// What the failures are counted by.
#[derive(Clone, Copy)]
struct Keys {
    /// `None` for a text that is no address, and so nobody's.
    account: Option<Account>,
    network: IpAddr,
}

/// Counts failures.
pub(crate) struct Throttle {
    hashes: RandomState,
    state: Mutex<State>,
}

struct State {
    accounts: Buckets<Account>,
    networks: Buckets<IpAddr>,
    told: Buckets<u64>,
    /// From where accounts were signed in to. Such a place has a bucket of its own for the account, so that strangers
    /// who use up the common one do not keep its owner waiting.
    familiar: HashSet<(u64, IpAddr)>,
}

/// A try that has been counted as a failure, for as long as nobody says otherwise.
#[must_use]
pub(crate) struct Attempt<'a> {
    throttle: &'a Throttle,
    keys: Keys,
}

/// Too many failures.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Throttled {
    /// When the next try will be let through, at the earliest.
    pub(crate) retry_after: Duration,
    /// Whether the account's owner has not been told lately.
    pub(crate) is_news: bool,
}

impl<K: Copy + Eq + Hash> Buckets<K> {
    fn new(quota: Quota) -> Self {
        Self { quota, whole_at: HashMap::new() }
    }

    /// How long to wait for the next try; `None` if there is one.
    fn wait(&mut self, key: &K, now: Timestamp) -> Option<SignedDuration> {
        if self.whole_at.len() >= MAX_BUCKETS && !self.whole_at.contains_key(key) {
            self.whole_at.retain(|_, whole_at| *whole_at > now);
            if self.whole_at.len() >= MAX_BUCKETS {
                return Some(self.quota.interval);
            }
        }
        let missing = self.missing(key, now) - self.quota.interval * (self.quota.burst - 1);
        missing.is_positive().then_some(missing)
    }

    fn take(&mut self, key: K, now: Timestamp) {
        let whole_in = self.missing(&key, now) + self.quota.interval;
        self.whole_at.insert(key, now + whole_in);
    }

    fn give_back(&mut self, key: &K, now: Timestamp) {
        let whole_in = self.missing(key, now) - self.quota.interval;
        if whole_in.is_positive() {
            self.whole_at.insert(*key, now + whole_in);
        } else {
            self.whole_at.remove(key);
        }
    }

    /// How long the bucket takes to be whole. A clock that was set back must not make that longer than it can be.
    fn missing(&self, key: &K, now: Timestamp) -> SignedDuration {
        let whole_at = self.whole_at.get(key).copied().unwrap_or(now);
        whole_at.duration_since(now).clamp(SignedDuration::ZERO, self.quota.interval * self.quota.burst)
    }
}

impl Throttle {
    pub(crate) fn new() -> Self {
        let state = State {
            accounts: Buckets::new(ACCOUNT),
            networks: Buckets::new(ADDRESS),
            told: Buckets::new(TELLING),
            familiar: HashSet::new(),
        };
        Self { hashes: RandomState::new(), state: Mutex::new(state) }
    }

    /// Lets a try through and counts it as a failure already, so that many at once are not let through together. It makes
    /// no difference whether there is such an account.
    pub(crate) fn begin(
        &self,
        email: Option<&Email>,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Attempt<'_>, Throttled> {
        let mut state = self.state();
        let keys = self.keys(&state, email, network_of(address));
        let by_network = state.networks.wait(&keys.network, now);
        let by_account = keys.account.and_then(|account| state.accounts.wait(&account, now));
        if let Some(wait) = by_network.max(by_account) {
            let is_news = keys.account.is_some_and(|(account, _)| state.tell(account, now));
            return Err(Throttled { retry_after: wait.unsigned_abs(), is_news });
        }
        state.networks.take(keys.network, now);
        if let Some(account) = keys.account {
            state.accounts.take(account, now);
        }
        Ok(Attempt { throttle: self, keys })
    }

    fn keys(&self, state: &State, email: Option<&Email>, network: IpAddr) -> Keys {
        let account = email.map(|email| {
            let account = self.hashes.hash_one(email);
            (account, state.familiar.contains(&(account, network)).then_some(network))
        });
        Keys { account, network }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is a single call on a map, so a panic elsewhere cannot leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tell(&mut self, account: u64, now: Timestamp) -> bool {
        let is_news = self.told.wait(&account, now).is_none();
        if is_news {
            self.told.take(account, now);
        }
        is_news
    }
}

impl Attempt<'_> {
    /// The password was right.
    pub(crate) fn succeeded(self, now: Timestamp) {
        let mut state = self.throttle.state();
        self.give_back(&mut state, now);
        if let Some((account, _)) = self.keys.account {
            if state.familiar.len() >= MAX_FAMILIAR {
                state.familiar.clear();
            }
            state.familiar.insert((account, self.keys.network));
        }
    }

    /// Nobody looked at the password.
    pub(crate) fn was_not_made(self, now: Timestamp) {
        self.give_back(&mut self.throttle.state(), now);
    }

    fn give_back(&self, state: &mut State, now: Timestamp) {
        state.networks.give_back(&self.keys.network, now);
        if let Some(account) = &self.keys.account {
            state.accounts.give_back(account, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn ada() -> Email {
        Email::parse("ada@example.com").unwrap()
    }

    fn from(n: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, n).into()
    }

    /// Tries to sign in to Ada's account with a wrong password; gives how long to wait instead, in seconds.
    fn fail(throttle: &Throttle, n: u8, seconds: i64) -> Option<u64> {
        throttle.begin(Some(&ada()), from(n), at(seconds)).err().map(|refused| refused.retry_after.as_secs())
    }

    #[test]
    fn after_ten_failures_of_an_account_one_try_in_half_a_minute_passes() {
        let throttle = Throttle::new();
        // From ever new addresses, as somebody who has many would.
        assert!((0..10).all(|n| fail(&throttle, n, 0).is_none()));
        assert_eq!(fail(&throttle, 10, 0), Some(30));
        assert_eq!(fail(&throttle, 11, 29), Some(1));
        assert_eq!(fail(&throttle, 12, 30), None);
        assert_eq!(fail(&throttle, 13, 31), Some(29));
        let other = Email::parse("bob@example.com").unwrap();
        assert!(throttle.begin(Some(&other), from(10), at(31)).is_ok());
    }

    #[test]
    fn an_address_has_twenty_failures_a_minute_whomever_they_name() {
        let throttle = Throttle::new();
        let fail = |n: u32, seconds| {
            let email = Email::parse(&format!("user{n}@example.com")).unwrap();
            // Every other one names nobody at all.
            let email = n.is_multiple_of(2).then_some(&email);
            throttle.begin(email, from(1), at(seconds)).is_ok()
        };
        assert!((0..20).all(|n| fail(n, 0)));
        assert!(!fail(20, 0));
        assert!(!fail(21, 2));
        assert!(fail(22, 3));
        assert!((23..43).all(|n| fail(n, 63)) && !fail(43, 63));
    }

    #[test]
    fn successes_cost_nothing() {
        let throttle = Throttle::new();
        for n in 0..100 {
            throttle.begin(Some(&ada()), from(1), at(n)).unwrap().succeeded(at(n));
            throttle.begin(Some(&ada()), from(2), at(n)).unwrap().was_not_made(at(n));
        }
        assert!(
            throttle.state().accounts.whole_at.is_empty() && throttle.state().networks.whole_at.is_empty()
        );
    }

    #[test]
    fn many_tries_at_once_are_counted_before_their_passwords_are_looked_at() {
        let throttle = Throttle::new();
        let attempts: Vec<_> =
            (0..50).map_while(|n| throttle.begin(Some(&ada()), from(n), at(0)).ok()).collect();
        assert_eq!(attempts.len(), 10);
    }

    #[test]
    fn strangers_do_not_keep_an_owner_waiting_where_they_have_signed_in_before() {
        let throttle = Throttle::new();
        throttle.begin(Some(&ada()), from(200), at(0)).unwrap().succeeded(at(0));
        assert!((0..10).all(|n| fail(&throttle, n, 1).is_none()));
        assert_eq!(fail(&throttle, 10, 1), Some(30));
        // The familiar place is no way around the limit: it has one of its own.
        assert!((0..10).all(|_| fail(&throttle, 200, 1).is_none()));
        assert_eq!(fail(&throttle, 200, 1), Some(30));
    }

    #[test]
    fn that_an_account_is_being_guessed_at_is_told_once_in_a_quarter_of_an_hour() {
        let throttle = Throttle::new();
        assert!((0..10).all(|n| fail(&throttle, n, 0).is_none()));
        let is_news = |seconds| throttle.begin(Some(&ada()), from(1), at(seconds)).err().unwrap().is_news;
        assert!(is_news(1));
        assert!(!is_news(2));
        assert!((0..10).all(|n| fail(&throttle, n, 900).is_none()));
        assert!(!is_news(900));
        assert!(is_news(901));
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out() {
        let throttle = Throttle::new();
        assert!((0..10).all(|n| fail(&throttle, n, 100_000).is_none()));
        assert_eq!(fail(&throttle, 10, 0), Some(30));
        assert_eq!(
            fail(&throttle, 10, 30),
            Some(30),
            "the bucket is whole 300 seconds after now, whenever that is"
        );
    }

    #[test]
    fn buckets_that_are_whole_again_make_room() {
        let mut buckets = Buckets::new(ACCOUNT);
        for key in 0..MAX_BUCKETS {
            buckets.take(key, at(0));
        }
        assert_eq!(buckets.wait(&MAX_BUCKETS, at(1)), Some(ACCOUNT.interval));
        assert_eq!(buckets.wait(&0, at(1)), None);
        assert_eq!(buckets.wait(&MAX_BUCKETS, at(31)), None);
        assert!(buckets.whole_at.is_empty());
    }
}
