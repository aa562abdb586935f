//! Closed rooms: out of sight at once, and deleted when their time is over.

use rusqlite::{Connection, OptionalExtension, params};

use super::query::{self, place};
use super::writer::Done;
use crate::chat::history::RoomId;
use crate::chat::name::{Name, RoomName};
use crate::chat::room::{Closing, Kept};
use crate::limits::CLOSED_ROOMS_MAX;
use crate::store::{StoreError, StoredRoom};
use crate::time::Timestamp;

/// Closes a room. No name has a space in it, so its key is free.
pub(super) fn close(
    db: &Connection,
    room: RoomId,
    by: Option<&Name>,
    closed: Timestamp,
    closing: Closing,
) -> rusqlite::Result<Done> {
    if !closing.kept.is_nothing() && !make_space(db, closed)? {
        let why = "too many closed rooms are kept";
        return Ok(Err(StoreError::Failed(why.to_owned())));
    }
    let is_heir = closing.kept == Kept::AtLeast;
    let mut update = db.prepare_cached(
        "UPDATE rooms SET closed = ?2, key = 'closed ' || id, purge = ?3, heir = ?4, closed_by = ?5
         WHERE id = ?1 AND closed IS NULL",
    )?;
    let changed = update.execute(params![
        room.0,
        closed.0,
        closing.until.0,
        is_heir,
        by.map(Name::as_str)
    ])?;
    Ok(match changed {
        0 => Err(StoreError::NoRoom),
        _ => Ok(0),
    })
}

/// Sees to it that one more room can be kept: if there are too many, the oldest goes that need not be kept for its whole
/// time. False if there is none.
fn make_space(db: &Connection, now: Timestamp) -> rusqlite::Result<bool> {
    let kept: usize = db
        .prepare_cached("SELECT count(*) FROM rooms WHERE purge > ?1")?
        .query_row([now.0], |row| row.get(0))?;
    if kept < CLOSED_ROOMS_MAX {
        return Ok(true);
    }
    let gone = db
        .prepare_cached(
            "UPDATE rooms SET purge = ?1 WHERE id = (
                 SELECT id FROM rooms WHERE purge > ?1 AND heir = 0 ORDER BY purge, id LIMIT 1
             )",
        )?
        .execute([now.0])?;
    Ok(gone > 0)
}

/// Opens a closed room again, under this name.
pub(in crate::store) fn reopen(
    db: &Connection,
    room: RoomId,
    name: &RoomName,
    now: Timestamp,
) -> rusqlite::Result<Done> {
    let is_kept = db
        .prepare_cached("SELECT 1 FROM rooms WHERE id = ?1 AND purge > ?2")?
        .exists(params![room.0, now.0])?;
    if !is_kept {
        return Ok(Err(StoreError::NoRoom));
    }
    let key = name.key();
    let is_taken = db
        .prepare_cached("SELECT 1 FROM rooms WHERE key = ?1")?
        .exists([&key])?;
    if is_taken {
        return Ok(Err(StoreError::RoomExists));
    }
    db.prepare_cached(
        "UPDATE rooms SET name = ?2, key = ?3, closed = NULL, purge = NULL, heir = 0, closed_by = NULL
         WHERE id = ?1",
    )?
    .execute(params![room.0, name.as_str(), key])?;
    Ok(Ok(0))
}

/// The closed rooms that can be opened again, in the order they were created.
pub(in crate::store) fn rooms(
    db: &Connection,
    now: Timestamp,
) -> rusqlite::Result<Vec<(StoredRoom, Closing)>> {
    let mut select =
        db.prepare_cached("SELECT id, purge, heir FROM rooms WHERE purge > ?1 ORDER BY id")?;
    let mut rows = select.query([now.0])?;
    let mut rooms = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, until) = (RoomId(row.get(0)?), Timestamp(row.get(1)?));
        let kept = match row.get(2)? {
            true => Kept::AtLeast,
            false => Kept::AtMost,
        };
        if let Some(room) = query::closed_room(db, id)? {
            rooms.push((room, Closing { kept, until }));
        }
    }
    Ok(rooms)
}

/// A closed room whose time is over.
pub(super) fn next_due(db: &Connection, now: Timestamp) -> rusqlite::Result<Option<RoomId>> {
    db.prepare_cached("SELECT id FROM rooms WHERE purge <= ?1 ORDER BY purge, id LIMIT 1")?
        .query_row([now.0], |row| row.get(0).map(RoomId))
        .optional()
}

/// Forgets up to `most` lines of a closed room whose time is over, and with the last of them what its owners had
/// decided. Returns how many lines they were.
pub(super) fn purge_step(
    db: &mut Connection,
    room: RoomId,
    now: Timestamp,
    most: usize,
) -> rusqlite::Result<usize> {
    let step = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have opened it again.
    let is_due = step
        .prepare_cached("SELECT 1 FROM rooms WHERE id = ?1 AND purge <= ?2")?
        .exists(params![room.0, now.0])?;
    if !is_due {
        return Ok(0);
    }
    let gone = step
        .prepare_cached(
            "DELETE FROM messages WHERE place IN (
                 SELECT place FROM messages WHERE place BETWEEN ?1 AND ?2 ORDER BY place LIMIT ?3
             )",
        )?
        .execute(params![
            place(room, 0),
            place(room, query::ID_MAX),
            most as i64
        ])?;
    if gone < most {
        step.prepare_cached(
            "UPDATE rooms SET topic = '', care = '{}', purge = NULL, heir = 0, closed_by = NULL WHERE id = ?1",
        )?
        .execute([room.0])?;
    }
    step.commit()?;
    Ok(gone)
}
