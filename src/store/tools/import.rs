//! Reading in what was exported.

use std::collections::HashMap;
use std::io::{BufRead, Read};
use std::path::Path;
use std::thread;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::record::{MessageRecord, Record, RoomRecord, time_ms};
use super::{ToolError, failed};
use crate::chat::history::RoomId;
use crate::chat::message::Kind;
use crate::chat::name::{Name, RoomName};
use crate::limits::{IMPORT_LINE_BYTES_MAX, IMPORT_LINES, IMPORT_PAUSE, MESSAGE_ID_IMPORT_MAX};
use crate::store::sqlite::query::{ID_MAX, id_of, place};
use crate::store::{Durability, file};
use crate::text;

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Messages that were stored under their own numbers.
    pub stored: u64,
    /// Messages that were there already.
    pub present: u64,
    /// Messages that were stored at the end of their room, since another had their number.
    pub renumbered: u64,
}

/// Reads lines of JSON (see [`super::export()`]) into the file at `path`, which is made if there is none.
///
/// Rooms are made as they are needed. What was imported before is not stored twice, so an import that was
/// interrupted can be done again. A server that runs shows what is new in its rooms when somebody looks back,
/// and new rooms when somebody lists the rooms or joins one.
///
/// # Errors
///
/// A [`ToolError`] with the number of the line that makes no sense; what stands before it may be stored.
pub fn import(path: &Path, input: &mut dyn BufRead) -> Result<Imported, ToolError> {
    let path = file::canonical(path)?;
    let mut db = file::open_to_write(&path, Durability::Normal)?;
    let mut lines = Lines {
        input,
        number: 0,
        bytes: Vec::new(),
    };
    let mut imported = Imported::default();
    loop {
        let change = db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed(&path))?;
        let mut rooms = HashMap::new();
        let mut read = 0;
        while read < IMPORT_LINES
            && let Some((number, line)) = lines.next()?
        {
            import_line(&change, &path, number, line, &mut rooms, &mut imported)?;
            read += 1;
        }
        change.commit().map_err(failed(&path))?;
        if read < IMPORT_LINES {
            break;
        }
        thread::sleep(IMPORT_PAUSE);
    }
    Ok(imported)
}

struct Lines<'a> {
    input: &'a mut dyn BufRead,
    number: u64,
    bytes: Vec<u8>,
}

impl Lines<'_> {
    /// The next line that is not empty, with its number.
    fn next(&mut self) -> Result<Option<(u64, &[u8])>, ToolError> {
        loop {
            self.bytes.clear();
            let most = IMPORT_LINE_BYTES_MAX as u64 + 1;
            let read = (&mut *self.input)
                .take(most)
                .read_until(b'\n', &mut self.bytes)?;
            self.number += 1;
            if read == 0 {
                return Ok(None);
            }
            if read as u64 == most {
                return Err(wrong(self.number, "it is too long"));
            }
            if !self.bytes.trim_ascii().is_empty() {
                return Ok(Some((self.number, self.bytes.trim_ascii())));
            }
        }
    }
}

fn wrong(number: u64, what: &str) -> ToolError {
    ToolError::Input(format!("line {number}: {what}"))
}

/// The rooms of one transaction, by name as it is spelt. Another process may write between transactions.
type Rooms = HashMap<String, RoomState>;

#[derive(Clone, Copy)]
struct RoomState {
    id: RoomId,
    last_id: u64,
    /// The number of the newest message that is there.
    newest_id: u64,
}

fn import_line(
    db: &Connection,
    path: &Path,
    number: u64,
    line: &[u8],
    rooms: &mut Rooms,
    imported: &mut Imported,
) -> Result<(), ToolError> {
    let record = serde_json::from_slice(line).map_err(|error| wrong(number, &error.to_string()))?;
    match record {
        Record::Room(room) => {
            let room = NewRoom::check(room).map_err(|what| wrong(number, &what))?;
            room.write(db).map_err(failed(path))?;
            // It may have another last number now.
            rooms.clear();
        }
        Record::Message(message) => {
            let room = message.room.clone();
            let message = NewLine::check(message).map_err(|what| wrong(number, &what))?;
            let mut state = match rooms.get(&room) {
                Some(state) => *state,
                None => message.room_state(db).map_err(failed(path))?,
            };
            message
                .write(db, &mut state, imported)
                .map_err(failed(path))?;
            rooms.insert(room, state);
        }
    }
    Ok(())
}

struct NewRoom {
    name: RoomName,
    topic: String,
    created: i64,
    last_id: u64,
}

impl NewRoom {
    fn check(record: RoomRecord) -> Result<NewRoom, String> {
        Ok(NewRoom {
            name: room_name(&record.name)?,
            topic: text::clean(record.topic.as_bytes()),
            created: checked_time(&record.created)?,
            last_id: checked_id(record.last_id)?,
        })
    }

    /// A room that is there keeps what it has, and gives no number that the other room has given.
    fn write(&self, db: &Connection) -> rusqlite::Result<()> {
        db.prepare_cached(
            "INSERT INTO rooms(name, key, topic, created, last_id) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT(key) DO UPDATE SET last_id = max(last_id, excluded.last_id)",
        )?
        .execute((
            self.name.as_str(),
            self.name.key(),
            &self.topic,
            self.created,
            self.last_id,
        ))?;
        Ok(())
    }
}

struct NewLine {
    room: RoomName,
    id: u64,
    time: i64,
    name: String,
    kind: Kind,
    text: String,
}

impl NewLine {
    fn check(record: MessageRecord) -> Result<NewLine, String> {
        let name = Name::parse(&record.name)
            .map_err(|error| format!("{} is not a name: {error}", record.name))?;
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == record.kind);
        let text = text::clean(record.text.as_bytes());
        if text.is_empty() || record.id == 0 {
            return Err("a message needs text, and a number of at least 1".to_owned());
        }
        Ok(NewLine {
            room: room_name(&record.room)?,
            id: checked_id(record.id)?,
            time: checked_time(&record.time)?,
            name: name.as_str().to_owned(),
            kind: kind.ok_or_else(|| format!("there is no message kind {}", record.kind))?,
            text,
        })
    }

    /// The state of the room, which is made if there is none.
    fn room_state(&self, db: &Connection) -> rusqlite::Result<RoomState> {
        db.prepare_cached(
            "INSERT INTO rooms(name, key, created) VALUES (?1, ?2, ?3) ON CONFLICT(key) DO NOTHING",
        )?
        .execute((self.room.as_str(), self.room.key(), self.time))?;
        let (id, last_id) = db
            .prepare_cached("SELECT id, last_id FROM rooms WHERE key = ?1")?
            .query_row([self.room.key()], |row| {
                Ok((RoomId(row.get(0)?), row.get(1)?))
            })?;
        let newest: Option<i64> = db
            .prepare_cached("SELECT max(place) FROM messages WHERE place BETWEEN ?1 AND ?2")?
            .query_row((place(id, 0), place(id, ID_MAX)), |row| row.get(0))?;
        Ok(RoomState {
            id,
            last_id,
            newest_id: newest.map_or(0, id_of),
        })
    }

    fn write(
        &self,
        db: &Connection,
        room: &mut RoomState,
        imported: &mut Imported,
    ) -> rusqlite::Result<()> {
        match self.is_present(db, room.id)? {
            Some(true) => {
                imported.present += 1;
                Ok(())
            }
            Some(false) => {
                imported.renumbered += 1;
                self.insert(db, room, room.last_id + 1)
            }
            None => {
                imported.stored += 1;
                self.insert(db, room, self.id)
            }
        }
    }

    /// Whether the message with this number is this one; `None` if there is none.
    fn is_present(&self, db: &Connection, room: RoomId) -> rusqlite::Result<Option<bool>> {
        db.prepare_cached(
            "SELECT time = ?2 AND name = ?3 AND kind = ?4 AND text = ?5 FROM messages WHERE place = ?1",
        )?
        .query_row(
            (place(room, self.id), self.time, &self.name, self.kind as i64, &self.text),
            |row| row.get(0),
        )
        .optional()
    }

    fn insert(&self, db: &Connection, room: &mut RoomState, id: u64) -> rusqlite::Result<()> {
        let place = place(room.id, id);
        db.prepare_cached(
            "INSERT INTO messages(place, time, name, kind, text) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((place, self.time, &self.name, self.kind as i64, &self.text))?;
        if id < room.newest_id {
            db.prepare_cached("INSERT INTO late(place) VALUES (?1)")?
                .execute([place])?;
        }
        room.newest_id = room.newest_id.max(id);
        if id > room.last_id {
            room.last_id = id;
            db.prepare_cached("UPDATE rooms SET last_id = ?2 WHERE id = ?1")?
                .execute((room.id.0, id))?;
        }
        Ok(())
    }
}

fn room_name(text: &str) -> Result<RoomName, String> {
    RoomName::parse(text).map_err(|error| format!("{text} is not a room name: {error}"))
}

fn checked_id(id: u64) -> Result<u64, String> {
    if id > MESSAGE_ID_IMPORT_MAX {
        return Err(format!("numbers go up to {MESSAGE_ID_IMPORT_MAX}"));
    }
    Ok(id)
}

fn checked_time(text: &str) -> Result<i64, String> {
    time_ms(text).ok_or_else(|| format!("{text} is not a time; one is 2026-01-02T03:04:05.678Z"))
}
