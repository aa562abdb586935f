//! *Pure.* What a room publishes in one turn, with its drawings cached.

use std::collections::HashSet;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::chat::message::{Item, MemberId, Notice};
use crate::chat::name::{Name, NameKey};
use crate::chat::settings::Times;
use crate::limits::LOOKS_DRAWN_MAX;
use crate::time::Timestamp;

/// In what the drawings of a class may differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Seconds that clocks are ahead of UTC; `None`: the server's.
    pub offset_s: Option<i32>,
    /// Columns at which rows are wrapped; `None`: every line is one row.
    pub columns: Option<u16>,
    /// How times are shown.
    pub times: Times,
    /// Names are coloured with the first 16 colours.
    pub few_colors: bool,
}

/// The drawings of one look other than the usual, and those of further looks. A list that only grows, so that two
/// thousand members can look at it at the same time without a lock.
#[derive(Debug)]
struct LookFrames {
    look: Look,
    frames: [OnceLock<Box<str>>; Batch::CLASSES],
    next: OnceLock<Box<LookFrames>>,
}

/// What a room accepted in one turn while its membership stayed the same, in order.
///
/// Every member gets the same `Arc<Batch>`; it is drawn once for each class of display, by the first
/// connection that needs it, and never on the room's own task.
#[derive(Debug)]
pub struct Batch {
    items: Vec<Item>,
    /// Somebody is told to have joined.
    tells_joins: bool,
    /// The times of the first and the last message, or that of the batch if it has none.
    times: (Timestamp, Timestamp),
    /// Columns of the longest line.
    columns: OnceLock<usize>,
    /// The usual look.
    frames: [OnceLock<Box<str>>; Batch::CLASSES],
    looks: OnceLock<Box<LookFrames>>,
    /// Bytes of the drawings of other looks.
    looks_bytes: AtomicUsize,
    words: OnceLock<HashSet<String>>,
    /// All that is said, case-folded.
    folded: OnceLock<Box<str>>,
    authors: OnceLock<Box<[Author]>>,
}

/// The author of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The connection.
    pub member: MemberId,
    /// What it was called.
    pub name: Name,
    /// The keys of that name.
    pub keys: [NameKey; 3],
}

impl Author {
    /// Whether `item` is a message of this author.
    pub fn has_said(&self, item: &Item) -> bool {
        match item {
            Item::Message(message) => message.member == self.member && message.name == self.name,
            Item::Notice(_) => false,
        }
    }
}

impl Batch {
    /// How many classes of display a batch keeps a drawing for.
    pub const CLASSES: usize = 5;

    /// A batch of `items` that is published at the time `at`, not drawn yet.
    pub fn new(items: Vec<Item>, at: Timestamp) -> Batch {
        Batch {
            tells_joins: items
                .iter()
                .any(|item| matches!(item, Item::Notice(Notice::Joined(_)))),
            times: times_of(&items).unwrap_or((at, at)),
            items,
            columns: OnceLock::new(),
            frames: Default::default(),
            looks: OnceLock::new(),
            looks_bytes: AtomicUsize::new(0),
            words: OnceLock::new(),
            folded: OnceLock::new(),
            authors: OnceLock::new(),
        }
    }

    /// The lines, in the room's order.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Whether somebody is told to have joined, who need not be told so.
    pub fn tells_joins(&self) -> bool {
        self.tells_joins
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

    /// The times of the earliest and the latest message; if there is none, when the batch was published.
    pub fn times(&self) -> (Timestamp, Timestamp) {
        self.times
    }

    /// Bytes that this batch counts for in an outbox. Drawings of other looks than the usual make it more.
    pub fn cost(&self) -> usize {
        let items: usize = self.items.iter().map(Item::cost).sum();
        items + self.looks_bytes.load(Ordering::Relaxed)
    }

    /// Columns of the longest line, as `measure` tells, which is asked once.
    pub fn columns(&self, measure: impl FnOnce(&[Item]) -> usize) -> usize {
        *self.columns.get_or_init(|| measure(&self.items))
    }

    /// The drawing with that `look` for the class with number `class` (below [`Batch::CLASSES`]), made by `draw` if
    /// nobody has asked before; `None` if drawings of [`LOOKS_DRAWN_MAX`] other looks are kept.
    pub fn frame(
        &self,
        class: usize,
        look: Look,
        draw: impl FnOnce(&[Item]) -> String,
    ) -> Option<&str> {
        if look == Look::default() {
            return Some(self.frames[class].get_or_init(|| draw(&self.items).into_boxed_str()));
        }
        let count = |bytes| self.looks_bytes.fetch_add(bytes, Ordering::Relaxed);
        let mut place = &self.looks;
        for _ in 0..LOOKS_DRAWN_MAX {
            // Somebody with another look may be faster to take the place; then the next one is tried.
            let drawn = place.get_or_init(|| {
                count(size_of::<LookFrames>());
                LookFrames::of(look)
            });
            if drawn.look == look {
                return Some(drawn.frames[class].get_or_init(|| {
                    let frame = draw(&self.items).into_boxed_str();
                    count(frame.len());
                    frame
                }));
            }
            place = &drawn.next;
        }
        None
    }

    /// Everybody who has said something, looked for once, so that all who ignore somebody can ask.
    pub fn authors(&self) -> &[Author] {
        self.authors.get_or_init(|| {
            let mut authors: Vec<Author> = Vec::new();
            for item in &self.items {
                if let Item::Message(message) = item
                    && !authors.iter().any(|author| author.has_said(item))
                {
                    authors.push(Author {
                        member: message.member,
                        name: message.name.clone(),
                        keys: message.name.without_number().keys(),
                    });
                }
            }
            authors.into()
        })
    }

    /// Whether `word`, case-folded, is among the words of the messages. `split` gives the words of a text,
    /// case-folded; they are looked for once, so that a thousand members can ask whether they are meant.
    pub fn has_word(&self, word: &str, split: impl Fn(&str) -> Vec<String>) -> bool {
        let words = self
            .words
            .get_or_init(|| self.texts().flat_map(split).collect());
        words.contains(word)
    }

    /// Whether `name`, case-folded, stands anywhere in the messages, once `fold` has folded them.
    pub fn has_text(&self, name: &str, fold: impl Fn(&str) -> String) -> bool {
        let folded = self.folded.get_or_init(|| {
            let texts: Vec<String> = self.texts().map(fold).collect();
            texts.join("\n").into()
        });
        folded.contains(name)
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.items.iter().filter_map(|item| match item {
            Item::Message(message) => Some(&*message.text),
            Item::Notice(_) => None,
        })
    }
}

impl LookFrames {
    fn of(look: Look) -> Box<LookFrames> {
        Box::new(LookFrames {
            look,
            frames: Default::default(),
            next: OnceLock::new(),
        })
    }
}

/// The times of the earliest and the latest message among `items`.
pub fn times_of(items: &[Item]) -> Option<(Timestamp, Timestamp)> {
    let times = items.iter().filter_map(|item| match item {
        Item::Message(message) => Some(message.time),
        Item::Notice(_) => None,
    });
    times.fold(None, |all, time| match all {
        None => Some((time, time)),
        Some((first, last)) => Some((time.min(first), time.max(last))),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::chat::message::{Group, Kind, Message};
    use crate::limits::{ITEM_BYTES, ITEM_COPIES};

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

    fn anon() -> Group {
        Group::of(1, Name::anon())
    }

    /// Published an hour after 1970 began.
    fn published(items: Vec<Item>) -> Batch {
        Batch::new(items, Timestamp(3_600_000))
    }

    #[test]
    fn a_batch_counts_messages_and_not_notices() {
        let batch = published(vec![
            message(1),
            Item::Notice(Notice::Joined(anon())),
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
    fn each_author_of_a_batch_is_known_once() {
        let batch = published(vec![
            message(1),
            Item::Notice(Notice::Left(anon())),
            message(2),
            message(1),
        ]);
        let members = batch.authors().iter().map(|author| author.member.0);
        assert_eq!(members.collect::<Vec<_>>(), [1, 2]);
        assert_eq!(batch.authors()[0].keys, Name::anon().keys());
    }

    fn at(offset_s: i32) -> Look {
        Look {
            offset_s: Some(offset_s),
            ..Look::default()
        }
    }

    #[test]
    fn a_frame_is_drawn_once_for_each_class_and_look() {
        let batch = published(vec![message(1)]);
        let wrapped = Look {
            columns: Some(79),
            ..Look::default()
        };
        let frame = |class, look, rows: &str| batch.frame(class, look, |_| rows.to_owned());
        assert_eq!(frame(0, Look::default(), "first"), Some("first"));
        assert_eq!(frame(0, Look::default(), "second"), Some("first"));
        assert_eq!(frame(1, Look::default(), "other"), Some("other"));
        assert_eq!(frame(0, wrapped, "wrapped"), Some("wrapped"));
        assert_eq!(frame(0, at(0), "at Greenwich"), Some("at Greenwich"));
        assert_eq!(frame(0, wrapped, "second"), Some("wrapped"));
    }

    #[test]
    fn a_batch_is_measured_once() {
        let batch = published(vec![message(1)]);
        assert_eq!(batch.columns(|items| items.len() + 17), 18);
        assert_eq!(batch.columns(|_| unreachable!("it is known")), 18);
    }

    #[test]
    fn two_thousand_members_in_twelve_zones_draw_once_for_each_zone_and_class() {
        let batch = published(vec![message(1)]);
        let drawn = AtomicUsize::new(0);
        let look = |member: i32| {
            let (offset_s, class) = (member % 12 * 3600, member as usize / 12 % 2);
            let frame = batch.frame(class, at(offset_s), |_| {
                drawn.fetch_add(1, Ordering::Relaxed);
                format!("{offset_s} {class}")
            });
            assert_eq!(frame, Some(&*format!("{offset_s} {class}")));
        };
        std::thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || (0..2000).skip(thread).step_by(4).for_each(look));
            }
        });
        assert_eq!(drawn.into_inner(), 24);
    }

    #[test]
    fn drawings_of_other_looks_are_bounded_and_counted() {
        let batch = published(vec![message(1)]);
        let cost = batch.cost();
        for offset_s in 0..LOOKS_DRAWN_MAX as i32 {
            let frame = batch.frame(0, at(offset_s), |_| "four".to_owned());
            assert_eq!(frame, Some("four"));
        }
        let more = LOOKS_DRAWN_MAX * (size_of::<LookFrames>() + "four".len());
        assert_eq!(batch.cost(), cost + more);
        assert_eq!(batch.frame(0, at(-1), |_| "none".to_owned()), None);
        assert_eq!(batch.frame(0, at(1), |_| String::new()), Some("four"));
        assert_eq!(batch.cost(), cost + more);
    }

    #[test]
    fn the_times_of_a_batch_are_those_of_its_messages_if_it_has_any() {
        let at = |time| match message(1) {
            Item::Message(message) => Item::Message(Arc::new(Message {
                time: Timestamp(time),
                ..Message::clone(&message)
            })),
            notice => notice,
        };
        let notice = || Item::Notice(Notice::Joined(anon()));
        let table = [
            (vec![notice()], (3_600_000, 3_600_000)),
            (vec![notice(), at(7)], (7, 7)),
            (vec![at(5), notice(), at(9), at(8)], (5, 9)),
        ];
        for (items, (first, last)) in table {
            let times = (Timestamp(first), Timestamp(last));
            assert_eq!(published(items).times(), times);
        }
    }
}
