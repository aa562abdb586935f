//! What is asked of a store that keeps the logs of rooms, and what it answers.

use std::sync::Arc;

use crate::chat::name::Name;
use crate::chat::room::{At, Closing, Entry, Moderation, Numbered, RoomImage};
use crate::time::Timestamp;

/// What is to be appended to the log of a room, all of it at once or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// When it was decided.
    pub time: Timestamp,
    /// What was decided.
    pub entries: Vec<Entry>,
    /// What is left of the room's moderation from now on when the server ends, as far as the entries change that; see
    /// [`Room::persistent_after`](crate::chat::room::Room::persistent_after).
    pub moderation: Option<Box<Moderation>>,
    /// What the room was like before it, where others may take it up from there; now and then.
    pub image: Option<Arc<RoomImage>>,
}

/// What became of a [`Proposal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored: where it has to be applied, with its numbers, behind what others have stored before.
    Stored {
        /// What others have stored since the decision.
        before: Vec<Numbered>,
        /// What was proposed.
        entries: Vec<Numbered>,
    },
    /// It is not stored: others have changed meanwhile who may do what.
    Stale {
        /// What others have stored since the decision. Apply it, and decide again.
        newer: Vec<Numbered>,
        /// What was proposed.
        refused: Vec<Entry>,
    },
}

impl Proposal {
    /// Of entries that leave the persistent moderation as it is.
    pub fn new(time: Timestamp, entries: Vec<Entry>) -> Proposal {
        Proposal {
            time,
            entries,
            moderation: None,
            image: None,
        }
    }

    /// How many lines it has.
    pub(super) fn lines(&self) -> usize {
        let entries = self.entries.iter();
        entries
            .filter(|entry| matches!(entry, Entry::Said(_)))
            .count()
    }

    /// Whether there is anything in it that outlives the process where a log is not kept as one.
    pub(super) fn is_persistent(&self) -> bool {
        let mut entries = self.entries.iter();
        self.moderation.is_some()
            || entries.any(|entry| matches!(entry, Entry::Said(_) | Entry::Topic(_)))
            || self.closing().is_some()
    }

    /// Whether all of it has happened already, whether it is stored or not.
    pub(super) fn is_factual(&self) -> bool {
        self.entries.iter().all(Entry::is_fact)
    }

    /// How the room has ended with it, and who has ended it.
    pub(super) fn closing(&self) -> Option<(Closing, Option<&Name>)> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Ruled(ruling) => Some((ruling.closing(self.time)?, ruling.by())),
            _ => None,
        })
    }

    /// Its entries where nobody else writes: numbered from `at` on, and lines from `first_id` on.
    pub(super) fn numbered(self, at: At, first_id: u64) -> Vec<Numbered> {
        let mut id = first_id;
        let time = self.time;
        let numbered = |(seq, mut entry)| {
            if let Entry::Said(message) = &mut entry {
                // Nobody else has it yet, so nothing is copied.
                Arc::make_mut(message).id = id;
                id += 1;
            }
            Numbered { seq, time, entry }
        };
        (at.seq + 1..).zip(self.entries).map(numbered).collect()
    }
}

impl From<Vec<Numbered>> for Outcome {
    /// Stored, and nobody else has stored anything.
    fn from(entries: Vec<Numbered>) -> Outcome {
        let before = Vec::new();
        Outcome::Stored { before, entries }
    }
}
