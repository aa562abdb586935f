//! *Pure.* How fast one client may send lines: a token bucket.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How fast a client may send: tokens that come at a rate, and how many of them are kept at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The time that one token takes to come; zero: no limit.
    interval: Duration,
    /// The time that all but one of the tokens take to come.
    slack: Duration,
}

impl Pace {
    /// Nobody has to wait.
    pub const FREE: Pace = Pace {
        interval: Duration::ZERO,
        slack: Duration::ZERO,
    };

    /// `per_second` tokens a second and at most `burst` of them. `per_second` of `0` lifts the limit; a
    /// `burst` of `0` counts as 1.
    pub fn new(per_second: u32, burst: u32) -> Pace {
        let interval = match per_second {
            0 => Duration::ZERO,
            n => Duration::from_secs(1) / n,
        };
        Pace {
            interval,
            slack: interval * burst.saturating_sub(1),
        }
    }

    /// One token each `interval`, and at most `burst` of them.
    pub fn every(interval: Duration, burst: u32) -> Pace {
        Pace {
            interval,
            slack: interval * burst.saturating_sub(1),
        }
    }

    /// Nobody has to wait.
    pub fn is_free(&self) -> bool {
        self.interval.is_zero()
    }

    /// How many tokens come in a second, rounded up; `0`: there is no limit.
    pub fn per_second(&self) -> u32 {
        match self.interval.as_nanos() {
            0 => 0,
            interval => u32::try_from(1_000_000_000_u128.div_ceil(interval)).unwrap_or(u32::MAX),
        }
    }

    /// How many tokens are kept at most; `0`: there is no limit.
    pub fn burst(&self) -> u32 {
        match self.interval.as_nanos() {
            0 => 0,
            interval => u32::try_from(self.slack.as_nanos() / interval + 1).unwrap_or(u32::MAX),
        }
    }

    /// So many times as fast, with so many times the tokens.
    pub fn times(self, times: u32) -> Pace {
        let interval = self.interval / times.max(1);
        Pace {
            interval,
            slack: self.slack + self.interval - interval,
        }
    }
}

impl Default for Pace {
    fn default() -> Pace {
        Pace::FREE
    }
}

/// A pace that others may change at any time. To read it costs no more than to read any two numbers; for a moment they may
/// be of two paces.
#[derive(Debug)]
pub struct AtomicPace {
    interval_nanos: AtomicU64,
    slack_nanos: AtomicU64,
}

impl AtomicPace {
    /// One that begins with `pace`.
    pub fn new(pace: Pace) -> AtomicPace {
        AtomicPace {
            interval_nanos: AtomicU64::new(nanos(pace.interval)),
            slack_nanos: AtomicU64::new(nanos(pace.slack)),
        }
    }

    /// The pace as it is now.
    pub fn load(&self) -> Pace {
        Pace {
            interval: Duration::from_nanos(self.interval_nanos.load(Ordering::Relaxed)),
            slack: Duration::from_nanos(self.slack_nanos.load(Ordering::Relaxed)),
        }
    }

    /// From now on it is `pace`.
    pub fn store(&self, pace: Pace) {
        self.interval_nanos
            .store(nanos(pace.interval), Ordering::Relaxed);
        self.slack_nanos.store(nanos(pace.slack), Ordering::Relaxed);
    }
}

/// As far as the largest number goes, which is centuries.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// One client's bucket. The pace is the same for all, so it is handed in.
#[derive(Clone, Debug)]
pub struct Rate {
    /// When the bucket will be full.
    full_at: Instant,
}

impl Rate {
    /// A full bucket.
    pub fn new(now: Instant) -> Rate {
        Rate { full_at: now }
    }

    /// Takes a token, or tells when there will be one.
    pub fn take(&mut self, pace: Pace, now: Instant) -> Result<(), Instant> {
        let full_at = self.full_at.max(now);
        if full_at > now + pace.slack {
            return Err(full_at - pace.slack);
        }
        self.full_at = full_at + pace.interval;
        Ok(())
    }

    /// Takes the next token that nobody has taken, and tells when it will be there: `now`, or later.
    pub fn reserve(&mut self, pace: Pace, now: Instant) -> Instant {
        let full_at = self.full_at.max(now);
        self.full_at = full_at + pace.interval;
        full_at.checked_sub(pace.slack).unwrap_or(now).max(now)
    }

    /// Whether the bucket is full, and so like a new one.
    pub fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let start = Instant::now();
        let (pace, mut rate) = (Pace::new(10, 100), Rate::new(start));
        for line in 0..100 {
            assert_eq!(rate.take(pace, start), Ok(()), "line {line} of the burst");
        }
        let tenth = Duration::from_millis(100);
        let mut now = start;
        for _ in 0..50 {
            let next = rate.take(pace, now).expect_err("the bucket is empty");
            assert_eq!(next, now + tenth);
            now = next;
            assert_eq!(rate.take(pace, now), Ok(()));
        }
    }

    #[test]
    fn a_pause_fills_the_bucket_to_the_burst_and_no_further() {
        let start = Instant::now();
        let (pace, mut rate) = (Pace::new(10, 5), Rate::new(start));
        let later = start + Duration::from_secs(3600);
        let passed = (0..100).filter(|_| rate.take(pace, later).is_ok()).count();
        assert_eq!(passed, 5);
    }

    #[test]
    fn tokens_that_are_reserved_come_one_by_one() {
        let start = Instant::now();
        let (pace, mut rate) = (Pace::new(10, 3), Rate::new(start));
        let waits = |rate: &mut Rate, pace, count| -> Vec<u128> {
            let waits = (0..count).map(|_| (rate.reserve(pace, start) - start).as_millis());
            waits.collect()
        };
        assert_eq!(waits(&mut rate, pace, 6), [0, 0, 0, 100, 200, 300]);
        assert!(!rate.is_full(start + Duration::from_millis(599)));
        assert!(rate.is_full(start + Duration::from_millis(600)));
        let mut rate = Rate::new(start);
        let expected = [0, 0, 0, 0, 0, 0, 50, 100];
        assert_eq!(waits(&mut rate, pace.times(2), 8), expected);
    }

    #[test]
    fn a_pace_that_may_change_is_the_one_that_was_stored() {
        let paces = [(10, 100), (0, 7), (1, u32::MAX), (u32::MAX, 1)];
        let paces = paces.map(|(rate, burst)| Pace::new(rate, burst));
        let atomic = AtomicPace::new(paces[0]);
        for pace in paces {
            atomic.store(pace);
            assert_eq!(atomic.load(), pace);
            assert_eq!(AtomicPace::new(pace).load(), pace);
        }
    }

    #[test]
    fn zero_lifts_the_limit() {
        let start = Instant::now();
        let (pace, mut rate) = (Pace::new(0, 0), Rate::new(start));
        assert!((0..10_000).all(|_| rate.take(pace, start).is_ok()));
    }
}
