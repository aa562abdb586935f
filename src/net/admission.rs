//! How many clients may be connected.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::chat::address::Address;
use crate::chat::network::Counts;
use crate::limits::REFUSALS_MAX;
use crate::net::reason::Reason;
use crate::net::socket::Peer;
use crate::net::turns::Turns;
use crate::time::rate::Pace;

/// Counts connections and bounds them, and says when each begins.
#[derive(Debug)]
pub struct Admission {
    all: Slots,
    refusals: Slots,
    per_address_max: AtomicUsize,
    addresses: Mutex<Addresses>,
}

#[derive(Debug)]
struct Addresses {
    counts: Counts,
    turns: Turns,
}

/// A connection's slot, among all and among those of its address; free again when dropped.
#[derive(Debug)]
pub struct Admitted {
    admission: Arc<Admission>,
    address: Option<Address>,
    /// When the connection may begin, if not at once. It has its slot meanwhile.
    pub turn: Option<Instant>,
}

impl Admission {
    /// Room for `connections_max` connections in all and `per_address_max` from one address; `0`: any
    /// number. Those of one address begin at `pace`, unless there can be any number of them or they come from this
    /// machine, where a program may well begin many.
    pub fn new(connections_max: usize, per_address_max: usize, pace: Pace) -> Arc<Admission> {
        Arc::new(Admission {
            all: Slots::new(connections_max),
            refusals: Slots::new(REFUSALS_MAX),
            per_address_max: AtomicUsize::new(per_address_max),
            addresses: Mutex::new(Addresses {
                counts: Counts::default(),
                turns: Turns::new(pace),
            }),
        })
    }

    /// From now on there are so many places, as in [`Admission::new`]. Nobody who is in is put out.
    pub fn set_limits(&self, connections_max: usize, per_address_max: usize, pace: Pace) {
        self.all.set_most(connections_max);
        self.per_address_max
            .store(per_address_max, Ordering::Relaxed);
        self.addresses().turns.set_pace(pace);
    }

    /// Lets a client in that has come `now`, or says why not.
    ///
    /// # Errors
    ///
    /// [`Reason::ServerFull`] or [`Reason::AddressFull`].
    pub fn admit(self: &Arc<Self>, peer: Peer, now: Instant) -> Result<Admitted, Reason> {
        let mut admitted = self.enter()?;
        admitted.count(peer, now)?;
        Ok(admitted)
    }

    /// A slot among all, for a client of which it is not known yet where it comes from.
    ///
    /// # Errors
    ///
    /// [`Reason::ServerFull`].
    pub fn enter(self: &Arc<Self>) -> Result<Admitted, Reason> {
        if !self.all.enter() {
            return Err(Reason::ServerFull);
        }
        Ok(Admitted {
            admission: Arc::clone(self),
            address: None,
            turn: None,
        })
    }

    /// How many connections have a place, and how many places there are; `None`: any number.
    pub fn places(&self) -> (usize, Option<usize>) {
        let taken = self.all.taken.load(Ordering::Relaxed);
        (
            taken,
            Some(self.all.most()).filter(|most| *most < usize::MAX),
        )
    }

    /// How many connections there are.
    pub fn taken(&self) -> usize {
        self.all.taken.load(Ordering::Relaxed)
    }

    /// How many the address has that has most; 0 if they are not counted by address.
    pub fn busiest(&self) -> usize {
        self.addresses().counts.most()
    }

    /// More than half of the connections that there can be are there.
    pub fn is_over_half_full(&self) -> bool {
        let (taken, most) = self.places();
        most.is_some_and(|most| taken > most / 2)
    }

    /// A slot among the clients that are being told why they are refused; `None`: there are enough of them.
    pub fn refusal_slot(&self) -> Option<Slot<'_>> {
        self.refusals.enter().then_some(Slot(&self.refusals))
    }

    fn addresses(&self) -> MutexGuard<'_, Addresses> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admitted {
    /// Counts the client, which comes from `peer`, among those of its address, once.
    ///
    /// # Errors
    ///
    /// [`Reason::AddressFull`].
    pub fn count(&mut self, peer: Peer, now: Instant) -> Result<(), Reason> {
        let Some(address) = peer.address() else {
            return Ok(());
        };
        let most = self.admission.per_address_max.load(Ordering::Relaxed);
        let mut addresses = self.admission.addresses();
        // Without a limit they are counted too: there may be one later.
        if addresses.counts.take(address, most).is_err() {
            return Err(Reason::AddressFull);
        }
        if most > 0 && !peer.is_on_this_machine() {
            let turn = addresses.turns.next(address, now);
            self.turn = (turn > now).then_some(turn);
        }
        drop(addresses);
        // From here on it gives the slot back when dropped.
        self.address = Some(address);
        Ok(())
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if let Some(address) = self.address {
            self.admission.addresses().counts.give_back(address);
        }
        self.admission.all.leave();
    }
}

/// A number of slots.
#[derive(Debug)]
struct Slots {
    taken: AtomicUsize,
    most: AtomicUsize,
}

/// A slot that is taken; free again when dropped.
#[derive(Debug)]
pub struct Slot<'a>(&'a Slots);

impl Slots {
    /// `most` slots; `0`: any number.
    fn new(most: usize) -> Slots {
        let slots = Slots {
            taken: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        };
        slots.set_most(most);
        slots
    }

    /// From now on there are `most`; `0`: any number.
    fn set_most(&self, most: usize) {
        let most = if most == 0 { usize::MAX } else { most };
        self.most.store(most, Ordering::Relaxed);
    }

    fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    /// Takes a slot; false if none is free.
    fn enter(&self) -> bool {
        let one_more = |taken: usize| (taken < self.most()).then_some(taken + 1);
        self.taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more)
            .is_ok()
    }

    fn leave(&self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn peer(address: &str) -> Peer {
        Peer::tcp(address.parse().expect("an address"))
    }

    fn admission(connections_max: usize, per_address_max: usize) -> Arc<Admission> {
        Admission::new(connections_max, per_address_max, Pace::new(0, 0))
    }

    #[test]
    fn each_address_has_its_places_and_gets_them_back() {
        let (admission, now) = (admission(0, 2), Instant::now());
        let admit = |from: &str| admission.admit(peer(from), now);
        let one = admit("192.0.2.1:1").expect("the first");
        let _two = admit("192.0.2.1:2").expect("the second");
        let third = admit("192.0.2.1:3");
        assert_eq!(third.err(), Some(Reason::AddressFull));
        assert!(admit("192.0.2.2:1").is_ok());
        drop(one);
        assert!(admit("192.0.2.1:3").is_ok());
    }

    #[test]
    fn one_delegation_does_not_hold_every_place() {
        let (admission, now) = (admission(100, 2), Instant::now());
        let from = |subnet: usize| peer(&format!("[2001:db8:1:{subnet:x}::1]:1"));
        let admitted: Vec<_> = (0..1000)
            .filter_map(|subnet| admission.admit(from(subnet), now).ok())
            .collect();
        assert_eq!(admitted.len(), 8);
        assert!(admission.admit(peer("[2001:db8:2::1]:1"), now).is_ok());
    }

    #[test]
    fn a_refused_client_takes_no_place() {
        let (admission, now) = (admission(2, 1), Instant::now());
        let _one = admission
            .admit(peer("192.0.2.1:1"), now)
            .expect("the first");
        for _ in 0..5 {
            assert!(admission.admit(peer("192.0.2.1:2"), now).is_err());
        }
        let _two = admission
            .admit(peer("192.0.2.2:1"), now)
            .expect("the second");
        let full = admission.admit(Peer::unix(), now);
        assert_eq!(full.err(), Some(Reason::ServerFull));
    }

    #[test]
    fn it_is_over_half_full_with_more_than_half_of_its_places_taken() {
        for (most, taken, expected) in [
            (10, 5, false),
            (10, 6, true),
            (3, 1, false),
            (3, 2, true),
            (1, 1, true),
            // Without a limit nothing is ever half full.
            (0, 100, false),
        ] {
            let admission = admission(most, 0);
            let admitted: Vec<_> = (0..taken)
                .map(|_| admission.admit(Peer::unix(), Instant::now()))
                .collect();
            assert!(admitted.iter().all(Result::is_ok));
            assert_eq!(admission.is_over_half_full(), expected, "{taken} of {most}");
        }
    }

    #[test]
    fn those_from_elsewhere_wait_for_their_turn_and_have_their_place_meanwhile() {
        let (here, there) = ("127.0.0.1:1", "192.0.2.1:1");
        for (from, per_address_max, waits) in
            [(there, 4, true), (there, 0, false), (here, 4, false)]
        {
            let admission = Admission::new(0, per_address_max, Pace::new(10, 2));
            let now = Instant::now();
            let admit = || admission.admit(peer(from), now);
            let admitted: Vec<_> = (0..4).map(|_| admit().expect("a place")).collect();
            let turns = admitted.iter().map(|admitted| admitted.turn);
            let tenths = |count: u32| waits.then(|| now + Duration::from_millis(100) * count);
            let expected = [None, None, tenths(1), tenths(2)];
            assert_eq!(
                turns.collect::<Vec<_>>(),
                expected,
                "{from} {per_address_max}"
            );
            assert_eq!(admit().is_err(), per_address_max > 0);
        }
    }
}
