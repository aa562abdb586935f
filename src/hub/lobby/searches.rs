//! Searches take their turns: of one address, one at a time, so that whoever searches much waits for themself and not
//! the others for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_lock::{Mutex as Turns, MutexGuardArc};

use crate::chat::address::Address;

/// The addresses from which somebody searches or waits for it.
#[derive(Debug, Default)]
pub(super) struct Searches(Mutex<HashMap<Address, Arc<Turns<()>>>>);

/// The turn of one search; the next one's when dropped.
#[derive(Debug)]
pub(super) struct SearchTurn<'a> {
    searches: &'a Searches,
    address: Address,
    /// Dropped before it is looked whether anybody else waits.
    guard: Option<MutexGuardArc<()>>,
}

impl Searches {
    /// Waits until nobody else searches from `address`; `None` without one.
    pub(super) async fn turn(&self, address: Option<Address>) -> Option<SearchTurn<'_>> {
        let address = address?;
        let turns = Arc::clone(self.lock().entry(address).or_default());
        // Made before the wait, so that whoever gives up waiting is forgotten too.
        let mut turn = SearchTurn {
            searches: self,
            address,
            guard: None,
        };
        turn.guard = Some(turns.lock_arc().await);
        Some(turn)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Address, Arc<Turns<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SearchTurn<'_> {
    fn drop(&mut self) {
        self.guard = None;
        let mut searches = self.searches.lock();
        let turns = searches.get(&self.address);
        // Whoever waits or searches has it too.
        if turns.is_some_and(|turns| Arc::strong_count(turns) == 1) {
            searches.remove(&self.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::{block_on, poll_once};

    use super::*;

    #[test]
    fn one_address_searches_once_at_a_time_and_others_do_not_wait_for_it() {
        let searches = Searches::default();
        let (one, other) = (Address::parse("192.0.2.1"), Address::parse("192.0.2.2"));
        let first = block_on(searches.turn(one));
        let mut second = Box::pin(searches.turn(one));
        let mut third = Box::pin(searches.turn(one));
        assert!(block_on(poll_once(&mut second)).is_none());
        assert!(block_on(poll_once(&mut third)).is_none());
        drop(block_on(searches.turn(other)).expect("its turn"));
        assert!(block_on(searches.turn(None)).is_none());
        // Who has given up is nobody's turn.
        drop(second);
        drop(first);
        let third = block_on(third);
        assert!(third.is_some());
        drop(third);
        assert!(searches.lock().is_empty(), "{searches:?}");
    }
}
