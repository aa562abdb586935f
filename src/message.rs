//! *Pure.* What a room says: messages, notices, and batches of them with their drawings cached.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::limits::{ITEM_BYTES, ITEM_COPIES};
use crate::name::Name;
use crate::topic::Topic;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// How long ago `earlier` was at this time; no time at all if it is later, since clocks are set.
    pub fn since(self, earlier: Timestamp) -> Duration {
        let ms = self.0.saturating_sub(earlier.0);
        Duration::from_millis(u64::try_from(ms).unwrap_or(0))
    }
}

/// The number of a connection, unique while the server runs. A member of a room has its connection's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub u64);

impl MemberId {
    /// Of a line from before the server was started.
    pub const NOBODY: MemberId = MemberId(0);
}

/// What kind of line it is. The number is what a store keeps; it MUST NOT change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number in its room: the first line has 1, and later lines have greater numbers. Some may be
    /// missing. Given by the store, whose order is the room's.
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
    pub text: Box<str>,
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
}

/// What a room tells of its members. Notices are not history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// `* Dai joined`
    Joined(Name),
    /// `* Dai left`
    Left(Name),
    /// `* Dai is now known as Day`
    Renamed {
        /// The name until now.
        old: Name,
        /// The name from now on.
        new: Name,
    },
    /// `* Dai set the topic: lunch`, or that there is none any more.
    Topic {
        /// Who changed it.
        name: Name,
        /// What the room is about from now on.
        topic: Option<Topic>,
    },
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
    fn cost(&self) -> usize {
        let text = match self {
            Item::Message(message) => message.name.as_str().len() + message.text.len(),
            Item::Notice(Notice::Joined(name) | Notice::Left(name)) => name.as_str().len(),
            Item::Notice(Notice::Renamed { old, new }) => old.as_str().len() + new.as_str().len(),
            Item::Notice(Notice::Topic { name, topic }) => {
                name.as_str().len() + topic.as_ref().map_or(0, |topic| topic.as_str().len())
            }
        };
        ITEM_BYTES + ITEM_COPIES * text
    }
}

/// What a room accepted in one turn while its membership stayed the same, in order.
///
/// Every member gets the same `Arc<Batch>`; it is drawn once for each class of display, by the first
/// connection that needs it, and never on the room's own task.
#[derive(Debug)]
pub struct Batch {
    items: Vec<Item>,
    frames: [OnceLock<Box<str>>; Batch::CLASSES],
    words: OnceLock<HashSet<String>>,
}

impl Batch {
    /// How many classes of display a batch keeps a drawing for.
    pub const CLASSES: usize = 5;

    /// A batch of `items`, not drawn yet.
    pub fn new(items: Vec<Item>) -> Batch {
        Batch {
            items,
            frames: Default::default(),
            words: OnceLock::new(),
        }
    }

    /// The lines, in the room's order.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// How many of the lines are messages.
    pub fn messages(&self) -> usize {
        self.items
            .iter()
            .filter(|item| matches!(item, Item::Message(_)))
            .count()
    }

    /// How many of the messages `member` sent.
    pub fn messages_of(&self, member: MemberId) -> usize {
        self.items
            .iter()
            .filter(|item| matches!(item, Item::Message(message) if message.member == member))
            .count()
    }

    /// Bytes that this batch counts for in an outbox.
    pub fn cost(&self) -> usize {
        self.items.iter().map(Item::cost).sum()
    }

    /// The drawing for the class with number `class` (below [`Batch::CLASSES`]), made by `draw` if nobody
    /// has asked before.
    pub fn frame(&self, class: usize, draw: impl FnOnce(&[Item]) -> String) -> &str {
        self.frames[class].get_or_init(|| draw(&self.items).into_boxed_str())
    }

    /// Whether `word`, case-folded, is among the words of the messages. `split` gives the words of a text,
    /// case-folded; they are looked for once, so that a thousand members can ask whether they are meant.
    pub fn has_word(&self, word: &str, split: impl Fn(&str) -> Vec<String>) -> bool {
        let words = self.words.get_or_init(|| {
            let texts = self.items.iter().filter_map(|item| match item {
                Item::Message(message) => Some(&message.text),
                Item::Notice(_) => None,
            });
            texts.flat_map(|text| split(text)).collect()
        });
        words.contains(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(member: u64) -> Item {
        Item::Message(Arc::new(Message {
            id: 1,
            time: Timestamp(0),
            member: MemberId(member),
            name: Name::anon(),
            kind: Kind::Message,
            text: "hi".into(),
        }))
    }

    #[test]
    fn a_batch_counts_messages_and_not_notices() {
        let batch = Batch::new(vec![
            message(1),
            Item::Notice(Notice::Joined(Name::anon())),
            message(2),
            message(2),
        ]);
        assert_eq!(batch.messages(), 3);
        assert_eq!(batch.messages_of(MemberId(2)), 2);
        assert_eq!(batch.messages_of(MemberId(3)), 0);
        let text = 3 * "anonhi".len() + "anon".len();
        assert_eq!(batch.cost(), 4 * ITEM_BYTES + ITEM_COPIES * text);
    }

    #[test]
    fn a_frame_is_drawn_once_for_each_class() {
        let batch = Batch::new(vec![message(1)]);
        assert_eq!(batch.frame(0, |_| "first".to_owned()), "first");
        assert_eq!(batch.frame(0, |_| "second".to_owned()), "first");
        assert_eq!(batch.frame(1, |_| "other".to_owned()), "other");
    }
}
