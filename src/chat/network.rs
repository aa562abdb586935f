//! *Pure.* What is counted by where people come from: addresses, and what lies around them.

use std::collections::HashMap;

use crate::chat::address::Address;
use crate::limits::SITE_SHARES;

/// People who are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    /// Those at one address (IPv6: in one /64).
    Address(Address),
    /// Those in one /48, by its first three groups.
    Site([u16; 3]),
}

impl Network {
    /// All that somebody at `address` counts for, the smallest first.
    pub fn around(address: Address) -> impl Iterator<Item = Network> {
        let site = address.site().map(Network::Site);
        [Network::Address(address)].into_iter().chain(site)
    }

    /// How many times as much as one address it may have.
    pub fn shares(self) -> u32 {
        match self {
            Network::Address(_) => 1,
            Network::Site(_) => SITE_SHARES,
        }
    }
}

/// How much of something each network has.
#[derive(Debug, Default)]
pub struct Counts(HashMap<Network, usize>);

impl Counts {
    /// Takes one for somebody at `address`, which may have `max` (`0`: any number).
    ///
    /// # Errors
    ///
    /// How many the address, or the network around it, has already, which is all that it may have.
    pub fn take(&mut self, address: Address, max: usize) -> Result<(), usize> {
        for network in Network::around(address) {
            let most = max.saturating_mul(network.shares() as usize);
            if max > 0 && self.of(network) >= most {
                return Err(most);
            }
        }
        for network in Network::around(address) {
            *self.0.entry(network).or_default() += 1;
        }
        Ok(())
    }

    /// Gives one back that was taken for somebody at `address`.
    pub fn give_back(&mut self, address: Address) {
        for network in Network::around(address) {
            if let Some(count) = self.0.get_mut(&network) {
                *count -= 1;
                if *count == 0 {
                    self.0.remove(&network);
                }
            }
        }
    }

    /// How many the address has that has most.
    pub fn most(&self) -> usize {
        let addresses = self.0.iter();
        let addresses = addresses.filter(|(network, _)| matches!(network, Network::Address(_)));
        addresses.map(|(_, count)| *count).max().unwrap_or(0)
    }

    fn of(&self, network: Network) -> usize {
        self.0.get(&network).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).expect("an address")
    }

    #[test]
    fn a_site_has_a_few_times_what_one_address_has() {
        let mut counts = Counts::default();
        let in_site = |number: usize| address(&format!("2001:db8:1:{number:x}::1"));
        let all = 2 * SITE_SHARES as usize;
        for number in 0..all {
            assert_eq!(counts.take(in_site(number), 2), Ok(()), "{number}");
        }
        assert_eq!(counts.take(in_site(all), 2), Err(all));
        assert_eq!(counts.take(address("2001:db8:2::1"), 2), Ok(()));
        counts.give_back(in_site(0));
        assert_eq!(counts.take(in_site(all), 2), Ok(()));
        // Two of them from one /64, which is all that it may have.
        assert_eq!(counts.take(address("192.0.2.1"), 2), Ok(()));
        assert_eq!(counts.take(address("192.0.2.1"), 2), Ok(()));
        assert_eq!(counts.take(address("192.0.2.1"), 2), Err(2));
        assert_eq!(counts.take(address("192.0.2.2"), 2), Ok(()));
    }

    #[test]
    fn zero_is_no_limit() {
        let mut counts = Counts::default();
        assert!((0..1000).all(|_| counts.take(address("192.0.2.1"), 0).is_ok()));
    }

    proptest! {
        /// Whoever takes and gives back, in any order: nobody has more than may be, and nothing is left over.
        #[test]
        fn no_network_ever_has_more_than_it_may(
            steps in prop::collection::vec((0u16..3, 0u16..8, any::<bool>()), 0..200),
            max in 1usize..4,
        ) {
            let mut counts = Counts::default();
            let mut held = Vec::new();
            for (site, subnet, takes) in steps {
                if takes {
                    let address = address(&format!("2001:db8:{site:x}:{subnet:x}::1"));
                    if counts.take(address, max).is_ok() {
                        held.push(address);
                    }
                } else if let Some(address) = held.pop() {
                    counts.give_back(address);
                }
                for (network, count) in &counts.0 {
                    prop_assert!(*count <= max * network.shares() as usize);
                }
            }
            held.into_iter().for_each(|address| counts.give_back(address));
            prop_assert!(counts.0.is_empty());
        }
    }
}
