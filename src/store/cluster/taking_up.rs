//! Rooms as the database has them, taken up here: from what they were like when somebody last told, and what has changed
//! since then.

use std::collections::HashMap;

use super::engine::{News, Range, RoomRecord};
use super::{Cluster, Node};
use crate::chat::history::RoomId;
use crate::chat::name::RoomName;
use crate::chat::room::{Closing, Numbered, Room, RoomImage, RoomLimits};
use crate::store::{StoreError, StoredRoom};
use crate::time::Timestamp;

impl Cluster {
    pub(in crate::store) async fn create_room(&self, name: RoomName) -> Result<RoomId, StoreError> {
        let timing = self.node.counts.store.change.begin();
        let id = self.node.engine.create_room(name).await?;
        drop(timing);
        // Whether it can be read now or not: the room is there, and wants what others store from the first entry on.
        self.node.seen.open(id, 0, 0);
        self.tell_others(News::Rooms).await;
        Ok(id)
    }

    pub(in crate::store) async fn rooms_after(
        &self,
        last: RoomId,
    ) -> Result<(Vec<StoredRoom>, RoomId), StoreError> {
        let connection = self.node.engine.connection();
        let (records, newest) = self.node.engine.rooms_after(last).await?;
        let rooms = self.node.take_up(records, connection).await?;
        if rooms.is_empty() && newest > last {
            // The number is given once more if its room is lost.
            self.node.barrier_on(connection).await?;
        }
        Ok((rooms, newest))
    }

    pub(in crate::store) async fn rooms(
        &self,
        rooms: Vec<RoomId>,
    ) -> Result<Vec<StoredRoom>, StoreError> {
        let connection = self.node.engine.connection();
        let records = self.node.engine.rooms(rooms).await?;
        self.node.take_up(records, connection).await
    }

    pub(in crate::store) async fn closed_rooms(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(StoredRoom, Closing)>, StoreError> {
        let closed = self.node.engine.closed_rooms(now).await?;
        let (records, closings): (Vec<_>, Vec<_>) = closed.into_iter().unzip();
        let rooms = self.node.image(records).await?;
        Ok(rooms.into_iter().zip(closings).collect())
    }

    pub(in crate::store) async fn reopen_room(
        &self,
        room: RoomId,
        name: RoomName,
        now: Timestamp,
    ) -> Result<StoredRoom, StoreError> {
        let record = self.node.engine.reopen_room(room, name, now).await?;
        // The others are told once it is in its log who owns it.
        let reopened = self.rooms(vec![record.id]).await?.pop();
        reopened.ok_or(StoreError::NoRoom)
    }

    pub(in crate::store) async fn lines_ever(&self) -> Result<u64, StoreError> {
        let lines = self.node.engine.lines_ever().await;
        lines.map_err(StoreError::from)
    }
}

impl Node {
    /// Rooms as they are now, which were read over this connection. From here on what others store in their logs is handed
    /// on.
    async fn take_up(
        &self,
        records: Vec<RoomRecord>,
        connection: u64,
    ) -> Result<Vec<StoredRoom>, StoreError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let rooms = self.image(records).await?;
        // What was read has to be safe before anybody is shown it.
        self.barrier_on(connection).await?;
        let mut has_more = false;
        for room in &rooms {
            has_more |= self.seen.open(room.id, room.image.at.seq, room.last_id);
        }
        if has_more {
            let _ = self.nudge.try_send(News::Heads(Vec::new()));
        }
        Ok(rooms)
    }

    /// What the rooms are like at the ends of their logs.
    async fn image(&self, records: Vec<RoomRecord>) -> Result<Vec<StoredRoom>, StoreError> {
        let behind = records.iter().filter_map(|record| {
            let after = record.image.as_ref().map_or(0, |image| image.at.seq);
            let (room, upto) = (record.id, record.head.seq);
            (after < upto).then_some(Range { room, after, upto })
        });
        let behind: Vec<Range> = behind.collect();
        let mut changes: HashMap<RoomId, Vec<Numbered>> = HashMap::new();
        if !behind.is_empty() {
            for (room, numbered) in self.engine.changes(behind).await? {
                changes.entry(room).or_default().push(numbered);
            }
        }
        let stored = records.into_iter().map(|record| {
            let changes = changes.remove(&record.id).unwrap_or_default();
            stored(record, &changes)
        });
        Ok(stored.collect())
    }
}

/// A room as it is at the end of its log, of which these are all entries behind its image but for the lines.
pub(in crate::store) fn stored(record: RoomRecord, changes: &[Numbered]) -> StoredRoom {
    let mut image = record.image.unwrap_or_default();
    image.state.has_lines = record.has_lines;
    StoredRoom {
        id: record.id,
        name: record.name,
        last_line: record.last_line,
        last_id: record.last_id,
        image: taken_up(image, changes, record.head.seq),
    }
}

/// A room at entry `upto` of its log, of which these are all entries behind `image` but for the lines.
fn taken_up(image: RoomImage, changes: &[Numbered], upto: u64) -> RoomImage {
    // Bounds are of no matter to what has happened.
    let limits = RoomLimits {
        members_max: 0,
        history_lines: 0,
        outbox_bytes: 0,
        notice_delay: std::time::Duration::ZERO,
    };
    let mut room = Room::from_image(limits, image);
    let mut told = Vec::new();
    for numbered in changes {
        room.skip_lines(numbered.seq - 1);
        // It is the next one now, or was applied before.
        let _ = room.apply(numbered, &mut told);
        told.clear();
    }
    room.skip_lines(upto);
    room.image()
}
