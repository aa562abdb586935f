//! *Pure.* What a session asks of the lobby, its room and its connection, and what can come of it.
//!
//! An answer takes its time and may be a refusal, so that rooms and names can one day be kept elsewhere.

use std::sync::Arc;
use std::time::Duration;

use crate::chat::history::{HistoryQuery, RoomSnapshot};
use crate::chat::people::{
    DirectMessage, DmError, People, Profile, Recipient, RoomPage, Stats, UserSummary,
};
use crate::chat::settings::Setting;

mod moderation;

pub(crate) use moderation::StoredTarget;
pub use moderation::{BanLine, How, ModCommand, ModError, ModReply, NewBan, PutOut, Target};

use crate::chat::account::{AccountAnswer, AccountRequest};
use crate::chat::history::Found;
use crate::chat::ignore::{IgnoreAnswer, IgnoreRequest, Ignores};
use crate::chat::message::Kind;
use crate::chat::name::{Name, NameError, RoomName};
use crate::chat::password::Password;
use crate::chat::topic::Topic;

/// What a session asks of the lobby, of its room, or of its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Create a room. Answered by [`Answer::Created`].
    Create(RoomName),
    /// List the rooms. Answered by [`Answer::Rooms`].
    List,
    /// List the rooms on a page, of which the first is 1. Answered by [`Answer::RoomPage`].
    RoomPage(usize),
    /// Join a room. Answered by [`Answer::Joined`].
    Join(RoomName),
    /// Join a room that asks for a password, with this one. Answered by [`Answer::Joined`].
    JoinWith(RoomName, Password),
    /// Take another name. Answered by [`Answer::Renamed`].
    Rename(Name),
    /// Say or do something in the room. Not answered.
    Say(Kind, String),
    /// Say something to one person alone. Answered by [`Answer::DmSent`].
    Tell(Recipient, String),
    /// Be away until one speaks, for a reason that may be empty. Answered by [`Answer::Away`].
    Away(String),
    /// Ignore somebody, or no longer, or tell whom. Answered by [`Answer::Ignore`].
    Ignore(IgnoreRequest),
    /// Name the room's members. Answered by [`Answer::Members`].
    Who,
    /// Name everybody who is connected. Answered by [`Answer::Everybody`].
    Everybody,
    /// Tell of whoever has this name. Answered by [`Answer::Whois`].
    Whois(Name),
    /// Tell of the server. Answered by [`Answer::Stats`].
    Stats,
    /// Tell what the room is about. Answered by [`Answer::Topic`].
    Topic,
    /// Let the room be about something else, or nothing. Answered by [`Answer::TopicSet`].
    SetTopic(Option<Topic>),
    /// Look into the room's past. Answered by [`Answer::Lines`].
    HistoryQuery(HistoryQuery),
    /// So many lines before those that were shown last, as [`Request::HistoryQuery`].
    OlderPage(usize),
    /// The lines up to a time that the person wrote, as [`Request::HistoryQuery`].
    UntilTime(String),
    /// Let in only who knows this password. Answered by [`Answer::ModReply`].
    Lock(Password),
    /// Do what only owners may. Answered by [`Answer::ModReply`], or by being put out of a room that ends.
    Moderate(ModCommand),
    /// Leave the room. Answered by [`Answer::Left`].
    Leave,
    /// Draw things otherwise. Not answered: the connection does it at once.
    Set(Setting),
    /// Keep a name. Answered by [`Answer::Account`].
    Account(AccountRequest),
    /// Close the connection. Not answered.
    Quit,
}

/// What came of a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Of [`Request::Create`].
    Created(RoomName, Result<(), CreateError>),
    /// Of [`Request::List`]: all rooms that one may see, in the order they were created.
    Rooms(Vec<RoomName>),
    /// Of [`Request::RoomPage`].
    RoomPage(RoomPage),
    /// Of [`Request::Join`]: the room as it is called, and what it looks like.
    Joined(RoomName, Result<RoomSnapshot, JoinError>),
    /// Of [`Request::Rename`].
    Renamed(Result<Name, RenameError>),
    /// Of [`Request::Who`]: the members, in the order in which they connected, and how many more there are.
    Members(Vec<UserSummary>, usize),
    /// Of [`Request::Everybody`].
    Everybody(People),
    /// Of [`Request::Whois`]; `None`: nobody has that name.
    Whois(Name, Option<Box<Profile>>),
    /// Of [`Request::Stats`].
    Stats(Stats),
    /// Of [`Request::Topic`]: what the room of this name is about.
    Topic(RoomName, Option<Topic>),
    /// Of [`Request::SetTopic`]: whether it could be stored. If so, the transcript has told everybody.
    TopicSet(bool),
    /// Of [`Request::HistoryQuery`]; `None` if the past cannot be read.
    Lines(HistoryQuery, Option<Found>),
    /// Of [`Request::Tell`]: what was told and the reason for which the other is away, if so.
    DmSent(DirectMessage, Option<Box<str>>),
    /// Of [`Request::Tell`]: who could not be told.
    DmFailed(Name, DmError),
    /// Of [`Request::Ignore`]: what came of it, and all who are ignored now, if anybody is.
    Ignore(IgnoreAnswer, Option<Arc<Ignores>>),
    /// Of [`Request::Away`].
    Away,
    /// Of [`Request::Account`].
    Account(AccountAnswer),
    /// Of [`Request::Moderate`] and [`Request::Lock`].
    ModReply(Result<ModReply, ModError>),
    /// Of [`Request::Leave`].
    Left,
}

/// Why a room was not created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateError {
    /// No room can have that name.
    BadName(NameError),
    /// There is one.
    Exists,
    /// The server has as many rooms as it keeps.
    TooMany(usize),
    /// The server cannot store it.
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
    /// The password is another one.
    WrongPassword,
    /// There were too many wrong passwords from the person's address.
    TooManyTries,
    /// Too many passwords wait to be checked.
    Busy,
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
}
