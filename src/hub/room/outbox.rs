//! What a room has said and some member has yet to take.
//!
//! A room has one [`Outbox`], shared by all its members, and each member a [`Reader`]: its place in it. To
//! hand a batch to a thousand members is therefore one push and a thousand wake-ups. A batch is dropped
//! when its last reader has taken it; or, when the outbox is over its bound, oldest first: then whoever had
//! not taken it finds out how many messages it missed. So a member that stops reading costs the room one
//! bounded outbox, however many such members there are, and nobody else's time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::chat::batch::Batch;
use crate::chat::message::MemberId;
use crate::chat::request::PutOut;

/// The batches of one room that some member has yet to take, in the room's order.
#[derive(Debug)]
pub struct Outbox {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    entries: VecDeque<Entry>,
    /// The place of the first entry, or of the next one if there is none.
    first: u64,
    /// Messages in all batches before `first`.
    messages_before: u64,
    bytes: usize,
    bytes_max: usize,
    /// Readers that have left, and how far they may read. Kept until the reader looks: it may be at work just
    /// now, and must not take what is published without it.
    ended: BTreeMap<MemberId, End>,
}

/// How far a reader that has left may read, and how its member was removed, if it was.
#[derive(Debug)]
struct End {
    place: u64,
    /// Messages that were published before `place`.
    messages: u64,
    put_out: Option<Arc<PutOut>>,
}

#[derive(Debug)]
struct Entry {
    batch: Arc<Batch>,
    /// How many readers have yet to take it.
    readers: usize,
    messages: u64,
    bytes: usize,
    /// When it was published, if it is measured how long that takes.
    measured: Option<Instant>,
}

impl Outbox {
    /// An empty outbox that keeps up to `bytes_max` bytes, and always the newest batch. `0` lifts the bound.
    pub fn new(bytes_max: usize) -> Arc<Outbox> {
        let outbox = Arc::new(Outbox {
            state: Mutex::new(State {
                entries: VecDeque::new(),
                first: 0,
                messages_before: 0,
                bytes: 0,
                bytes_max: 0,
                ended: BTreeMap::new(),
            }),
        });
        outbox.set_bytes_max(bytes_max);
        outbox
    }

    /// From the next batch on it keeps up to `bytes_max` bytes; `0` lifts the bound.
    pub fn set_bytes_max(&self, bytes_max: usize) {
        self.lock().bytes_max = match bytes_max {
            0 => usize::MAX,
            bytes => bytes,
        };
    }

    /// Adds `batch` for the `readers` that there are now. If it is `measured` when each of them takes it, that is the time.
    pub fn publish(&self, batch: Batch, readers: usize, measured: Option<Instant>) {
        let mut state = self.lock();
        state.count_again();
        let entry = Entry {
            messages: batch.messages() as u64,
            bytes: batch.cost(),
            readers,
            measured,
            batch: Arc::new(batch),
        };
        if readers == 0 && state.entries.is_empty() {
            state.first += 1;
            state.messages_before += entry.messages;
            return;
        }
        state.bytes += entry.bytes;
        state.entries.push_back(entry);
        while state.bytes > state.bytes_max && state.entries.len() > 1 {
            state.drop_first();
        }
    }

    /// A reader for `member` of what is published from now on.
    pub fn reader(self: &Arc<Self>, member: MemberId) -> Reader {
        let state = self.lock();
        Reader {
            member,
            next: state.end(),
            messages: state.messages(),
            ended: None,
            outbox: Arc::clone(self),
        }
    }

    /// Ends the reader of `member`, who has left or was put out: what is published from now on is not for it.
    pub fn end_reader(&self, member: MemberId, put_out: Option<Arc<PutOut>>) {
        let mut state = self.lock();
        let end = End {
            place: state.end(),
            messages: state.messages(),
            put_out,
        };
        state.ended.insert(member, end);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// All messages that were ever published.
    fn messages(&self) -> u64 {
        let kept = self.entries.iter().map(|entry| entry.messages);
        self.messages_before + kept.sum::<u64>()
    }

    /// Counts the newest entry as it is now: those who keep up have drawn it, for all their zones.
    fn count_again(&mut self) {
        if let Some(entry) = self.entries.back_mut() {
            let bytes = entry.batch.cost();
            self.bytes = self.bytes - entry.bytes + bytes;
            entry.bytes = bytes;
        }
    }

    fn drop_first(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.first += 1;
            self.messages_before += entry.messages;
            self.bytes -= entry.bytes;
        }
    }

    /// Drops what everybody has taken, and the space it took once all is.
    fn drop_taken(&mut self) {
        while self.entries.front().is_some_and(|entry| entry.readers == 0) {
            self.drop_first();
        }
        if self.entries.is_empty() && self.entries.capacity() > 8 {
            self.entries = VecDeque::new();
        }
    }
}

/// A member's place in its room's transcript.
///
/// Whoever drops it must have left the room, or be about to tell the room so with it (see
/// [`RoomCommand::Leave`](super::RoomCommand::Leave)): the room counts on every member to take what it publishes.
#[derive(Debug)]
pub struct Reader {
    outbox: Arc<Outbox>,
    member: MemberId,
    next: u64,
    /// Messages that were published before `next`.
    messages: u64,
    /// Known once its member is out. Boxed, since it has been in a room for most of its time.
    ended: Option<Box<End>>,
}

/// What came of [`Reader::take`] besides the batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Messages that were dropped before the batches because they were not taken in time.
    pub skipped: u64,
    /// There was more than the bytes asked for.
    pub more: bool,
    /// When the newest of the batches was published that is measured, if any is.
    pub measured: Option<Instant>,
}

impl Reader {
    /// Moves what is new into `batches`, oldest first, until they hold `bytes_max` bytes or more.
    pub fn take(&mut self, bytes_max: usize, batches: &mut Vec<Arc<Batch>>) -> Taken {
        let mut state = self.outbox.lock();
        if let Some(end) = state.ended.remove(&self.member) {
            self.ended = Some(Box::new(end));
        }
        let mut skipped = 0;
        if self.next < state.first {
            // What was published after the end is not for this reader, and so not missed.
            let messages = self.ended.as_ref().map_or(state.messages_before, |end| {
                state.messages_before.min(end.messages)
            });
            skipped = messages.saturating_sub(self.messages);
            self.next = state.first;
            self.messages = state.messages_before;
        }
        let (mut bytes, mut more, mut measured) = (0, false, None);
        let from = (self.next - state.first) as usize;
        let until = self.end().min(state.end()).saturating_sub(state.first) as usize;
        for entry in state.entries.range_mut(from.min(until)..until) {
            if bytes >= bytes_max {
                more = true;
                break;
            }
            bytes += entry.bytes;
            measured = entry.measured.or(measured);
            entry.readers -= 1;
            self.next += 1;
            self.messages += entry.messages;
            batches.push(Arc::clone(&entry.batch));
        }
        state.drop_taken();
        Taken {
            skipped,
            more,
            measured,
        }
    }

    /// The place after the last batch meant for this reader.
    fn end(&self) -> u64 {
        self.ended.as_ref().map_or(u64::MAX, |end| end.place)
    }

    /// True when it has taken all that will ever be meant for it.
    pub fn is_done(&self) -> bool {
        self.next >= self.end()
    }

    /// How its member was put out; `None` if it has left. Not known before the reader is done.
    pub fn put_out(&self) -> Option<&Arc<PutOut>> {
        self.ended.as_ref()?.put_out.as_ref()
    }
}

impl Drop for Reader {
    /// Gives back what it has not taken.
    fn drop(&mut self) {
        let mut state = self.outbox.lock();
        if let Some(end) = state.ended.remove(&self.member) {
            self.ended = Some(Box::new(end));
        }
        let from = self.next.saturating_sub(state.first) as usize;
        let until = self.end().min(state.end()).saturating_sub(state.first) as usize;
        for entry in state.entries.range_mut(from.min(until)..until) {
            entry.readers -= 1;
        }
        state.drop_taken();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::batch::Look;
    use crate::chat::message::{Item, Kind, Message};
    use crate::chat::name::Name;
    use crate::limits::{ITEM_BYTES, ITEM_COPIES};
    use crate::time::Timestamp;

    /// Bytes that each batch of `batch` counts for.
    const COST: usize = ITEM_BYTES + ITEM_COPIES * "anonhi".len();

    fn batch(id: u64) -> Batch {
        let said = Item::Message(Arc::new(Message {
            id,
            time: Timestamp(0),
            member: MemberId(1),
            name: Name::anon(),
            kind: Kind::Message,
            text: "hi".into(),
        }));
        Batch::new(vec![said], Timestamp(0))
    }

    fn ids(batches: &[Arc<Batch>]) -> Vec<u64> {
        batches
            .iter()
            .flat_map(|batch| batch.items())
            .map(|item| match item {
                Item::Message(message) => message.id,
                Item::Notice(_) => 0,
            })
            .collect()
    }

    fn take(reader: &mut Reader) -> (u64, Vec<u64>) {
        let mut batches = Vec::new();
        let skipped = reader.take(usize::MAX, &mut batches).skipped;
        (skipped, ids(&batches))
    }

    fn reader(outbox: &Arc<Outbox>, member: u64) -> Reader {
        outbox.reader(MemberId(member))
    }

    fn kept(outbox: &Outbox) -> usize {
        outbox.lock().entries.len()
    }

    #[test]
    fn every_reader_gets_every_batch_once_and_then_it_is_gone() {
        let outbox = Outbox::new(0);
        let (mut one, mut two) = (reader(&outbox, 1), reader(&outbox, 2));
        outbox.publish(batch(1), 2, None);
        outbox.publish(batch(2), 2, None);
        assert_eq!(take(&mut one), (0, vec![1, 2]));
        assert_eq!(take(&mut one), (0, vec![]));
        assert_eq!(kept(&outbox), 2);
        assert_eq!(take(&mut two), (0, vec![1, 2]));
        assert_eq!(kept(&outbox), 0);
        assert_eq!(outbox.lock().bytes, 0);
    }

    #[test]
    fn a_reader_does_not_see_what_was_published_before_it_came() {
        let outbox = Outbox::new(0);
        let mut early = reader(&outbox, 1);
        outbox.publish(batch(1), 1, None);
        let mut late = reader(&outbox, 2);
        outbox.publish(batch(2), 2, None);
        assert_eq!(take(&mut late), (0, vec![2]));
        assert_eq!(take(&mut early), (0, vec![1, 2]));
        assert_eq!(kept(&outbox), 0);
    }

    #[test]
    fn a_reader_that_falls_behind_the_bound_is_told_how_much_it_missed() {
        let outbox = Outbox::new(3 * COST);
        let (mut slow, mut fast) = (reader(&outbox, 1), reader(&outbox, 2));
        let mut seen = Vec::new();
        for id in 1..=10 {
            outbox.publish(batch(id), 2, None);
            let (skipped, ids) = take(&mut fast);
            assert_eq!(skipped, 0);
            seen.extend(ids);
        }
        assert_eq!(seen, (1..=10).collect::<Vec<_>>());
        assert_eq!(kept(&outbox), 3);
        assert_eq!(take(&mut slow), (7, vec![8, 9, 10]));
        assert_eq!(kept(&outbox), 0);
    }

    #[test]
    fn what_was_drawn_for_other_zones_counts() {
        let outbox = Outbox::new(3 * COST);
        let (mut slow, mut fast) = (reader(&outbox, 1), reader(&outbox, 2));
        for id in 1..=3 {
            outbox.publish(batch(id), 2, None);
            let mut batches = Vec::new();
            fast.take(usize::MAX, &mut batches);
            if id == 2 {
                let abroad = Look {
                    offset_s: Some(3600),
                    ..Look::default()
                };
                batches[0].frame(0, abroad, |_| "x".repeat(COST));
            }
        }
        // The second counts for more than two by the time the third comes.
        assert_eq!(take(&mut slow), (2, vec![3]));
        assert_eq!(outbox.lock().bytes, 0);
    }

    #[test]
    fn a_reader_that_leaves_takes_what_came_before_and_nothing_after() {
        let outbox = Outbox::new(0);
        let mut stays = reader(&outbox, 1);
        let mut leaves = reader(&outbox, 2);
        outbox.publish(batch(1), 2, None);
        outbox.end_reader(MemberId(2), None);
        outbox.publish(batch(2), 1, None);
        assert!(!leaves.is_done());
        // It takes after the room has gone on without it, and before it has heard of that.
        assert_eq!(take(&mut leaves), (0, vec![1]));
        assert!(leaves.is_done());
        drop(leaves);
        assert_eq!(take(&mut stays), (0, vec![1, 2]));
        assert_eq!(kept(&outbox), 0);
    }

    #[test]
    fn a_reader_that_left_misses_nothing_of_what_came_after() {
        let outbox = Outbox::new(2 * COST);
        let (mut stays, mut leaves) = (reader(&outbox, 1), reader(&outbox, 2));
        outbox.publish(batch(1), 2, None);
        outbox.end_reader(MemberId(2), None);
        outbox.publish(batch(2), 1, None);
        assert_eq!(take(&mut stays), (0, vec![1, 2]));
        outbox.publish(batch(3), 1, None);
        outbox.publish(batch(4), 1, None);
        // Of four that are gone or not for it, the first was.
        assert_eq!(take(&mut leaves), (1, vec![]));
        assert_eq!(take(&mut leaves), (0, vec![]));
        assert!(leaves.is_done());
    }

    #[test]
    fn a_dropped_reader_gives_back_what_it_has_not_taken() {
        let outbox = Outbox::new(0);
        let (mut one, two) = (reader(&outbox, 1), reader(&outbox, 2));
        outbox.publish(batch(1), 2, None);
        assert_eq!(take(&mut one), (0, vec![1]));
        assert_eq!(kept(&outbox), 1);
        drop(two);
        assert_eq!(kept(&outbox), 0);
    }

    #[test]
    fn taking_stops_at_the_bytes_asked_for() {
        let outbox = Outbox::new(0);
        let mut reader = reader(&outbox, 1);
        for id in 1..=3 {
            outbox.publish(batch(id), 1, None);
        }
        let mut batches = Vec::new();
        reader.take(COST + 1, &mut batches);
        assert_eq!(ids(&batches), [1, 2]);
    }

    #[test]
    fn a_room_without_readers_keeps_nothing() {
        let outbox = Outbox::new(0);
        outbox.publish(batch(1), 0, None);
        assert_eq!(kept(&outbox), 0);
        let mut reader = reader(&outbox, 1);
        outbox.publish(batch(2), 1, None);
        assert_eq!(take(&mut reader), (0, vec![2]));
    }
}
