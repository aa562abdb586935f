//! What a room and its members say to each other, and how to reach a room.

use std::ops::Deref;
use std::sync::Arc;

use async_channel::Sender;

use super::{Mailbox, Reader, RoomInfo};
use crate::chat::admin::{Ejection, Tidings};
use crate::chat::history::{RoomId, RoomSnapshot};
use crate::chat::message::{Kind, MemberId};
use crate::chat::moderation::OperatorDeed;
use crate::chat::name::{Name, RoomName};
use crate::chat::node::NodeId;
use crate::chat::password::Hash;
use crate::chat::people::{DirectMessage, RoomMember};
use crate::chat::request::{JoinError, ModCommand, ModError, Reply};
use crate::chat::room::{ConnectionEnd, JoinRequest, Moderation, Numbered, RoomLimits};
use crate::hub::inbox::Inbox;
use crate::time::Timestamp;

/// What a room can be asked or told.
#[derive(Debug)]
pub enum RoomCommand {
    /// Let a connection in. Answered by [`ClientEvent::Admitted`] or [`ClientEvent::Refused`].
    Join(Box<Joining>),
    /// A member says a line of clean text. It comes back in the transcript.
    Say {
        /// The member.
        member: MemberId,
        /// Message or action.
        kind: Kind,
        /// Clean text.
        text: Box<str>,
    },
    /// A member has another name.
    Rename {
        /// The member.
        member: MemberId,
        /// Its new name.
        name: Name,
    },
    /// The room has other bounds from now on.
    SetLimits(Box<RoomLimits>),
    /// A member asks for the members. Answered by [`ClientEvent::Members`].
    Who(MemberId),
    /// A member completes a name. Answered by [`ClientEvent::Names`].
    Names(MemberId, Box<str>),
    /// A member leaves. Answered by [`ClientEvent::Left`], unless its connection has ended.
    Leave(MemberId, Option<Box<Ended>>),
    /// May the member lock the room? If so the room says so here; if not, it replies as to
    /// [`RoomCommand::Moderate`].
    MayLock(MemberId, Sender<()>),
    /// A member changes the room. Answered by [`Reply::Room`], or by being removed from a room that closes.
    Moderate(MemberId, Box<ModCommand>),
    /// This connection, logged in to this account, has created the room. Answered once that is in the log: who owns
    /// a room that was said to be created survives a crash of the server.
    SetFounder(MemberId, Option<Name>, Sender<()>),
    /// The connection of an owner has ended.
    OwnerEnded(MemberId, Box<ConnectionEnd>),
    /// An owner or a member is logged in to this account now, or to none.
    Account(MemberId, Option<Name>),
    /// An account was deleted.
    AccountDeleted(Name),
    /// Nobody seems to need the room any more: it ends unless somebody is in it, or has come since there were so many
    /// visits. One in which something was said ends only if that was before `before`.
    EndIfIdle {
        /// How often somebody had come in.
        visits: u64,
        /// Lines after that keep the room; `None`: all do.
        before: Option<Timestamp>,
    },
    /// Other servers have stored this in the room's log. Without any it is a reminder of what could not be stored.
    Stored(Vec<Numbered>),
    /// This server is dead, and whoever is connected to it goes. Answered once that is in the log; if it cannot be now, not
    /// at all.
    NodeDead(NodeId, Sender<()>),
    /// What this room needs to read of its log is gone: it ends, and is opened anew.
    LogLost,
    /// The room was closed, and is open again: this is who may do what. It comes before anybody can be there.
    Reopened(Box<Moderation>),
    /// Say here that this turn has come.
    Probe(Sender<()>),
    /// An operator of the server does this. Answered once it is stored, or with why not.
    Operate(OperatorDeed, Sender<Result<(), ModError>>),
    /// The server is stopping: announce joins and leaves no more.
    Stop,
}

impl RoomCommand {
    /// Bytes of text that it counts for in a mailbox.
    pub fn text_bytes(&self) -> usize {
        match self {
            RoomCommand::Say { text, .. } => text.len(),
            _ => 0,
        }
    }
}

/// What a connection that has ended leaves in its room.
#[derive(Debug)]
pub struct Ended {
    /// What it has not read.
    pub reader: Reader,
    /// How it has ended.
    pub how: ConnectionEnd,
}

/// Whoever asks to be let into a room, and waits for its answer. If it is dropped without one, the room has ended, and
/// the answer says so.
#[derive(Debug)]
pub struct Joining {
    /// Who it is.
    pub request: JoinRequest,
    room: RoomName,
    /// `None` once there was an answer.
    inbox: Option<Arc<ClientInbox>>,
}

impl Joining {
    /// The guest with this inbox asks `room`.
    pub fn new(request: JoinRequest, room: RoomName, inbox: Arc<ClientInbox>) -> Joining {
        Joining {
            request,
            room,
            inbox: Some(inbox),
        }
    }

    /// Lets the guest in. Returns what reaches the member from now on.
    pub fn admit(
        mut self,
        membership: Membership,
        snapshot: RoomSnapshot,
    ) -> Option<Arc<ClientInbox>> {
        let inbox = self.inbox.take()?;
        inbox.put(ClientEvent::Admitted(membership, snapshot));
        Some(inbox)
    }

    /// Tells the guest why not.
    pub fn refuse(mut self, why: JoinError) {
        self.answer(why);
    }

    fn answer(&mut self, why: JoinError) {
        if let Some(inbox) = self.inbox.take() {
            inbox.put(ClientEvent::Refused(self.room.clone(), why));
        }
    }
}

impl Drop for Joining {
    fn drop(&mut self) {
        self.answer(match std::thread::panicking() {
            true => JoinError::Fault,
            false => JoinError::NoRoom,
        });
    }
}

/// A connection's place in a room.
#[derive(Debug)]
pub struct Membership {
    /// The room.
    pub room: RoomHandle,
    /// What is said from now on.
    pub reader: Reader,
}

/// Something put into an [`Inbox`].
#[derive(Debug)]
pub enum ClientEvent {
    /// The reply to the request under way.
    Reply(Reply),
    /// The room to join was found. The user knew its password when this was its hash.
    Found(RoomHandle, Option<Hash>),
    /// The room let the connection in, and this is what it looks like.
    Admitted(Membership, RoomSnapshot),
    /// The room of this name did not.
    Refused(RoomName, JoinError),
    /// The connection has left its room; its reader gives what was said until then, and no more.
    Left,
    /// A line that was said could not be stored, so nobody has seen it.
    NotSent,
    /// A muted member said a line, so nobody has seen it.
    Muted,
    /// The connection owns this room from now on, and has to tell it when it ends.
    Owns(RoomHandle),
    /// The names of the room's members, to complete with.
    Names(Vec<Name>),
    /// The members of the room, in the order in which they connected, and how many more there are.
    Members(Vec<RoomMember>, usize),
    /// A direct message.
    Message(DirectMessage),
    /// The owner of this registered name has logged in elsewhere: the connection is to give it up, if it has it.
    NameReclaimed(Name),
    /// What a word can be completed to.
    Candidates(Vec<String>),
    /// The name went to the owner of the account, and the connection has this new one.
    NameYielded {
        /// The registered name.
        account: Name,
        /// The connection's new name.
        new: Name,
    },
    /// The server was taken for dead by those that it shares names with, and somebody else has `old` since: the connection
    /// has this `new` one.
    NameLost {
        /// What it was called.
        old: Name,
        /// What it is called now.
        new: Name,
    },
    /// An operator has deleted this account, which the user was logged in to.
    AccountDeleted(Name),
    /// An operator has given the connection this name.
    Renamed(Name),
    /// An operator has something to say, or is told something.
    Told(Arc<Tidings>),
    /// An operator closes the connection.
    Ejected(Box<Ejection>),
    /// The server is stopping.
    Stop,
}

/// What reaches a participant from elsewhere.
pub type ClientInbox = Inbox<ClientEvent>;

impl ClientInbox {
    /// Closes the connection, whatever else waits for it and whether its client reads or not.
    pub fn eject(&self, ejection: Ejection) {
        self.put_urgent(ClientEvent::Ejected(Box::new(ejection)));
    }

    /// Leaves the reply to the request under way.
    pub fn reply(&self, reply: impl Into<Reply>) {
        self.put(ClientEvent::Reply(reply.into()));
    }
}

/// How to reach a room. Cheap to clone and to keep: each of its members has one.
#[derive(Clone, Debug)]
pub struct RoomHandle(Arc<RoomInner>);

/// What a [`RoomHandle`] leads to.
#[derive(Debug)]
pub struct RoomInner {
    /// Its number in the store.
    pub id: RoomId,
    /// The room's name, as it was created.
    pub name: RoomName,
    /// The way in.
    pub mailbox: Mailbox<RoomCommand>,
    /// What may be known without asking it.
    pub info: RoomInfo,
}

impl RoomHandle {
    /// The way to a room that is about to be.
    pub fn new(id: RoomId, name: RoomName, info: RoomInfo) -> RoomHandle {
        RoomHandle(Arc::new(RoomInner {
            id,
            name,
            mailbox: Mailbox::default(),
            info,
        }))
    }
}

impl Deref for RoomHandle {
    type Target = RoomInner;

    fn deref(&self) -> &RoomInner {
        &self.0
    }
}
