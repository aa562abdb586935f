//! *Pure.* What the log of a room holds, and what a decision was based on.
//!
//! A room changes in one way: a command is decided, which gives entries; a store numbers them; and
//! [`Room::apply`](super::Room::apply) applies them in the order of their numbers, wherever the room is kept. So an
//! entry says all that there is to know: whom it is about, and what they were called at the time.
//!
//! Entries can be written down. The tag of each kind, and what the fields of a kind mean, MUST NOT change; what has
//! to be said otherwise is a new kind.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::moderation::Ruling;
use crate::chat::address::Address;
use crate::chat::message::{MemberId, Message, NewMessage};
use crate::chat::name::Name;
use crate::chat::topic::Topic;
use crate::time::Timestamp;

/// One thing that happened in a room. A line is one pointer to the message that everybody is shown, so that it costs
/// no more on its way than it must; whatever is large is boxed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// A member said or did something. The message has its number once it is stored.
    Said(Arc<Message>),
    /// Somebody came in.
    Came(Box<Came>),
    /// Somebody took the seat again that another connection had lost. Nobody is told.
    Reseated(Box<Reseated>),
    /// A member went.
    Went {
        /// The member.
        member: MemberId,
        /// How.
        #[serde(default, skip_serializing_if = "WentHow::is_left")]
        how: WentHow,
    },
    /// A member has another name.
    Renamed(Box<Renamed>),
    /// Somebody set the topic or removed it.
    Topic(Box<TopicSet>),
    /// Something changed with regard to who may do what.
    Ruled(Box<Ruling>),
    /// Something of a kind that only later versions know. It is read and never written.
    Unknown {
        /// It has changed who may do what.
        changes_rights: bool,
    },
}

/// Who came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Came {
    /// The connection.
    pub member: MemberId,
    /// What it is called.
    pub name: Name,
    /// The account that it is logged in to.
    pub account: Option<Name>,
    /// Where it comes from, unless over a Unix socket.
    pub address: Option<Address>,
}

/// How a member went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WentHow {
    /// It has left, or its connection has ended.
    #[default]
    Left,
    /// Its server has stopped, and others go on: it may be back in a moment. Nobody is told before.
    Moving,
    /// The other servers took its own for dead. If that lives, it comes in again.
    Dead,
}

impl WentHow {
    fn is_left(&self) -> bool {
        *self == WentHow::Left
    }
}

/// Who is back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reseated {
    /// The connection that was lost.
    pub from: MemberId,
    /// Who has the seat now.
    pub came: Came,
}

/// Who is called otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// The member.
    pub member: MemberId,
    /// Its name from now on.
    pub name: Name,
}

/// What a room is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicSet {
    /// Who says so.
    pub by: Name,
    /// What it is about from now on.
    pub topic: Option<Topic>,
}

/// An entry with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbered {
    /// Its number: the first entry of a log has 1, and none is left out.
    pub seq: u64,
    /// When it was decided. Every rule goes by this time, and never by a clock.
    pub time: Timestamp,
    /// What happened.
    pub entry: Entry,
}

impl Numbered {
    /// Whether the room is closed with it.
    pub fn ends_room(&self) -> bool {
        match &self.entry {
            Entry::Ruled(ruling) => ruling.closing(self.time).is_some(),
            _ => false,
        }
    }
}

/// How far into a log somebody has read who decides something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// The number of the last entry.
    pub seq: u64,
    /// The number of the last entry that changed who may do what. A decision that was based on an earlier one may not
    /// hold any more.
    pub rights: u64,
}

/// The version of the entries that are written here. A kind that comes later gets the next number, and is written once every
/// server understands it.
pub const ENTRY_VERSION: u16 = 1;

impl Entry {
    /// The first version that understands it.
    pub fn version(&self) -> u16 {
        match self {
            Entry::Said(_)
            | Entry::Came(_)
            | Entry::Reseated(_)
            | Entry::Went { .. }
            | Entry::Renamed(_)
            | Entry::Topic(_)
            | Entry::Ruled(_) => 1,
            // Nobody can have written it.
            Entry::Unknown { .. } => u16::MAX,
        }
    }

    /// What a member said.
    pub fn said(line: NewMessage) -> Entry {
        Entry::Said(Arc::new(Message::new(0, line)))
    }

    /// Whether it changes who may do what.
    pub fn changes_rights(&self) -> bool {
        matches!(
            self,
            Entry::Ruled(_)
                // What its server has not stored yet was decided with it in the room.
                | Entry::Went { how: WentHow::Dead, .. }
                | Entry::Unknown {
                    changes_rights: true
                }
        )
    }

    /// Whether it tells of something that has happened already, whether it can be stored or not.
    pub fn is_fact(&self) -> bool {
        match self {
            Entry::Said(_) | Entry::Topic(_) | Entry::Unknown { .. } => false,
            Entry::Came(_) | Entry::Reseated(_) | Entry::Went { .. } | Entry::Renamed(_) => true,
            Entry::Ruled(ruling) => ruling.is_fact(),
        }
    }

    /// Whether members may be out when it is applied, who are to see what was said until then.
    pub fn takes_out(&self) -> bool {
        match self {
            Entry::Went { .. } | Entry::Reseated(_) => true,
            Entry::Ruled(ruling) => ruling.puts_out(),
            Entry::Said(_)
            | Entry::Came(_)
            | Entry::Renamed(_)
            | Entry::Topic(_)
            | Entry::Unknown { .. } => false,
        }
    }
}

impl From<Ruling> for Entry {
    fn from(ruling: Ruling) -> Entry {
        Entry::Ruled(Box::new(ruling))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_takes_no_more_space_than_it_must() {
        assert_eq!(size_of::<Entry>(), 2 * size_of::<usize>());
        assert_eq!(size_of::<Numbered>(), 4 * size_of::<usize>());
    }
}
