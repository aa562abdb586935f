//! *Pure.* How far somebody has read in rooms where they are not any more.

use serde::{Deserialize, Serialize};

use crate::chat::history::RoomId;
use crate::limits::READS_MAX;

/// The number of the last line that somebody has seen in each of up to [`READS_MAX`] rooms.
///
/// Stored as JSON, in which what makes no sense is passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads(Vec<Read>);

/// A room, and the last line seen there. The room left last stands at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Read(u32, u64);

impl Reads {
    /// In `room` everything was seen up to `line`. Of too many rooms the one goes that was left first.
    pub fn note(&mut self, room: RoomId, line: u64) {
        let line = self.line(room).unwrap_or(0).max(line);
        self.0.retain(|Read(other, _)| *other != room.0);
        if self.0.len() >= READS_MAX {
            self.0.remove(0);
        }
        self.0.push(Read(room.0, line));
    }

    /// The last line seen in `room`; `None` if that is not known.
    pub fn line(&self, room: RoomId) -> Option<u64> {
        let read = self.0.iter().find(|Read(other, _)| *other == room.0);
        read.map(|Read(_, line)| *line)
    }

    /// What was seen there too.
    pub fn overlay(&mut self, others: &Reads) {
        for Read(room, line) in &others.0 {
            self.note(RoomId(*room), *line);
        }
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads what a store has kept.
    pub fn from_json(json: &str) -> Reads {
        let mut reads = Reads::default();
        for Read(room, line) in serde_json::from_str::<Vec<Read>>(json).unwrap_or_default() {
            reads.note(RoomId(room), line);
        }
        reads
    }

    /// What a store is to keep.
    pub fn to_json(&self) -> String {
        // Numbers always have a form.
        serde_json::to_string(&self.0).unwrap_or_else(|_| "[]".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_known_for_the_rooms_left_last() {
        let mut reads = Reads::default();
        for room in 0..READS_MAX as u32 {
            reads.note(RoomId(room), 7);
        }
        reads.note(RoomId(0), 9);
        reads.note(RoomId(1000), 5);
        assert_eq!(reads.line(RoomId(0)), Some(9));
        assert_eq!(reads.line(RoomId(1)), None);
        assert_eq!(reads.line(RoomId(2)), Some(7));
        // Nobody unreads.
        reads.note(RoomId(2), 3);
        assert_eq!(reads.line(RoomId(2)), Some(7));
        assert_eq!(reads.0.len(), READS_MAX);
        assert_eq!(Reads::from_json(&reads.to_json()), reads);
    }

    #[test]
    fn what_is_stored_and_makes_no_sense_is_passed_over() {
        for nonsense in ["", "{}", "[[1]]", "[[-1,2]]", "null"] {
            assert!(Reads::from_json(nonsense).is_empty(), "{nonsense}");
        }
        let mut reads = Reads::from_json("[[1,20],[2,5]]");
        let mut here = Reads::default();
        here.note(RoomId(2), 8);
        here.note(RoomId(3), 1);
        reads.overlay(&here);
        assert_eq!(reads.to_json(), "[[1,20],[2,8],[3,1]]");
    }
}
