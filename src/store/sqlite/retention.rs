//! Forgetting old lines, in small steps that the writer takes between batches.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::super::Retention;
use super::query::{ID_MAX, id_of, place};
use crate::chat::history::RoomId;
use crate::time::Timestamp;

/// Forgets up to `most` of the oldest lines of `room` that `keep` does not keep at the time `now`, in one
/// transaction. Returns how many they were.
pub(super) fn forget_step(
    db: &mut Connection,
    room: RoomId,
    keep: Retention,
    now: Timestamp,
    most: usize,
) -> rusqlite::Result<usize> {
    let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some(until) = last_to_forget(&step, room, keep, now, most)? else {
        return Ok(0);
    };
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
    keep: Retention,
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
