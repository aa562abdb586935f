//! How long turns take, and whose turn is next among the connections of one address.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::{Connection, Next};
use crate::limits::{TURN_TIME_MAX, TURN_TIME_MIN};
use crate::net::reason::Reason;
use crate::runtime::Timer;

thread_local! {
    /// When the turns that are being taken on this thread have taken long enough, if that is counted.
    static TURNS_END: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// While it is there, turns that are taken on this thread are late after a while. If one panics they end too.
struct CountedTurns;

impl CountedTurns {
    fn begin(end: Instant) -> CountedTurns {
        TURNS_END.set(Some(end));
        CountedTurns
    }
}

impl Drop for CountedTurns {
    fn drop(&mut self) {
        TURNS_END.set(None);
    }
}

impl Connection {
    /// Reserves the time that the next turns will take, where that is counted. Gives what to wait for first if the
    /// connections from there have taken too much.
    pub(super) fn reserve_turns(&self) -> Option<Timer> {
        let sharer = self.sharer.as_ref()?;
        let now = self.now();
        let begin = sharer.reserve(self.turn_time(), now);
        (begin > now).then(|| self.shared.runtime.clock.at(begin))
    }

    /// How long the next turns will take, as far as can be known.
    fn turn_time(&self) -> Duration {
        Duration::from_micros(self.turn_micros.into()).max(TURN_TIME_MIN)
    }

    /// Takes turns, which do not take long, and settles what they took.
    pub(super) fn timed_turns(&mut self) -> ControlFlow<Reason, Next> {
        if self.sharer.is_none() {
            return self.turns();
        }
        let start = self.now();
        let counted = CountedTurns::begin(start + TURN_TIME_MAX);
        let next = self.turns();
        drop(counted);
        let taken = self.now() - start;
        if let Some(sharer) = &self.sharer {
            sharer.settle(self.turn_time(), taken);
        }
        self.turn_micros = u32::try_from(taken.as_micros()).unwrap_or(u32::MAX);
        next
    }

    /// Others wait for this connection to let them run.
    pub(super) fn is_late(&self) -> bool {
        TURNS_END.get().is_some_and(|end| self.now() >= end)
    }
}
