//! What counts as one address where requests are counted.

use std::net::{IpAddr, Ipv6Addr};

/// The address itself, or its network: a customer gets a whole /64 of IPv6 and could change its address at every
/// request. An IPv4 address in IPv6 form is the IPv4 address.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_64_of_ipv6_is_one_network_and_ipv4_is_itself() {
        let table = [
            ("2001:db8:0:1:ffff::2", "2001:db8:0:1::"),
            ("2001:db8:0:2::1", "2001:db8:0:2::"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("192.0.2.1", "192.0.2.1"),
        ];
        for (address, network) in table {
            assert_eq!(network_of(address.parse().unwrap()), network.parse::<IpAddr>().unwrap());
        }
    }
}
