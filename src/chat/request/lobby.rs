//! *Pure.* What users ask of the lobby: rooms, names, each other.

use std::sync::Arc;
use std::time::Duration;

use super::Info;
use crate::chat::history::{Found, HistoryQuery, RoomSnapshot};
use crate::chat::ignore::{IgnoreReply, IgnoreRequest, Ignores};
use crate::chat::name::{Name, NameError, RoomName};
use crate::chat::password::Password;
use crate::chat::people::Recipient;

/// What a user asks of the lobby.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LobbyRequest {
    /// Create a room. Answered by [`LobbyReply::Created`].
    Create(RoomName),
    /// Name the rooms. Answered by [`LobbyReply::Rooms`].
    Rooms,
    /// Describe the rooms on a page; the first page is 1. Answered by [`Info::RoomPage`].
    RoomPage(usize),
    /// Join a room, with its password if it asked for one. Answered by [`LobbyReply::Joined`].
    Join(RoomName, Option<Password>),
    /// Open a closed room again, under another name if one is given. Answered by [`LobbyReply::Reopened`].
    Reopen(RoomName, Option<RoomName>),
    /// Take another name. Answered by [`LobbyReply::Renamed`].
    Rename(Name),
    /// Send a direct message. Answered by [`Info::DmSent`] or [`Info::DmFailed`].
    Message(Recipient, String),
    /// Ask somebody to come to the room where the user is.
    Invite(Name),
    /// Be away until the user speaks, for a reason that may be empty. Answered by [`LobbyReply::Away`].
    Away(String),
    /// Ignore somebody, or stop, or list them. Answered by [`LobbyReply::Ignoring`].
    Ignore(IgnoreRequest),
    /// List all users. Answered by [`Info::Users`].
    Users,
    /// Describe the user of this name. Answered by [`Info::Whois`].
    Whois(Name),
    /// Describe the server. Answered by [`Info::Stats`].
    Stats,
    /// Do this for an operator. Answered by [`Info::Admin`].
    Admin(String),
    /// Report somebody to the operators, for a reason. Answered by [`Info::Reported`].
    Report(Name, String),
    /// Look into the history of the user's room. Answered by [`LobbyReply::History`].
    History(HistoryQuery),
}

/// What came of a [`LobbyRequest`].
#[derive(Clone, Debug)]
pub enum LobbyReply {
    /// Whether the room was created.
    Created(RoomName, Result<(), CreateError>),
    /// The closed room that was asked for, and what it is called now.
    Reopened(RoomName, Result<RoomName, ReopenError>),
    /// The first rooms that everybody may see, in the order they were created, and how many more there are.
    Rooms(Vec<RoomName>, usize),
    /// The room as it is called, and what it looks like.
    Joined(RoomName, Result<RoomSnapshot, JoinError>),
    /// The new name.
    Renamed(Result<Name, RenameError>),
    /// The user is away from now on.
    Away,
    /// What came of it, and everybody whom the user ignores now.
    Ignoring(IgnoreReply, Option<Arc<Ignores>>),
    /// Messages; `None` if they cannot be read.
    History(HistoryQuery, Option<Found>),
    /// This is what was asked for, or why nothing was done.
    Shown(Info),
}

/// Why a room was not created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateError {
    /// No room can have that name.
    BadName(NameError),
    /// There is one.
    Exists,
    /// There is one that it looks like: this one, if the person may see it.
    Alike(Option<RoomName>),
    /// The server has as many rooms as it keeps.
    TooMany(usize),
    /// So many open rooms were created from the person's address, or from around it, which is all there can be.
    AddressFull(usize),
    /// The person's account has created so many open rooms, which is all it may.
    AccountFull(usize),
    /// The server cannot store it.
    NotStored,
}

/// Why a closed room was not opened again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReopenError {
    /// No room can have that name.
    BadName(NameError),
    /// There is none of that name that the user may open.
    NoRoom,
    /// There is a room of this name again.
    Exists(RoomName),
    /// A new room would be refused too.
    Refused(CreateError),
    /// The server cannot do it now.
    NotStored,
}

/// Why a room was not joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinError {
    /// No room can have that name.
    BadName(NameError),
    /// There is none of that name.
    NoRoom,
    /// It has as many members as it takes.
    Full(usize),
    /// It asks for a password.
    Locked,
    /// It asks for a password, and the person's connection is one over which none is taken.
    Overheard,
    /// The password is another one.
    WrongPassword,
    /// There were too many wrong passwords from the person's address.
    TooManyTries,
    /// Too many passwords wait to be checked.
    Busy,
    /// The server cannot store it.
    NotStored,
    /// The room has just failed, by a fault of the server.
    Fault,
    /// The person is banned, for so long (`None`: until it is taken back), for a reason that may be empty.
    Banned(Option<Duration>, Box<str>),
}

/// Why a name was not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenameError {
    /// Nobody can have that name.
    BadName(NameError),
    /// Somebody has it, or one that looks the same; the second is free.
    Taken(Name, Name),
    /// It is registered, or looks like the second, which is; the third is free.
    Registered(Name, Name, Name),
    /// An operator keeps anybody from having it.
    Banned(Name),
    /// The names cannot be looked up now.
    Unavailable,
}
