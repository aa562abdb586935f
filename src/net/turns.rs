//! *Pure.* When a new connection may begin: so many from one address do at once, and the others in their turn, so
//! that one address does not take all that the server can do for newcomers.
//!
//! Nobody is refused, and nobody waits for longer than the connections take that the address may have: whoever waits
//! has a place among them.

use std::collections::HashMap;
use std::time::Instant;

use crate::chat::address::Address;
use crate::chat::network::Network;
use crate::limits::{CONNECTS_ADDRESSES_MAX, CONNECTS_TIDY_EVERY};
use crate::time::rate::{Pace, Rate};

/// Whose turn is when.
#[derive(Debug)]
pub struct Turns {
    pace: Pace,
    rates: HashMap<Network, Rate>,
    tidied: Option<Instant>,
}

impl Turns {
    /// Connections of one address begin at this pace; those of one /48 a few times as fast.
    pub fn new(pace: Pace) -> Turns {
        Turns {
            pace,
            rates: HashMap::new(),
            tidied: None,
        }
    }

    /// From now on they begin at this pace.
    pub fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// When a connection from `address` may begin that has come `now`: then, or later.
    pub fn next(&mut self, address: Address, now: Instant) -> Instant {
        if self.pace.is_free() {
            return now;
        }
        let networks = Network::around(address);
        networks.fold(now, |turn, network| turn.max(self.next_of(network, now)))
    }

    fn next_of(&mut self, network: Network, now: Instant) -> Instant {
        if !self.rates.contains_key(&network) && !self.has_space(now) {
            return now;
        }
        let rate = self.rates.entry(network);
        let rate = rate.or_insert_with(|| Rate::new(now));
        rate.reserve(self.pace.times(network.shares()), now)
    }

    /// Whether another network can be remembered, once those are forgotten that have nothing under way.
    fn has_space(&mut self, now: Instant) -> bool {
        if self.rates.len() < CONNECTS_ADDRESSES_MAX {
            return true;
        }
        let is_due = |last: Instant| now >= last + CONNECTS_TIDY_EVERY;
        if self.tidied.is_none_or(is_due) {
            self.tidied = Some(now);
            self.rates.retain(|_, rate| !rate.is_full(now));
        }
        self.rates.len() < CONNECTS_ADDRESSES_MAX
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limits::{CONNECTIONS_PER_ADDRESS_MAX, CONNECTS_BURST, CONNECTS_PER_SECOND};

    fn address(text: &str) -> Address {
        Address::parse(text).expect("an address")
    }

    /// How long connections wait that come at once from each of `addresses`, in milliseconds.
    fn waits(turns: &mut Turns, now: Instant, addresses: &[&str]) -> Vec<u128> {
        let wait = |text: &&str| (turns.next(address(text), now) - now).as_millis();
        addresses.iter().map(wait).collect()
    }

    #[test]
    fn so_many_begin_at_once_and_the_others_one_after_another() {
        let now = Instant::now();
        let (a, b) = ("192.0.2.1", "192.0.2.2");
        let table: &[(u32, u32, &[&str], &[u128])] = &[
            (10, 2, &[a, a, a, a], &[0, 0, 100, 200]),
            // Another address does not wait for this one.
            (10, 2, &[a, a, a, b, b, b, a], &[0, 0, 100, 0, 0, 100, 200]),
            (10, 1, &[a, a], &[0, 100]),
            // A burst of none would let nobody in.
            (10, 0, &[a, a], &[0, 100]),
            (0, 2, &[a, a, a, a], &[0, 0, 0, 0]),
            // Two subnets of a /48 that has as much as four have.
            (
                10,
                1,
                &["2001:db8:1:1::1", "2001:db8:1:1::2", "2001:db8:1:2::1"],
                &[0, 100, 0],
            ),
            (
                10,
                1,
                &[
                    "2001:db8:1:1::1",
                    "2001:db8:1:2::1",
                    "2001:db8:1:3::1",
                    "2001:db8:1:4::1",
                    "2001:db8:1:5::1",
                    "2001:db8:1:6::1",
                ],
                &[0, 0, 0, 0, 25, 50],
            ),
        ];
        for (per_second, burst, addresses, expected) in table {
            let mut turns = Turns::new(Pace::new(*per_second, *burst));
            assert_eq!(
                waits(&mut turns, now, addresses),
                *expected,
                "{addresses:?}"
            );
        }
    }

    #[test]
    fn all_that_one_address_may_have_are_in_within_seconds() {
        let (now, mut last) = (Instant::now(), Duration::ZERO);
        let mut turns = Turns::new(Pace::new(CONNECTS_PER_SECOND, CONNECTS_BURST));
        for count in 1..=CONNECTIONS_PER_ADDRESS_MAX {
            let wait = turns.next(address("192.0.2.1"), now) - now;
            assert!(wait >= last, "{count}");
            assert_eq!(wait.is_zero(), count <= CONNECTS_BURST as usize, "{count}");
            last = wait;
        }
        assert_eq!(last, Duration::from_secs(12));
        // A class of thirty that comes once all that has been served.
        let later = now + 2 * last;
        let class = ["192.0.2.1"; 30];
        assert_eq!(waits(&mut turns, later, &class), [0; 30]);
    }

    #[test]
    fn the_addresses_remembered_are_bounded_and_forgotten_when_their_time_is_over() {
        let start = Instant::now();
        let mut turns = Turns::new(Pace::new(16, 64));
        let number = |n: usize| Address::from(std::net::IpAddr::from((n as u32).to_be_bytes()));
        for n in 0..CONNECTS_ADDRESSES_MAX + 100 {
            assert_eq!(turns.next(number(n), start), start);
            assert!(turns.rates.len() <= CONNECTS_ADDRESSES_MAX);
        }
        let later = start + Duration::from_secs(1);
        assert_eq!(turns.next(number(1 << 20), later), later);
        assert_eq!(turns.rates.len(), 1);
    }
}
