//! *Pure.* What may be told of users, of rooms and of the server.

use std::time::Duration;

use crate::chat::message::MemberId;
use crate::chat::name::{Name, RoomName};
use crate::chat::topic::Topic;
use crate::time::Timestamp;

/// Somebody who is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// Whoever has this name.
    Name(Name),
    /// The connection with this number, and the name it had.
    Id(MemberId, Name),
}

impl Recipient {
    /// The name, which may have another bearer by now.
    pub fn name(&self) -> &Name {
        match self {
            Recipient::Name(name) | Recipient::Id(_, name) => name,
        }
    }
}

/// Words for one person alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectMessage {
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
pub enum DmError {
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
    /// The names cannot be looked up now.
    Unavailable,
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
pub struct UserSummary {
    /// The name.
    pub name: Name,
    /// For how long nothing was typed.
    pub idle: Duration,
    /// Away, for whatever reason.
    pub away: bool,
}

impl UserSummary {
    /// Somebody of whom there is nothing to tell but the name.
    pub fn named(name: Name) -> UserSummary {
        UserSummary {
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
    pub people: Vec<(UserSummary, Location)>,
    /// How many more there are.
    pub more: usize,
}

/// Where somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
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
    pub present: UserSummary,
    /// Where.
    pub place: Location,
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
