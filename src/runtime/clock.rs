//! Time as a parameter: the machine's, or one that only moves when it is told to.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime};

use rustix::time::{ClockId, clock_gettime};

use crate::time::Timestamp;
use crate::time::steady::{ClockNote, SteadyTime, Times};

/// The clock that goes on while the machine sleeps, where there is one.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UPTIME: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const UPTIME: ClockId = ClockId::Monotonic;

/// What tells the time and wakes those who wait for some. Cheap to clone; clones agree on what time it is.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    source: Source,
    steady: Arc<Mutex<SteadyTime>>,
}

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Manual(Arc<ManualClock>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Clock {
        Clock::default()
    }

    /// A clock that shows what `manual` is set to.
    pub fn manual(manual: Arc<ManualClock>) -> Clock {
        Clock {
            source: Source::Manual(manual),
            steady: Arc::default(),
        }
    }

    /// Now, for measuring; never goes back.
    pub fn now(&self) -> Instant {
        match &self.source {
            Source::System => Instant::now(),
            Source::Manual(manual) => manual.lock().now,
        }
    }

    /// The date and time of day; the operator may set it in either direction.
    pub fn timestamp(&self) -> Timestamp {
        match &self.source {
            Source::System => timestamp_at(SystemTime::now()),
            Source::Manual(manual) => manual.lock().timestamp,
        }
    }

    /// The time of day, and the one that what ends at some time goes by.
    pub fn times(&self) -> Times {
        self.steady().at(self.timestamp(), self.uptime())
    }

    /// The last process has noted this; `None`: there was none.
    pub fn start_from(&self, last: Option<ClockNote>) {
        *self.steady() = SteadyTime::since(last, &self.boot());
    }

    /// What the next process is to know.
    pub fn note(&self) -> ClockNote {
        ClockNote {
            time: self.times().steady,
            uptime: self.uptime(),
            boot: self.boot(),
        }
    }

    /// Somebody who knows says that it is so late.
    pub fn believe(&self, time: Timestamp) {
        self.steady().believe(time, self.uptime());
    }

    /// It is so late by the clock that several servers go by, whatever the machine's says.
    pub fn follow(&self, time: Timestamp) {
        self.steady().follow(time, self.uptime());
    }

    fn steady(&self) -> MutexGuard<'_, SteadyTime> {
        self.steady.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which of its starts the machine is up since; empty: unknown.
    fn boot(&self) -> Arc<str> {
        match &self.source {
            Source::System => {
                let id = fs::read_to_string("/proc/sys/kernel/random/boot_id");
                id.unwrap_or_default().trim().into()
            }
            Source::Manual(_) => "the only one".into(),
        }
    }

    /// How long the machine has been up, asleep or not.
    fn uptime(&self) -> Duration {
        match &self.source {
            Source::System => {
                let time = clock_gettime(UPTIME);
                let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
                Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
            }
            Source::Manual(manual) => manual.lock().uptime,
        }
    }

    /// Ready at `deadline`.
    pub fn at(&self, deadline: Instant) -> Timer {
        Timer(match &self.source {
            Source::System => Waiting::System(smol::Timer::at(deadline)),
            Source::Manual(manual) => Waiting::Manual {
                clock: Arc::clone(manual),
                deadline,
                entry: None,
            },
        })
    }

    /// Ready once `time` has passed.
    pub fn after(&self, time: Duration) -> Timer {
        self.at(self.now() + time)
    }
}

/// A time of the machine's clock, or the last one that can be written down if it is set to a later one.
fn timestamp_at(time: SystemTime) -> Timestamp {
    let ms = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    };
    let (first, last) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
    Timestamp(ms.clamp(1000 * first.as_second(), 1000 * last.as_second()))
}

/// Waits for a moment. May be dropped before.
#[derive(Debug)]
pub struct Timer(Waiting);

#[derive(Debug)]
enum Waiting {
    System(smol::Timer),
    Manual {
        clock: Arc<ManualClock>,
        deadline: Instant,
        /// Its number among those that wait, once it does.
        entry: Option<u64>,
    },
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Waiting::System(timer) => Pin::new(timer).poll(cx).map(drop),
            Waiting::Manual {
                clock,
                deadline,
                entry,
            } => {
                let mut state = clock.lock();
                if state.now >= *deadline {
                    return Poll::Ready(());
                }
                let number = *entry.get_or_insert_with(|| {
                    state.last_number += 1;
                    state.last_number
                });
                let waker = cx.waker().clone();
                state.waiting.insert((*deadline, number), waker);
                Poll::Pending
            }
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Waiting::Manual {
            clock,
            deadline,
            entry: Some(number),
        } = &self.0
        {
            clock.lock().waiting.remove(&(*deadline, *number));
        }
    }
}

/// A clock that stands still until it is moved.
pub struct ManualClock(Mutex<State>);

struct State {
    now: Instant,
    uptime: Duration,
    timestamp: Timestamp,
    /// Who waits for which moment; numbered, since several may wait for the same one.
    waiting: BTreeMap<(Instant, u64), Waker>,
    last_number: u64,
}

impl ManualClock {
    /// A clock that shows `timestamp`.
    pub fn new(timestamp: Timestamp) -> Arc<ManualClock> {
        Arc::new(ManualClock(Mutex::new(State {
            now: Instant::now(),
            uptime: Duration::ZERO,
            timestamp,
            waiting: BTreeMap::new(),
            last_number: 0,
        })))
    }

    /// How long until somebody is to be woken; `None`: nobody waits.
    pub fn next_timer(&self) -> Option<Duration> {
        let state = self.lock();
        let (deadline, _) = state.waiting.keys().next()?;
        Some(deadline.saturating_duration_since(state.now))
    }

    /// Lets `time` pass, and wakes those who waited for it, the earliest first.
    pub fn advance(&self, time: Duration) {
        let due = {
            let mut state = self.lock();
            state.now += time;
            state.uptime += time;
            state.timestamp = state.timestamp.after(time);
            let now = state.now;
            let later = state.waiting.split_off(&(now, u64::MAX));
            std::mem::replace(&mut state.waiting, later)
        };
        due.into_values().for_each(Waker::wake);
    }

    /// Sets the date and time of day, as an operator may; nobody is woken.
    pub fn set_timestamp(&self, timestamp: Timestamp) {
        self.lock().timestamp = timestamp;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("ManualClock")
            .field("timestamp", &state.timestamp)
            .field("waiting", &state.waiting.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::{block_on, poll_once};

    use super::*;

    #[test]
    fn a_clock_that_is_thousands_of_years_off_shows_a_date_that_can_be_written_down() {
        let day = Duration::from_secs(86_400);
        let year = 365 * day;
        let table = [
            (SystemTime::UNIX_EPOCH, 0),
            (SystemTime::UNIX_EPOCH + day, 86_400_000),
            (SystemTime::UNIX_EPOCH - day, -86_400_000),
            (
                SystemTime::UNIX_EPOCH + 9000 * year,
                1000 * jiff::Timestamp::MAX.as_second(),
            ),
        ];
        for (time, expected) in table {
            let shown = timestamp_at(time);
            assert_eq!(shown, Timestamp(expected));
            assert!(jiff::Timestamp::from_millisecond(shown.0).is_ok());
        }
    }

    #[test]
    fn a_manual_clock_moves_when_it_is_told_to_and_wakes_in_order() {
        let manual = ManualClock::new(Timestamp(1000));
        let clock = Clock::manual(Arc::clone(&manual));
        let start = clock.now();
        let mut late = clock.after(Duration::from_secs(5));
        let mut early = clock.after(Duration::from_secs(2));
        assert_eq!(block_on(poll_once(&mut late)), None);
        assert_eq!(block_on(poll_once(&mut early)), None);
        assert_eq!(manual.next_timer(), Some(Duration::from_secs(2)));
        manual.advance(Duration::from_secs(2));
        assert_eq!(block_on(poll_once(&mut early)), Some(()));
        assert_eq!(block_on(poll_once(&mut late)), None);
        assert_eq!(manual.next_timer(), Some(Duration::from_secs(3)));
        drop(late);
        assert_eq!(manual.next_timer(), None);
        assert_eq!(clock.now(), start + Duration::from_secs(2));
        assert_eq!(clock.timestamp(), Timestamp(3000));
        manual.set_timestamp(Timestamp(7));
        assert_eq!(clock.timestamp(), Timestamp(7));
        assert_eq!(clock.now(), start + Duration::from_secs(2));
    }
}
