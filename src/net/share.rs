//! How much of the server's processors one address may take: however many connections there are from there, and
//! whatever they make the server do, the others get on.
//!
//! Time is what everything costs. Each connection reserves what its last turn took before it takes the next one, and
//! settles the difference afterwards. So connections of one address that are over its share wait in a line, of which
//! few are awake at once, and the others never find them all before them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::chat::address::Address;
use crate::limits::{SHARE_BURST, SHARE_OF_ADDRESS};

/// The shares of all addresses from where somebody is connected.
#[derive(Debug)]
pub struct Shares {
    /// How long the share takes to earn what was spent, as a multiple of that.
    price: f64,
    by_address: Mutex<HashMap<Address, Arc<Share>>>,
}

/// The share of one address.
#[derive(Debug)]
pub struct Share {
    address: Address,
    shares: Arc<Shares>,
    /// When all that was spent will be earned.
    earned_at: Mutex<Instant>,
}

/// A connection's part in the share of its address, which goes when the last one does.
#[derive(Debug)]
pub struct Sharer(Arc<Share>);

impl Shares {
    /// Of a server with so many executor threads.
    pub fn new(threads: usize) -> Arc<Shares> {
        Arc::new(Shares {
            price: 1.0 / (SHARE_OF_ADDRESS * threads.max(1) as f64),
            by_address: Mutex::default(),
        })
    }

    /// A part for one more connection from `address`.
    pub fn join(self: &Arc<Self>, address: Address, now: Instant) -> Sharer {
        let new = || {
            Arc::new(Share {
                address,
                shares: Arc::clone(self),
                earned_at: Mutex::new(now),
            })
        };
        let mut shares = lock(&self.by_address);
        Sharer(Arc::clone(shares.entry(address).or_insert_with(new)))
    }
}

impl Share {
    /// Reserves work that is expected to take so long, and says when it may be done: `now`, or later.
    pub fn reserve(&self, work: Duration, now: Instant) -> Instant {
        let mut earned_at = lock(&self.earned_at);
        let spent = (*earned_at).max(now);
        *earned_at = spent + self.price(work);
        spent.checked_sub(SHARE_BURST).unwrap_or(now).max(now)
    }

    /// Work for which `reserved` was set aside took so long.
    pub fn settle(&self, reserved: Duration, work: Duration) {
        let mut earned_at = lock(&self.earned_at);
        if work >= reserved {
            *earned_at += self.price(work - reserved);
        } else if let Some(earlier) = earned_at.checked_sub(self.price(reserved - work)) {
            *earned_at = earlier;
        }
    }

    /// How long it takes to earn.
    fn price(&self, work: Duration) -> Duration {
        work.mul_f64(self.shares.price)
    }

    /// Work that others do for a connection will take so long.
    pub fn charge(&self, work: Duration, now: Instant) {
        self.reserve(work, now);
    }
}

impl std::ops::Deref for Sharer {
    type Target = Share;

    fn deref(&self) -> &Share {
        &self.0
    }
}

impl Drop for Sharer {
    fn drop(&mut self) {
        let mut shares = lock(&self.0.shares.by_address);
        // The map's, and this one. Whoever comes at once after all have gone begins anew: connecting is paced.
        if Arc::strong_count(&self.0) == 2 {
            shares.remove(&self.0.address);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn address(text: &str) -> Address {
        Address::parse(text).expect("an address")
    }

    /// How much of `threads` processors connections of one address get in ten seconds, if each turn takes `work`.
    fn taken(threads: usize, connections: usize, work: Duration) -> f64 {
        let start = Instant::now();
        let shares = Shares::new(threads);
        let sharers: Vec<_> = (0..connections)
            .map(|_| shares.join(address("192.0.2.1"), start))
            .collect();
        let (mut now, mut total) = (start, Duration::ZERO);
        let length = Duration::from_secs(10);
        while now < start + length {
            for sharer in &sharers {
                now = sharer.reserve(work, now).max(now);
                total += work;
                sharer.settle(work, work);
            }
        }
        total.as_secs_f64() / length.as_secs_f64() / threads as f64
    }

    #[test]
    fn one_address_takes_its_share_and_no_more_however_many_connections_there_are() {
        for (threads, connections, work) in
            [(1, 1, MS), (2, 1, MS), (2, 250, MS), (8, 250, MS / 10)]
        {
            let share = taken(threads, connections, work);
            let off = (share - SHARE_OF_ADDRESS).abs();
            assert!(off < 0.05, "{share} with {connections} on {threads}");
        }
    }

    #[test]
    fn whoever_takes_little_never_waits_and_addresses_do_not_wait_for_each_other() {
        let start = Instant::now();
        let shares = Shares::new(2);
        let (greedy, modest) = (
            shares.join(address("192.0.2.1"), start),
            shares.join(address("192.0.2.2"), start),
        );
        for step in 0..1000 {
            let now = start + step * MS;
            greedy.reserve(10 * MS, now);
            assert_eq!(modest.reserve(MS / 5, now), now);
            modest.settle(MS / 5, MS / 10);
        }
        assert!(greedy.reserve(MS, start + 1000 * MS) > start + 2000 * MS);
    }

    #[test]
    fn what_was_reserved_and_not_used_is_given_back() {
        let start = Instant::now();
        let shares = Shares::new(1);
        let one = shares.join(address("192.0.2.1"), start);
        for _ in 0..1000 {
            assert_eq!(one.reserve(10 * MS, start), start);
            one.settle(10 * MS, Duration::ZERO);
        }
    }

    #[test]
    fn the_share_of_an_address_goes_with_its_last_connection() {
        let start = Instant::now();
        let shares = Shares::new(1);
        let one = shares.join(address("192.0.2.1"), start);
        let two = shares.join(address("192.0.2.1"), start);
        one.charge(Duration::from_secs(1), start);
        assert!(two.reserve(MS, start) > start);
        drop(one);
        assert_eq!(lock(&shares.by_address).len(), 1);
        drop(two);
        assert!(lock(&shares.by_address).is_empty());
    }
}
