//! What the writer and the searches tell the thread that keeps the index. None of them waits for it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Many ring, one listens.
#[derive(Debug, Default)]
pub(super) struct IndexSignal {
    state: Mutex<State>,
    change: Condvar,
}

#[derive(Debug, Default)]
struct State {
    rung: bool,
    news: News,
    closed: bool,
}

/// What was told besides that something was stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// Messages were forgotten.
    pub(super) forgot: bool,
    /// The index is of no use.
    pub(super) damaged: bool,
}

impl IndexSignal {
    /// Messages were stored.
    pub(super) fn ring(&self) {
        self.tell(|_| ());
    }

    /// Messages were forgotten.
    pub(super) fn ring_forgot(&self) {
        self.tell(|news| news.forgot = true);
    }

    /// A search has found the index to be damaged.
    pub(super) fn ring_damaged(&self) {
        self.tell(|news| news.damaged = true);
    }

    /// The listener shall end.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.change.notify_one();
    }

    /// Whether it rang since the last [`IndexSignal::take`].
    pub(super) fn is_rung(&self) -> bool {
        self.lock().rung
    }

    /// What was told since the last call.
    pub(super) fn take(&self) -> News {
        let mut state = self.lock();
        state.rung = false;
        std::mem::take(&mut state.news)
    }

    /// Waits until it rings or is closed, but no longer than `patience`.
    pub(super) fn wait(&self, patience: Duration) {
        drop(self.wait_while(patience, |state| !state.rung && !state.closed));
    }

    /// Waits for `pause` whatever rings. Returns true if the listener shall end, and at once then.
    pub(super) fn rest(&self, pause: Duration) -> bool {
        self.wait_while(pause, |state| !state.closed).closed
    }

    fn tell(&self, tell: impl FnOnce(&mut News)) {
        let mut state = self.lock();
        tell(&mut state.news);
        // Who rings for every batch of lines shall not wake anybody that often.
        if !std::mem::replace(&mut state.rung, true) {
            drop(state);
            self.change.notify_one();
        }
    }

    fn wait_while(
        &self,
        patience: Duration,
        idle: impl Fn(&State) -> bool,
    ) -> MutexGuard<'_, State> {
        let waited = self
            .change
            .wait_timeout_while(self.lock(), patience, |state| idle(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_taken_once() {
        let signal = IndexSignal::default();
        signal.ring_forgot();
        signal.ring();
        assert!(signal.is_rung());
        signal.wait(Duration::MAX);
        let forgot = News {
            forgot: true,
            damaged: false,
        };
        assert_eq!(signal.take(), forgot);
        assert!(!signal.is_rung());
        assert_eq!(signal.take(), News::default());
    }

    #[test]
    fn the_end_ends_every_wait() {
        let signal = IndexSignal::default();
        assert!(!signal.rest(Duration::ZERO));
        signal.close();
        signal.wait(Duration::MAX);
        assert!(signal.rest(Duration::MAX));
    }
}
