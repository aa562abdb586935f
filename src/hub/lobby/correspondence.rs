//! *Pure.* From whom one user takes private words, and how many.

use std::collections::VecDeque;
use std::time::Instant;

use crate::chat::address::Address;
use crate::chat::message::MemberId;
use crate::chat::people::DmError;
use crate::limits::{CORRESPONDENTS_MAX, DM_SENDERS_MAX};
use crate::time::rate::{Pace, Rate};

/// Who sends private words, as they are counted: all connections of one address together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    From(Address),
    /// Over a Unix socket.
    Local(MemberId),
}

impl Sender {
    pub(super) fn of(member: MemberId, address: Option<Address>) -> Sender {
        address.map_or(Sender::Local(member), Sender::From)
    }
}

/// What is known of a user's private words.
#[derive(Clone, Debug, Default)]
pub(super) struct Correspondence {
    /// Strangers cannot send any.
    refuses_strangers: bool,
    /// To whom the user wrote last, who are no strangers.
    written_to: VecDeque<MemberId>,
    /// Who wrote last, and how much they may.
    senders: VecDeque<(Sender, Rate)>,
}

impl Correspondence {
    pub(super) fn refuse_strangers(&mut self, refuses: bool) {
        self.refuses_strangers = refuses;
    }

    /// The user has written to `member`.
    pub(super) fn note_written(&mut self, member: MemberId) {
        self.written_to.retain(|other| *other != member);
        if self.written_to.len() >= CORRESPONDENTS_MAX {
            self.written_to.pop_front();
        }
        self.written_to.push_back(member);
    }

    /// Whether the user takes words of `member`, who is `near` if it is in the same room.
    pub(super) fn takes_from(&self, member: MemberId, near: bool) -> Result<(), DmError> {
        let is_stranger = !near && !self.written_to.contains(&member);
        match self.refuses_strangers && is_stranger {
            true => Err(DmError::Stranger),
            false => Ok(()),
        }
    }

    /// Counts words of `sender`.
    pub(super) fn count(
        &mut self,
        sender: Sender,
        pace: Pace,
        now: Instant,
    ) -> Result<(), DmError> {
        if pace.is_free() {
            return Ok(());
        }
        let known = self.senders.iter().position(|(other, _)| *other == sender);
        let known = known.and_then(|at| self.senders.remove(at));
        let (_, mut rate) = known.unwrap_or_else(|| (sender, Rate::new(now)));
        let counted = rate.take(pace, now);
        // Whoever has not written for longest is forgotten, and was most likely quiet long enough.
        if self.senders.len() >= DM_SENDERS_MAX {
            self.senders.pop_front();
        }
        self.senders.push_back((sender, rate));
        counted.map_err(|_| DmError::TooFast)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limits::{DM_BURST, DM_PER_SECOND};

    const ANN: MemberId = MemberId(1);
    const BEN: MemberId = MemberId(2);

    #[test]
    fn strangers_are_those_who_are_elsewhere_and_were_never_written_to() {
        let mut words = Correspondence::default();
        assert_eq!(words.takes_from(ANN, false), Ok(()));
        words.refuse_strangers(true);
        assert_eq!(words.takes_from(ANN, false), Err(DmError::Stranger));
        assert_eq!(words.takes_from(ANN, true), Ok(()));
        words.note_written(ANN);
        assert_eq!(words.takes_from(ANN, false), Ok(()));
        for other in 0..CORRESPONDENTS_MAX as u64 {
            words.note_written(MemberId(100 + other));
        }
        assert_eq!(words.takes_from(ANN, false), Err(DmError::Stranger));
    }

    #[test]
    fn one_address_writes_so_much_and_does_not_take_it_from_others() {
        let now = Instant::now();
        let mut words = Correspondence::default();
        let from = Address::parse("192.0.2.1");
        let pace = Pace::new(DM_PER_SECOND, DM_BURST);
        for _ in 0..DM_BURST / 2 {
            assert_eq!(words.count(Sender::of(ANN, from), pace, now), Ok(()));
            assert_eq!(words.count(Sender::of(BEN, from), pace, now), Ok(()));
        }
        assert_eq!(
            words.count(Sender::of(BEN, from), pace, now),
            Err(DmError::TooFast)
        );
        assert_eq!(words.count(Sender::of(BEN, None), pace, now), Ok(()));
        let later = now + Duration::from_secs(1);
        let more = (0..10).filter(|_| words.count(Sender::of(ANN, from), pace, later).is_ok());
        assert_eq!(more.count(), DM_PER_SECOND as usize);
    }
}
