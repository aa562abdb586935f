//! *Pure.* What a room says: messages, notices, and batches of them with their drawings cached.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, de};

pub use crate::chat::moderation::{ModAction, ModNotice};
use crate::chat::name::Name;
use crate::chat::topic::Topic;
use crate::limits::{ITEM_BYTES, ITEM_COPIES};
use crate::text;
use crate::time::Timestamp;

/// The number of a connection, unique while the server runs. A member of a room has its connection's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MemberId(pub u64);

impl MemberId {
    /// Of a line from before the server was started.
    pub const NOBODY: MemberId = MemberId(0);
}

/// What kind of line it is. The number is what a store keeps; it MUST NOT change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub enum Kind {
    /// Something said.
    #[default]
    Message = 0,
    /// Something done: `\me waves`.
    Action = 1,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 2] = [Kind::Message, Kind::Action];

    /// The kind with this number, if there is one.
    pub fn from_number(number: i64) -> Option<Kind> {
        Kind::ALL.into_iter().find(|&kind| kind as i64 == number)
    }

    /// What it is called in an export.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Message => "message",
            Kind::Action => "action",
        }
    }
}

impl TryFrom<i64> for Kind {
    type Error = String;

    fn try_from(number: i64) -> Result<Kind, String> {
        Kind::from_number(number).ok_or_else(|| format!("there is no kind {number}"))
    }
}

impl From<Kind> for i64 {
    fn from(kind: Kind) -> i64 {
        kind as i64
    }
}

/// A line that has no number yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// When the room accepted it.
    pub time: Timestamp,
    /// Who sent it.
    pub member: MemberId,
    /// The sender's name at that time.
    pub name: Name,
    /// What kind of line it is.
    pub kind: Kind,
    /// Clean text (see [`crate::text::clean`]), never empty.
    pub text: Box<str>,
}

/// One accepted line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its number in its room: the first line has 1, and later lines have greater numbers. Some may be
    /// missing. Given by the store, whose order is the room's; 0 until then.
    pub id: u64,
    /// When the room accepted it.
    pub time: Timestamp,
    /// Who sent it.
    pub member: MemberId,
    /// The sender's name at that time.
    pub name: Name,
    /// What kind of line it is.
    pub kind: Kind,
    /// Clean text (see [`crate::text::clean`]), never empty.
    #[serde(deserialize_with = "some_clean_text")]
    pub text: Box<str>,
}

/// What nobody could have typed comes from somebody who wrote where it was kept, and is made safe.
pub(crate) fn clean_text<'de, D: Deserializer<'de>>(from: D) -> Result<Box<str>, D::Error> {
    let text = String::deserialize(from)?;
    Ok(text::clean(text.as_bytes()).into())
}

fn some_clean_text<'de, D: Deserializer<'de>>(from: D) -> Result<Box<str>, D::Error> {
    let text = clean_text(from)?;
    if text.is_empty() {
        return Err(de::Error::custom("a message has a text"));
    }
    Ok(text)
}

impl Message {
    /// `line` with its number.
    pub fn new(id: u64, line: NewMessage) -> Message {
        Message {
            id,
            time: line.time,
            member: line.member,
            name: line.name,
            kind: line.kind,
            text: line.text,
        }
    }

    /// Bytes of the name and the text.
    pub fn text_bytes(&self) -> usize {
        self.name.as_str().len() + self.text.len()
    }
}

/// People who came or went at about the same time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Some of them, and how many had come into the room before each.
    pub who: Box<[(u64, Name)]>,
    /// How many more there were.
    pub more: usize,
}

impl Group {
    /// One person.
    pub fn of(join_seq: u64, name: Name) -> Group {
        Group {
            who: [(join_seq, name)].into(),
            more: 0,
        }
    }

    /// Nobody.
    pub fn is_empty(&self) -> bool {
        self.who.is_empty() && self.more == 0
    }

    /// Those who came after the one before whom `join_seq` had come: whoever has come has seen who was there. `None` if
    /// that is all of them.
    pub fn after(&self, join_seq: u64) -> Option<Group> {
        let later = self.who.iter().filter(|(seq, _)| *seq > join_seq);
        let later: Box<[(u64, Name)]> = later.cloned().collect();
        (later.len() < self.who.len()).then_some(Group {
            who: later,
            more: self.more,
        })
    }

    fn name_bytes(&self) -> usize {
        self.who.iter().map(|(_, name)| name.as_str().len()).sum()
    }
}

/// What a room tells of its members. Notices are not history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// `* Dai joined`
    Joined(Group),
    /// `* Dai left`
    Left(Group),
    /// `* Dai joined and left`
    Passed(Group),
    /// `* Dai is now known as Day`
    Renamed {
        /// Who it is.
        member: MemberId,
        /// The name until now.
        old: Name,
        /// The name from now on.
        new: Name,
    },
    /// `* Dai set the topic: lunch`, or that there is none any more.
    Topic {
        /// Who changed it, or [`MemberId::NOBODY`] who is there still.
        member: MemberId,
        /// The name of who did.
        name: Name,
        /// What the room is about from now on.
        topic: Option<Topic>,
    },
    /// What an owner did, or who the owner is now.
    ModNotice(Box<ModNotice>),
}

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// What a member said.
    Message(Arc<Message>),
    /// What the room tells.
    Notice(Notice),
}

impl Item {
    /// Bytes that this item counts for in an outbox.
    pub fn cost(&self) -> usize {
        let text = match self {
            Item::Message(message) => message.text_bytes(),
            Item::Notice(Notice::Joined(group) | Notice::Left(group) | Notice::Passed(group)) => {
                group.name_bytes()
            }
            Item::Notice(Notice::Renamed { old, new, .. }) => {
                old.as_str().len() + new.as_str().len()
            }
            Item::Notice(Notice::ModNotice(done)) => {
                done.whom.as_str().len() + done.by.as_str().len() + done.why.len()
            }
            Item::Notice(Notice::Topic { name, topic, .. }) => {
                name.as_str().len() + topic.as_ref().map_or(0, |topic| topic.as_str().len())
            }
        };
        ITEM_BYTES + ITEM_COPIES * text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_come_is_told_of_those_who_came_later() {
        let name = |text| Name::parse(text).expect("a name");
        let group = Group {
            who: [(4, name("ann")), (5, name("ben")), (7, name("cat"))].into(),
            more: 0,
        };
        let told = |join_seq| group.after(join_seq).map(|later| later.who.len());
        assert_eq!(told(3), None);
        assert_eq!(told(4), Some(2));
        assert_eq!(told(6), Some(1));
        assert_eq!(group.after(7).map(|later| later.is_empty()), Some(true));
    }
}
