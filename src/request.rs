//! *Pure.* What a session asks of the lobby, its room and its connection, and what can come of it.
//!
//! An answer takes its time and may be a refusal, so that rooms and names can one day be kept elsewhere.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

mod own;

pub(crate) use own::StoredTarget;
pub use own::{BanLine, Hash, How, NewBan, Order, OrderError, Ordered, PutOut, Target};

use crate::account::{AccountAnswer, AccountRequest, Password};
use crate::ignore::{IgnoreAnswer, IgnoreRequest, Ignores};
use crate::limits::{CONTEXT_LINES, FOUND_LINES_MAX};
use crate::message::{Kind, MemberId, Message, Timestamp};
use crate::name::{Name, NameError, RoomName};
use crate::store::{Before, Found};
use crate::topic::Topic;

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
    /// Say something to one person alone. Answered by [`Answer::Told`].
    Tell(Whom, String),
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
    Look(Look),
    /// So many lines before those that were shown last, as [`Request::Look`].
    LookBack(usize),
    /// The lines up to a time that the person wrote, as [`Request::Look`].
    LookUpTo(String),
    /// Let in only who knows this password. Answered by [`Answer::Ordered`].
    Lock(Password),
    /// Do what only owners may. Answered by [`Answer::Ordered`], or by being put out of a room that ends.
    Order(Order),
    /// Leave the room. Answered by [`Answer::Left`].
    Leave,
    /// Draw things otherwise. Not answered: the connection does it at once.
    Set(Setting),
    /// Keep a name. Answered by [`Answer::Account`].
    Account(AccountRequest),
    /// Close the connection. Not answered.
    Quit,
}

/// Somebody who is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Whoever has this name.
    Name(Name),
    /// The connection with this number, and the name it had.
    Id(MemberId, Name),
}

impl Whom {
    /// The name, which may have another bearer by now.
    pub fn name(&self) -> &Name {
        match self {
            Whom::Name(name) | Whom::Id(_, name) => name,
        }
    }
}

/// Words for one person alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Private {
    /// When they were said.
    pub time: Timestamp,
    /// Who said them; to whom, for the one who said them.
    pub whom: MemberId,
    /// What that person is called.
    pub name: Name,
    /// The words.
    pub text: Box<str>,
}

/// Why private words did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TellError {
    /// Nobody of that name is connected.
    Gone,
    /// It is the name of everybody who has none.
    Anon,
    /// To oneself.
    Oneself,
    /// That person ignores who says them.
    Ignored,
    /// So many words wait there already.
    Full,
}

/// What somebody wants to see of a room's past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// The lines before a place.
    Before(Before, usize),
    /// The newest lines with all these words.
    For(String),
    /// A line and those around it.
    Around(u64),
}

impl Look {
    /// How many lines are wanted; around a line, so many before it and after it.
    pub fn lines(&self) -> usize {
        match self {
            Look::Before(_, lines) => *lines,
            Look::For(_) => FOUND_LINES_MAX,
            Look::Around(_) => CONTEXT_LINES,
        }
    }
}

/// How one connection wants things drawn, as far as its user decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Insert messages above the line being typed, on a terminal in line mode.
    Ansi(bool),
    /// Append-only, without colours, bells or repeated prompts.
    Plain(bool),
    /// Wrap inserted rows at so many columns; `None`: at the default.
    Width(Option<u16>),
    /// Colour names and let mentions stand out.
    Color(bool),
    /// What rings.
    Bell(Bell),
    /// The terminal's character set, by name.
    Charset(String),
    /// No notices and no advice.
    Quiet(bool),
    /// The zone that times are shown in, by name or by its distance from UTC; `None`: the server's.
    Timezone(Option<String>),
}

/// What rings a terminal's bell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bell {
    /// Nothing.
    #[default]
    Off,
    /// One's name, and private words.
    Mention,
    /// Whatever others say.
    All,
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
    Joined(RoomName, Result<Scene, JoinError>),
    /// Of [`Request::Rename`].
    Renamed(Result<Name, RenameError>),
    /// Of [`Request::Who`]: the members, in the order in which they connected, and how many more there are.
    Members(Vec<Present>, usize),
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
    /// Of [`Request::Look`]; `None` if the past cannot be read.
    Lines(Look, Option<Found>),
    /// Of [`Request::Tell`]: what was told and the reason for which the other is away, if so.
    Told(Private, Option<Box<str>>),
    /// Of [`Request::Tell`]: who could not be told.
    NotTold(Name, TellError),
    /// Of [`Request::Ignore`]: what came of it, and all who are ignored now, if anybody is.
    Ignore(IgnoreAnswer, Option<Arc<Ignores>>),
    /// Of [`Request::Away`].
    Away,
    /// Of [`Request::Account`].
    Account(AccountAnswer),
    /// Of [`Request::Order`] and [`Request::Lock`].
    Ordered(Result<Ordered, OrderError>),
    /// Of [`Request::Leave`].
    Left,
}

/// A page of the list of rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomPage {
    /// Its number, of which the first is 1.
    pub page: usize,
    /// How many pages there are.
    pub pages: usize,
    /// The rooms on it; none if there is no such page.
    pub rooms: Vec<RoomLine>,
}

/// What a list shows of one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomLine {
    /// Its name.
    pub name: RoomName,
    /// How many are in it.
    pub members: usize,
    /// For how long nothing was said; `None`: nothing ever was.
    pub quiet_for: Option<Duration>,
    /// What it is about.
    pub topic: Option<Topic>,
    /// Who joins has to know its password.
    pub locked: bool,
    /// It is listed for those inside only.
    pub private: bool,
}

/// Somebody who is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// The name.
    pub name: Name,
    /// For how long nothing was typed.
    pub idle: Duration,
    /// Away, for whatever reason.
    pub away: bool,
}

impl Present {
    /// Somebody of whom there is nothing to tell but the name.
    pub fn named(name: Name) -> Present {
        Present {
            name,
            idle: Duration::ZERO,
            away: false,
        }
    }
}

/// People and where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct People {
    /// In the order in which they connected.
    pub people: Vec<(Present, Whereabouts)>,
    /// How many more there are.
    pub more: usize,
}

/// Where somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// In no room.
    Menu,
    /// In this room.
    Room(RoomName),
    /// In a private room.
    Hidden,
}

/// All that there is to tell of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name, and whether somebody sits there.
    pub present: Present,
    /// Where.
    pub place: Whereabouts,
    /// Since when connected.
    pub since: Timestamp,
    /// With what.
    pub kind: ClientKind,
    /// What the client calls its terminal.
    pub terminal: Option<Box<str>>,
    /// The reason for being away, which may be empty.
    pub away: Option<Box<str>>,
}

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// Lines, as netcats and scripts do.
    Raw,
    /// Telnet; it edits its lines itself.
    TelnetLines,
    /// Telnet; each key is sent.
    TelnetKeys,
}

/// How the server does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Since when it is up.
    pub since: Timestamp,
    /// For how long.
    pub up: Duration,
    /// How many are connected.
    pub people: usize,
    /// How many rooms there are.
    pub rooms: usize,
    /// Lines said since it is up.
    pub lines: u64,
    /// Lines ever said here, if a file knows.
    pub lines_ever: Option<u64>,
}

/// What a room looks like to who joins it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// What it is about.
    pub topic: Option<Topic>,
    /// What was said last, oldest first.
    pub history: Vec<Arc<Message>>,
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
