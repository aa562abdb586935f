//! Writing out what was said.

use std::io::Write;
use std::path::Path;

use jiff::tz::TimeZone;
use rusqlite::Connection;

use super::record::{MessageRecord, Record, RoomRecord, time_text};
use super::{ToolError, failed};
use crate::chat::history::RoomId;
use crate::chat::message::Kind;
use crate::chat::name::RoomName;
use crate::store::file;
use crate::store::sqlite::query::{ID_MAX, id_of, place};
use crate::time::Timestamp;

/// How an export is written.
#[derive(Clone, Debug)]
pub enum Format {
    /// A line a message: date, time in this zone, room, name, text.
    Text(TimeZone),
    /// A line of JSON a room and a message, which can be imported.
    JsonLines,
}

/// What is exported: by default everything.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// One room only.
    pub room: Option<RoomName>,
    /// Only what was accepted at this time or later.
    pub since: Option<Timestamp>,
    /// Only what was accepted before this time.
    pub until: Option<Timestamp>,
}

/// Writes what was said in the file at `path`, as it was at one moment: rooms in the order they were
/// created, and the messages of each in their order. Memory does not depend on how many there are.
///
/// # Errors
///
/// A [`ToolError`]; what was written until then is right.
pub fn export(
    path: &Path,
    selection: &Selection,
    format: &Format,
    out: &mut dyn Write,
) -> Result<(), ToolError> {
    let db = file::open_to_read(path)?;
    let snapshot = db.unchecked_transaction().map_err(failed(path))?;
    let rooms = rooms(&snapshot).map_err(failed(path))?;
    let key = selection.room.as_ref().map(RoomName::key);
    let mut found = false;
    for room in rooms {
        if key.as_ref().is_none_or(|key| *key == room.key) {
            found = true;
            export_room(&snapshot, path, &room, selection, format, out)?;
        }
    }
    match &selection.room {
        Some(name) if !found => Err(ToolError::Input(format!("there is no room {name}"))),
        _ => Ok(out.flush()?),
    }
}

struct Room {
    id: RoomId,
    key: String,
    record: RoomRecord,
}

fn rooms(db: &Connection) -> rusqlite::Result<Vec<Room>> {
    let mut select = db.prepare(
        "SELECT id, key, name, topic, created, last_id FROM rooms
         WHERE closed IS NULL ORDER BY id",
    )?;
    let rooms = select.query_map((), |row| {
        Ok(Room {
            id: RoomId(row.get(0)?),
            key: row.get(1)?,
            record: RoomRecord {
                name: row.get(2)?,
                topic: row.get(3)?,
                created: time_text(row.get(4)?).unwrap_or_default(),
                last_id: row.get(5)?,
            },
        })
    })?;
    rooms.collect()
}

fn export_room(
    db: &Connection,
    path: &Path,
    room: &Room,
    selection: &Selection,
    format: &Format,
    out: &mut dyn Write,
) -> Result<(), ToolError> {
    if let Format::JsonLines = format {
        write_json(out, &Record::Room(room.record.clone()))?;
    }
    // The clock may have been put back in between, so each line's own time decides.
    let mut select = db
        .prepare_cached(
            "SELECT place, time, name, kind, text FROM messages
             WHERE place BETWEEN ?1 AND ?2 AND time >= ?3 AND time < ?4 ORDER BY place",
        )
        .map_err(failed(path))?;
    let since = selection.since.map_or(i64::MIN, |time| time.0);
    let until = selection.until.map_or(i64::MAX, |time| time.0);
    let range = (place(room.id, 0), place(room.id, ID_MAX), since, until);
    let mut rows = select.query(range).map_err(failed(path))?;
    while let Some(row) = rows.next().map_err(failed(path))? {
        let line = read(row, &room.record.name).map_err(failed(path))?;
        write_line(out, line, format)?;
    }
    Ok(())
}

struct Line {
    ms: i64,
    record: MessageRecord,
}

fn read(row: &rusqlite::Row<'_>, room: &str) -> rusqlite::Result<Line> {
    let ms = row.get(1)?;
    Ok(Line {
        ms,
        record: MessageRecord {
            room: room.to_owned(),
            id: id_of(row.get(0)?),
            time: time_text(ms).unwrap_or_default(),
            name: row.get(2)?,
            kind: Kind::from_number(row.get(3)?)
                .unwrap_or_default()
                .as_str()
                .to_owned(),
            text: row.get(4)?,
        },
    })
}

fn write_line(out: &mut dyn Write, line: Line, format: &Format) -> Result<(), ToolError> {
    match format {
        Format::JsonLines => write_json(out, &Record::Message(line.record)),
        Format::Text(zone) => {
            let time = jiff::Timestamp::from_millisecond(line.ms).unwrap_or_default();
            let time = time.to_zoned(zone.clone());
            let record = &line.record;
            let time = time.strftime("%Y-%m-%d %H:%M:%S");
            writeln!(
                out,
                "{time} {} {}: {}",
                record.room, record.name, record.text
            )?;
            Ok(())
        }
    }
}

fn write_json(out: &mut dyn Write, record: &Record) -> Result<(), ToolError> {
    // The only errors are those of `out`.
    serde_json::to_writer(&mut *out, record).map_err(std::io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}
