//! *Pure.* Replies that are only shown.

use super::{BanLine, BanReply, ModError};
use crate::chat::admin::AdminAnswer;
use crate::chat::admin::report::ReportError;
use crate::chat::name::{Name, RoomName};
use crate::chat::people::{DirectMessage, DmError, People, Profile, RoomPage, Stats, UserSummary};
use crate::chat::topic::Topic;

/// A reply that changes nothing for the front end: it is drawn, and that is all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Info {
    /// A page of the rooms.
    RoomPage(RoomPage),
    /// The members of a room in the order in which they connected, and how many more there are.
    Members(RoomName, Vec<UserSummary>, usize),
    /// All users.
    Users(People),
    /// The user of this name; `None`: nobody has it.
    Whois(Name, Option<Box<Profile>>),
    /// The server.
    Stats(Stats),
    /// A room's topic.
    Topic(RoomName, Option<Topic>),
    /// Somebody is banned from the room, and what else of theirs is.
    Banned(BanReply),
    /// The bans of the room, oldest first.
    Bans(Vec<BanLine>),
    /// The room did not do it.
    NotDone(ModError),
    /// A direct message was sent, to somebody who may be away for a reason.
    DmSent(DirectMessage, Option<Box<str>>),
    /// A direct message to the user of this name was not sent.
    DmFailed(Name, DmError),
    /// What came of a command of an operator.
    Admin(Box<AdminAnswer>),
    /// Somebody of this name is reported to the operators, with so many lines of the room, or is not.
    Reported(Name, Result<usize, ReportError>),
    /// The server cannot find out now.
    Unavailable,
}
