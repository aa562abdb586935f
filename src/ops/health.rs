//! Whether the server is well: whether a line that is said now is back within [`HEALTH_WITHIN`].

use std::convert::Infallible;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_channel::Receiver;
use futures_lite::{FutureExt, future};

use crate::hub::health::{Unwell, say_a_line};
use crate::hub::lobby::Lobby;
use crate::limits::{HEALTH_KEPT, HEALTH_WITHIN};
use crate::runtime::{Runtime, Tasks};

/// Finds out whether the server is well. At most one line is under way at a time, whoever asks, and what came of it is
/// told to whoever asks soon after.
#[derive(Debug)]
pub struct Health {
    lobby: Arc<Lobby>,
    runtime: Runtime,
    tasks: Tasks,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    under_way: Option<UnderWay>,
    /// When it was known what became of the last line, and what that was.
    last: Option<(Instant, Result<Duration, Ill>)>,
}

/// A line that is not back.
#[derive(Clone, Debug)]
struct UnderWay {
    since: Instant,
    /// Closed once it is.
    done: Receiver<Infallible>,
}

/// Why the server is not well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ill {
    /// A line cannot be said.
    Unwell(Unwell),
    /// A line has come back, and took so long.
    Slow(Duration),
    /// A line was said so long ago and is not back.
    Late(Duration),
    /// What says it has panicked.
    Fault,
}

impl fmt::Display for Ill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ill::Unwell(why) => why.fmt(f),
            Ill::Slow(time) => write!(f, "a line took {} to be stored and back", Span(*time)),
            Ill::Late(time) => {
                write!(
                    f,
                    "a line that was said {} ago is not stored and back yet",
                    Span(*time)
                )
            }
            Ill::Fault => f.write_str("the server made a mistake with that; the log says more"),
        }
    }
}

/// A time, as it is told.
pub(super) struct Span(pub(super) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Span(time) = self;
        match time.as_secs() {
            0 => write!(f, "{} ms", time.as_millis()),
            seconds => write!(f, "{seconds} s"),
        }
    }
}

impl Health {
    /// Of the server with this lobby.
    pub fn new(lobby: Arc<Lobby>, runtime: Runtime) -> Health {
        Health {
            lobby,
            tasks: runtime.tasks(),
            runtime,
            state: Arc::default(),
        }
    }

    /// How long a line took to be back. Knows within [`HEALTH_WITHIN`].
    ///
    /// # Errors
    ///
    /// Why the server is not well.
    pub async fn check(&self) -> Result<Duration, Ill> {
        let clock = &self.runtime.clock;
        let line = {
            let (mut state, now) = (self.lock(), clock.now());
            match (&state.under_way, &state.last) {
                (Some(line), _) => line.clone(),
                (None, Some((at, found))) if now < *at + HEALTH_KEPT => return *found,
                (None, _) => {
                    let line = self.say(now);
                    state.under_way = Some(line.clone());
                    line
                }
            }
        };
        let back = async {
            let _ = line.done.recv().await;
        };
        let too_late = async {
            clock.at(line.since + HEALTH_WITHIN).await;
        };
        future::or(back, too_late).await;
        match self.lock().last {
            Some((at, found)) if at >= line.since => found,
            _ => Err(Ill::Late(clock.now().saturating_duration_since(line.since))),
        }
    }

    /// Says a line, in a task of its own: it goes on if nobody waits for it any more.
    fn say(&self, now: Instant) -> UnderWay {
        let (known, done) = async_channel::bounded(1);
        let (lobby, clock) = (Arc::clone(&self.lobby), self.runtime.clock.clone());
        let state = Arc::clone(&self.state);
        self.tasks.start(async move {
            let saying = AssertUnwindSafe(say_a_line(&lobby)).catch_unwind().await;
            let at = clock.now();
            let took = at.saturating_duration_since(now);
            let found = match saying {
                Ok(Ok(())) if took > HEALTH_WITHIN => Err(Ill::Slow(took)),
                Ok(Ok(())) => Ok(took),
                Ok(Err(why)) => Err(Ill::Unwell(why)),
                Err(_) => Err(Ill::Fault),
            };
            let mut state = lock(&state);
            state.last = Some((at, found));
            state.under_way = None;
            drop(state);
            drop(known);
        });
        UnderWay { since: now, done }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_lite::future::{block_on, poll_once};
    use smol::Executor;

    use super::*;
    use crate::chat::room::RoomLimits;
    use crate::hub::lobby::LobbyLimits;
    use crate::runtime::ManualClock;
    use crate::store::Store;
    use crate::store::faults::{Fault, Faults, Operation};
    use crate::time::Timestamp;

    const LIMITS: RoomLimits = RoomLimits {
        members_max: 0,
        history_lines: 10,
        outbox_bytes: 0,
        notice_delay: Duration::ZERO,
    };

    /// Counts what is appended: of each line first that somebody has come, and then the line, which has this fault.
    #[derive(Debug)]
    struct Appends(AtomicUsize, Fault);

    impl Faults for Appends {
        fn next(&self, operation: Operation) -> Fault {
            match operation {
                Operation::Append if self.0.fetch_add(1, Ordering::Relaxed) % 2 == 1 => {
                    self.1.clone()
                }
                _ => Fault::None,
            }
        }
    }

    struct World {
        executor: Arc<Executor<'static>>,
        clock: Arc<ManualClock>,
        health: Arc<Health>,
        appends: Arc<Appends>,
    }

    impl World {
        /// What is said hangs for so long.
        fn new(hangs: Duration) -> World {
            let executor = Arc::new(Executor::new());
            let clock = ManualClock::new(Timestamp(0));
            let runtime = Runtime::simulated(Arc::clone(&executor), Arc::clone(&clock));
            let fault = Fault::Hang(runtime.clock.clone(), hangs);
            let appends = Arc::new(Appends(AtomicUsize::new(0), fault));
            let store = Store::memory(10).with_faults(Arc::clone(&appends) as Arc<dyn Faults>);
            let lobby = Lobby::open(runtime.clone(), store, LIMITS, LobbyLimits::default());
            let lobby = block_on(executor.run(lobby)).expect("no rooms can be read");
            World {
                health: Arc::new(Health::new(lobby, runtime)),
                executor,
                clock,
                appends,
            }
        }

        fn settle(&self) {
            while self.executor.try_tick() {}
        }

        /// What is known at once.
        fn known(&self) -> Option<Result<Duration, Ill>> {
            let mut check = Box::pin(self.health.check());
            let first = block_on(poll_once(&mut check));
            self.settle();
            first.or_else(|| block_on(poll_once(&mut check)))
        }

        fn said(&self) -> usize {
            self.appends.0.load(Ordering::Relaxed) / 2
        }
    }

    #[test]
    fn however_many_ask_one_line_is_said_and_the_next_one_when_that_is_old() {
        let world = World::new(Duration::ZERO);
        for _ in 0..100 {
            assert_eq!(world.known(), Some(Ok(Duration::ZERO)));
        }
        assert_eq!(world.said(), 1);
        world.clock.advance(HEALTH_KEPT);
        assert_eq!(world.known(), Some(Ok(Duration::ZERO)));
        assert_eq!(world.said(), 2);
    }

    #[test]
    fn while_a_line_is_not_back_it_is_told_since_when_and_no_other_is_said() {
        let hangs = Duration::from_secs(30);
        let world = World::new(hangs);
        assert_eq!(world.known(), None, "there is still time");
        let mut waiting = Box::pin(world.health.check());
        assert_eq!(block_on(poll_once(&mut waiting)), None);
        world.clock.advance(HEALTH_WITHIN);
        let late = |seconds| Err(Ill::Late(Duration::from_secs(seconds)));
        assert_eq!(block_on(poll_once(&mut waiting)), Some(late(1)));
        world.clock.advance(Duration::from_secs(9));
        for _ in 0..100 {
            assert_eq!(world.known(), Some(late(10)));
        }
        assert_eq!(world.said(), 1);
        // It comes back in the end, and that it took so long is told for a while.
        world.clock.advance(Duration::from_secs(20));
        world.settle();
        assert_eq!(world.known(), Some(Err(Ill::Slow(hangs))));
        assert_eq!(world.said(), 1);
        world.clock.advance(HEALTH_KEPT);
        assert_eq!(world.known(), None);
        assert_eq!(world.said(), 2);
    }

    #[test]
    fn a_line_that_is_back_in_time_is_told_to_all_who_wait() {
        let world = World::new(HEALTH_WITHIN / 2);
        let mut waiting: Vec<_> = (0..10).map(|_| Box::pin(world.health.check())).collect();
        for check in &mut waiting {
            assert_eq!(block_on(poll_once(check)), None);
        }
        world.settle();
        world.clock.advance(HEALTH_WITHIN / 2);
        world.settle();
        for check in &mut waiting {
            assert_eq!(block_on(poll_once(check)), Some(Ok(HEALTH_WITHIN / 2)));
        }
        assert_eq!(world.said(), 1);
    }
}
