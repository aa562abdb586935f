//! *Pure.* What operators ask of a server, over the admin socket or from their terminal, and what comes of it.
//!
//! - this file: who operators are, and what they can ask;
//! - `parse`: one grammar for both ways;
//! - `reply`: the answers, as data;
//! - `json`: the same for programs;
//! - `ban`: bans of the whole server;
//! - `report`: what users report.

pub mod ban;
pub mod json;
mod parse;
mod reply;
pub mod report;

use std::fmt;
use std::time::Duration;

use crate::chat::admin::ban::BanTarget;
use crate::chat::cidr::Cidr;
use crate::chat::name::{Name, RoomName};

pub use parse::{USAGES, Usage};
pub use reply::{
    AdminAnswer, AdminError, AdminReply, BanRow, ConnectionRow, LimitRow, Mistake, NodeFigures,
    NodeLine, Reach, Reloaded, RoomRow,
};

/// Who asks. Every act is logged with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Over the admin socket: the user of this machine.
    Socket(Box<str>),
    /// From a terminal: the account.
    Account(Name),
}

impl fmt::Display for Operator {
    /// `unix:root`, `Dai`; no spaces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operator::Socket(user) => write!(f, "unix:{user}"),
            Operator::Account(account) => account.fmt(f),
        }
    }
}

/// One connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// By its number.
    Id(u64),
    /// By the name of its user.
    Name(Name),
}

/// Who is to be kept out, or let in again, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedTarget {
    /// Whoever connects from there.
    Network(Cidr),
    /// Whoever has this name.
    Name(Name),
    /// Whoever is logged in to this account.
    Account(Name),
    /// The account of this name if there is one, and the name otherwise.
    Either(Name),
}

impl fmt::Display for WantedTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WantedTarget::Network(network) => BanTarget::Network(*network).fmt(f),
            WantedTarget::Name(name) => write!(f, "name:{name}"),
            WantedTarget::Account(name) => write!(f, "account:{name}"),
            WantedTarget::Either(name) => name.fmt(f),
        }
    }
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What does not work.
    Error,
    /// What may not work.
    Warn,
    /// What happens.
    Info,
    /// For whoever looks for a fault.
    Debug,
    /// All of it.
    Trace,
}

impl LogLevel {
    /// All of them, from the least to the most.
    pub const ALL: [LogLevel; 6] = [
        LogLevel::Off,
        LogLevel::Error,
        LogLevel::Warn,
        LogLevel::Info,
        LogLevel::Debug,
        LogLevel::Trace,
    ];

    /// What it is called.
    pub fn word(self) -> &'static str {
        match self {
            LogLevel::Off => "off",
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

/// What an operator can ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminCommand {
    /// List the connections.
    List,
    /// List the servers that share the rooms.
    Nodes,
    /// List the rooms: private, locked and closed ones too.
    Rooms,
    /// Close a connection, for a reason that may be empty.
    Kick(Whom, Box<str>),
    /// Keep somebody out, for so long or until it is lifted, for a reason that may be empty.
    Ban(WantedTarget, Option<Duration>, Box<str>),
    /// List the bans.
    Bans,
    /// Lift a ban.
    Unban(WantedTarget),
    /// Tell everybody.
    Announce(Box<str>),
    /// End a room.
    Close(RoomName),
    /// Take away the password of a room.
    Unlock(RoomName),
    /// Make a member of a room an owner.
    Own(RoomName, Name),
    /// Call somebody otherwise.
    Rename(Whom, Name),
    /// Delete an account.
    Forget(Name),
    /// List the limits.
    Limits,
    /// Log so much from now on.
    Log(LogLevel),
    /// Read the configuration again.
    Reload,
    /// Stop the server, having told everybody something that may be empty.
    Stop(Box<str>),
    /// List the last reports; so many of them, or the usual number.
    Reports(Option<usize>),
    /// Explain the commands, or one.
    Help(Option<&'static Usage>),
}

/// Why somebody's connection is closed by an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ejection {
    /// `None`: they may come again. Otherwise they are banned.
    pub ban: Option<Banishment>,
    /// Why; may be empty.
    pub why: Box<str>,
}

/// For how long somebody is banned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Banishment {
    /// The time left; `None`: until it is lifted.
    pub left: Option<Duration>,
}

/// Something that operators have to say, or are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tidings {
    /// An operator tells everybody.
    Announced(Box<str>),
    /// Somebody has reported somebody; for operators.
    Reported(Box<report::Report>),
}
