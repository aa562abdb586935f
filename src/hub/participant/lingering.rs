//! Staying in a room without a connection, for somebody who may come back and take the seat again.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures_lite::FutureExt;

use super::Participant;
use crate::chat::batch::Batch;
use crate::chat::room::Seat;
use crate::hub::lobby::KeptSeat;
use crate::hub::room::ClientEvent;
use crate::limits::SEAT_TAKEN_WITHIN;

/// How staying goes on.
enum Stay {
    On,
    /// Whoever was waited for has the name now, and is about to take the seat.
    Briefly,
    Over,
}

impl Participant {
    /// Whether there is a seat to be kept, and somebody who can be recognised.
    pub fn can_linger(&self) -> bool {
        let is_at_rest = self.next.is_none() && !self.is_awaiting();
        is_at_rest && self.room.is_some() && self.account.is_some()
    }

    /// Keeps the seat for as long as the operator says, and then leaves.
    pub fn keep_seat(mut self) {
        let lobby = Arc::clone(&self.lobby);
        lobby.go_on(Box::pin(async move {
            // If that fails, the user leaves all the same.
            let _ = AssertUnwindSafe(self.linger()).catch_unwind().await;
            self.leave(true).await;
        }));
    }

    /// Stays in the room for a while, or until somebody has taken the seat, the room has put the user out, or the server
    /// stops. What is said meanwhile is taken and not seen.
    async fn linger(&mut self) {
        let lobby = Arc::clone(&self.lobby);
        let clock = lobby.clock();
        let seen = self.note_last_read().unwrap_or(0);
        self.is_unseen = true;
        let (Some(account), Some(membership)) = (self.account.clone(), &self.room) else {
            return;
        };
        let (room, member) = (membership.room.clone(), self.id);
        let seat = Seat { member, seen };
        let kept = KeptSeat {
            room,
            seat,
            address: self.address(),
        };
        if !lobby.offer_seat(&account, kept) {
            return;
        }
        let mut timer = pin!(clock.after(lobby.linger()));
        let mut unseen = Vec::new();
        loop {
            match self.stay(&mut unseen) {
                Stay::On => {}
                Stay::Briefly => timer.set(clock.after(SEAT_TAKEN_WITHIN)),
                Stay::Over => break,
            }
            let is_over = poll_fn(|cx| {
                if self.inbox.poll_rung(cx).is_ready() {
                    return Poll::Ready(false);
                }
                timer.as_mut().poll(cx).map(|()| true)
            });
            if is_over.await {
                break;
            }
        }
        lobby.withdraw_seat(member, &account);
    }

    /// Takes what has come.
    fn stay(&mut self, unseen: &mut Vec<Arc<Batch>>) -> Stay {
        let mut stay = Stay::On;
        for event in self.events() {
            match event {
                ClientEvent::NameReclaimed(_) => {
                    self.lobby.unregister(self.id, &self.name);
                    stay = Stay::Briefly;
                }
                ClientEvent::Stop | ClientEvent::AccountDeleted(_) | ClientEvent::Ejected(_) => {
                    return Stay::Over;
                }
                event => drop(self.handle(event)),
            }
        }
        while let Some(taken) = self.take(usize::MAX, unseen) {
            unseen.clear();
            if !taken.more {
                break;
            }
        }
        match self.departure() {
            Some(_) => Stay::Over,
            None => stay,
        }
    }
}
