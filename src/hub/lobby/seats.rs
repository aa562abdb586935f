//! Seats of registered users whose connections were lost: kept for a while, for whoever logs in to the account.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use super::Lobby;
use crate::chat::address::Address;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::room::Seat;
use crate::hub::room::RoomHandle;
use crate::limits::SEATS_PER_ADDRESS_MAX;
use crate::runtime::Clock;

/// The seats that are kept, by the folded names of the accounts.
#[derive(Debug, Default)]
pub(super) struct Seats(HashMap<String, KeptSeat>);

/// A seat that is kept.
#[derive(Clone, Debug)]
pub struct KeptSeat {
    /// The room.
    pub room: RoomHandle,
    /// The seat.
    pub seat: Seat,
    /// Where the connection came from, unless over a Unix socket.
    pub address: Option<Address>,
}

impl Seats {
    /// Keeps a seat; false if as many are kept for its address as may be.
    pub(super) fn keep(&mut self, account: &Name, kept: KeptSeat) -> bool {
        let is_near = |other: &&KeptSeat| kept.address.is_some() && other.address == kept.address;
        if self.0.values().filter(is_near).count() >= SEATS_PER_ADDRESS_MAX {
            return false;
        }
        self.0.insert(account.folded(), kept);
        true
    }

    /// Forgets the seat that connection `id` has lost, unless another one has lost it since.
    fn withdraw(&mut self, account: &Name, id: MemberId) {
        let key = account.folded();
        if self.0.get(&key).is_some_and(|kept| kept.seat.member == id) {
            self.0.remove(&key);
        }
    }
}

impl Lobby {
    /// How long the seat of a registered user is kept whose connection was lost; zero: not at all.
    pub fn linger(&self) -> Duration {
        self.limits().linger
    }

    /// Lets a user who has no connection any more go on by themself.
    pub fn go_on(&self, staying: impl Future<Output = ()> + Send + 'static) {
        self.actors.start(staying);
    }

    /// The clock that all go by.
    pub fn clock(&self) -> &Clock {
        &self.runtime.clock
    }

    /// From now on a seat is there for whoever logs in to `account`. False if it is not, since as many are kept for one
    /// address as may be: connections are counted, and a seat without one must not be a way around that.
    pub fn offer_seat(&self, account: &Name, kept: KeptSeat) -> bool {
        let mut state = self.lock();
        let member = kept.seat.member;
        let is_kept = state.seats.keep(account, kept);
        if is_kept && let Some(user) = state.people.get_mut(&member) {
            user.extras_mut().is_lost = true;
        }
        state.touch(member);
        is_kept
    }

    /// The seat that connection `id` has lost is not there any more.
    pub fn withdraw_seat(&self, id: MemberId, account: &Name) {
        let mut state = self.lock();
        state.seats.withdraw(account, id);
    }

    /// The seat that connection `id` has lost and that was kept for `account`.
    pub(super) fn take_seat_of(&self, account: &Name, id: MemberId) -> Option<KeptSeat> {
        let mut state = self.lock();
        let key = account.folded();
        let is_its = state.seats.0.get(&key)?.seat.member == id;
        is_its.then(|| state.seats.0.remove(&key))?
    }

    /// The seat that was kept for `account`, for whoever has logged in to it.
    pub fn take_seat(&self, account: &Name) -> Option<KeptSeat> {
        self.lock().seats.0.remove(&account.folded())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::history::RoomId;
    use crate::chat::name::RoomName;
    use crate::hub::room::RoomInfo;

    #[test]
    fn one_address_does_not_fill_rooms_with_seats_that_nobody_sits_on() {
        let name = RoomName::parse("1150").expect("a room name");
        let room = RoomHandle::new(RoomId(1), name, RoomInfo::default());
        let kept = |member: usize, address: Option<&str>| KeptSeat {
            room: room.clone(),
            seat: Seat {
                member: MemberId(member as u64),
                seen: 0,
            },
            address: address.and_then(Address::parse),
        };
        let account = |text: String| Name::parse(&text).expect("a name");
        let mut seats = Seats::default();
        for member in 0..SEATS_PER_ADDRESS_MAX {
            let account = account(format!("n{member}"));
            assert!(seats.keep(&account, kept(member, Some("192.0.2.1"))));
        }
        let late = account("late".to_owned());
        assert!(!seats.keep(&late, kept(100, Some("192.0.2.1"))));
        assert!(seats.keep(&late, kept(100, Some("192.0.2.2"))));
        assert!(seats.keep(&account("local".to_owned()), kept(101, None)));
        // Whoever has the seat of an account by now keeps it.
        seats.withdraw(&account("n0".to_owned()), MemberId(7));
        assert!(!seats.keep(&late, kept(100, Some("192.0.2.1"))));
        seats.withdraw(&account("N0".to_owned()), MemberId(0));
        assert!(seats.keep(&late, kept(100, Some("192.0.2.1"))));
    }
}
