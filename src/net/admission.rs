//! How many clients may be connected.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::limits::REFUSALS_MAX;
use crate::net::reason::Reason;
use crate::net::socket::Peer;

/// Counts connections and bounds them.
#[derive(Debug)]
pub struct Admission {
    all: Slots,
    refusals: Slots,
    per_address_max: usize,
    per_address: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's slot, among all and among those of its address; free again when dropped.
#[derive(Debug)]
pub struct Admitted<'a> {
    admission: &'a Admission,
    group: Option<IpAddr>,
    _place: Slot<'a>,
}

impl Admission {
    /// Room for `connections_max` connections in all and `per_address_max` from one address; `0`: any
    /// number.
    pub fn new(connections_max: usize, per_address_max: usize) -> Admission {
        Admission {
            all: Slots::new(connections_max),
            refusals: Slots::new(REFUSALS_MAX),
            per_address_max,
            per_address: Mutex::default(),
        }
    }

    /// Lets a client in, or says why not.
    pub fn admit(&self, peer: Peer) -> Result<Admitted<'_>, Reason> {
        let place = self.all.enter().ok_or(Reason::ServerFull)?;
        let group = peer.group().filter(|_| self.per_address_max > 0);
        if let Some(address) = group {
            let mut counts = self.counts();
            let count = counts.entry(address).or_default();
            if *count >= self.per_address_max {
                return Err(Reason::AddressFull);
            }
            *count += 1;
        }
        Ok(Admitted {
            admission: self,
            group,
            _place: place,
        })
    }

    /// A slot among the clients that are being told why they are refused; `None`: there are enough of them.
    pub fn refusal_slot(&self) -> Option<Slot<'_>> {
        self.refusals.enter()
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.per_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if let Some(address) = self.group {
            let mut counts = self.admission.counts();
            if let Some(count) = counts.get_mut(&address) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(&address);
                }
            }
        }
    }
}

/// A number of slots.
#[derive(Debug)]
struct Slots {
    taken: AtomicUsize,
    most: usize,
}

/// A slot that is taken; free again when dropped.
#[derive(Debug)]
pub struct Slot<'a>(&'a Slots);

impl Slots {
    /// `most` slots; `0`: any number.
    fn new(most: usize) -> Slots {
        Slots {
            taken: AtomicUsize::new(0),
            most: if most == 0 { usize::MAX } else { most },
        }
    }

    fn enter(&self) -> Option<Slot<'_>> {
        let one_more = |taken: usize| (taken < self.most).then_some(taken + 1);
        self.taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more)
            .ok()
            .map(|_| Slot(self))
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        Peer::Tcp(address.parse().expect("an address"))
    }

    #[test]
    fn each_address_has_its_places_and_gets_them_back() {
        let admission = Admission::new(0, 2);
        let one = admission.admit(peer("192.0.2.1:1")).expect("the first");
        let _two = admission.admit(peer("192.0.2.1:2")).expect("the second");
        let third = admission.admit(peer("192.0.2.1:3"));
        assert_eq!(third.err(), Some(Reason::AddressFull));
        assert!(admission.admit(peer("192.0.2.2:1")).is_ok());
        drop(one);
        assert!(admission.admit(peer("192.0.2.1:3")).is_ok());
    }

    #[test]
    fn a_refused_client_takes_no_place() {
        let admission = Admission::new(2, 1);
        let _one = admission.admit(peer("192.0.2.1:1")).expect("the first");
        for _ in 0..5 {
            assert!(admission.admit(peer("192.0.2.1:2")).is_err());
        }
        let _two = admission.admit(peer("192.0.2.2:1")).expect("the second");
        let full = admission.admit(Peer::Unix);
        assert_eq!(full.err(), Some(Reason::ServerFull));
    }
}
