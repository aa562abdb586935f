//! What waits for the writer's thread. Not a channel, since the writer takes all that has gathered at once
//! and wants to know when nothing has come for a while.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_lock::{Semaphore, SemaphoreGuardArc};

/// Many tasks put, one thread takes.
#[derive(Debug)]
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    news: Condvar,
    places: Arc<Semaphore>,
}

#[derive(Debug)]
struct State<T> {
    waiting: Vec<(T, SemaphoreGuardArc)>,
    closed: bool,
}

/// What came of waiting.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Something.
    All,
    /// Nothing for as long as was waited.
    Nothing,
    /// Nothing, and nothing will come.
    Closed,
}

impl<T> Queue<T> {
    /// An empty queue with so many places.
    pub(super) fn new(places: usize) -> Queue<T> {
        Queue {
            state: Mutex::new(State {
                waiting: Vec::new(),
                closed: false,
            }),
            news: Condvar::new(),
            places: Arc::new(Semaphore::new(places)),
        }
    }

    /// Puts `thing` in once there is a place; false if the queue is closed.
    pub(super) async fn put(&self, thing: T) -> bool {
        let place = self.places.acquire_arc().await;
        let mut state = self.lock();
        if state.closed {
            return false;
        }
        state.waiting.push((thing, place));
        drop(state);
        self.news.notify_one();
        true
    }

    /// Takes all that waits; waits up to `patience` for something to come. What was put before the queue was
    /// closed is still to be had.
    pub(super) fn take_all(&self, things: &mut Vec<T>, patience: Duration) -> Taken {
        let idle = |state: &mut State<T>| state.waiting.is_empty() && !state.closed;
        let state = self.lock();
        let mut state = match self.news.wait_timeout_while(state, patience, idle) {
            Ok((state, _)) => state,
            Err(poisoned) => poisoned.into_inner().0,
        };
        if state.waiting.is_empty() {
            return if state.closed {
                Taken::Closed
            } else {
                Taken::Nothing
            };
        }
        things.extend(state.waiting.drain(..).map(|(thing, _place)| thing));
        Taken::All
    }

    /// Takes nothing more in.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.news.notify_one();
    }

    /// Drops what waits: nobody will take it.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.waiting.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::{block_on, poll_once};

    use super::*;

    #[test]
    fn all_that_waits_is_taken_at_once_and_in_order() {
        let queue = Queue::new(10);
        for number in 0..3 {
            assert!(block_on(queue.put(number)));
        }
        queue.close();
        let mut taken = Vec::new();
        assert_eq!(queue.take_all(&mut taken, Duration::MAX), Taken::All);
        assert_eq!(taken, [0, 1, 2]);
        assert_eq!(queue.take_all(&mut taken, Duration::MAX), Taken::Closed);
        assert!(!block_on(queue.put(3)));
    }

    #[test]
    fn who_finds_no_place_waits_for_one() {
        let queue = Queue::new(1);
        assert!(block_on(queue.put(1)));
        let mut second = Box::pin(queue.put(2));
        assert_eq!(block_on(poll_once(&mut second)), None);
        let mut taken = Vec::new();
        queue.take_all(&mut taken, Duration::ZERO);
        assert!(block_on(second));
        assert_eq!(queue.take_all(&mut taken, Duration::ZERO), Taken::All);
        assert_eq!(taken, [1, 2]);
        assert_eq!(queue.take_all(&mut taken, Duration::ZERO), Taken::Nothing);
    }
}
