//! How many connections each address has, so that nobody can take them all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chatloom_domain::network::network_of;

/// One address may have this part of all connections: far more than the visitors behind one address need.
const SHARE: usize = 4;

/// Counts connections by address, IPv6 by /64 as everywhere.
pub(super) struct Addresses {
    /// `None` where all come from a proxy's address.
    most: Option<usize>,
    open: Mutex<HashMap<IpAddr, usize>>,
}

impl Addresses {
    /// Of `most` connections in all. Behind a proxy its address is everybody's, and it has limits of its own.
    pub(super) fn new(most: usize, is_behind_proxy: bool) -> Self {
        Self { most: (!is_behind_proxy).then_some((most / SHARE).max(1)), open: Mutex::default() }
    }

    /// Counts one more connection of the address, and gives what it is counted under, to be handed to [`Self::leave`].
    /// `Err` with their number if it has too many. This machine's own is not counted: it is a proxy's or the operator's.
    pub(super) fn enter(&self, address: IpAddr) -> Result<Option<IpAddr>, usize> {
        let address = address.to_canonical();
        let Some(most) = self.most.filter(|_| !address.is_loopback()) else { return Ok(None) };
        let key = network_of(address);
        let mut open = self.open();
        let count = open.entry(key).or_default();
        if *count == most {
            return Err(most);
        }
        *count += 1;
        Ok(Some(key))
    }

    /// Forgets one connection.
    pub(super) fn leave(&self, key: IpAddr) {
        if let Entry::Occupied(mut entry) = self.open().entry(key) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_may_have_a_quarter_and_others_are_not_concerned() {
        let addresses = Addresses::new(8, false);
        let key = addresses.enter(ip("192.0.2.1")).unwrap().unwrap();
        addresses.enter(ip("::ffff:192.0.2.1")).unwrap();
        assert_eq!(addresses.enter(ip("192.0.2.1")), Err(2));
        assert!(addresses.enter(ip("192.0.2.2")).is_ok());
        addresses.leave(key);
        assert!(addresses.enter(ip("192.0.2.1")).is_ok());
    }

    #[test]
    fn addresses_of_version_6_count_by_their_network() {
        let addresses = Addresses::new(4, false);
        assert!(addresses.enter(ip("2001:db8::1")).is_ok());
        assert_eq!(addresses.enter(ip("2001:db8::2")), Err(1));
        assert!(addresses.enter(ip("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn this_machine_and_proxies_are_not_limited_and_nobody_who_left_is_remembered() {
        let addresses = Addresses::new(4, false);
        assert!((0..9).all(|_| addresses.enter(ip("127.0.0.1")) == Ok(None)));
        let proxied = Addresses::new(4, true);
        assert!((0..9).all(|_| proxied.enter(ip("192.0.2.1")) == Ok(None)));
        let key = addresses.enter(ip("192.0.2.1")).unwrap().unwrap();
        addresses.leave(key);
        assert!(addresses.open().is_empty());
    }
}
