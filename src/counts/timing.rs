//! What is under way and how long it took, and of what that is measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::Histogram;
use crate::limits::SAMPLE_EVERY;

/// What is under way of one kind of work, and how long it took.
#[derive(Debug, Default)]
pub struct Timed {
    under_way: AtomicUsize,
    took: Histogram,
}

impl Timed {
    /// One begins now, and ends when what this gives is dropped.
    pub fn begin(self: &Arc<Self>) -> Timing {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        Timing {
            timed: Arc::clone(self),
            since: Instant::now(),
        }
    }

    /// How many are under way.
    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// How long those took that have ended.
    pub fn took(&self) -> &Histogram {
        &self.took
    }
}

/// Something that is under way.
#[derive(Debug)]
pub struct Timing {
    timed: Arc<Timed>,
    since: Instant,
}

impl Drop for Timing {
    fn drop(&mut self) {
        self.timed.under_way.fetch_sub(1, Ordering::Relaxed);
        self.timed.took.observe(self.since.elapsed());
    }
}

/// Chooses what is measured: the first that comes once [`SAMPLE_EVERY`] is over since the last one.
#[derive(Debug)]
pub struct Sampler {
    start: Instant,
    /// When the next is chosen, in microseconds since the start.
    next_us: AtomicU64,
}

impl Sampler {
    /// Chooses the first that comes after `start`.
    pub fn new(start: Instant) -> Sampler {
        Sampler {
            start,
            next_us: AtomicU64::new(0),
        }
    }

    /// Whether what happens `now` is measured.
    pub fn chooses(&self, now: Instant) -> bool {
        let now = micros(now.saturating_duration_since(self.start));
        let next = self.next_us.load(Ordering::Relaxed);
        let then = now.saturating_add(micros(SAMPLE_EVERY));
        let choose = |next: &AtomicU64, due| {
            next.compare_exchange(due, then, Ordering::Relaxed, Ordering::Relaxed)
        };
        now >= next && choose(&self.next_us, next).is_ok()
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_chosen_in_each_period_however_many_come() {
        let start = Instant::now();
        let sampler = Sampler::new(start);
        let chosen = (0..10_000).filter(|tenth_ms| {
            let now = start + Duration::from_micros(100) * *tenth_ms;
            sampler.chooses(now)
        });
        // A second of them.
        assert_eq!(chosen.count(), 20);
        assert!(sampler.chooses(start + Duration::from_secs(9)));
        assert!(!sampler.chooses(start), "time does not go back");
    }

    #[test]
    fn what_is_given_up_is_not_under_way_any_more() {
        let timed = Arc::new(Timed::default());
        let (one, two) = (timed.begin(), timed.begin());
        assert_eq!((timed.under_way(), timed.took().snapshot().count()), (2, 0));
        drop(one);
        assert_eq!((timed.under_way(), timed.took().snapshot().count()), (1, 1));
        drop(two);
        assert_eq!(timed.under_way(), 0);
    }
}
