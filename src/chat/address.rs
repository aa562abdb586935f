//! *Pure.* Where people come from, as far as it matters for who may come in.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// An address of version 4, or the /64 of one of version 6, which is what a household gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "IpAddr", into = "IpAddr")]
pub struct Address(IpAddr);

impl Address {
    /// Reads an address that somebody typed: `192.0.2.7`, `2001:db8::7`, `2001:db8::/64`.
    pub fn parse(text: &str) -> Option<Address> {
        let text = text
            .strip_suffix("/64")
            .filter(|text| text.contains(':'))
            .unwrap_or(text);
        text.parse::<IpAddr>().ok().map(Address::from)
    }

    /// Whether it is of this machine, such as that of everybody who comes through a tunnel.
    pub fn is_loopback(self) -> bool {
        match self.0 {
            IpAddr::V4(ip) => ip.is_loopback(),
            // The /64 of `::1`.
            IpAddr::V6(ip) => ip.is_unspecified(),
        }
    }

    /// The first 48 bits of an address of version 6.
    pub fn site(self) -> Option<[u16; 3]> {
        match self.0 {
            IpAddr::V4(_) => None,
            IpAddr::V6(ip) => {
                let [a, b, c, ..] = ip.segments();
                Some([a, b, c])
            }
        }
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Address {
        Address(match ip.to_canonical() {
            IpAddr::V4(ip) => IpAddr::V4(ip),
            IpAddr::V6(ip) => {
                let [a, b, c, d, ..] = ip.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        })
    }
}

impl From<Address> for IpAddr {
    fn from(address: Address) -> IpAddr {
        address.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(ip) => ip.fmt(f),
            IpAddr::V6(ip) => write!(f, "{ip}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_shown_and_name_no_more_than_a_household() {
        for (typed, shown) in [
            ("192.0.2.7", Some("192.0.2.7")),
            ("::ffff:192.0.2.7", Some("192.0.2.7")),
            ("2001:db8:1:2:3::7", Some("2001:db8:1:2::/64")),
            ("2001:db8:1:2::/64", Some("2001:db8:1:2::/64")),
            ("::1", Some("::/64")),
            ("192.0.2.7/64", None),
            ("192.0.2", None),
            ("Dai", None),
            ("", None),
        ] {
            let read = Address::parse(typed).map(|address| address.to_string());
            assert_eq!(read.as_deref(), shown, "{typed}");
        }
    }
}
