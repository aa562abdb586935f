//! *Pure.* Wrong passwords for one account, from wherever they come: whoever has many addresses guesses no faster.
//!
//! The account's owner does not suffer from it. Where somebody has given the right password, it is asked for as before.

use std::collections::HashMap;
use std::time::Instant;

use crate::chat::address::Address;
use crate::chat::name::Name;
use crate::limits::{
    GUESSED_ACCOUNTS_MAX, GUESSES_PER_ACCOUNT_MAX, GUESSES_PERIOD, KNOWN_ADDRESSES_MAX,
};

/// What is known of the accounts for which somebody has given a password lately.
#[derive(Debug, Default)]
pub(super) struct Guesses(HashMap<Name, Guessed>);

#[derive(Debug)]
struct Guessed {
    /// When the first of the wrong passwords came that count.
    since: Instant,
    wrong: u32,
    /// Where its owner was, the last place last.
    known: Vec<Address>,
}

impl Guesses {
    /// Whether a password for `account` may be tried from `address`; `None` is this machine.
    pub(super) fn may_try(&self, account: &Name, address: Option<Address>, now: Instant) -> bool {
        let (Some(guessed), Some(address)) = (self.0.get(account), address) else {
            return true;
        };
        guessed.wrong < GUESSES_PER_ACCOUNT_MAX
            || now >= guessed.since + GUESSES_PERIOD
            || guessed.known.contains(&address)
    }

    /// The password was wrong. True if it is the last one that strangers may give for a while.
    pub(super) fn was_wrong(
        &mut self,
        account: &Name,
        address: Option<Address>,
        now: Instant,
    ) -> bool {
        let guessed = self.entry(account, now);
        if address.is_none_or(|address| guessed.known.contains(&address)) {
            return false;
        }
        if now >= guessed.since + GUESSES_PERIOD {
            (guessed.since, guessed.wrong) = (now, 0);
        }
        guessed.wrong += 1;
        guessed.wrong == GUESSES_PER_ACCOUNT_MAX
    }

    /// The password was right.
    pub(super) fn was_right(&mut self, account: &Name, address: Option<Address>, now: Instant) {
        let Some(address) = address else { return };
        let known = &mut self.entry(account, now).known;
        known.retain(|known| *known != address);
        if known.len() >= KNOWN_ADDRESSES_MAX {
            known.remove(0);
        }
        known.push(address);
    }

    /// The account is no more.
    pub(super) fn forget(&mut self, account: &Name) {
        self.0.remove(account);
    }

    fn entry(&mut self, account: &Name, now: Instant) -> &mut Guessed {
        if self.0.len() >= GUESSED_ACCOUNTS_MAX && !self.0.contains_key(account) {
            self.make_space();
        }
        self.0.entry(account.clone()).or_insert(Guessed {
            since: now,
            wrong: 0,
            known: Vec::new(),
        })
    }

    /// Forgets the account that was guessed at least, the longest ago.
    fn make_space(&mut self) {
        let least = self
            .0
            .iter()
            .min_by_key(|(_, guessed)| (guessed.wrong, guessed.since));
        if let Some(name) = least.map(|(name, _)| name.clone()) {
            self.0.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text).expect("a name")
    }

    fn address(number: u32) -> Option<Address> {
        Some(Address::from(std::net::IpAddr::from(
            (0x0A00_0000 + number).to_be_bytes(),
        )))
    }

    #[test]
    fn many_addresses_guess_no_more_than_one_and_the_owner_comes_in_all_the_same() {
        let (dai, start) = (name("Dai"), Instant::now());
        let mut guesses = Guesses::default();
        guesses.was_right(&dai, address(1), start);
        for guess in 0..GUESSES_PER_ACCOUNT_MAX {
            let from = address(100 + guess);
            assert!(guesses.may_try(&dai, from, start), "{guess}");
            let is_last = guesses.was_wrong(&dai, from, start);
            assert_eq!(is_last, guess + 1 == GUESSES_PER_ACCOUNT_MAX);
        }
        assert!(!guesses.may_try(&dai, address(99), start));
        assert!(guesses.may_try(&dai, address(1), start));
        assert!(guesses.may_try(&dai, None, start));
        assert!(guesses.may_try(&name("Ben"), address(99), start));
        // Her own mistakes count for nothing.
        assert!(!guesses.was_wrong(&dai, address(1), start));
        let later = start + GUESSES_PERIOD;
        assert!(guesses.may_try(&dai, address(99), later));
        assert!(!guesses.was_wrong(&dai, address(99), later));
        assert!(guesses.may_try(&dai, address(98), later));
    }

    #[test]
    fn the_last_places_of_an_owner_are_known_and_no_more_accounts_than_there_may_be() {
        let (dai, start) = (name("Dai"), Instant::now());
        let mut guesses = Guesses::default();
        for place in 0..10 {
            guesses.was_right(&dai, address(place), start);
        }
        assert_eq!(guesses.0[&dai].known.len(), KNOWN_ADDRESSES_MAX);
        for _ in 0..GUESSES_PER_ACCOUNT_MAX {
            guesses.was_wrong(&dai, address(100), start);
        }
        assert!(guesses.may_try(&dai, address(9), start));
        assert!(!guesses.may_try(&dai, address(0), start));
        for number in 0..GUESSED_ACCOUNTS_MAX + 5 {
            guesses.was_wrong(&name(&format!("n{number}")), address(7), start);
        }
        assert_eq!(guesses.0.len(), GUESSED_ACCOUNTS_MAX);
        // Whoever is being guessed at is not pushed out.
        assert!(!guesses.may_try(&dai, address(0), start));
    }
}
