//! Writing out what was said.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::{Connection, Row};

use super::writer::{ExportedRoom, Format, Selection, Writer};
use super::{ToolError, failed};
use crate::chat::history::RoomId;
use crate::chat::name::RoomName;
use crate::chat::room::Moderation;
use crate::chat::topic::Topic;
use crate::store::file;
use crate::store::sqlite::query::{ID_MAX, place, stored};
use crate::store::sqlite::walk::{Direction, walk};
use crate::time::Timestamp;

/// Writes what was said in the file at `path`, as it was at one moment: rooms in the order they were
/// created, and the messages of each in their order. Memory does not depend on how many there are. Returns what was left
/// out since it cannot be read, a sentence for each, at most [`CHECK_FAULTS_MAX`](crate::limits::CHECK_FAULTS_MAX).
///
/// # Errors
///
/// A [`ToolError`]; what was written until then is right.
pub fn export(
    path: &Path,
    selection: &Selection,
    format: &Format,
    out: &mut dyn Write,
) -> Result<Vec<String>, ToolError> {
    let db = file::open_to_read(path)?;
    let snapshot = db.unchecked_transaction().map_err(failed(path))?;
    let mut writer = Writer::new(selection, format, out);
    let mut found = false;
    for (id, room) in rooms(&snapshot, &mut writer).map_err(failed(path))? {
        if writer.wants(&room.name) {
            found = true;
            write_room(&snapshot, path, id, &room, &mut writer)?;
        }
    }
    match &selection.room {
        Some(name) if !found => Err(ToolError::Input(format!("there is no room {name}"))),
        _ => Ok(writer.finish()?),
    }
}

/// The rooms that are open, and that somebody can make sense of.
fn rooms(
    db: &Connection,
    writer: &mut Writer<'_>,
) -> rusqlite::Result<Vec<(RoomId, ExportedRoom)>> {
    let mut select = db.prepare(
        "SELECT id, name, topic, created, last_id, care FROM rooms
         WHERE closed IS NULL ORDER BY id",
    )?;
    let mut rows = select.query(())?;
    let mut rooms = Vec::new();
    while let Some(row) = rows.next()? {
        match read_room(row) {
            Some(room) => rooms.push(room),
            None => writer.leave_out(&format_args!("room {}", row.get::<_, i64>(0)?)),
        }
    }
    Ok(rooms)
}

fn write_room(
    db: &Connection,
    path: &Path,
    id: RoomId,
    room: &ExportedRoom,
    writer: &mut Writer<'_>,
) -> Result<(), ToolError> {
    writer.room(room)?;
    let places = place(id, 0)..place(id, ID_MAX) + 1;
    let selection = writer.selection;
    let selected = |row: &Row<'_>| match selection.has(Timestamp(row.get(1)?)) {
        true => stored(row).map(Some),
        false => Ok(None),
    };
    let mut written = Ok(());
    walk(db, places, Direction::Forwards, selected, |line| {
        match line {
            Ok(Some(line)) => written = writer.message(room, &line),
            Ok(None) => {}
            Err(damage) => writer.leave_out(&format_args!("{damage} of room {}", room.name)),
        }
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    })
    .map_err(failed(path))?;
    Ok(written?)
}

/// A row of the columns id, name, topic, created, last_id, care. A room of which nobody knows who may come in is none.
fn read_room(row: &Row<'_>) -> Option<(RoomId, ExportedRoom)> {
    let text = |column| row.get_ref(column).ok()?.as_str().ok();
    let name = RoomName::parse(text(1)?).ok()?;
    let topic = Topic::stored(row.get_ref(2).ok()?.as_bytes().ok()?);
    let moderation = Moderation::from_json(text(5)?).ok()?;
    let (created, last_id) = (Timestamp(row.get(3).ok()?), row.get(4).ok()?);
    let room = ExportedRoom::new(name, topic, created, last_id, &moderation)?;
    Some((RoomId(row.get(0).ok()?), room))
}
