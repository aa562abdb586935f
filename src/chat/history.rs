//! *Pure.* Looking into what was said before.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chat::message::Message;
use crate::chat::people::RoomMember;
use crate::chat::topic::Topic;
use crate::limits::{CONTEXT_LINES, FOUND_LINES_MAX, SEARCH_WORDS_MAX};
use crate::text;
use crate::time::Timestamp;

/// The number of a room in its store. Rooms count up from 1 in the order they were created; the default, 0, is
/// none of them and before them all.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct RoomId(pub u32);

impl RoomId {
    /// None of the rooms. One of this number is only there to find out whether what is said in rooms gets into the store
    /// and back, and what is said in it is stored nowhere.
    pub const HEALTH: RoomId = RoomId(0);
}

/// A query of a room's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryQuery {
    /// Messages before a place.
    Before(HistoryCursor, usize),
    /// Messages after the one with this number.
    After(u64, usize),
    /// The newest messages with all these words.
    For(String),
    /// A message and those around it.
    Around(u64),
}

impl HistoryQuery {
    /// How many lines are wanted; around a line, so many before it and after it.
    pub fn lines(&self) -> usize {
        match self {
            HistoryQuery::Before(_, lines) | HistoryQuery::After(_, lines) => *lines,
            HistoryQuery::For(_) => FOUND_LINES_MAX,
            HistoryQuery::Around(_) => CONTEXT_LINES,
        }
    }
}

/// The words of a search: all have to be in a line, wherever, in upper or lower case. The first [`SEARCH_WORDS_MAX`].
pub fn words(typed: &str) -> impl Iterator<Item = &str> {
    let words = typed.split_whitespace();
    let words = words.filter(|word| !text::fold(word).is_empty());
    words.take(SEARCH_WORDS_MAX)
}

/// What a query has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The lines; those of a search newest first.
    pub lines: Vec<Arc<Message>>,
    /// There are more lines, or may be: a search ended at a bound.
    pub cut_short: bool,
}

impl From<Vec<Arc<Message>>> for Found {
    fn from(lines: Vec<Arc<Message>>) -> Found {
        Found {
            lines,
            cut_short: false,
        }
    }
}

/// A place in a room to page back from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryCursor {
    /// The line with this number, which need not exist.
    Id(u64),
    /// The first line accepted at this time or later.
    Time(Timestamp),
}

/// What a new member is shown of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomSnapshot {
    /// Its topic.
    pub topic: Option<Topic>,
    /// Some of those who are there, the new member among them, and how many more there are.
    pub here: (Vec<RoomMember>, usize),
    /// How many had come before the new member.
    pub join_seq: u64,
    /// The last messages, oldest first.
    pub history: Vec<Arc<Message>>,
    /// The number of the last line there is; 0 if there never was one.
    pub last_id: u64,
    /// What was said since the new member was there last; `None` if that is not known, or nothing was.
    pub unread: Option<Unread>,
}

/// What somebody has not seen yet in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    /// How many lines.
    pub count: u64,
    /// The number of the last line that was seen.
    pub after: u64,
}

impl Unread {
    /// What somebody who has seen a room up to line `after` has not seen of it, if that is anything.
    pub fn of(after: u64, last_id: u64) -> Option<Unread> {
        let count = last_id.checked_sub(after).filter(|count| *count > 0)?;
        Some(Unread { count, after })
    }
}
