//! *Pure.* What an owner asks of a room, and what can come of it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::address::Address;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::password::Hash;
use crate::chat::topic::Topic;

/// Whom a ban keeps out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredTarget", into = "StoredTarget")]
pub enum Target {
    /// Whoever has this name, or one that looks like it.
    Name(Name),
    /// Whoever comes from there.
    Address(Address),
}

impl Target {
    /// Reads a name or an address that somebody typed. What can be read as an address is one, in brackets too.
    pub fn parse(text: &str) -> Option<Target> {
        let bare = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        match Address::parse(bare.unwrap_or(text)) {
            Some(address) => Some(Target::Address(address)),
            None => Name::parse(text.trim_start_matches('@'))
                .ok()
                .map(Target::Name),
        }
    }
}

impl Target {
    /// The name; `None`: it is an address.
    pub fn name(&self) -> Option<&Name> {
        match self {
            Target::Name(name) => Some(name),
            Target::Address(_) => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Name(name) => name.fmt(f),
            Target::Address(address) => address.fmt(f),
        }
    }
}

/// What an owner can ask of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModCommand {
    /// Change the topic, or remove it.
    SetTopic(Option<Topic>),
    /// Let in only users who know the password with this hash.
    Lock(Hash),
    /// Let everybody in again.
    Unlock,
    /// Be in no list, or in all again.
    Private(bool),
    /// Put somebody out, for a reason that may be empty.
    Kick(Name, Box<str>),
    /// Put somebody out for longer.
    Ban(NewBan),
    /// Name those who are kept out.
    Bans,
    /// Let somebody in again.
    Unban(Target),
    /// Let somebody only read.
    Mute(Name),
    /// Let somebody speak again.
    Unmute(Name),
    /// Make somebody an owner as well.
    Own(Name),
    /// End.
    Close,
}

/// Who is to be kept out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBan {
    /// Whom it is about.
    pub target: Target,
    /// The connection that has the name now, wherever it is.
    pub holder: Option<MemberId>,
    /// For how long; `None`: until it is taken back.
    pub time: Option<Duration>,
    /// Why; may be empty.
    pub why: Box<str>,
}

/// What came of an [`ModCommand`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModReply {
    /// It was done, and the room's transcript tells so.
    Done,
    /// Of [`ModCommand::Bans`], the oldest first.
    Bans(Vec<BanLine>),
}

/// A ban, to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanLine {
    /// Whom it is about.
    pub target: Target,
    /// How long it goes on; `None`: until it is taken back.
    pub left: Option<Duration>,
    /// Who made it.
    pub by: Name,
    /// Why; may be empty.
    pub why: Box<str>,
}

/// Why an [`ModCommand`] was not followed. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModError {
    /// Only owners may; these are here.
    NotOwner(Vec<Name>),
    /// Who may only read may not.
    Muted,
    /// Nobody of that name is in the room.
    Nobody(Name),
    /// That would be oneself.
    Oneself,
    /// It is the name of everybody who has none, and one person was meant.
    Anon,
    /// The person of this name has owned the room for longer.
    Senior(Name),
    /// It is so already.
    Already,
    /// That is not banned.
    NotBanned(Target),
    /// Nobody of that name is muted.
    NotMuted(Name),
    /// There are as many as there can be.
    TooMany(usize),
    /// There were too many passwords from the person's address.
    TooManyTries,
    /// The server cannot do it now: it has too much to do, or cannot store it.
    NotStored,
}

/// How somebody was put out of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutOut {
    /// What was done.
    pub how: PutOutHow,
    /// Who did it.
    pub by: Name,
    /// Why; may be empty.
    pub why: Box<str>,
}

/// What was done to who is put out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutOutHow {
    /// Kicked: the person may come again.
    Kicked,
    /// Banned, for so long; `None`: until it is taken back.
    Banned(Option<Duration>),
    /// The room was closed.
    Closed,
}

/// [`Target`] as it is kept: exactly one of the two is there.
#[derive(Serialize, Deserialize)]
struct StoredTarget {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Address>,
}

impl From<Target> for StoredTarget {
    fn from(target: Target) -> StoredTarget {
        let (name, address) = match target {
            Target::Name(name) => (Some(name), None),
            Target::Address(address) => (None, Some(address)),
        };
        StoredTarget { name, address }
    }
}

impl TryFrom<StoredTarget> for Target {
    type Error = &'static str;

    fn try_from(stored: StoredTarget) -> Result<Target, &'static str> {
        match (stored.name, stored.address) {
            (Some(name), None) => Ok(Target::Name(name)),
            (None, Some(address)) => Ok(Target::Address(address)),
            (Some(_), Some(_)) => Err("a ban is about a name or an address, and not about both"),
            (None, None) => Err("a ban has no target"),
        }
    }
}
