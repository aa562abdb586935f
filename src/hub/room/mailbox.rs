//! What waits for a room's next turn.
//!
//! Not a channel, for three reasons that were measured or met: the room takes *all* that waits with one
//! lock; the bound is in lines *and* bytes; and an idle room must not pay for slots (a bounded channel of
//! 1,024 keeps some 60 KiB for each room, and there may be 10,000).

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use atomic_waker::AtomicWaker;

use crate::hub::inbox::Bell;
use crate::limits::{MAILBOX_BYTES_MAX, MAILBOX_LINES_MAX};

/// The way into a room: many put, one takes.
#[derive(Debug)]
pub struct Mailbox<T> {
    state: Mutex<State<T>>,
    waker: AtomicWaker,
}

struct State<T> {
    waiting: Vec<T>,
    lines: usize,
    bytes: usize,
    closed: bool,
    /// Connections that were turned away and want to try again.
    turned_away: Vec<Arc<dyn Bell>>,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Mailbox {
            state: Mutex::new(State {
                waiting: Vec::new(),
                lines: 0,
                bytes: 0,
                closed: false,
                turned_away: Vec::new(),
            }),
            waker: AtomicWaker::new(),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("waiting", &self.waiting)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

impl<T> Mailbox<T> {
    /// Puts a line of talk in, which counts for so many `bytes`. When as many wait as may, the line is handed back and
    /// `bell` rings once there is space again. A room that is closed puts everybody out, and what they say is dropped.
    pub fn put_line<B: Bell + 'static>(
        &self,
        line: T,
        bytes: usize,
        bell: &Arc<B>,
    ) -> Result<(), T> {
        let mut state = self.lock();
        if state.closed {
            return Ok(());
        }
        if state.lines >= MAILBOX_LINES_MAX || state.bytes + bytes > MAILBOX_BYTES_MAX {
            let bell = Arc::clone(bell);
            state.turned_away.push(bell);
            return Err(line);
        }
        state.lines += 1;
        state.bytes += bytes;
        self.push(state, line);
        Ok(())
    }

    /// Puts anything else in, always: each connection can have but a few such on their way, so the
    /// connections bound them.
    ///
    /// # Errors
    ///
    /// Hands the command back if the room is closed: nobody will take it, so a guest has to be told otherwise.
    /// Members are put out, or the server is at its end.
    pub fn put(&self, command: T) -> Result<(), T> {
        let state = self.lock();
        if state.closed {
            return Err(command);
        }
        self.push(state, command);
        Ok(())
    }

    /// Lets the room take what waits, and then end. Those who were turned away need not wait any longer.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let turned_away = std::mem::take(&mut state.turned_away);
        drop(state);
        self.waker.wake();
        for bell in turned_away {
            bell.ring();
        }
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Swaps what waits into `turn`, which must be empty; ready with false once it is closed and nothing
    /// waits. Rings for those who were turned away. Only the room's task may call it.
    pub fn poll_take(&self, turn: &mut Vec<T>, cx: &mut Context<'_>) -> Poll<bool> {
        debug_assert!(turn.is_empty());
        self.waker.register(cx.waker());
        let mut state = self.lock();
        if state.waiting.is_empty() {
            return if state.closed {
                Poll::Ready(false)
            } else {
                Poll::Pending
            };
        }
        std::mem::swap(&mut state.waiting, turn);
        state.lines = 0;
        state.bytes = 0;
        let turned_away = std::mem::take(&mut state.turned_away);
        drop(state);
        for bell in turned_away {
            bell.ring();
        }
        Poll::Ready(true)
    }

    /// Takes out all that waits, and gives each to `drop`.
    pub fn clear(&self, drop: impl FnMut(T)) {
        let waiting = std::mem::take(&mut self.lock().waiting);
        waiting.into_iter().for_each(drop);
    }

    fn push(&self, mut state: MutexGuard<'_, State<T>>, command: T) {
        state.waiting.push(command);
        let first = state.waiting.len() == 1;
        drop(state);
        if first {
            self.waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
