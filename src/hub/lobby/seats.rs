//! Seats of registered users whose connections were lost: kept for a while, for whoever logs in to the account.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use super::Lobby;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::room::Seat;
use crate::hub::room::RoomHandle;
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
}

impl Lobby {
    /// How long the seat of a registered user is kept whose connection was lost; zero: not at all.
    pub fn linger(&self) -> Duration {
        self.limits.linger
    }

    /// Lets a user who has no connection any more go on by themself.
    pub fn go_on(&self, staying: impl Future<Output = ()> + Send + 'static) {
        self.actors.start(staying);
    }

    /// The clock that all go by.
    pub fn clock(&self) -> &Clock {
        &self.runtime.clock
    }

    /// From now on the seat that connection `id` has lost is there for whoever logs in to `account`.
    pub fn offer_seat(&self, id: MemberId, account: &Name, seat: KeptSeat) {
        let mut state = self.lock();
        if let Some(user) = state.people.get_mut(&id) {
            user.extras_mut().is_lost = true;
        }
        state.seats.0.insert(account.folded(), seat);
    }

    /// The seat that connection `id` has lost is not there any more.
    pub fn withdraw_seat(&self, id: MemberId, account: &Name) {
        let mut state = self.lock();
        let key = account.folded();
        if state
            .seats
            .0
            .get(&key)
            .is_some_and(|kept| kept.seat.member == id)
        {
            state.seats.0.remove(&key);
        }
    }

    /// The seat that was kept for `account`, for whoever has logged in to it.
    pub fn take_seat(&self, account: &Name) -> Option<KeptSeat> {
        self.lock().seats.0.remove(&account.folded())
    }
}
