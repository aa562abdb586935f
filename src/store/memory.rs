//! Messages in memory: the last lines of each room, until the process ends.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::page::PageSize;
use super::register::Register;
use super::words::Words;
use super::{Outcome, Proposal, StoreError, StoredRoom};
use crate::chat::history::{Found, HistoryCursor, RoomId};
use crate::chat::message::Message;
use crate::chat::name::RoomName;
use crate::chat::room::{At, Closing, Entry, Kept, RoomImage, RoomState};
use crate::limits::{CLOSED_ROOMS_BYTES_MAX, CLOSED_ROOMS_MAX, ITEM_BYTES};
use crate::time::Timestamp;

/// Rooms and their last lines. No call does more than copy a few lines, so one lock will do.
#[derive(Debug)]
pub(super) struct Memory {
    history_lines: AtomicUsize,
    rooms: Mutex<Rooms>,
    register: Register,
}

#[derive(Clone, Debug, Default)]
struct Rooms {
    by_id: BTreeMap<RoomId, Room>,
    closed: BTreeMap<RoomId, (Room, Closing)>,
    /// The number of the room that was created last.
    last: RoomId,
}

#[derive(Clone, Debug)]
struct Room {
    name: RoomName,
    key: String,
    state: RoomState,
    last_id: u64,
    lines: VecDeque<Arc<Message>>,
}

impl Memory {
    /// A store without rooms that keeps so many lines of each.
    pub(super) fn new(history_lines: usize) -> Memory {
        Memory {
            history_lines: AtomicUsize::new(history_lines),
            rooms: Mutex::default(),
            register: Register::default(),
        }
    }

    /// The same rooms and lines. Who is called what is another matter.
    pub(super) fn as_it_is(&self) -> Memory {
        Memory {
            history_lines: AtomicUsize::new(self.history_lines()),
            rooms: Mutex::new(self.lock().clone()),
            register: Register::default(),
        }
    }

    /// From now on it keeps so many lines of each room.
    pub(super) fn set_history_lines(&self, history_lines: usize) {
        self.history_lines.store(history_lines, Ordering::Relaxed);
    }

    fn history_lines(&self) -> usize {
        self.history_lines.load(Ordering::Relaxed)
    }

    pub(super) fn register(&self) -> &Register {
        &self.register
    }

    pub(super) fn create_room(&self, name: RoomName) -> Result<RoomId, StoreError> {
        let mut rooms = self.lock();
        let key = name.key();
        if rooms.by_id.values().any(|room| room.key == key) {
            return Err(StoreError::RoomExists);
        }
        rooms.last = RoomId(rooms.last.0 + 1);
        let id = rooms.last;
        let room = Room {
            name,
            key,
            state: RoomState::default(),
            last_id: 0,
            lines: VecDeque::new(),
        };
        rooms.by_id.insert(id, room);
        Ok(id)
    }

    pub(super) fn rooms_after(&self, last: RoomId) -> (Vec<StoredRoom>, RoomId) {
        let rooms = self.lock();
        let newer = rooms.by_id.iter().filter(|&(&id, _)| id > last);
        let newer = newer.map(|(&id, room)| room.stored(id));
        (newer.collect(), rooms.last.max(last))
    }

    pub(super) fn room(&self, id: RoomId) -> Option<StoredRoom> {
        self.lock().by_id.get(&id).map(|room| room.stored(id))
    }

    pub(super) fn append(
        &self,
        id: RoomId,
        at: At,
        mut proposal: Proposal,
    ) -> Result<Outcome, StoreError> {
        if !proposal.is_persistent() {
            return Ok(proposal.numbered(at, 0).into());
        }
        let closing = proposal.closing().map(|(closing, _)| closing);
        let mut rooms = self.lock();
        if id == RoomId::HEALTH {
            return Ok(proposal.numbered(at, 1).into());
        }
        if let Some(closing) = closing {
            let room = rooms.by_id.get(&id).ok_or(StoreError::NoRoom)?;
            let bytes = room.bytes();
            rooms.make_space_for(bytes, closing, proposal.time)?;
        }
        let room = rooms.by_id.get_mut(&id).ok_or(StoreError::NoRoom)?;
        if let Some(moderation) = proposal.moderation.take() {
            room.state.moderation = *moderation;
        }
        let entries = proposal.numbered(at, room.last_id + 1);
        for numbered in &entries {
            match &numbered.entry {
                Entry::Said(message) => room.keep(message, self.history_lines()),
                Entry::Topic(set) => room.state.topic = set.topic.clone(),
                _ => {}
            }
        }
        if let Some(closing) = closing
            && let Some(room) = rooms.by_id.remove(&id)
            && !closing.kept.is_nothing()
        {
            rooms.closed.insert(id, (room, closing));
        }
        Ok(entries.into())
    }

    pub(super) fn closed_rooms(&self, now: Timestamp) -> Vec<(StoredRoom, Closing)> {
        let mut rooms = self.lock();
        rooms.forget_closed(now);
        let closed = rooms.closed.iter();
        let stored = closed.map(|(&id, (room, closing))| (room.stored(id), *closing));
        stored.collect()
    }

    pub(super) fn reopen_room(
        &self,
        id: RoomId,
        name: RoomName,
        now: Timestamp,
    ) -> Result<StoredRoom, StoreError> {
        let mut rooms = self.lock();
        rooms.forget_closed(now);
        let key = name.key();
        if !rooms.closed.contains_key(&id) {
            return Err(StoreError::NoRoom);
        }
        if rooms.by_id.values().any(|room| room.key == key) {
            return Err(StoreError::RoomExists);
        }
        let (room, _) = rooms.closed.remove(&id).ok_or(StoreError::NoRoom)?;
        let room = Room { name, key, ..room };
        let stored = room.stored(id);
        rooms.by_id.insert(id, room);
        Ok(stored)
    }

    pub(super) fn page_back(
        &self,
        room: RoomId,
        before: HistoryCursor,
        mut size: PageSize,
    ) -> Vec<Arc<Message>> {
        self.with_lines(room, |lines| {
            let end = match before {
                HistoryCursor::Id(id) => lines.partition_point(|line| line.id < id),
                HistoryCursor::Time(time) => lines
                    .iter()
                    .position(|line| line.time >= time)
                    .unwrap_or(lines.len()),
            };
            let newest_first = lines.range(..end).rev();
            let count = newest_first.take_while(|line| size.take(line)).count();
            lines.range(end - count..end).cloned().collect()
        })
    }

    pub(super) fn around(&self, room: RoomId, id: u64, count: usize) -> Vec<Arc<Message>> {
        self.with_lines(room, |lines| {
            let at = lines.partition_point(|line| line.id < id);
            let start = at.saturating_sub(count);
            let after = lines.partition_point(|line| line.id <= id);
            let end = (after + count).min(lines.len());
            lines.range(start..end).cloned().collect()
        })
    }

    pub(super) fn search(&self, room: RoomId, words: &Words, count: usize) -> Found {
        let lines = self.with_lines(room, |lines| {
            let newest_first = lines.iter().rev();
            let hits = newest_first.filter(|line| words.are_in(&line.text));
            hits.take(count).cloned().collect()
        });
        Found {
            lines,
            cut_short: false,
        }
    }

    fn with_lines(
        &self,
        room: RoomId,
        look: impl FnOnce(&VecDeque<Arc<Message>>) -> Vec<Arc<Message>>,
    ) -> Vec<Arc<Message>> {
        let rooms = self.lock();
        let room = rooms.by_id.get(&room);
        room.map_or_else(Vec::new, |room| look(&room.lines))
    }

    fn lock(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rooms {
    /// Forgets closed rooms whose time is over.
    fn forget_closed(&mut self, now: Timestamp) {
        self.closed.retain(|_, (_, closing)| now < closing.until);
    }

    /// Sees to it that a closed room of so many bytes can be kept. Those that need not be kept for their whole time go
    /// before it, the oldest first.
    fn make_space_for(
        &mut self,
        bytes: usize,
        closing: Closing,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.forget_closed(now);
        if closing.kept.is_nothing() {
            return Ok(());
        }
        let mut all: usize = self.closed.values().map(|(room, _)| room.bytes()).sum();
        while self.closed.len() >= CLOSED_ROOMS_MAX || all + bytes > CLOSED_ROOMS_BYTES_MAX {
            let closed = self.closed.iter();
            let spare = closed.filter(|(_, (_, closing))| closing.kept == Kept::AtMost);
            let oldest = spare.min_by_key(|(_, (_, closing))| closing.until);
            let oldest = oldest.map(|(id, _)| *id);
            let Some((gone, _)) = oldest.and_then(|id| self.closed.remove(&id)) else {
                return Err(StoreError::Failed("too many closed rooms are kept".into()));
            };
            all -= gone.bytes();
        }
        Ok(())
    }
}

impl Room {
    fn bytes(&self) -> usize {
        let lines = self.lines.iter();
        lines
            .map(|line| ITEM_BYTES + line.name.as_str().len() + line.text.len())
            .sum()
    }

    fn stored(&self, id: RoomId) -> StoredRoom {
        StoredRoom {
            id,
            name: self.name.clone(),
            last_line: self.lines.back().map(|line| line.time),
            last_id: self.last_id,
            image: RoomImage::empty(self.state.clone(), At::default()),
        }
    }

    fn keep(&mut self, message: &Arc<Message>, history_lines: usize) {
        self.last_id = message.id;
        self.state.has_lines = true;
        while !self.lines.is_empty() && self.lines.len() >= history_lines {
            self.lines.pop_front();
        }
        if history_lines > 0 {
            self.lines.push_back(Arc::clone(message));
        }
    }
}
