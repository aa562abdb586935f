//! What reaches a connection from elsewhere: answers, news of its room, the server's stop.
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

use crate::chat::history::RoomSnapshot;
use crate::chat::message::MemberId;
use crate::chat::name::{Name, RoomName};
use crate::chat::password::Hash;
use crate::chat::people::DirectMessage;
use crate::chat::request::{JoinError, Reply};
use crate::hub::room::{Membership, RoomHandle};

/// Something put into an [`Inbox`].
#[derive(Debug)]
pub enum ClientEvent {
    /// The reply to the request under way.
    Reply(Reply),
    /// The room to join was found; knock there. Its password was known when this was its hash.
    Found(RoomHandle, Option<Hash>),
    /// The room let the connection in, and this is what it looks like.
    Admitted(Membership, RoomSnapshot),
    /// The room of this name did not.
    Refused(RoomName, JoinError),
    /// The connection has left its room; its reader gives what was said until then, and no more.
    Left,
    /// A line that was said could not be stored, so nobody has seen it.
    NotSent,
    /// A line was said by somebody who may only read, so nobody has seen it.
    Muted,
    /// The connection owns this room from now on, and has to tell it when it ends.
    Owns(RoomHandle),
    /// The names of the room's members, to complete with.
    Names(Vec<Name>),
    /// Who is in the room, in the order in which they connected, and how many more there are.
    Members(Vec<(MemberId, Name)>, usize),
    /// Somebody has said something to this connection alone.
    DmSent(DirectMessage),
    /// The bearer of this registered name has logged in elsewhere and wants it back. Free it, if you have it.
    NameReclaimed(Name),
    /// The server is stopping.
    Stop,
}

/// The one thing that wakes a connection besides its socket and its timer.
#[derive(Debug, Default)]
pub struct Inbox {
    /// Something has happened since the connection last looked.
    rung: AtomicBool,
    waker: AtomicWaker,
    /// There may be notes. Most rings are for the transcript and bring none.
    has_notes: AtomicBool,
    /// The socket rang: there may be something to read.
    has_input: AtomicBool,
    /// When the client sent something last, in seconds of the server's life.
    last_input_secs: AtomicU32,
    notes: Mutex<Vec<ClientEvent>>,
}

impl Inbox {
    /// Tells the connection to look at its room and its notes. Free if it is awake and has yet to look.
    pub fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.waker.wake();
        }
    }

    /// Leaves the reply to the request under way.
    pub fn reply(&self, reply: impl Into<Reply>) {
        self.put(ClientEvent::Reply(reply.into()));
    }

    /// Leaves `note` and rings. The number of notes is bounded by the requests a connection can have open
    /// (one) and the things that can happen to it on their own, each once.
    pub fn put(&self, note: ClientEvent) {
        self.lock().push(note);
        self.has_notes.store(true, Ordering::Release);
        self.ring();
    }

    /// As [`Inbox::put`] for notes that others may send in any number; false if `max` notes wait already.
    #[must_use]
    pub fn put_up_to(&self, note: ClientEvent, max: usize) -> bool {
        let mut notes = self.lock();
        if notes.len() >= max {
            return false;
        }
        notes.push(note);
        drop(notes);
        self.has_notes.store(true, Ordering::Release);
        self.ring();
        true
    }

    /// Takes all notes, oldest first.
    pub fn take(&self) -> Vec<ClientEvent> {
        if !self.has_notes.swap(false, Ordering::AcqRel) {
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

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<ClientEvent>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An inbox is the waker for its socket's input, so that a connection that is woken by its room need not
/// ask the socket as well: with thousands of members that is a good part of a delivery.
impl Wake for Inbox {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_input.store(true, Ordering::Release);
        self.ring();
    }
}
