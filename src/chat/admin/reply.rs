//! What comes of a command of an operator.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ban::{BanTarget, ServerBan};
use super::parse::Usage;
use super::report::Report;
use super::{LogLevel, WantedTarget, Whom};
use crate::chat::message::MemberId;
use crate::chat::moderation::ModError;
use crate::chat::name::{Name, NameError, RoomName};
use crate::chat::node::NodeId;
use crate::chat::people::{ClientKind, Encryption};
use crate::chat::topic::Topic;
use crate::time::Timestamp;

/// What came of a command.
pub type AdminAnswer = Result<AdminReply, AdminError>;

/// What was done, or what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminReply {
    /// The connections, in the order in which they came; whether all of them, or those of this server alone since it cannot
    /// be told which the others have.
    Connections(Vec<ConnectionRow>, Reach),
    /// The servers that share the rooms.
    Nodes(Vec<NodeLine>),
    /// The rooms, in the order in which they were created; then those that were closed and can be opened again.
    Rooms(Vec<RoomRow>),
    /// A connection is closed.
    Kicked(MemberId, Name),
    /// Somebody is banned.
    Banned {
        /// Who.
        target: BanTarget,
        /// For how long; `None`: until it is lifted.
        time: Option<Duration>,
        /// Connections that were closed for it.
        closed: usize,
        /// Servers that did not say how many they have closed.
        silent: usize,
        /// It will outlive the server, or there is nothing that could.
        is_stored: bool,
    },
    /// The bans, oldest first.
    Bans(Vec<BanRow>),
    /// Bans were lifted.
    Unbanned(Vec<BanTarget>),
    /// So many connections are told, and so many servers did not say how many they have told.
    Announced(usize, usize),
    /// A room is closed.
    Closed(RoomName),
    /// A room has no password any more.
    Unlocked(RoomName),
    /// A member owns a room as well.
    Owned(RoomName, Name),
    /// Somebody has another name: the old one, the new one.
    Renamed(Name, Name),
    /// An account is deleted.
    Forgotten(Name),
    /// The limits.
    Limits(Vec<LimitRow>),
    /// So much is logged from now on.
    Log(LogLevel),
    /// The configuration was read again.
    Reloaded(Reloaded),
    /// The server stops now.
    Stopping,
    /// The last reports, oldest first, and how many more there are.
    Reports(Vec<Report>, usize),
    /// The commands, or one.
    Help(Option<&'static Usage>),
    /// This is about the server that is called so alone, among those that share the rooms.
    OfNode(Box<str>, Box<AdminReply>),
}

impl AdminReply {
    /// Whether the server is to stop now.
    pub fn stops(&self) -> bool {
        match self {
            AdminReply::OfNode(_, reply) => reply.stops(),
            reply => *reply == AdminReply::Stopping,
        }
    }
}

/// Whom a list covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All servers.
    All,
    /// This one, since it cannot be told what there is on the others.
    Here,
}

/// A server among those that share the rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeLine {
    /// Its number.
    pub node: NodeId,
    /// What it is called.
    pub label: Box<str>,
    /// It is the one that was asked.
    pub is_this: bool,
    /// When it has come.
    pub since: Timestamp,
    /// It says nothing any more, and is being taken out of the rooms.
    pub is_leaving: bool,
    /// How it is; `None`: it does not answer.
    pub figures: Option<NodeFigures>,
}

/// How a server is that shares rooms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeFigures {
    /// Connections.
    pub people: usize,
    /// Entries of all rooms that others have stored and it has not taken yet.
    pub lag: u64,
}

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionRow {
    /// Its number.
    pub id: MemberId,
    /// What its user is called.
    pub name: Name,
    /// The account that the user is logged in to.
    pub account: Option<Name>,
    /// The account is an operator's.
    pub is_operator: bool,
    /// What its server is called, if several share the rooms.
    pub node: Option<Box<str>>,
    /// The room; `None`: at the menu.
    pub room: Option<RoomName>,
    /// Where it comes from; `None`: over a Unix socket.
    pub ip: Option<IpAddr>,
    /// What protects its way here.
    pub encryption: Option<Encryption>,
    /// The kind of client.
    pub kind: ClientKind,
    /// What the client calls its terminal.
    pub terminal: Option<Box<str>>,
    /// When it came.
    pub since: Timestamp,
    /// Time since the last input.
    pub idle: Duration,
    /// Lines in the last minute.
    pub lines_per_minute: u32,
    /// It was lost, and the seat is kept.
    pub is_lost: bool,
}

/// A room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomRow {
    /// Its name.
    pub name: RoomName,
    /// How many are in it.
    pub members: usize,
    /// Lines since the server was started.
    pub lines: u64,
    /// When something was said last.
    pub last_line: Option<Timestamp>,
    /// It has a password.
    pub is_locked: bool,
    /// Only its members see it in lists.
    pub is_private: bool,
    /// The accounts among its owners.
    pub owners: Vec<Name>,
    /// What it is about.
    pub topic: Option<Topic>,
    /// It was closed, and can be opened again for so long.
    pub closed: Option<Duration>,
}

/// A ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanRow {
    /// Who is kept out.
    pub target: BanTarget,
    /// The time left; `None`: until it is lifted.
    pub left: Option<Duration>,
    /// The operator who made it.
    pub by: Box<str>,
    /// Why; may be empty.
    pub why: Box<str>,
    /// When it was made.
    pub made: Timestamp,
    /// How often it has kept out somebody.
    pub hits: u64,
}

impl BanRow {
    /// What is shown of a ban at the time `now`.
    pub fn of(ban: &ServerBan, now: Timestamp) -> BanRow {
        BanRow {
            target: ban.target.clone(),
            left: ban.left(now),
            by: ban.by.clone(),
            why: ban.why.clone(),
            made: ban.made,
            hits: ban.hits(),
        }
    }
}

/// A limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRow {
    /// What it is called: as its flag, if it has one.
    pub name: &'static str,
    /// The most there can be; `None`: any number.
    pub most: Option<u64>,
    /// How much there is; `None`: that is counted for each client apart.
    pub used: Option<u64>,
    /// What is counted, in the plural.
    pub unit: &'static str,
}

/// What came of reading the configuration again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// What is another way from now on, a line each: `max_rooms: 10 (was 5)`.
    pub changed: Vec<Arc<str>>,
    /// What was not done all the same, a line each.
    pub warnings: Vec<Arc<str>>,
    /// The keys that will have another value once the server is started again.
    pub restart: Vec<Arc<str>>,
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminError {
    /// Who asks is no operator.
    NotOperator,
    /// Others may read what comes over this connection.
    Overheard,
    /// It makes no sense.
    Mistake(Mistake),
    /// There is no such connection.
    Nobody(Whom),
    /// No account has that name.
    NoAccount(Name),
    /// This server keeps no accounts.
    NoAccounts,
    /// There is no such room.
    NoRoom(RoomName),
    /// Nobody of that name is in the room.
    NotInRoom(RoomName, Name),
    /// The room did not do it.
    Room(RoomName, ModError),
    /// That is not banned; this is, which covers it.
    NotBanned(WantedTarget, Option<BanTarget>),
    /// There are as many bans as there can be.
    TooManyBans(usize),
    /// Somebody has that name already, or one that looks like it.
    NameTaken(Name),
    /// The name is banned.
    NameBanned(Name),
    /// The server cannot do it now.
    Unavailable,
    /// The server to whose connection it would be done does not answer: perhaps it was done, perhaps not.
    Silent,
    /// This server shares its rooms with no others.
    Alone,
    /// It did not work, for this reason in words.
    Failed(Box<str>),
}

/// What is wrong with what an operator typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// There is no such command; perhaps one of these was meant.
    Unknown(Box<str>, Vec<&'static str>),
    /// A command got too little, too much, or something else.
    Usage(&'static Usage),
    /// That is no address, and no network.
    BadAddress(Box<str>),
    /// That is no length of time, or too long.
    BadTime(Box<str>),
    /// Nobody can have that name, and no room.
    BadName(Box<str>, NameError),
    /// It is longer than so many columns.
    TooLong(usize),
    /// It is the name of all users without one.
    Anon,
}

impl From<Mistake> for AdminError {
    fn from(mistake: Mistake) -> AdminError {
        AdminError::Mistake(mistake)
    }
}
