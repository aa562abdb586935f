//! The made-up network: for each connection two streams of bytes that the simulation moves along.
//!
//! The server sees a [`Transport`]; the simulation decides when what a client sends arrives and in which
//! pieces, how much of what the server writes fits, when the client takes it, and how the connection breaks.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use parlor::net::socket::Transport;

/// Which connections the server has written to or closed since one last looked.
pub(crate) type Touched = Arc<Mutex<Vec<usize>>>;

/// One connection, as the simulation sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    state: Arc<Mutex<State>>,
    number: usize,
    touched: Touched,
}

/// How a connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// A reset that overtakes what has arrived and was not read.
    Reset,
    /// A reset that comes behind it.
    LateReset,
    /// The client's program is gone: end of input, and whatever is written to it comes back as an error.
    Gone,
}

#[derive(Debug)]
pub(crate) struct State {
    /// Sent by the client and still under way.
    pub(crate) under_way: VecDeque<u8>,
    /// There for the server to read.
    arrived: VecDeque<u8>,
    /// Bytes that have ever arrived.
    pub(crate) arrived_ever: usize,
    /// The client ends its input, once all before it has arrived.
    pub(crate) ends: bool,
    at_end: bool,
    pub(crate) broken: Option<Break>,
    /// The server's next look at it panics.
    is_faulty: bool,

    /// Written by the server and not looked at by the simulation.
    pub(crate) written: Vec<u8>,
    /// Written by the server and not taken by the client.
    pub(crate) untaken: usize,
    /// How much of that there can be.
    space: usize,
    /// The server had something to write and there was no space at all.
    pub(crate) is_full: bool,
    tell_when_sent: bool,
    /// The server has closed.
    pub(crate) closed: bool,

    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Wire {
    /// A connection on which the server can write `space` bytes ahead of the client.
    pub(crate) fn new(number: usize, space: usize, touched: Touched) -> Wire {
        let state = State {
            under_way: VecDeque::new(),
            arrived: VecDeque::new(),
            arrived_ever: 0,
            ends: false,
            at_end: false,
            broken: None,
            is_faulty: false,
            written: Vec::new(),
            untaken: 0,
            space,
            is_full: false,
            tell_when_sent: false,
            closed: false,
            reader: None,
            writer: None,
        };
        Wire {
            state: Arc::new(Mutex::new(state)),
            number,
            touched,
        }
    }

    /// Has the server make a mistake when it reads next.
    pub(crate) fn cause_fault(&self) {
        let mut state = self.lock();
        state.is_faulty = true;
        wake(&mut state.reader);
    }

    /// The server's end.
    pub(crate) fn end(&self) -> Box<dyn Transport> {
        Box::new(End(self.clone()))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client sends.
    pub(crate) fn send(&self, bytes: &[u8]) {
        let mut state = self.lock();
        if state.broken.is_none() && !state.ends {
            state.under_way.extend(bytes);
        }
    }

    /// Lets up to `most` bytes arrive, or the end of input behind them. True if more is under way.
    pub(crate) fn deliver(&self, most: usize) -> bool {
        let mut state = self.lock();
        if state.broken.is_some() {
            return false;
        }
        let count = most.min(state.under_way.len());
        let state = &mut *state;
        state.arrived.extend(state.under_way.drain(..count));
        state.arrived_ever += count;
        if state.ends && state.under_way.is_empty() {
            state.at_end = true;
        }
        wake(&mut state.reader);
        !state.under_way.is_empty()
    }

    /// The client takes up to `most` bytes of what was written. True if there is more.
    pub(crate) fn take(&self, most: usize) -> bool {
        let mut state = self.lock();
        state.untaken -= most.min(state.untaken);
        if most > 0 {
            state.is_full = false;
        }
        if state.may_write() {
            wake(&mut state.writer);
        }
        state.untaken > 0
    }

    /// Breaks the connection. Returns how many of the bytes that were ever sent the server has got.
    pub(crate) fn break_off(&self, how: Break) -> usize {
        let mut state = self.lock();
        let state = &mut *state;
        if state.broken.is_none() {
            state.broken = Some(how);
            match how {
                Break::Reset => {
                    state.arrived_ever -= state.arrived.len();
                    state.arrived.clear();
                }
                Break::LateReset => {}
                Break::Gone => {
                    state.arrived_ever += state.under_way.len();
                    state.arrived.append(&mut state.under_way);
                }
            }
            state.under_way.clear();
            state.is_full = false;
        }
        wake(&mut state.reader);
        wake(&mut state.writer);
        state.arrived_ever
    }

    /// Wakes the server for nothing, as real sockets sometimes do.
    pub(crate) fn wake_for_nothing(&self) {
        let mut state = self.lock();
        wake(&mut state.reader);
        wake(&mut state.writer);
    }

    fn touch(&self) {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        if touched.last() != Some(&self.number) {
            touched.push(self.number);
        }
    }
}

impl State {
    fn may_write(&self) -> bool {
        match self.tell_when_sent {
            _ if self.broken.is_some() => true,
            true => self.untaken == 0,
            false => self.untaken < self.space,
        }
    }

    /// The server can still be told something, and the client can still be shown something.
    pub(crate) fn is_open(&self) -> bool {
        !self.closed && self.broken.is_none() && !self.ends
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// The server's end of a connection. Dropping it closes the connection.
#[derive(Debug)]
struct End(Wire);

impl Transport for End {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        let is_news = state.at_end || state.broken.is_some() || state.is_faulty;
        if is_news || !state.arrived.is_empty() {
            return Poll::Ready(Ok(()));
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        if state.may_write() {
            return Poll::Ready(Ok(()));
        }
        state.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    fn read(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let mut state = self.0.lock();
        assert!(
            !std::mem::take(&mut state.is_faulty),
            "a fault of the connection, on purpose"
        );
        let count = buffer.len().min(state.arrived.len());
        if count > 0 {
            for (place, byte) in buffer.iter_mut().zip(state.arrived.drain(..count)) {
                *place = byte;
            }
            return Ok(Some(count));
        }
        match state.broken {
            Some(Break::Reset | Break::LateReset) => Err(io::ErrorKind::ConnectionReset.into()),
            Some(Break::Gone) => Ok(Some(0)),
            None if state.at_end => Ok(Some(0)),
            None => Ok(None),
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<Option<usize>> {
        let mut state = self.0.lock();
        if state.broken.is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let count = bytes.len().min(state.space.saturating_sub(state.untaken));
        state.is_full = count == 0;
        state.written.extend_from_slice(&bytes[..count]);
        state.untaken += count;
        drop(state);
        self.0.touch();
        Ok((count > 0).then_some(count))
    }

    fn tell_when_sent(&self) {
        self.0.lock().tell_when_sent = true;
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.touch();
    }
}
