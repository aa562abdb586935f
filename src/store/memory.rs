//! Messages in memory: the last lines of each room, until the process ends.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::register::Register;
use super::words::Words;
use super::{StoreError, StoredRoom};
use crate::chat::history::{Found, HistoryCursor, RoomId};
use crate::chat::message::{Message, NewMessage};
use crate::chat::name::RoomName;
use crate::chat::topic::Topic;

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
    care: String,
    topic: Option<Topic>,
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
            care: "{}".to_owned(),
            topic: None,
            last_id: 0,
            lines: VecDeque::new(),
        };
        rooms.by_id.insert(id, room);
        Ok(id)
    }

    pub(super) fn rooms_after(&self, last: RoomId) -> (Vec<StoredRoom>, RoomId) {
        let rooms = self.lock();
        let newer = rooms.by_id.iter().filter(|&(&id, _)| id > last);
        let newer = newer.map(|(&id, room)| StoredRoom {
            id,
            name: room.name.clone(),
            topic: room.topic.clone(),
            last_line: room.lines.back().map(|line| line.time),
            care: room.care.clone(),
        });
        (newer.collect(), rooms.last.max(last))
    }

    pub(super) fn set_topic(&self, room: RoomId, topic: Option<Topic>) -> Result<(), StoreError> {
        let mut rooms = self.lock();
        let room = rooms.by_id.get_mut(&room);
        room.ok_or(StoreError::NoRoom)?.topic = topic;
        Ok(())
    }

    pub(super) fn set_care(&self, room: RoomId, care: String) -> Result<(), StoreError> {
        let mut rooms = self.lock();
        let room = rooms.by_id.get_mut(&room);
        room.ok_or(StoreError::NoRoom)?.care = care;
        Ok(())
    }

    pub(super) fn close_room(&self, room: RoomId) -> Result<(), StoreError> {
        let closed = self.lock().by_id.remove(&room);
        closed.map(drop).ok_or(StoreError::NoRoom)
    }

    pub(super) fn append(
        &self,
        room: RoomId,
        lines: Vec<NewMessage>,
    ) -> Result<Vec<Arc<Message>>, StoreError> {
        let mut rooms = self.lock();
        let room = rooms.by_id.get_mut(&room).ok_or(StoreError::NoRoom)?;
        let mut stored = Vec::with_capacity(lines.len());
        for line in lines {
            room.last_id += 1;
            let line = Arc::new(Message::new(room.last_id, line));
            if room.lines.len() >= self.history_lines {
                room.lines.pop_front();
            }
            if self.history_lines > 0 {
                room.lines.push_back(Arc::clone(&line));
            }
            stored.push(line);
        }
        Ok(stored)
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
