//! Messages in memory: the last lines of each room, until the process ends.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::words::Words;
use super::{Before, Found, RoomId, StoreError, StoredRoom};
use crate::message::{Message, NewMessage};
use crate::name::RoomName;
use crate::topic::Topic;

/// Rooms and their last lines. No call does more than copy a few lines, so one lock will do.
#[derive(Debug)]
pub(super) struct Memory {
    history_lines: usize,
    rooms: Mutex<Vec<Room>>,
}

#[derive(Debug)]
struct Room {
    name: RoomName,
    key: String,
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
        }
    }

    pub(super) fn create_room(&self, name: RoomName) -> Result<RoomId, StoreError> {
        let mut rooms = self.lock();
        let key = name.key();
        if rooms.iter().any(|room| room.key == key) {
            return Err(StoreError::RoomExists);
        }
        rooms.push(Room {
            name,
            key,
            topic: None,
            last_id: 0,
            lines: VecDeque::new(),
        });
        Ok(room_id(rooms.len()))
    }

    pub(super) fn rooms_after(&self, last: RoomId) -> (Vec<StoredRoom>, RoomId) {
        let rooms = self.lock();
        let numbered = rooms.iter().zip(1..).map(|(room, number)| StoredRoom {
            id: room_id(number),
            name: room.name.clone(),
            topic: room.topic.clone(),
            last_line: room.lines.back().map(|line| line.time),
        });
        let newer = numbered.filter(|room| room.id > last).collect();
        (newer, room_id(rooms.len()).max(last))
    }

    pub(super) fn set_topic(&self, room: RoomId, topic: Option<Topic>) -> Result<(), StoreError> {
        let mut rooms = self.lock();
        let room = place(room).and_then(|place| rooms.get_mut(place));
        room.ok_or(StoreError::NoRoom)?.topic = topic;
        Ok(())
    }

    pub(super) fn append(
        &self,
        room: RoomId,
        lines: Vec<NewMessage>,
    ) -> Result<Vec<Arc<Message>>, StoreError> {
        let mut rooms = self.lock();
        let place = place(room).ok_or(StoreError::NoRoom)?;
        let room = rooms.get_mut(place).ok_or(StoreError::NoRoom)?;
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
        before: Before,
        count: usize,
    ) -> Vec<Arc<Message>> {
        self.with_lines(room, |lines| {
            let end = match before {
                Before::Id(id) => lines.partition_point(|line| line.id < id),
                Before::Time(time) => lines
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
        let room = place(room).and_then(|place| rooms.get(place));
        room.map_or_else(Vec::new, |room| look(&room.lines))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The id of the room that was created as the `number`th.
fn room_id(number: usize) -> RoomId {
    RoomId(u32::try_from(number).unwrap_or(u32::MAX))
}

fn place(room: RoomId) -> Option<usize> {
    usize::try_from(room.0).ok()?.checked_sub(1)
}
