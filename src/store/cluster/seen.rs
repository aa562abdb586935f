//! How far the log of each room is known, and known to be safe.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::engine::Range;
use crate::chat::history::RoomId;
use crate::chat::room::{Entry, Numbered};

/// No log has as many entries. A database has signed numbers.
const ENTRIES_MAX: u64 = i64::MAX as u64;

/// What is known of the logs of all rooms.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<HashMap<RoomId, Log>>);

#[derive(Clone, Copy, Debug, Default)]
struct Log {
    /// The room was taken up here: somebody wants its entries.
    is_open: bool,
    /// Entries up to here were handed to the room.
    handed: u64,
    /// So far the log is safe.
    head: u64,
    /// The number of the last line that was handed.
    last_id: u64,
}

/// Up to where rooms had had their logs at some time, and whether they were open here.
#[derive(Debug)]
pub(super) struct Handed(HashMap<RoomId, (u64, bool)>);

impl Handed {
    /// The first of these heads, looked up later, that is behind what was seen of its room, and what that was: somebody has
    /// put an old copy in place of the data.
    pub(super) fn ahead_of(&self, heads: &[(RoomId, u64)]) -> Option<(RoomId, u64, u64)> {
        let mut behind = heads.iter().filter_map(|&(room, head)| {
            let (handed, _) = *self.0.get(&room)?;
            (head < handed).then_some((room, head, handed))
        });
        behind.next()
    }

    /// What there is to read of rooms that are open here and have no head, since they have been closed elsewhere: all that
    /// there is.
    pub(super) fn closed(&self, heads: &[(RoomId, u64)]) -> Vec<Range> {
        let open: HashSet<RoomId> = heads.iter().map(|(room, _)| *room).collect();
        let rooms = self.0.iter();
        let closed = rooms.filter(|(room, (_, is_open))| *is_open && !open.contains(room));
        let mut closed: Vec<Range> = closed
            .map(|(&room, &(after, _))| Range {
                room,
                after,
                upto: ENTRIES_MAX,
            })
            .collect();
        closed.sort_unstable_by_key(|range| range.room);
        closed
    }
}

impl Seen {
    /// A room was taken up as it is behind entry `seq`, with `last_id` as its last line. True if there is more already. One
    /// that is open here is only looked at: it wants what it has not been handed.
    pub(super) fn open(&self, room: RoomId, seq: u64, last_id: u64) -> bool {
        let mut logs = self.lock();
        let log = logs.entry(room).or_default();
        if !log.is_open {
            log.is_open = true;
            log.handed = seq;
            log.last_id = last_id;
        }
        log.head = log.head.max(seq);
        log.head > log.handed
    }

    /// The room was closed, or has failed: nobody wants its entries, and it is taken up anew if it is opened again.
    pub(super) fn close(&self, room: RoomId) {
        if let Some(log) = self.lock().get_mut(&room) {
            log.is_open = false;
        }
    }

    /// These entries of a room are safe, and the room has them.
    pub(super) fn note(&self, room: RoomId, entries: &[Numbered]) {
        let Some(last) = entries.last() else { return };
        let mut ids = entries
            .iter()
            .rev()
            .filter_map(|numbered| match &numbered.entry {
                Entry::Said(message) => Some(message.id),
                _ => None,
            });
        let last_id = ids.next().unwrap_or(0);
        self.hand(room, last.seq, last_id);
    }

    /// The room has its log up to entry `seq`, which is safe, and line `last_id`.
    pub(super) fn hand(&self, room: RoomId, seq: u64, last_id: u64) {
        let mut logs = self.lock();
        let log = logs.entry(room).or_default();
        log.handed = log.handed.max(seq);
        log.head = log.head.max(seq);
        log.last_id = log.last_id.max(last_id);
    }

    /// The log of a room goes up to `head`, safely. False if the room is not open here.
    pub(super) fn goes_to(&self, room: RoomId, head: u64) -> bool {
        let mut logs = self.lock();
        let log = logs.entry(room).or_default();
        log.head = log.head.max(head);
        log.is_open
    }

    /// A room whose log goes up to `seq` has lines up to number `last_id`, safely. If there is more in its log by now, that
    /// tells of its last line.
    pub(super) fn has_lines_upto(&self, room: RoomId, seq: u64, last_id: u64) {
        if let Some(log) = self.lock().get_mut(&room)
            && log.is_open
            && log.handed == seq
        {
            log.last_id = log.last_id.max(last_id);
        }
    }

    /// Up to where the log of a room is safe.
    pub(super) fn head(&self, room: RoomId) -> u64 {
        self.lock().get(&room).map_or(0, |log| log.head)
    }

    /// The number of the last line of a room that is safe.
    pub(super) fn last_id(&self, room: RoomId) -> u64 {
        self.lock().get(&room).map_or(0, |log| log.last_id)
    }

    /// What there is to read of rooms that are open here.
    pub(super) fn unread(&self) -> Vec<Range> {
        let logs = self.lock();
        let unread = logs
            .iter()
            .filter(|(_, log)| log.is_open && log.handed < log.head);
        let mut unread: Vec<Range> = unread
            .map(|(&room, log)| Range {
                room,
                after: log.handed,
                upto: log.head,
            })
            .collect();
        unread.sort_unstable_by_key(|range| range.room);
        unread
    }

    /// What is left to be read of a room that is open here still.
    pub(super) fn rest_of(&self, range: Range) -> Option<Range> {
        let logs = self.lock();
        let log = logs.get(&range.room).filter(|log| log.is_open)?;
        Some(Range {
            after: log.handed,
            ..range
        })
    }

    /// Entries that were heard of and not read.
    pub(super) fn behind(&self) -> u64 {
        let logs = self.lock();
        let open = logs.values().filter(|log| log.is_open);
        open.map(|log| log.head.saturating_sub(log.handed)).sum()
    }

    /// Up to where the rooms have had their logs by now.
    pub(super) fn handed(&self) -> Handed {
        let logs = self.lock();
        let handed = logs
            .iter()
            .map(|(&room, log)| (room, (log.handed, log.is_open)));
        Handed(handed.collect())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Log>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: RoomId = RoomId(7);

    fn unread(seen: &Seen) -> Vec<(u64, u64)> {
        let unread = seen.unread();
        unread
            .iter()
            .map(|range| (range.after, range.upto))
            .collect()
    }

    #[test]
    fn what_is_said_to_be_there_is_read_once_whoever_says_so_and_how_often() {
        let seen = Seen::default();
        assert!(!seen.goes_to(ROOM, 9), "nobody has taken it up");
        assert_eq!(unread(&seen), []);
        assert!(seen.open(ROOM, 5, 2), "there is more by now");
        assert_eq!(unread(&seen), [(5, 9)]);
        seen.hand(ROOM, 9, 4);
        assert_eq!((unread(&seen), seen.last_id(ROOM)), (vec![], 4));
        for head in [3, 9, 12, 11] {
            assert!(seen.goes_to(ROOM, head));
        }
        assert_eq!(unread(&seen), [(9, 12)]);
        seen.close(ROOM);
        assert_eq!(unread(&seen), []);
        assert!(!seen.goes_to(ROOM, 13));
        // What was handed to what was there before does not count.
        assert!(seen.open(ROOM, 10, 4));
        assert_eq!(unread(&seen), [(10, 13)]);
    }

    #[test]
    fn lines_that_were_imported_count_where_nothing_else_is_new() {
        let seen = Seen::default();
        seen.has_lines_upto(ROOM, 5, 9);
        seen.open(ROOM, 5, 2);
        assert_eq!(seen.last_id(ROOM), 2);
        seen.has_lines_upto(ROOM, 5, 9);
        assert_eq!(seen.last_id(ROOM), 9);
        // Some of these would be shown twice: they are in the log, and not read.
        seen.has_lines_upto(ROOM, 6, 12);
        assert_eq!(seen.last_id(ROOM), 9);
        seen.hand(ROOM, 6, 12);
        seen.has_lines_upto(ROOM, 6, 3);
        assert_eq!(seen.last_id(ROOM), 12);
    }

    #[test]
    fn a_log_that_is_shorter_than_it_was_is_found() {
        let seen = Seen::default();
        seen.open(ROOM, 5, 2);
        let handed = seen.handed();
        // What comes after the look is no matter.
        seen.hand(ROOM, 6, 2);
        assert_eq!(handed.ahead_of(&[(ROOM, 5), (RoomId(8), 0)]), None);
        assert_eq!(handed.ahead_of(&[(ROOM, 4)]), Some((ROOM, 4, 5)));
    }

    #[test]
    fn a_room_that_is_looked_at_still_wants_what_it_has_not_been_handed() {
        let seen = Seen::default();
        seen.open(ROOM, 5, 2);
        assert!(seen.open(ROOM, 7, 3));
        assert_eq!(unread(&seen), [(5, 7)]);
        seen.close(ROOM);
        assert!(!seen.open(ROOM, 7, 3), "it is taken up anew");
        assert_eq!(unread(&seen), []);
    }

    #[test]
    fn a_room_without_a_head_was_closed_elsewhere() {
        let seen = Seen::default();
        seen.open(ROOM, 5, 2);
        seen.open(RoomId(8), 1, 0);
        seen.close(RoomId(8));
        let handed = seen.handed();
        // It is newer than the look.
        seen.open(RoomId(9), 0, 0);
        let (room, after, upto) = (ROOM, 5, ENTRIES_MAX);
        let closed = handed.closed(&[(RoomId(1), 3)]);
        assert_eq!(closed, [Range { room, after, upto }]);
        assert_eq!(handed.closed(&[(ROOM, 5)]), []);
    }
}
