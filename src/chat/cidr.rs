//! *Pure.* Blocks of addresses, as operators write them: `192.0.2.0/24`, `2001:db8::/32`, or one address.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// All addresses that begin with the same bits (RFC 4632, RFC 4291 section 2.3), of version 4 or of version 6. An
/// address of version 4 that is written as one of version 6 (`::ffff:192.0.2.7`) is the one of version 4, here and where
/// it is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cidr {
    /// Its first address.
    first: IpAddr,
    /// How many bits they have in common: 32 or 128 at most.
    prefix: u8,
}

/// Why a text is no block of addresses, in words that follow `... is no block of addresses: `.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CidrError {
    /// What stands in front of the slash.
    NotAnAddress,
    /// What stands behind it; the most bits that can stand there.
    NotAPrefix(u8),
}

impl Cidr {
    /// The block of the first `prefix` bits of `ip`; `None` if it has not so many.
    pub fn new(ip: IpAddr, prefix: u8) -> Option<Cidr> {
        if prefix > bits_of(ip) {
            return None;
        }
        Some(match (ip.to_canonical(), ip) {
            // ::ffff:192.0.2.0/120; with fewer bits than the 96 in front it is more than version 4.
            (IpAddr::V4(v4), IpAddr::V6(_)) if prefix >= MAPPED_PREFIX => {
                Cidr::cut(IpAddr::V4(v4), prefix - MAPPED_PREFIX)
            }
            _ => Cidr::cut(ip, prefix),
        })
    }

    /// The block that has this address only.
    pub fn one(ip: IpAddr) -> Cidr {
        let ip = ip.to_canonical();
        Cidr::cut(ip, bits_of(ip))
    }

    /// Whether `ip` is in it.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.first, ip.to_canonical()) {
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
            (_, ip) => Cidr::cut(ip, self.prefix).first == self.first,
        }
    }

    /// Whether all of `other` is in it.
    pub fn covers(&self, other: &Cidr) -> bool {
        self.prefix <= other.prefix && self.contains(other.first)
    }

    /// Its first address.
    pub fn first(&self) -> IpAddr {
        self.first
    }

    /// How many bits its addresses have in common.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether it has one address only.
    pub fn is_single(&self) -> bool {
        self.prefix == bits_of(self.first)
    }

    /// `prefix` is not longer than the address.
    fn cut(ip: IpAddr, prefix: u8) -> Cidr {
        let first = match ip {
            IpAddr::V4(ip) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & mask))
            }
            IpAddr::V6(ip) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & mask))
            }
        };
        Cidr { first, prefix }
    }
}

/// What stands in front of the address of version 4 in one of version 6, in bits (RFC 4291, section 2.5.5.2).
const MAPPED_PREFIX: u8 = 96;

fn bits_of(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    /// Reads `192.0.2.0/24` or an address alone. Bits behind the prefix do not matter: `192.0.2.7/24` is the same.
    fn from_str(text: &str) -> Result<Cidr, CidrError> {
        let (ip, prefix) = match text.split_once('/') {
            Some((ip, prefix)) => (ip, Some(prefix)),
            None => (text, None),
        };
        let ip: IpAddr = ip.parse().map_err(|_| CidrError::NotAnAddress)?;
        let Some(prefix) = prefix else {
            return Ok(Cidr::one(ip));
        };
        let wrong = CidrError::NotAPrefix(bits_of(ip));
        // `+24` is a number too.
        if !prefix.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(wrong);
        }
        let prefix = prefix.parse().map_err(|_| wrong)?;
        Cidr::new(ip, prefix).ok_or(wrong)
    }
}

impl fmt::Display for Cidr {
    /// As it is read; one address stands alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        match self.is_single() {
            true => Ok(()),
            false => write!(f, "/{}", self.prefix),
        }
    }
}

impl fmt::Display for CidrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CidrError::NotAnAddress => {
                f.write_str("it has to be an address, such as 192.0.2.0/24, 2001:db8::/32 or ::1")
            }
            CidrError::NotAPrefix(most) => {
                write!(
                    f,
                    "behind the slash there has to be a number from 0 to {most}"
                )
            }
        }
    }
}

impl std::error::Error for CidrError {}

impl TryFrom<String> for Cidr {
    type Error = CidrError;

    fn try_from(text: String) -> Result<Cidr, CidrError> {
        text.parse()
    }
}

impl From<Cidr> for String {
    fn from(block: Cidr) -> String {
        block.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(text: &str) -> Cidr {
        text.parse().expect(text)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    #[test]
    fn blocks_are_read_in_every_form_and_shown_in_one() {
        let not_an_address = Err(CidrError::NotAnAddress);
        for (typed, expected) in [
            ("192.0.2.7", Ok("192.0.2.7")),
            ("192.0.2.7/32", Ok("192.0.2.7")),
            ("192.0.2.7/24", Ok("192.0.2.0/24")),
            ("192.0.2.7/1", Ok("128.0.0.0/1")),
            ("192.0.2.7/0", Ok("0.0.0.0/0")),
            ("2001:db8:1:2:3::7/48", Ok("2001:db8:1::/48")),
            ("2001:db8::7/128", Ok("2001:db8::7")),
            ("::1", Ok("::1")),
            ("::/0", Ok("::/0")),
            ("::ffff:192.0.2.7", Ok("192.0.2.7")),
            ("::ffff:192.0.2.7/120", Ok("192.0.2.0/24")),
            ("::ffff:192.0.2.7/96", Ok("0.0.0.0/0")),
            ("::ffff:192.0.2.7/64", Ok("::/64")),
            ("192.0.2.7/33", Err(CidrError::NotAPrefix(32))),
            ("192.0.2.7/", Err(CidrError::NotAPrefix(32))),
            ("192.0.2.7/+8", Err(CidrError::NotAPrefix(32))),
            ("192.0.2.7/-1", Err(CidrError::NotAPrefix(32))),
            ("192.0.2.7/ 8", Err(CidrError::NotAPrefix(32))),
            ("192.0.2.7/8/8", Err(CidrError::NotAPrefix(32))),
            ("192.0.2.7/256", Err(CidrError::NotAPrefix(32))),
            ("2001:db8::/129", Err(CidrError::NotAPrefix(128))),
            ("", not_an_address),
            ("/8", not_an_address),
            ("192.0.2", not_an_address),
            ("192.0.2.0.0/8", not_an_address),
            ("fe80::1%eth0/64", not_an_address),
            ("localhost", not_an_address),
        ] {
            let read = typed.parse::<Cidr>().map(|block| block.to_string());
            assert_eq!(read, expected.map(str::to_owned), "{typed}");
        }
    }

    #[test]
    fn a_block_has_the_addresses_that_begin_like_it_and_no_others() {
        for (text, inside, outside) in [
            ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("192.0.2.0/24", "::ffff:192.0.2.9", "::ffff:192.0.3.9"),
            ("192.0.2.128/25", "192.0.2.128", "192.0.2.127"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("0.0.0.0/0", "255.255.255.255", "2001:db8::1"),
            ("::/0", "ffff::1", "192.0.2.1"),
            ("::ffff:10.0.0.0/104", "10.1.2.3", "11.1.2.3"),
            ("2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"),
            ("::1", "::1", "::2"),
        ] {
            assert!(block(text).contains(ip(inside)), "{text} {inside}");
            assert!(!block(text).contains(ip(outside)), "{text} {outside}");
        }
    }

    #[test]
    fn a_block_covers_itself_and_what_is_smaller() {
        for (large, small, expected) in [
            ("10.0.0.0/8", "10.2.0.0/16", true),
            ("10.0.0.0/8", "10.0.0.0/8", true),
            ("10.2.0.0/16", "10.0.0.0/8", false),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "::/0", false),
        ] {
            let (large, small) = (block(large), block(small));
            assert_eq!(large.covers(&small), expected, "{large} {small}");
        }
    }

    #[test]
    fn it_is_stored_as_it_is_written() {
        let json = serde_json::to_string(&block("192.0.2.7/24")).expect("JSON");
        assert_eq!(json, r#""192.0.2.0/24""#);
        assert_eq!(
            serde_json::from_str::<Cidr>(&json).ok(),
            Some(block("192.0.2.0/24"))
        );
        assert!(serde_json::from_str::<Cidr>(r#""192.0.2.0/99""#).is_err());
    }

    proptest! {
        #[test]
        fn every_block_is_read_as_it_is_shown_and_has_what_it_was_made_of(bits: u128, prefix in 0u8..=128) {
            let v6 = IpAddr::V6(Ipv6Addr::from_bits(bits));
            let v4 = IpAddr::V4(Ipv4Addr::from_bits(bits as u32));
            for (ip, prefix) in [(v6, prefix), (v4, prefix / 4)] {
                let made = Cidr::new(ip, prefix).expect("so many bits");
                prop_assert_eq!(made.to_string().parse(), Ok(made));
                prop_assert!(made.contains(ip) && made.covers(&Cidr::one(ip)));
            }
        }
    }
}
