//! Messages in memory: the last lines of each room, until the process ends.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::register::Register;
use super::words::Words;
use super::{Outcome, Proposal, StoreError, StoredRoom};
use crate::chat::history::{Found, HistoryCursor, RoomId};
use crate::chat::message::Message;
use crate::chat::name::RoomName;
use crate::chat::room::{At, Entry, RoomState};

/// Rooms and their last lines. No call does more than copy a few lines, so one lock will do.
#[derive(Debug)]
pub(super) struct Memory {
    history_lines: usize,
    rooms: Mutex<Rooms>,
    register: Register,
}

#[derive(Debug, Default)]
struct Rooms {
    by_id: BTreeMap<RoomId, Room>,
    /// The number of the room that was created last.
    last: RoomId,
}

#[derive(Debug)]
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
            history_lines,
            rooms: Mutex::default(),
            register: Register::default(),
        }
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
        let mut rooms = self.lock();
        let room = rooms.by_id.get_mut(&id).ok_or(StoreError::NoRoom)?;
        if let Some(moderation) = proposal.moderation.take() {
            room.state.moderation = *moderation;
        }
        let closes = proposal.closes();
        let entries = proposal.numbered(at, room.last_id + 1);
        for numbered in &entries {
            match &numbered.entry {
                Entry::Said(message) => room.keep(message, self.history_lines),
                Entry::Topic(set) => room.state.topic = set.topic.clone(),
                _ => {}
            }
        }
        if closes {
            rooms.by_id.remove(&id);
        }
        Ok(entries.into())
    }

    pub(super) fn page_back(
        &self,
        room: RoomId,
        before: HistoryCursor,
        count: usize,
    ) -> Vec<Arc<Message>> {
        self.with_lines(room, |lines| {
            let end = match before {
                HistoryCursor::Id(id) => lines.partition_point(|line| line.id < id),
                HistoryCursor::Time(time) => lines
                    .iter()
                    .position(|line| line.time >= time)
                    .unwrap_or(lines.len()),
            };
            let start = end.saturating_sub(count);
            lines.range(start..end).cloned().collect()
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

impl Room {
    fn stored(&self, id: RoomId) -> StoredRoom {
        StoredRoom {
            id,
            name: self.name.clone(),
            last_line: self.lines.back().map(|line| line.time),
            state: self.state.clone(),
            at: At::default(),
        }
    }

    fn keep(&mut self, message: &Arc<Message>, history_lines: usize) {
        self.last_id = message.id;
        if self.lines.len() >= history_lines {
            self.lines.pop_front();
        }
        if history_lines > 0 {
            self.lines.push_back(Arc::clone(message));
        }
    }
}
