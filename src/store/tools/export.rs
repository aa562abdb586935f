//! Writing out what was said.

use std::fmt;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;

use jiff::tz::TimeZone;
use rusqlite::{Connection, Row};

use super::record::{MessageRecord, Record, RoomRecord, time_text};
use super::{ToolError, failed};
use crate::chat::history::RoomId;
use crate::chat::message::{Kind, Message};
use crate::chat::name::RoomName;
use crate::chat::room::Moderation;
use crate::chat::topic::Topic;
use crate::limits::CHECK_FAULTS_MAX;
use crate::store::file;
use crate::store::sqlite::query::{ID_MAX, place, stored};
use crate::store::sqlite::walk::{Direction, walk};
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

impl Selection {
    /// Whether it has what was accepted at this time. The clock may have been put back in between, so each message's own
    /// time decides.
    fn has(&self, time: Timestamp) -> bool {
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time < until)
    }
}

/// Writes what was said in the file at `path`, as it was at one moment: rooms in the order they were
/// created, and the messages of each in their order. Memory does not depend on how many there are. Returns what was left
/// out since it cannot be read, a sentence for each, at most [`CHECK_FAULTS_MAX`].
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
    let mut export = Export {
        selection,
        format,
        out,
        left_out: Vec::new(),
    };
    let rooms = export.rooms(&snapshot).map_err(failed(path))?;
    let key = selection.room.as_ref().map(RoomName::key);
    let mut found = false;
    for room in rooms {
        if key.as_ref().is_none_or(|key| *key == room.name.key()) {
            found = true;
            export.room(&snapshot, path, &room)?;
        }
    }
    match &selection.room {
        Some(name) if !found => Err(ToolError::Input(format!("there is no room {name}"))),
        _ => {
            export.out.flush()?;
            Ok(export.left_out)
        }
    }
}

struct Export<'a> {
    selection: &'a Selection,
    format: &'a Format,
    out: &'a mut dyn Write,
    left_out: Vec<String>,
}

struct Room {
    id: RoomId,
    name: RoomName,
    record: RoomRecord,
}

impl Export<'_> {
    /// Says what was left out.
    fn leave_out(&mut self, what: &dyn fmt::Display) {
        if self.left_out.len() < CHECK_FAULTS_MAX {
            self.left_out.push(format!("{what} cannot be read"));
        }
    }

    /// The rooms that are open, and that somebody can make sense of.
    fn rooms(&mut self, db: &Connection) -> rusqlite::Result<Vec<Room>> {
        let mut select = db.prepare(
            "SELECT id, name, topic, created, last_id, care FROM rooms
             WHERE closed IS NULL ORDER BY id",
        )?;
        let mut rows = select.query(())?;
        let mut rooms = Vec::new();
        while let Some(row) = rows.next()? {
            match read_room(row) {
                Some(room) => rooms.push(room),
                None => self.leave_out(&format_args!("room {}", row.get::<_, i64>(0)?)),
            }
        }
        Ok(rooms)
    }

    fn room(&mut self, db: &Connection, path: &Path, room: &Room) -> Result<(), ToolError> {
        if let Format::JsonLines = self.format {
            self.write_json(&Record::Room(room.record.clone()))?;
        }
        let places = place(room.id, 0)..place(room.id, ID_MAX) + 1;
        let selection = self.selection;
        let selected = |row: &Row<'_>| match selection.has(Timestamp(row.get(1)?)) {
            true => stored(row).map(Some),
            false => Ok(None),
        };
        let mut written = Ok(());
        walk(db, places, Direction::Forwards, selected, |line| {
            match line {
                Ok(Some(line)) => written = self.message(room, &line),
                Ok(None) => {}
                Err(damage) => self.leave_out(&format_args!("{damage} of room {}", room.name)),
            }
            match written {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        })
        .map_err(failed(path))?;
        Ok(written?)
    }

    fn message(&mut self, room: &Room, line: &Message) -> io::Result<()> {
        let time = time_text(line.time.0).filter(|_| !line.text.is_empty());
        let Some(time) = time else {
            self.leave_out(&format_args!("message {} of room {}", line.id, room.name));
            return Ok(());
        };
        match self.format {
            Format::JsonLines => self.write_json(&Record::Message(MessageRecord {
                room: room.record.name.clone(),
                id: line.id,
                time,
                name: line.name.to_string(),
                kind: line.kind.as_str().to_owned(),
                text: line.text.to_string(),
            })),
            Format::Text(zone) => {
                let time = jiff::Timestamp::from_millisecond(line.time.0).unwrap_or_default();
                let time = time.to_zoned(zone.clone());
                let time = time.strftime("%Y-%m-%d %H:%M:%S");
                let (room, name, text) = (&room.name, &line.name, &line.text);
                match line.kind {
                    Kind::Message => writeln!(self.out, "{time} {room} {name}: {text}"),
                    Kind::Action => writeln!(self.out, "{time} {room} * {name} {text}"),
                }
            }
        }
    }

    fn write_json(&mut self, record: &Record) -> io::Result<()> {
        // The only errors are those of `out`.
        serde_json::to_writer(&mut self.out, record)?;
        self.out.write_all(b"\n")
    }
}

/// A row of the columns id, name, topic, created, last_id, care. A room of which nobody knows who may come in is none.
fn read_room(row: &Row<'_>) -> Option<Room> {
    let text = |column| row.get_ref(column).ok()?.as_str().ok();
    let name = RoomName::parse(text(1)?).ok()?;
    let topic = Topic::stored(row.get_ref(2).ok()?.as_bytes().ok()?);
    let moderation = Moderation::from_json(text(5)?).ok()?;
    let is_plain = moderation == Moderation::default();
    Some(Room {
        id: RoomId(row.get(0).ok()?),
        record: RoomRecord {
            name: name.to_string(),
            topic: topic.map(String::from).unwrap_or_default(),
            created: time_text(row.get(3).ok()?)?,
            last_id: row.get(4).ok()?,
            moderation: match is_plain {
                true => None,
                false => Some(serde_json::from_str(&moderation.to_json()).ok()?),
            },
        },
        name,
    })
}
