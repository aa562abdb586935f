//! What is read from the database. A room is the range of places from `room * 2^40` on, so every query is a
//! walk along the table's own order, however many rooms and lines there are.

use std::ops::ControlFlow;
use std::sync::Arc;

use rusqlite::{Connection, Row};

use super::super::StoredRoom;
use super::super::page::PageSize;
use super::walk::{Damage, Direction, walk};
use crate::chat::history::{HistoryCursor, RoomId};
use crate::chat::message::{Kind, MemberId, Message};
use crate::chat::name::{Name, RoomName};
use crate::chat::room::{At, Moderation, RoomImage, RoomState};
use crate::chat::topic::Topic;
use crate::text;
use crate::time::Timestamp;

/// Bits of a place that number the message; the others number the room.
pub(in crate::store) const ID_BITS: u32 = 40;

/// The highest number that a message can have.
pub(in crate::store) const ID_MAX: u64 = (1 << ID_BITS) - 1;

/// The place of a message in the table. Numbers above [`ID_MAX`] count as that.
pub(in crate::store) fn place(room: RoomId, id: u64) -> i64 {
    // 32 bits of room would reach the sign; 2^23 rooms are far out of reach, and wrap to nowhere.
    ((u64::from(room.0) << ID_BITS | id.min(ID_MAX)) & i64::MAX as u64) as i64
}

/// The number of the message at `place`.
pub(in crate::store) fn id_of(place: i64) -> u64 {
    place as u64 & ID_MAX
}

/// The room of the message at `place`.
pub(in crate::store) fn room_of(place: i64) -> RoomId {
    RoomId(u32::try_from(place >> ID_BITS).unwrap_or_default())
}

/// All rooms, in the order they were created.
pub(in crate::store) fn rooms(db: &Connection) -> rusqlite::Result<Vec<StoredRoom>> {
    rooms_after(db, RoomId::default()).map(|(rooms, _)| rooms)
}

/// The columns of a room. The last line's place is the greatest of the room's range: one step into the table for each
/// room. `?2` stands for [`ID_BITS`].
const ROOM: &str = "SELECT id, name, topic, (
    SELECT time FROM messages WHERE place >= id << ?2 AND place < (id + 1) << ?2
    ORDER BY place DESC LIMIT 1
), care, closed IS NOT NULL, last_id FROM rooms";

/// The rooms with numbers greater than `last`, and the greatest number that there is.
pub(in crate::store) fn rooms_after(
    db: &Connection,
    mut last: RoomId,
) -> rusqlite::Result<(Vec<StoredRoom>, RoomId)> {
    let mut select = db.prepare_cached(&format!("{ROOM} WHERE id > ?1 ORDER BY id"))?;
    let mut rows = select.query((last.0, ID_BITS))?;
    let mut rooms = Vec::new();
    while let Some(row) = rows.next()? {
        last = RoomId(row.get(0)?);
        rooms.extend(stored_room(row)?);
    }
    Ok((rooms, last))
}

/// The room with this number, if it is there.
pub(in crate::store) fn room(db: &Connection, id: RoomId) -> rusqlite::Result<Option<StoredRoom>> {
    let mut select = db.prepare_cached(&format!("{ROOM} WHERE id = ?1"))?;
    let mut rows = select.query((id.0, ID_BITS))?;
    match rows.next()? {
        Some(row) => stored_room(row),
        None => Ok(None),
    }
}

/// The room with this number, if it is closed.
pub(super) fn closed_room(db: &Connection, id: RoomId) -> rusqlite::Result<Option<StoredRoom>> {
    let mut select = db.prepare_cached(&format!("{ROOM} WHERE id = ?1 AND closed IS NOT NULL"))?;
    let mut rows = select.query((id.0, ID_BITS))?;
    match rows.next()? {
        Some(row) => read_room(row),
        None => Ok(None),
    }
}

/// A row of the columns of [`ROOM`]; `None` if the room is closed, or if nobody can make sense of it.
fn stored_room(row: &Row<'_>) -> rusqlite::Result<Option<StoredRoom>> {
    match row.get(5)? {
        true => Ok(None),
        false => read_room(row),
    }
}

/// As [`stored_room`], of a closed room too.
fn read_room(row: &Row<'_>) -> rusqlite::Result<Option<StoredRoom>> {
    let id = RoomId(row.get(0)?);
    // A name that somebody wrote into the file by hand and nobody could type.
    let name = String::from_utf8_lossy(row.get_ref(1)?.as_bytes()?);
    let Ok(name) = RoomName::parse(&name) else {
        tracing::warn!(room = id.0, "the name of a room is invalid: left out");
        return Ok(None);
    };
    // Better no room than one that is open to everybody by mistake.
    let json = String::from_utf8_lossy(row.get_ref(4)?.as_bytes()?);
    let moderation = match Moderation::from_json(&json) {
        Ok(moderation) => moderation,
        Err(error) => {
            tracing::warn!(
                room = id.0,
                error,
                "what its owners have decided cannot be read: left out"
            );
            return Ok(None);
        }
    };
    let topic = Topic::stored(row.get_ref(2)?.as_bytes()?);
    let last_line = row.get::<_, Option<i64>>(3)?.map(Timestamp);
    Ok(Some(StoredRoom {
        id,
        name,
        last_line,
        last_id: row.get(6)?,
        image: RoomImage::empty(
            RoomState {
                topic,
                moderation,
                has_lines: last_line.is_some(),
            },
            At::default(),
        ),
    }))
}

/// The numbers that all rooms have given, which is a sum over rooms and not over messages.
pub(in crate::store) fn lines_ever(db: &Connection) -> rusqlite::Result<u64> {
    db.prepare_cached("SELECT coalesce(sum(last_id), 0) FROM rooms")?
        .query_row((), |row| row.get(0))
}

/// The lines before a place in `room`, as many as `size` allows, oldest first. Those that cannot be read are left out
/// and told to `damaged`.
pub(in crate::store) fn page_back(
    db: &Connection,
    room: RoomId,
    before: HistoryCursor,
    mut size: PageSize,
    damaged: &dyn Fn(Damage),
) -> rusqlite::Result<Vec<Arc<Message>>> {
    let end = match before {
        HistoryCursor::Id(id) if id > ID_MAX => place(room, ID_MAX) + 1,
        HistoryCursor::Id(id) => place(room, id),
        HistoryCursor::Time(time) => first_since(db, room, time)?,
    };
    let mut lines = Vec::new();
    walk(
        db,
        place(room, 0)..end,
        Direction::Backwards,
        stored,
        |line| {
            match line {
                Ok(line) if size.take(&line) => lines.push(line),
                Ok(_) => return ControlFlow::Break(()),
                Err(damage) => damaged(damage),
            }
            match size.is_full() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        },
    )?;
    lines.reverse();
    Ok(lines)
}

/// The line with number `id` and up to `count` lines on either side of it, oldest first.
pub(in crate::store) fn around(
    db: &Connection,
    room: RoomId,
    id: u64,
    count: usize,
    damaged: &dyn Fn(Damage),
) -> rusqlite::Result<Vec<Arc<Message>>> {
    let snapshot = db.unchecked_transaction()?;
    let mut lines = page_back(
        &snapshot,
        room,
        HistoryCursor::Id(id),
        PageSize::lines(count),
        damaged,
    )?;
    let wanted = lines.len() + count + 1;
    let places = place(room, id)..place(room, ID_MAX) + 1;
    walk(&snapshot, places, Direction::Forwards, stored, |line| {
        match line {
            Ok(line) => lines.push(line),
            Err(damage) => damaged(damage),
        }
        match lines.len() < wanted {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    })?;
    // Where the line itself is missing, one line too many came after it.
    if lines.iter().all(|line| line.id != id) && lines.last().is_some_and(|line| line.id > id) {
        let after = lines.iter().filter(|line| line.id > id).count();
        lines.truncate(lines.len() - after.saturating_sub(count));
    }
    Ok(lines)
}

/// The place of the first line of `room` accepted at `time` or later; the end of the room if there is none.
///
/// Looked for by halving the room, so where the clock was put back it is one of several answers.
pub(in crate::store) fn first_since(
    db: &Connection,
    room: RoomId,
    time: Timestamp,
) -> rusqlite::Result<i64> {
    let (mut low, mut high) = (place(room, 0), place(room, ID_MAX) + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let mut found = None;
        let time_of = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
        walk(
            db,
            middle..high,
            Direction::Forwards,
            time_of,
            |line| match line {
                Ok(line) => {
                    found = Some(line);
                    ControlFlow::Break(())
                }
                // What it leads to is a page, which says so.
                Err(_) => ControlFlow::Continue(()),
            },
        )?;
        match found {
            Some((place, its_time)) if its_time < time.0 => low = place + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// A row of the columns place, time, name, kind, text. What nobody could have typed or been called comes
/// from somebody who wrote into the file, and is made safe.
pub(in crate::store) fn stored(row: &Row<'_>) -> rusqlite::Result<Arc<Message>> {
    let name = row.get_ref(2)?.as_str()?;
    let text = row.get_ref(4)?.as_str()?;
    Ok(Arc::new(Message {
        id: id_of(row.get(0)?),
        time: Timestamp(row.get(1)?),
        member: MemberId::NOBODY,
        name: Name::parse(name).unwrap_or_else(|_| Name::anon()),
        kind: Kind::from_number(row.get(3)?).unwrap_or_default(),
        text: text::clean(text.as_bytes()).into(),
    }))
}
