//! How long something takes: how often it took about so long.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Where one bucket ends and the next begins, in microseconds: three steps a power of ten, from what a commit takes at
/// best to what nobody waits for.
pub const BOUNDS: [u64; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000,
];

/// How often something took about so long.
#[derive(Debug)]
pub struct Histogram {
    /// Up to each of [`BOUNDS`], and longer.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum_ns: AtomicU64,
}

/// A histogram as it is at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Up to each of [`BOUNDS`], without those before, and longer.
    pub buckets: [u64; BOUNDS.len() + 1],
    /// All times together.
    pub sum: Duration,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram {
            buckets: array::from_fn(|_| AtomicU64::new(0)),
            sum_ns: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    /// It took so long once more.
    pub fn observe(&self, time: Duration) {
        // A time that is exactly at a bound belongs to what ends there.
        let bucket = BOUNDS.partition_point(|&bound| Duration::from_micros(bound) < time);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.sum_ns.fetch_add(ns, Ordering::Relaxed);
    }

    /// As it is now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            buckets: array::from_fn(|bucket| self.buckets[bucket].load(Ordering::Relaxed)),
            sum: Duration::from_nanos(self.sum_ns.load(Ordering::Relaxed)),
        }
    }
}

impl Snapshot {
    /// How often it was observed.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_falls_into_the_first_bucket_that_it_is_not_beyond() {
        for (time, bucket) in [
            (Duration::ZERO, 0),
            (Duration::from_micros(100), 0),
            (Duration::from_nanos(100_001), 1),
            (Duration::from_millis(1), 3),
            (Duration::from_secs(10), 15),
            (Duration::from_millis(10_001), 16),
            (Duration::MAX, 16),
        ] {
            let histogram = Histogram::default();
            histogram.observe(time);
            let found = histogram.snapshot();
            assert_eq!(found.buckets[bucket], 1, "{time:?}");
            assert_eq!(found.count(), 1);
        }
    }

    #[test]
    fn the_sum_is_of_all_times() {
        let histogram = Histogram::default();
        for ms in [1, 20, 300] {
            histogram.observe(Duration::from_millis(ms));
        }
        assert_eq!(histogram.snapshot().sum, Duration::from_millis(321));
    }
}
