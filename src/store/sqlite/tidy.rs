//! Small steps that the writer takes between batches: bringing the index up to date, forgetting old lines.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::super::{Keep, RoomId};
use super::query::{ID_MAX, id_of, place};
use crate::limits::INDEX_MERGE_PAGES;
use crate::message::Timestamp;

/// Rooms with lines that the index does not have, and about how many lines those are.
pub(in crate::store) fn unindexed(db: &Connection) -> rusqlite::Result<(BTreeSet<RoomId>, usize)> {
    let mut select =
        db.prepare_cached("SELECT id, last_id - indexed_id FROM rooms WHERE indexed_id < last_id")?;
    let mut rooms = BTreeSet::new();
    let mut lines = 0;
    let rows = select.query_map((), |row| Ok((RoomId(row.get(0)?), row.get::<_, usize>(1)?)))?;
    for row in rows {
        let (room, waiting) = row?;
        rooms.insert(room);
        lines += waiting;
    }
    Ok((rooms, lines))
}

/// Enters up to `most` lines of `rooms` into the index, in one transaction, and takes those rooms out that
/// are done. Returns how many lines it entered.
pub(in crate::store) fn index_step(
    db: &mut Connection,
    rooms: &mut BTreeSet<RoomId>,
    most: usize,
) -> rusqlite::Result<usize> {
    let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut done = Vec::new();
    let mut entered = 0;
    // In the order of their places: the index starts a new part of itself whenever it has to go back.
    for &room in rooms.iter() {
        if entered == most {
            break;
        }
        let (lines, all) = index_room(&step, room, most - entered)?;
        entered += lines;
        if all {
            done.push(room);
        }
    }
    step.commit()?;
    for room in done {
        rooms.remove(&room);
    }
    Ok(entered)
}

/// Merges a little of the index, in one transaction. Returns whether there is more to do.
pub(in crate::store) fn merge_step(db: &Connection) -> rusqlite::Result<bool> {
    let before = db.total_changes();
    db.prepare_cached("INSERT INTO message_index(message_index, rank) VALUES ('merge', ?1)")?
        .execute([INDEX_MERGE_PAGES])?;
    // The documented sign that nothing was done: the statement itself counts for one change.
    Ok(db.total_changes() - before >= 2)
}

/// Returns how many lines it entered, and whether these were all.
fn index_room(db: &Connection, room: RoomId, most: usize) -> rusqlite::Result<(usize, bool)> {
    let ends = db
        .prepare_cached("SELECT indexed_id, last_id FROM rooms WHERE id = ?1")?
        .query_row([room.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((indexed, last)) = ends else {
        return Ok((0, true));
    };
    let (start, end) = (place(room, indexed) + 1, place(room, last));
    // Numbers may be missing, so the last line of the step has to be looked for.
    let until: Option<i64> = db
        .prepare_cached(
            "SELECT place FROM messages WHERE place BETWEEN ?1 AND ?2
             ORDER BY place LIMIT 1 OFFSET ?3",
        )?
        .query_row((start, end, most.saturating_sub(1) as i64), |row| {
            row.get(0)
        })
        .optional()?;
    let entered = db
        .prepare_cached(
            "INSERT INTO message_index(rowid, text)
             SELECT place, text FROM messages WHERE place BETWEEN ?1 AND ?2 ORDER BY place",
        )?
        .execute((start, until.unwrap_or(end)))?;
    db.prepare_cached("UPDATE rooms SET indexed_id = ?2 WHERE id = ?1")?
        .execute((room.0, id_of(until.unwrap_or(end)) as i64))?;
    Ok((entered, until.is_none_or(|until| until == end)))
}

/// Forgets up to `most` of the oldest lines of `room` that `keep` does not keep at the time `now`, in one
/// transaction. Returns how many they were.
pub(in crate::store) fn forget_step(
    db: &mut Connection,
    room: RoomId,
    keep: Keep,
    now: Timestamp,
    most: usize,
) -> rusqlite::Result<usize> {
    let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some(until) = last_to_forget(&step, room, keep, now, most)? else {
        return Ok(0);
    };
    // The index has to be told the text that it shall forget.
    step.prepare_cached(
        "INSERT INTO message_index(message_index, rowid, text)
         SELECT 'delete', place, text FROM messages, rooms
         WHERE id = ?3 AND place BETWEEN ?1 AND ?2 AND place - ?1 <= indexed_id ORDER BY place",
    )?
    .execute((place(room, 0), until, room.0))?;
    let gone = step
        .prepare_cached("DELETE FROM messages WHERE place BETWEEN ?1 AND ?2")?
        .execute((place(room, 0), until))?;
    step.commit()?;
    Ok(gone)
}

/// The place of the last of the room's `most` oldest lines that need not be kept.
fn last_to_forget(
    db: &Connection,
    room: RoomId,
    keep: Keep,
    now: Timestamp,
    most: usize,
) -> rusqlite::Result<Option<i64>> {
    const DAY_MS: i64 = 24 * 3600 * 1000;
    let oldest = keep
        .days
        .map(|days| now.0.saturating_sub(i64::from(days) * DAY_MS));
    let last_id: Option<u64> = db
        .prepare_cached("SELECT last_id FROM rooms WHERE id = ?1")?
        .query_row([room.0], |row| row.get(0))
        .optional()?;
    let spare = match (last_id, keep.lines) {
        (Some(last_id), Some(lines)) => last_id.saturating_sub(lines),
        _ => 0,
    };
    let mut select = db.prepare_cached(
        "SELECT place, time FROM messages WHERE place BETWEEN ?1 AND ?2 ORDER BY place LIMIT ?3",
    )?;
    let mut rows = select.query((place(room, 0), place(room, ID_MAX), most as i64))?;
    let mut until = None;
    while let Some(row) = rows.next()? {
        let (place, time) = (row.get(0)?, row.get::<_, i64>(1)?);
        if id_of(place) > spare && oldest.is_none_or(|oldest| time >= oldest) {
            break;
        }
        until = Some(place);
    }
    Ok(until)
}
