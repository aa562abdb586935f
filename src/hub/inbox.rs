//! What reaches a connection from elsewhere: replies, news of its room, the server's stop.
//!
//! One `Inbox` is made for each connection and handed to whoever may have something for it. Putting
//! something in never waits, and it wakes the connection's task. A room's transcript does not go through
//! here: the room rings, and the connection takes what is new from the room's
//! [`Outbox`](crate::hub::room::Outbox).

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake};
use std::time::Duration;

use atomic_waker::AtomicWaker;

/// The one thing that wakes a connection besides its socket and its timer.
#[derive(Debug)]
pub struct Inbox<T> {
    /// Something has happened since the connection last looked.
    rung: AtomicBool,
    waker: AtomicWaker,
    /// There may be events. Most rings are for the transcript and bring none.
    has_events: AtomicBool,
    /// The socket rang: there may be something to read.
    has_input: AtomicBool,
    /// When the client sent something last, in seconds of the server's life.
    last_input_secs: AtomicU32,
    events: Mutex<Vec<T>>,
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        Inbox {
            rung: AtomicBool::new(false),
            waker: AtomicWaker::new(),
            has_events: AtomicBool::new(false),
            has_input: AtomicBool::new(false),
            last_input_secs: AtomicU32::new(0),
            events: Mutex::default(),
        }
    }
}

/// Something that can be woken.
pub trait Bell: Send + Sync {
    /// Wakes it. Free if it is awake and has yet to look.
    fn ring(&self);
}

impl<T: Send> Bell for Inbox<T> {
    fn ring(&self) {
        Inbox::ring(self);
    }
}

impl<T> Inbox<T> {
    /// Tells the connection to look at its room and its events. Free if it is awake and has yet to look.
    pub fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.waker.wake();
        }
    }

    /// Leaves `event` and rings. The number of events is bounded by the requests a connection can have open
    /// (one) and the things that can happen to it on their own, each once.
    pub fn put(&self, event: T) {
        self.lock().push(event);
        self.has_events.store(true, Ordering::Release);
        self.ring();
    }

    /// As [`Inbox::put`] for events that others may send in any number; false if those that wait leave no space for
    /// it.
    #[must_use]
    pub fn put_if(&self, event: T, has_space: impl FnOnce(&[T]) -> bool) -> bool {
        let mut events = self.lock();
        if !has_space(&events) {
            return false;
        }
        events.push(event);
        drop(events);
        self.has_events.store(true, Ordering::Release);
        self.ring();
        true
    }

    /// Takes all events, oldest first.
    pub fn take(&self) -> Vec<T> {
        if !self.has_events.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        std::mem::take(&mut *self.lock())
    }

    /// Ready once it has rung since the last time it was ready. Only the connection's task may call it.
    pub fn poll_rung(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.rung.swap(false, Ordering::AcqRel) {
            return Poll::Ready(());
        }
        self.waker.register(cx.waker());
        // It may have rung before the waker was there.
        if self.rung.swap(false, Ordering::AcqRel) {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// Says whether the socket has rung through [`Inbox::wake`] since the last call.
    pub fn take_input_rung(&self) -> bool {
        self.has_input.swap(false, Ordering::AcqRel)
    }

    /// Notes that the client has sent something when the server was `up` for so long.
    pub fn note_input(&self, up: Duration) {
        let secs = u32::try_from(up.as_secs()).unwrap_or(u32::MAX);
        self.last_input_secs.store(secs, Ordering::Relaxed);
    }

    /// For how long the server was up when the client sent something last; in whole seconds.
    pub fn last_input(&self) -> Duration {
        Duration::from_secs(self.last_input_secs.load(Ordering::Relaxed).into())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<T>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An inbox is the waker for its socket's input, so that a connection that is woken by its room need not
/// ask the socket as well: with thousands of members that is a good part of a delivery.
impl<T: Send + 'static> Wake for Inbox<T> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_input.store(true, Ordering::Release);
        self.ring();
    }
}
