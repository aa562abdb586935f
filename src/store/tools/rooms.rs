//! Listing the rooms of a file, closed ones too, and opening those again.

use std::io::Write;
use std::path::Path;

use jiff::tz::TimeZone;
use rusqlite::{Connection, Row, TransactionBehavior};

use super::{ToolError, failed};
use crate::chat::history::RoomId;
use crate::chat::name::RoomName;
use crate::chat::room::Moderation;
use crate::runtime::Clock;
use crate::store::sqlite::clock::noted;
use crate::store::sqlite::{closed, query};
use crate::store::{Durability, StoreError, file};
use crate::text;
use crate::time::Timestamp;

/// Writes a row for each room of the file at `path` that is open, or was closed and can be opened again by
/// `clock`, with times in this zone.
///
/// # Errors
///
/// A [`ToolError`].
pub fn rooms(
    path: &Path,
    zone: &TimeZone,
    clock: &Clock,
    out: &mut dyn Write,
) -> Result<(), ToolError> {
    let db = file::open_to_read(path)?;
    let rooms = believed(&db, clock)
        .and_then(|now| listed(&db, now))
        .map_err(failed(path))?;
    write_rooms(&rooms, zone, out)
}

/// Writes a row for each.
pub(in crate::store) fn write_rooms(
    rooms: &[RoomRow],
    zone: &TimeZone,
    out: &mut dyn Write,
) -> Result<(), ToolError> {
    writeln!(out, "number    lines  last line         room")?;
    for room in rooms {
        let date = |time| date(time, zone);
        let last = room.last_line.map_or_else(|| "never".to_owned(), date);
        let RoomRow {
            id, lines, name, ..
        } = room;
        write!(out, "{id:>6}  {lines:>7}  {last:<16}  {name}")?;
        if let Some(closed) = &room.closed {
            let (at, until) = (date(closed.at), date(closed.until));
            write!(out, " (closed {at} by {}, kept until {until})", closed.by)?;
        }
        writeln!(out)?;
    }
    Ok(out.flush()?)
}

/// Opens the room of this name that was closed last again, or the one with this `number`, under the name `new` if there
/// is one. Who had inherited it does not own it any more. Returns what it is called.
///
/// A server that runs has it back when somebody lists the rooms or joins it.
///
/// # Errors
///
/// A [`ToolError`]; nothing has changed.
pub fn reopen(
    path: &Path,
    room: &RoomName,
    number: Option<u32>,
    new: Option<RoomName>,
    clock: &Clock,
) -> Result<RoomName, ToolError> {
    // It is not made if there is none.
    drop(file::open_to_read(path)?);
    let path = file::canonical(path)?;
    let mut db = file::open_to_write(&path, Durability::Normal)?;
    let change = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed(&path))?;
    let now = believed(&change, clock).map_err(failed(&path))?;
    let closed = closed::rooms(&change, now).map_err(failed(&path))?;
    let named = closed.into_iter().filter(|(it, _)| {
        let is_number = number.is_none_or(|number| it.id.0 == number);
        it.name.key() == room.key() && is_number
    });
    let newest = named.max_by_key(|(room, closing)| (closing.until, room.id));
    let Some((found, _)) = newest else {
        let why = format!("there is no closed room {room}; `parlor rooms` lists those there are");
        return Err(ToolError::Input(why));
    };
    let name = new.unwrap_or(found.name);
    match closed::reopen(&change, found.id, &name, now).map_err(failed(&path))? {
        Ok(_) => {}
        Err(StoreError::RoomExists) => {
            let why = format!("there is a room {name} again; give another name with --as");
            return Err(ToolError::Input(why));
        }
        Err(error) => return Err(ToolError::Input(error.to_string())),
    }
    let moderation = found.image.state.moderation.without_heirs();
    set_moderation(&change, found.id, &moderation).map_err(failed(&path))?;
    change.commit().map_err(failed(&path))?;
    Ok(name)
}

/// What time it is by a server's rules.
fn believed(db: &Connection, clock: &Clock) -> rusqlite::Result<Timestamp> {
    clock.start_from(noted(db)?);
    Ok(clock.times().steady)
}

fn set_moderation(db: &Connection, room: RoomId, to: &Moderation) -> rusqlite::Result<()> {
    let mut update = db.prepare("UPDATE rooms SET care = ?2 WHERE id = ?1")?;
    update.execute((room.0, to.to_json())).map(drop)
}

/// A room that is listed.
pub(in crate::store) struct RoomRow {
    pub(in crate::store) id: u32,
    pub(in crate::store) name: String,
    pub(in crate::store) lines: u64,
    pub(in crate::store) last_line: Option<Timestamp>,
    pub(in crate::store) closed: Option<ClosedRow>,
}

/// How it was closed.
pub(in crate::store) struct ClosedRow {
    pub(in crate::store) at: Timestamp,
    pub(in crate::store) by: String,
    pub(in crate::store) until: Timestamp,
}

fn listed(db: &Connection, now: Timestamp) -> rusqlite::Result<Vec<RoomRow>> {
    let mut select = db.prepare(
        "SELECT id, rooms.name, count(place), max(messages.time), closed, closed_by, purge
         FROM rooms LEFT JOIN messages ON place BETWEEN id << ?2 AND (id + 1 << ?2) - 1
         WHERE closed IS NULL OR purge > ?1 GROUP BY id ORDER BY id",
    )?;
    let rooms = select.query_map((now.0, query::ID_BITS), |row| {
        let closed: Option<i64> = row.get(4)?;
        let (by, until): (_, Option<i64>) = (shown(row, 5)?, row.get(6)?);
        Ok(RoomRow {
            id: row.get(0)?,
            name: shown(row, 1)?,
            lines: row.get(2)?,
            last_line: row.get::<_, Option<i64>>(3)?.map(Timestamp),
            closed: closed.zip(until).map(|(at, until)| ClosedRow {
                at: Timestamp(at),
                by,
                until: Timestamp(until),
            }),
        })
    })?;
    rooms.collect()
}

/// What stands in a column, or nothing, without what could steer a terminal.
pub(super) fn shown(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    let text = row.get_ref(column)?.as_bytes_or_null()?;
    Ok(text::clean(text.unwrap_or_default()))
}

pub(super) fn date(time: Timestamp, zone: &TimeZone) -> String {
    let time = jiff::Timestamp::from_millisecond(time.0).unwrap_or_default();
    let time = time.to_zoned(zone.clone());
    time.strftime("%Y-%m-%d %H:%M").to_string()
}
