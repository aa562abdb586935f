//! *Pure.* How fast one client may send lines: a token bucket.

use std::time::{Duration, Instant};

/// Gives out `per_second` tokens a second and keeps at most `burst` of them.
#[derive(Clone, Debug)]
pub struct Rate {
    /// The time that one token takes to come; zero: no limit.
    interval: Duration,
    /// How far `full_at` may lie ahead: the time that all but one of the tokens take to come.
    slack: Duration,
    /// When the bucket will be full.
    full_at: Instant,
}

impl Rate {
    /// A full bucket. `per_second` of `0` lifts the limit; a `burst` of `0` counts as 1.
    pub fn new(per_second: u32, burst: u32, now: Instant) -> Rate {
        let interval = match per_second {
            0 => Duration::ZERO,
            n => Duration::from_secs(1) / n,
        };
        Rate {
            interval,
            slack: interval * burst.saturating_sub(1),
            full_at: now,
        }
    }

    /// Takes a token, or tells when there will be one.
    pub fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let full_at = self.full_at.max(now);
        if full_at > now + self.slack {
            return Err(full_at - self.slack);
        }
        self.full_at = full_at + self.interval;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let start = Instant::now();
        let mut rate = Rate::new(10, 100, start);
        for line in 0..100 {
            assert_eq!(rate.take(start), Ok(()), "line {line} of the burst");
        }
        let tenth = Duration::from_millis(100);
        let mut now = start;
        for _ in 0..50 {
            let next = rate.take(now).expect_err("the bucket is empty");
            assert_eq!(next, now + tenth);
            now = next;
            assert_eq!(rate.take(now), Ok(()));
        }
    }

    #[test]
    fn a_pause_fills_the_bucket_to_the_burst_and_no_further() {
        let start = Instant::now();
        let mut rate = Rate::new(10, 5, start);
        let later = start + Duration::from_secs(3600);
        let passed = (0..100).filter(|_| rate.take(later).is_ok()).count();
        assert_eq!(passed, 5);
    }

    #[test]
    fn zero_lifts_the_limit() {
        let start = Instant::now();
        let mut rate = Rate::new(0, 0, start);
        assert!((0..10_000).all(|_| rate.take(start).is_ok()));
    }
}
