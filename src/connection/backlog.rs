//! *Pure*, but for the count that all share: output that its client has yet to take, and how long it may wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::limits::{
    CROWDED_STUCK_AFTER, LITTLE_BACKLOG_BYTES, OUTPUT_TOTAL_BYTES_MAX, STUCK_AFTER, TAKEN_BYTES_MIN,
};

/// Bytes that wait for all clients together.
#[derive(Debug, Default)]
pub struct TotalBacklog(AtomicUsize);

impl TotalBacklog {
    /// How many wait.
    pub fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// More waits than should (see [`OUTPUT_TOTAL_BYTES_MAX`]).
    fn is_crowded(&self) -> bool {
        self.bytes() > OUTPUT_TOTAL_BYTES_MAX
    }
}

/// What waits for one client, from when its socket first took less than there was until it has taken all.
#[derive(Debug)]
pub(super) struct Backlog {
    /// Bytes that wait.
    bytes: usize,
    total: Arc<TotalBacklog>,
    /// When the current [`STUCK_AFTER`] began.
    since: Instant,
    /// Bytes taken since then.
    taken: usize,
    /// When it took something last.
    last_taken: Instant,
    /// When it took something last, or it was looked last whether too much waits for all.
    looked: Instant,
}

impl Backlog {
    pub(super) fn new(total: &Arc<TotalBacklog>, now: Instant) -> Backlog {
        Backlog {
            bytes: 0,
            total: Arc::clone(total),
            since: now,
            taken: 0,
            last_taken: now,
            looked: now,
        }
    }

    /// So many bytes wait now.
    pub(super) fn set(&mut self, bytes: usize) {
        if bytes >= self.bytes {
            let more = bytes - self.bytes;
            self.total.0.fetch_add(more, Ordering::Relaxed);
        } else {
            let less = self.bytes - bytes;
            self.total.0.fetch_sub(less, Ordering::Relaxed);
        }
        self.bytes = bytes;
    }

    /// The client took so many bytes.
    pub(super) fn took(&mut self, bytes: usize, now: Instant) {
        self.taken += bytes;
        (self.last_taken, self.looked) = (now, now);
    }

    /// When to [check](Backlog::is_stuck) next.
    pub(super) fn next_check(&self) -> Instant {
        (self.since + STUCK_AFTER).min(self.looked + CROWDED_STUCK_AFTER)
    }

    /// True if the client has to go, since it takes too little. Who has left a little takes some of it at least.
    pub(super) fn is_stuck(&mut self, now: Instant) -> bool {
        let is_little = self.bytes <= LITTLE_BACKLOG_BYTES;
        if now >= self.looked + CROWDED_STUCK_AFTER {
            if !is_little && self.total.is_crowded() {
                return true;
            }
            self.looked = now;
        }
        if now >= self.since + STUCK_AFTER {
            let takes_nothing = now >= self.last_taken + STUCK_AFTER;
            if takes_nothing || !is_little && self.taken < TAKEN_BYTES_MIN {
                return true;
            }
            self.taken = 0;
            // Nothing was taken since, so who takes nothing more goes that long after.
            self.since = self.last_taken;
        }
        false
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Seconds until a client is stuck that takes `bytes` of `backlog` every `every` seconds, within ten minutes.
    fn stuck_after(backlog_bytes: usize, bytes: usize, every: u64) -> Option<u64> {
        let start = Instant::now();
        let mut backlog = Backlog::new(&Arc::default(), start);
        backlog.set(backlog_bytes);
        (1..=600).find(|&second| {
            let now = start + Duration::from_secs(second);
            if second % every == 0 {
                backlog.took(bytes, now);
            }
            now >= backlog.next_check() && backlog.is_stuck(now)
        })
    }

    #[test]
    fn who_takes_too_little_in_a_minute_goes_however_often() {
        let (much, little) = (1 << 20, 1024);
        let table = [
            (much, 0, 601, Some(60)),
            (much, 1, 1, Some(60)),
            (much, 2 * 1024, 20, Some(60)),
            (much, TAKEN_BYTES_MIN, 400, Some(60)),
            (much, TAKEN_BYTES_MIN, 50, None),
            (much, 240, 1, None),
            (little, 0, 601, Some(60)),
            (little, 1, 400, Some(60)),
            (little, 1, 45, None),
        ];
        for (backlog, bytes, every, expected) in table {
            let after = stuck_after(backlog, bytes, every);
            assert_eq!(after, expected, "{bytes} of {backlog} every {every} s");
        }
    }

    #[test]
    fn who_takes_nothing_more_goes_a_minute_later() {
        let start = Instant::now();
        let mut backlog = Backlog::new(&Arc::default(), start);
        backlog.set(1 << 20);
        let is_stuck =
            |backlog: &mut Backlog, second| backlog.is_stuck(start + Duration::from_secs(second));
        backlog.took(TAKEN_BYTES_MIN, start + Duration::from_secs(5));
        assert!((6..65).all(|second| !is_stuck(&mut backlog, second)));
        assert!(is_stuck(&mut backlog, 65));
    }

    #[test]
    fn where_too_much_waits_whoever_takes_nothing_of_much_goes_soon() {
        let start = Instant::now();
        let total = Arc::default();
        let little = LITTLE_BACKLOG_BYTES;
        let mut backlogs = [OUTPUT_TOTAL_BYTES_MAX, little, little + 1].map(|bytes| {
            let mut backlog = Backlog::new(&total, start);
            backlog.set(bytes);
            backlog
        });
        let soon = start + CROWDED_STUCK_AFTER;
        assert!(backlogs.iter().all(|backlog| backlog.next_check() == soon));
        let stuck = backlogs.each_mut().map(|backlog| backlog.is_stuck(soon));
        assert_eq!(stuck, [true, false, true]);
    }

    #[test]
    fn what_is_taken_or_given_up_does_not_count_any_more() {
        let total: Arc<TotalBacklog> = Arc::default();
        let mut one = Backlog::new(&total, Instant::now());
        let mut two = Backlog::new(&total, Instant::now());
        one.set(700);
        two.set(OUTPUT_TOTAL_BYTES_MAX);
        assert!(total.is_crowded());
        one.set(0);
        assert!(!total.is_crowded());
        drop((one, two));
        assert_eq!(total.0.load(Ordering::Relaxed), 0);
    }
}
