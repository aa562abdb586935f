//! *Pure.* How much is written from here to people of other servers: no more than they would take, so that nobody makes
//! work for a server with what it would refuse.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::chat::message::MemberId;
use crate::chat::people::DmError;
use crate::hub::lobby::correspondence::Sender;
use crate::limits::FAR_SENDERS_MAX;
use crate::time::rate::{Pace, Rate};

/// Who wrote to whom lately; the one that has not for longest first.
#[derive(Debug, Default)]
pub(in crate::hub::lobby) struct FarPaces(Mutex<VecDeque<((Sender, MemberId), Rate)>>);

impl FarPaces {
    /// Counts words of `from` to `to`.
    pub(in crate::hub::lobby) fn count(
        &self,
        from: Sender,
        to: MemberId,
        pace: Pace,
        now: Instant,
    ) -> Result<(), DmError> {
        if pace.is_free() {
            return Ok(());
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = known.iter().rposition(|(pair, _)| *pair == (from, to));
        let found = at.and_then(|at| known.remove(at));
        let (pair, mut rate) = found.unwrap_or_else(|| ((from, to), Rate::new(now)));
        let counted = rate.take(pace, now);
        if known.len() >= FAR_SENDERS_MAX {
            known.pop_front();
        }
        known.push_back((pair, rate));
        counted.map_err(|_| DmError::TooFast)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::address::Address;
    use crate::limits::{DM_BURST, DM_PER_SECOND};

    #[test]
    fn one_address_writes_so_much_to_one_person_and_others_as_much_again() {
        let (paces, now) = (FarPaces::default(), Instant::now());
        let pace = Pace::new(DM_PER_SECOND, DM_BURST);
        let from = |text| Sender::of(MemberId(1), Address::parse(text));
        let sent = |from, to, at| {
            let tries = (0..100).filter(|_| paces.count(from, MemberId(to), pace, at).is_ok());
            tries.count()
        };
        let burst = DM_BURST as usize;
        assert_eq!(sent(from("192.0.2.1"), 7, now), burst);
        assert_eq!(sent(from("192.0.2.1"), 7, now), 0);
        assert_eq!(sent(from("192.0.2.1"), 8, now), burst);
        assert_eq!(sent(from("192.0.2.2"), 7, now), burst);
        let later = now + std::time::Duration::from_secs(1);
        assert_eq!(sent(from("192.0.2.1"), 7, later), DM_PER_SECOND as usize);
        for to in 0..2 * FAR_SENDERS_MAX as u64 {
            let _ = paces.count(from("192.0.2.3"), MemberId(to), pace, now);
        }
        let known = paces.0.lock().expect("nobody panics").len();
        assert_eq!(known, FAR_SENDERS_MAX);
    }
}
