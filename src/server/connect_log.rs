//! Which connections have lines of their own in the log: where an address begins one after the other, most of them are
//! only counted, and summed up in one line.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tracing::warn;

use crate::chat::address::Address;
use crate::limits::{
    LOGGED_ADDRESSES_MAX, LOGGED_CONNECTS_BURST, LOGGED_CONNECTS_PER_SECOND, UNLOGGED_TOLD_EVERY,
};
use crate::time::rate::{Pace, Rate};

/// What is known of those that connect.
#[derive(Debug, Default)]
pub(super) struct ConnectLog(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    addresses: HashMap<Address, Connects>,
    /// When the connections without a line are summed up next, if there are any.
    tell_at: Option<Instant>,
}

#[derive(Debug)]
struct Connects {
    rate: Rate,
    unlogged: u64,
}

/// Connections of one address that had no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unlogged {
    address: Address,
    count: u64,
}

impl ConnectLog {
    /// Somebody connects. True if that is worth a line.
    pub(super) fn connects(&self, address: Option<Address>, now: Instant) -> bool {
        let Some(address) = address else { return true };
        let mut state = self.lock();
        let is_logged = state.connects(address, now);
        let told = state.sum_up(now);
        drop(state);
        tell(&told);
        is_logged
    }

    /// Somebody has gone; it may be time to sum up.
    pub(super) fn disconnects(&self, now: Instant) {
        let told = self.lock().sum_up(now);
        tell(&told);
    }

    /// Sums up what has not been told.
    pub(super) fn finish(&self) {
        let told = self.lock().take_unlogged();
        tell(&told);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn connects(&mut self, address: Address, now: Instant) -> bool {
        if self.addresses.len() >= LOGGED_ADDRESSES_MAX && !self.addresses.contains_key(&address) {
            self.addresses
                .retain(|_, connects| connects.unlogged > 0 || !connects.rate.is_full(now));
            if self.addresses.len() >= LOGGED_ADDRESSES_MAX {
                // So many addresses at once are no less worth a line each than one is.
                return true;
            }
        }
        let connects = self.addresses.entry(address).or_insert(Connects {
            rate: Rate::new(now),
            unlogged: 0,
        });
        let pace = Pace::new(LOGGED_CONNECTS_PER_SECOND, LOGGED_CONNECTS_BURST);
        let is_logged = connects.rate.take(pace, now).is_ok();
        if !is_logged {
            connects.unlogged += 1;
            self.tell_at.get_or_insert(now + UNLOGGED_TOLD_EVERY);
        }
        is_logged
    }

    fn sum_up(&mut self, now: Instant) -> Vec<Unlogged> {
        match self.tell_at {
            Some(at) if now >= at => self.take_unlogged(),
            _ => Vec::new(),
        }
    }

    fn take_unlogged(&mut self) -> Vec<Unlogged> {
        self.tell_at = None;
        let all = self.addresses.iter_mut();
        let unlogged = all.filter_map(|(address, connects)| {
            let count = std::mem::take(&mut connects.unlogged);
            (count > 0).then_some(Unlogged {
                address: *address,
                count,
            })
        });
        unlogged.collect()
    }
}

fn tell(told: &[Unlogged]) {
    for Unlogged { address, count } in told {
        let address = IpAddr::from(*address);
        warn!("security: connects address={address} count={count}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_from_one_address_is_summed_up_and_others_have_their_lines() {
        let address = |text| Address::parse(text).expect("an address");
        let (flood, other) = (address("192.0.2.7"), address("192.0.2.8"));
        let start = Instant::now();
        let mut state = State::default();
        let logged = (0..1000).filter(|_| state.connects(flood, start)).count();
        assert_eq!(logged, LOGGED_CONNECTS_BURST as usize);
        assert!(state.connects(other, start));
        assert_eq!(state.sum_up(start), []);
        let later = start + UNLOGGED_TOLD_EVERY;
        let count = 1000 - u64::from(LOGGED_CONNECTS_BURST);
        let unlogged = Unlogged {
            address: flood,
            count,
        };
        assert_eq!(state.sum_up(later), [unlogged]);
        assert_eq!(state.take_unlogged(), []);
        assert!(state.connects(flood, later));
    }

    #[test]
    fn what_is_kept_of_addresses_is_bounded() {
        let start = Instant::now();
        let mut state = State::default();
        for number in 0..LOGGED_ADDRESSES_MAX as u32 + 10 {
            let address = IpAddr::from((0x0A00_0000 + number).to_be_bytes());
            assert!(state.connects(Address::from(address), start));
        }
        assert_eq!(state.addresses.len(), LOGGED_ADDRESSES_MAX);
        let later = start + UNLOGGED_TOLD_EVERY;
        let address = IpAddr::from([192, 0, 2, 1]);
        assert!(state.connects(Address::from(address), later));
        assert_eq!(state.addresses.len(), 1);
    }
}
