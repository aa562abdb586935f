//! *Pure.* Who has received what: every line at every member, once and in order.

/// What went wrong with deliveries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// Lines that a member did not get, seen by the next one of the same sender.
    pub(crate) lost: u64,
    /// Lines that a member got again, or after a later one of the same sender.
    pub(crate) repeated: u64,
    /// Lines of a sender that is not in the member's room.
    pub(crate) strayed: u64,
}

/// The deliveries to all members. Senders are counted through: the first `senders` are in room 0, the next
/// in room 1, and so on.
#[derive(Debug)]
pub(crate) struct Tally {
    senders_per_room: usize,
    readers_per_room: u32,
    window: u32,
    /// For each member and sender of its room, the number that comes next.
    expected: Vec<u32>,
    /// For each sender and line on its way, how many members have yet to get it.
    missing: Vec<u32>,
    /// For each sender, how many lines every member has.
    completed: Vec<u32>,
    /// Deliveries in all.
    pub(crate) deliveries: u64,
    pub(crate) faults: Faults,
}

impl Tally {
    /// Nothing received yet. In each of `rooms` there are `readers` members that read; each sender has up
    /// to `window` lines on their way.
    pub(crate) fn new(rooms: usize, readers: usize, senders: usize, window: usize) -> Tally {
        Tally {
            senders_per_room: senders,
            readers_per_room: readers as u32,
            window: window as u32,
            expected: vec![0; rooms * readers * senders],
            missing: vec![readers as u32; rooms * senders * window],
            completed: vec![0; rooms * senders],
            deliveries: 0,
            faults: Faults::default(),
        }
    }

    /// A member got line `number` of `sender`.
    pub(crate) fn deliver(&mut self, member: usize, room: usize, sender: usize, number: u32) {
        let local = sender.wrapping_sub(room * self.senders_per_room);
        if local >= self.senders_per_room {
            self.faults.strayed += 1;
            return;
        }
        let expected = &mut self.expected[member * self.senders_per_room + local];
        if number < *expected {
            self.faults.repeated += 1;
            return;
        }
        self.faults.lost += u64::from(number - *expected);
        *expected = number + 1;
        self.deliveries += 1;
        if self.window > 0 {
            self.complete(sender, number);
        }
    }

    fn complete(&mut self, sender: usize, number: u32) {
        let slot = sender * self.window as usize + (number % self.window) as usize;
        let missing = &mut self.missing[slot];
        *missing -= 1;
        if *missing == 0 {
            *missing = self.readers_per_room;
            self.completed[sender] += 1;
        }
    }

    /// How many lines of `sender` every member has.
    pub(crate) fn completed(&self, sender: usize) -> u32 {
        self.completed[sender]
    }

    /// True if every member has had exactly the first `sent[sender]` lines of each sender of its room.
    pub(crate) fn is_whole(&self, sent: &[u32]) -> bool {
        let readers = self.readers_per_room as usize;
        let whole = self
            .expected
            .chunks(self.senders_per_room.max(1))
            .enumerate()
            .all(|(member, expected)| {
                let first = member / readers.max(1) * self.senders_per_room;
                expected == &sent[first..first + expected.len()]
            });
        whole && self.faults == Faults::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_complete_when_every_member_has_it() {
        let mut tally = Tally::new(1, 2, 1, 4);
        tally.deliver(0, 0, 0, 0);
        assert_eq!(tally.completed(0), 0);
        tally.deliver(1, 0, 0, 0);
        assert_eq!(tally.completed(0), 1);
        assert!(tally.is_whole(&[1]));
        assert!(!tally.is_whole(&[2]));
    }

    #[test]
    fn loss_doubles_disorder_and_strangers_are_seen() {
        let table: &[(&[(usize, u32)], Faults)] = &[
            (
                &[(0, 0), (0, 2)],
                Faults {
                    lost: 1,
                    ..Faults::default()
                },
            ),
            (
                &[(0, 0), (0, 0)],
                Faults {
                    repeated: 1,
                    ..Faults::default()
                },
            ),
            (
                &[(0, 1), (0, 0)],
                Faults {
                    lost: 1,
                    repeated: 1,
                    ..Faults::default()
                },
            ),
            (
                &[(7, 0)],
                Faults {
                    strayed: 1,
                    ..Faults::default()
                },
            ),
        ];
        for (lines, faults) in table {
            let mut tally = Tally::new(1, 2, 1, 4);
            for &(sender, number) in *lines {
                tally.deliver(0, 0, sender, number);
            }
            assert_eq!(tally.faults, *faults, "{lines:?}");
            assert!(!tally.is_whole(&[1]));
        }
    }

    #[test]
    fn senders_of_another_room_are_strangers() {
        let mut tally = Tally::new(2, 1, 2, 1);
        tally.deliver(1, 1, 3, 0);
        assert_eq!(tally.faults, Faults::default());
        tally.deliver(1, 1, 1, 0);
        assert_eq!(tally.faults.strayed, 1);
    }
}
