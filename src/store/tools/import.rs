//! Reading in what was exported.

use std::collections::HashMap;
use std::fmt;
use std::io::{BufRead, Read};
use std::path::Path;
use std::thread;

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior};

use super::record::{MessageRecord, Record, RoomRecord, time_ms};
use super::{ToolError, failed};
use crate::chat::history::RoomId;
use crate::chat::message::Kind;
use crate::chat::name::{Name, RoomName};
use crate::chat::room::Moderation;
use crate::chat::topic::{TooLong, Topic};
use crate::limits::{
    IMPORT_LINE_BYTES_MAX, IMPORT_LINES, IMPORT_PAUSE, LINE_BYTES_MAX, MESSAGE_ID_IMPORT_MAX,
};
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
/// A [`ToolError`] with the number of the line that makes no sense, or that nobody could have said on a server; nothing
/// is changed to make it fit. What stands before it may be stored.
pub fn import(
    path: &Path,
    input: &mut dyn BufRead,
    rooms_max: usize,
) -> Result<Imported, ToolError> {
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
        let mut rooms = Rooms::new(&change, rooms_max).map_err(failed(&path))?;
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

/// The rooms of one transaction. Another process may write between transactions.
struct Rooms {
    /// By name as it is spelt.
    by_name: HashMap<String, RoomState>,
    open: usize,
    open_max: usize,
}

impl Rooms {
    fn new(db: &Connection, open_max: usize) -> rusqlite::Result<Rooms> {
        let count = "SELECT count(*) FROM rooms WHERE closed IS NULL";
        let open = db.query_row(count, (), |row| row.get(0))?;
        Ok(Rooms {
            by_name: HashMap::new(),
            open,
            open_max,
        })
    }

    /// Makes space for one more.
    fn count_one(&mut self) -> Result<(), Refused> {
        if self.open >= self.open_max {
            return Err(Refused::Why(format!(
                "there are {} rooms, and there can be {} (see --max-rooms)",
                self.open, self.open_max
            )));
        }
        self.open += 1;
        Ok(())
    }
}

/// Why a line is not stored.
enum Refused {
    Why(String),
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Refused {
        Refused::Database(error)
    }
}

impl From<String> for Refused {
    fn from(why: String) -> Refused {
        Refused::Why(why)
    }
}

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
    let done = match record {
        Record::Room(room) => NewRoom::check(room)
            .map_err(Refused::Why)
            .and_then(|room| room.write(db, rooms)),
        Record::Message(message) => NewLine::check(message)
            .map_err(Refused::Why)
            .and_then(|message| message.write(db, rooms, imported)),
    };
    done.map_err(|refused| match refused {
        Refused::Why(why) => wrong(number, &why),
        Refused::Database(error) => failed(path)(error),
    })
}

struct NewRoom {
    name: RoomName,
    topic: String,
    created: i64,
    last_id: u64,
    moderation: Moderation,
}

impl NewRoom {
    fn check(record: RoomRecord) -> Result<NewRoom, String> {
        let topic = Topic::parse(&record.topic)
            .map_err(|TooLong| "its topic is too long".to_owned())?
            .map(String::from)
            .unwrap_or_default();
        if topic != record.topic {
            return Err("nobody could have set its topic".to_owned());
        }
        let moderation = match &record.moderation {
            Some(json) => Moderation::from_json(&json.to_string())
                .map_err(|error| format!("its moderation makes no sense: {error}"))?
                .persistent(),
            None => Moderation::default(),
        };
        Ok(NewRoom {
            name: room_name(&record.name)?,
            topic,
            created: checked_time(&record.created)?,
            last_id: checked_id(record.last_id)?,
            moderation,
        })
    }

    /// A room that is there keeps what it has, and gives no number that the other room has given.
    fn write(&self, db: &Connection, rooms: &mut Rooms) -> Result<(), Refused> {
        let key = self.name.key();
        // It will have another last number.
        rooms.by_name.clear();
        let found = db
            .prepare_cached("SELECT care FROM rooms WHERE key = ?1")?
            .query_row([&key], |row| row.get::<_, String>(0))
            .optional()?;
        match found {
            Some(there) => {
                let there = Moderation::from_json(&there).map_err(|error| {
                    format!("the owners of the room that is there cannot be read: {error}")
                })?;
                self.may_join(&there)?;
                db.prepare_cached("UPDATE rooms SET last_id = max(last_id, ?2) WHERE key = ?1")?
                    .execute((key, self.last_id))?;
            }
            None => {
                rooms.count_one()?;
                db.prepare_cached(
                    "INSERT INTO rooms(name, key, topic, created, last_id, care)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute((
                    self.name.as_str(),
                    key,
                    &self.topic,
                    self.created,
                    self.last_id,
                    self.moderation.to_json(),
                ))?;
            }
        }
        Ok(())
    }

    /// Whether what was said in this room may be read by those who may come into that one.
    fn may_join(&self, there: &Moderation) -> Result<(), String> {
        let would = |what: &str| {
            let name = &self.name;
            format!(
                "this room {name} is {what} and the one that is there is not; import it into another file, or \
                 close the other first"
            )
        };
        if self.moderation.lock().is_some() && there.lock().is_none() {
            return Err(would("locked"));
        }
        if self.moderation.is_private() && !there.is_private() {
            return Err(would("private"));
        }
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
        if record.text.is_empty() || record.id == 0 {
            return Err("a message needs text, and a number of at least 1".to_owned());
        }
        if record.text.len() > LINE_BYTES_MAX {
            let bytes = record.text.len();
            return Err(format!(
                "its text has {bytes} bytes; a message has at most {LINE_BYTES_MAX}"
            ));
        }
        if text::clean(record.text.as_bytes()) != record.text || name.as_str() != record.name {
            return Err(
                "it has characters that nobody can send, such as control characters".to_owned(),
            );
        }
        Ok(NewLine {
            room: room_name(&record.room)?,
            id: checked_id(record.id)?,
            time: checked_time(&record.time)?,
            name: name.as_str().to_owned(),
            kind: kind.ok_or_else(|| format!("there is no message kind {}", record.kind))?,
            text: record.text,
        })
    }

    /// The state of the room, which is made if there is none.
    fn room_state(&self, db: &Connection, rooms: &mut Rooms) -> Result<RoomState, Refused> {
        let key = self.room.key();
        let mut select = db.prepare_cached("SELECT id, last_id FROM rooms WHERE key = ?1")?;
        let mut found = || {
            let room = |row: &Row<'_>| Ok((RoomId(row.get(0)?), row.get(1)?));
            select.query_row([&key], room).optional()
        };
        let (id, last_id) = match found()? {
            Some(found) => found,
            None => {
                rooms.count_one()?;
                db.prepare_cached("INSERT INTO rooms(name, key, created) VALUES (?1, ?2, ?3)")?
                    .execute((self.room.as_str(), &key, self.time))?;
                (RoomId(db.last_insert_rowid() as u32), 0)
            }
        };
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
        rooms: &mut Rooms,
        imported: &mut Imported,
    ) -> Result<(), Refused> {
        let name = self.room.as_str();
        let mut room = match rooms.by_name.get(name) {
            Some(room) => *room,
            None => self.room_state(db, rooms)?,
        };
        match self.is_present(db, room.id)? {
            Some(true) => imported.present += 1,
            Some(false) => {
                imported.renumbered += 1;
                let next = room.last_id + 1;
                self.insert(db, &mut room, next)?;
            }
            None => {
                imported.stored += 1;
                self.insert(db, &mut room, self.id)?;
            }
        }
        rooms.by_name.insert(name.to_owned(), room);
        Ok(())
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
    let wrong = |why: &dyn fmt::Display| format!("{text} is not a room name: {why}");
    let name = RoomName::parse(text).map_err(|error| wrong(&error))?;
    match name.as_str() == text {
        true => Ok(name),
        false => Err(wrong(&format_args!("{name} would be one"))),
    }
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
