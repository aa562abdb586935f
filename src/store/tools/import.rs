//! Reading in what was exported.

use std::collections::HashMap;
use std::io::BufRead;
use std::path::Path;
use std::thread;

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior};

use super::reader::{Checked, Lines, NewLine, NewRoom, wrong};
use super::{ToolError, failed};
use crate::chat::history::RoomId;
use crate::chat::room::Moderation;
use crate::limits::{IMPORT_LINES, IMPORT_PAUSE};
use crate::store::sqlite::query::{ID_MAX, id_of, place};
use crate::store::{Durability, file};

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
    let mut lines = Lines::new(input);
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
    let done = match Checked::parse(line).map_err(|why| wrong(number, &why))? {
        Checked::Room(room) => room.write(db, rooms),
        Checked::Line(message) => message.write(db, rooms, imported),
    };
    done.map_err(|refused| match refused {
        Refused::Why(why) => wrong(number, &why),
        Refused::Database(error) => failed(path)(error),
    })
}

impl NewRoom {
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
}

impl NewLine {
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
