//! The record of one client and of the whole test: what went which way and when.

use std::fmt::Write as _;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::DEADLINE;

/// Events of one client that are printed in full; of longer transcripts the end matters most.
const EVENTS_SHOWN: usize = 60;
/// Bytes of one event that are printed.
const EVENT_BYTES_SHOWN: usize = 2_000;

/// Everything one source said: bytes received, whether it has ended, and the dialogue.
#[derive(Debug)]
pub(crate) struct Tape {
    name: String,
    started: Instant,
    state: Mutex<State>,
    changed: Condvar,
}

/// What a [`Tape`] holds.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// All bytes received so far.
    pub(crate) received: Vec<u8>,
    /// The other side has closed.
    pub(crate) ended: bool,
    events: Vec<(f64, &'static str, Vec<u8>)>,
}

impl Tape {
    pub(crate) fn new(name: impl Into<String>, started: Instant) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            started,
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panicked while it held the lock has left nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes bytes that were sent, or an act such as closing.
    pub(crate) fn note(&self, direction: &'static str, bytes: &[u8]) {
        let at = self.started.elapsed().as_secs_f64();
        self.lock().events.push((at, direction, bytes.to_vec()));
    }

    /// Notes bytes that came, and wakes whoever waits for them.
    pub(crate) fn receive(&self, bytes: &[u8]) {
        self.note("<-", bytes);
        self.lock().received.extend_from_slice(bytes);
        self.changed.notify_all();
    }

    /// Notes that nothing more will come.
    pub(crate) fn end(&self, how: &str) {
        self.note("--", how.as_bytes());
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Waits until `look` finds something, and returns it; `None` once the deadline has passed or the
    /// source has ended without it.
    pub(crate) fn wait<T>(&self, look: impl FnMut(&State) -> Option<T>) -> Option<T> {
        self.wait_within(DEADLINE, look)
    }

    /// The same with a deadline of its own.
    pub(crate) fn wait_within<T>(
        &self,
        patience: Duration,
        mut look: impl FnMut(&State) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + patience;
        let mut state = self.lock();
        loop {
            if let Some(found) = look(&state) {
                return Some(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.ended || left.is_zero() {
                return None;
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// The transcript for a failure: one event a line, with time, direction and escaped bytes.
    pub(crate) fn transcript(&self) -> String {
        let state = self.lock();
        let mut out = format!(
            "--- {} ({} bytes received)\n",
            self.name,
            state.received.len()
        );
        let skipped = state.events.len().saturating_sub(EVENTS_SHOWN);
        if skipped > 0 {
            let _ = writeln!(out, "  ... {skipped} earlier events");
        }
        for (at, direction, bytes) in &state.events[skipped..] {
            let shown = &bytes[..bytes.len().min(EVENT_BYTES_SHOWN)];
            let _ = writeln!(out, "  {at:8.3} {direction} {}", readable(shown));
        }
        out
    }
}

/// Bytes as text in which nothing is invisible: controls escaped, other scripts left as they are.
pub(crate) fn readable(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                c if c.is_control() => out.extend(c.escape_unicode()),
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}
