//! What time it was when a server, or an operator, last told.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row};

use crate::time::Timestamp;
use crate::time::steady::ClockNote;

/// What was noted last.
pub(in crate::store) fn noted(db: &Connection) -> rusqlite::Result<Option<ClockNote>> {
    let note = |row: &Row<'_>| {
        Ok(ClockNote {
            time: Timestamp(row.get(0)?),
            boot: row.get(1)?,
            uptime: Duration::from_millis(row.get(2)?),
        })
    };
    db.prepare_cached("SELECT time, boot, uptime FROM clock")?
        .query_row((), note)
        .optional()
}

/// Notes what time it is.
pub(in crate::store) fn note(db: &Connection, note: &ClockNote) -> rusqlite::Result<()> {
    let uptime = note.uptime.as_millis() as u64;
    db.prepare_cached(
        "INSERT OR REPLACE INTO clock(only, time, boot, uptime) VALUES (1, ?1, ?2, ?3)",
    )?
    .execute((note.time.0, &note.boot, uptime))
    .map(drop)
}
