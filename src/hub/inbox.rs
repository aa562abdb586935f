//! What reaches a connection from elsewhere: replies, news of its room, the server's stop.
//!
//! One `Inbox` is made for each connection and handed to whoever may have something for it. Putting
//! something in never waits, and it wakes the connection's task. A room's transcript does not go through
//! here: the room rings, and the connection takes what is new from the room's
//! [`Outbox`](crate::hub::room::Outbox).

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
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
    /// Among the events is one that does not wait for the client to read.
    is_urgent: AtomicBool,
    /// When the client sent something last, in seconds of the server's life.
    last_input_secs: AtomicU32,
    /// Lines of this minute and of the one before; see [`LineCount`].
    lines: AtomicU64,
    events: Mutex<Vec<T>>,
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        Inbox {
            rung: AtomicBool::new(false),
            waker: AtomicWaker::new(),
            has_events: AtomicBool::new(false),
            has_input: AtomicBool::new(false),
            is_urgent: AtomicBool::new(false),
            last_input_secs: AtomicU32::new(0),
            lines: AtomicU64::new(0),
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

    /// As [`Inbox::put`] for an event that is handled however little the client reads.
    pub fn put_urgent(&self, event: T) {
        self.lock().push(event);
        self.is_urgent.store(true, Ordering::Release);
        self.has_events.store(true, Ordering::Release);
        self.ring();
    }

    /// Whether an event was ever put that does not wait for the client to read.
    pub fn is_urgent(&self) -> bool {
        self.is_urgent.load(Ordering::Acquire)
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

    /// Notes that the client has sent a line, with what [`Inbox::note_input`] was told last. Only the connection's task may
    /// call it.
    pub fn note_line(&self) {
        let minute = self.last_input_secs.load(Ordering::Relaxed) / 60;
        let count = LineCount::from(self.lines.load(Ordering::Relaxed));
        self.lines
            .store(count.at(minute).one_more().into(), Ordering::Relaxed);
    }

    /// About how many lines the client has sent in the minute before the server was `up` for so long.
    pub fn lines_per_minute(&self, up: Duration) -> u32 {
        let secs = up.as_secs();
        let minute = u32::try_from(secs / 60).unwrap_or(u32::MAX);
        let count = LineCount::from(self.lines.load(Ordering::Relaxed)).at(minute);
        count.now + (u64::from(count.before) * (60 - secs % 60) / 60) as u32
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<T>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many lines there were in a minute, and in the one before it. The connection's task is the only one that writes it.
#[derive(Clone, Copy, Debug)]
struct LineCount {
    /// In whole minutes of the server's life, of which the last bits are enough: nobody is silent for 45 days to the minute.
    minute: u16,
    now: u32,
    before: u32,
}

/// Bits of a count of lines: 16 million a minute.
const COUNT_BITS: u32 = 24;
const COUNT_MAX: u32 = (1 << COUNT_BITS) - 1;

impl LineCount {
    /// The same, as it looks in this minute.
    fn at(self, minute: u32) -> LineCount {
        let minute = minute as u16;
        let (now, before) = match minute.wrapping_sub(self.minute) {
            0 => (self.now, self.before),
            1 => (0, self.now),
            _ => (0, 0),
        };
        LineCount {
            minute,
            now,
            before,
        }
    }

    fn one_more(self) -> LineCount {
        LineCount {
            now: (self.now + 1).min(COUNT_MAX),
            ..self
        }
    }
}

impl From<u64> for LineCount {
    fn from(bits: u64) -> LineCount {
        LineCount {
            minute: (bits >> (2 * COUNT_BITS)) as u16,
            now: (bits >> COUNT_BITS) as u32 & COUNT_MAX,
            before: bits as u32 & COUNT_MAX,
        }
    }
}

impl From<LineCount> for u64 {
    fn from(count: LineCount) -> u64 {
        u64::from(count.minute) << (2 * COUNT_BITS)
            | u64::from(count.now) << COUNT_BITS
            | u64::from(count.before)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_last_minute_are_counted_and_older_ones_are_not() {
        let inbox = Inbox::<()>::default();
        let say = |up, lines| {
            inbox.note_input(Duration::from_secs(up));
            (0..lines).for_each(|_| inbox.note_line());
        };
        let rate = |up| inbox.lines_per_minute(Duration::from_secs(up));
        assert_eq!(rate(7), 0);
        say(10, 30);
        assert_eq!((rate(10), rate(59)), (30, 30));
        assert_eq!((rate(60), rate(90), rate(119)), (30, 15, 0));
        say(90, 10);
        assert_eq!((rate(90), rate(150), rate(180)), (25, 5, 0));
        say(70_000 * 60 + 90, 1);
        assert_eq!(rate(70_000 * 60 + 95), 1);
        say(70_000 * 60 + 100, 1 << 25);
        assert_eq!(rate(70_000 * 60 + 100), COUNT_MAX);
    }
}
