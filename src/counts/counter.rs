//! A count that only grows.

use std::array;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::limits::COUNTER_SHARDS;

/// Alone in what processors exchange at once: two lines of 64 bytes, since they fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(AtomicU64);

/// A count that only grows. Threads add to parts of their own.
#[derive(Debug)]
pub struct Counter([Shard; COUNTER_SHARDS]);

impl Default for Counter {
    fn default() -> Counter {
        Counter(array::from_fn(|_| Shard::default()))
    }
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Which part this thread adds to.
    static SHARD: usize = THREADS.fetch_add(1, Ordering::Relaxed) % COUNTER_SHARDS;
}

impl Counter {
    /// So many more.
    pub fn add(&self, count: u64) {
        let shard = SHARD.with(|shard| *shard);
        self.0[shard].0.fetch_add(count, Ordering::Relaxed);
    }

    /// How many there were.
    pub fn sum(&self) -> u64 {
        let parts = self.0.iter().map(|shard| shard.0.load(Ordering::Relaxed));
        parts.fold(0, u64::wrapping_add)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_many_threads_count_at_once_is_all_counted() {
        let counter = Counter::default();
        thread::scope(|scope| {
            for _ in 0..2 * COUNTER_SHARDS {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        counter.add(3);
                    }
                });
            }
        });
        assert_eq!(counter.sum(), 2 * COUNTER_SHARDS as u64 * 3000);
    }
}
