//! The file of the search index, which stands beside the database as `FILE-index`.
//!
//! Everything in it comes out of the database, which is the only one that counts: an index that is lost,
//! damaged, of another version or another database's is thrown away and made anew (see [`super::indexer`]).
//! So a line never waits for its index, and a fault of the index never costs a line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, Statement, TransactionBehavior,
};

use super::super::{Durability, claim, file};
use super::query::{id_of, place};
use crate::chat::history::RoomId;

/// `parx`, in the header of every index.
const APPLICATION_ID: i64 = 0x7061_7278;

/// The version of `index.sql`. An index of another version is made anew.
const VERSION: i64 = 1;

/// An open index.
pub(in crate::store) struct Index {
    db: Connection,
}

/// What [`Index::open_to_write`] found.
pub(super) enum Opened {
    /// The index.
    Index(Index),
    /// An index of another version.
    Useless,
    /// A database of another program.
    Foreign,
}

/// How far an index has come in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Reached {
    /// It has nothing before this message.
    pub(in crate::store) first_id: u64,
    /// It has everything up to this message.
    pub(in crate::store) last_id: u64,
    /// When that one was accepted, in milliseconds.
    pub(in crate::store) last_time: i64,
}

/// How far an index has come.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Progress {
    /// In the rooms of which it has anything.
    pub(in crate::store) rooms: BTreeMap<RoomId, Reached>,
    /// With the messages that came late.
    pub(in crate::store) late_number: i64,
}

/// A message on its way into the index.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) place: i64,
    pub(super) time: i64,
    pub(super) text: String,
}

/// Where the index of the database at `database` is.
pub(in crate::store) fn path_of(database: &Path) -> PathBuf {
    file::beside(database, "-index")
}

/// Whether an error of an index means that its content makes no sense.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

/// Takes the index at `path` away, with the files that SQLite keeps beside it.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    // The file first: without it the others mean nothing.
    for part in ["", "-wal", "-shm"] {
        match fs::remove_file(file::beside(path, part)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

impl Index {
    /// Opens the index at `path`, or makes one.
    pub(super) fn open_to_write(path: &Path) -> rusqlite::Result<Opened> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        // If there is one, that is used.
        let _ = claim::create(path);
        let mut db = file::connect(path, flags)?;
        let number = |sql: &str| db.query_row(sql, (), |row| row.get::<_, i64>(0));
        let things = number("SELECT count(*) FROM sqlite_schema")?;
        match (
            number("PRAGMA application_id")?,
            number("PRAGMA user_version")?,
        ) {
            (APPLICATION_ID, VERSION) => file::prepare_to_write(&db, Durability::Normal)?,
            (0, 0) if things == 0 => {
                file::prepare_to_write(&db, Durability::Normal)?;
                let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
                change.execute_batch(include_str!("../schema/index.sql"))?;
                change.pragma_update(None, "application_id", APPLICATION_ID)?;
                change.pragma_update(None, "user_version", VERSION)?;
                change.commit()?;
            }
            (APPLICATION_ID, _) => return Ok(Opened::Useless),
            _ => return Ok(Opened::Foreign),
        }
        Ok(Opened::Index(Index { db }))
    }

    /// Opens the index at `path` to look into; `None` if there is none yet.
    pub(in crate::store) fn open_to_read(path: &Path) -> rusqlite::Result<Option<Index>> {
        if !path.exists() {
            return Ok(None);
        }
        let db = file::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let number = |sql: &str| db.query_row(sql, (), |row| row.get::<_, i64>(0));
        let is_ours = number("PRAGMA application_id")? == APPLICATION_ID
            && number("PRAGMA user_version")? == VERSION;
        Ok(is_ours.then_some(Index { db }))
    }

    /// How far it has come.
    pub(in crate::store) fn progress(&self) -> rusqlite::Result<Progress> {
        let snapshot = self.db.unchecked_transaction()?;
        let late = "SELECT late_number FROM progress";
        let mut progress = Progress {
            late_number: snapshot.query_row(late, (), |row| row.get(0))?,
            ..Progress::default()
        };
        let mut select =
            snapshot.prepare_cached("SELECT id, first_id, last_id, last_time FROM rooms")?;
        let mut rows = select.query(())?;
        while let Some(row) = rows.next()? {
            let reached = Reached {
                first_id: row.get(1)?,
                last_id: row.get(2)?,
                last_time: row.get(3)?,
            };
            progress.rooms.insert(RoomId(row.get(0)?), reached);
        }
        Ok(progress)
    }

    /// The number up to which it has the messages of `room`.
    pub(super) fn last_id(&self, room: RoomId) -> rusqlite::Result<u64> {
        let last = self
            .db
            .prepare_cached("SELECT last_id FROM rooms WHERE id = ?1")?
            .query_row([room.0], |row| row.get(0))
            .optional()?;
        Ok(last.unwrap_or(0))
    }

    /// The places between ?2 and ?3 that answer the query ?1, last one first. The index keeps its rows in the
    /// order of their places, so it need not find all of them to give the last.
    pub(super) fn look_up(&self) -> rusqlite::Result<Statement<'_>> {
        self.db.prepare(
            "SELECT rowid FROM message_index WHERE message_index MATCH ?1 AND rowid BETWEEN ?2 AND ?3
             ORDER BY rowid DESC",
        )
    }

    /// Enters messages and notes that it has come as far as `step` says, all of it or nothing. A message that
    /// it has already is entered anew.
    pub(super) fn enter(&mut self, lines: &[Line], step: &Progress) -> rusqlite::Result<()> {
        let change = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut insert = change
            .prepare_cached("INSERT OR REPLACE INTO message_index(rowid, text) VALUES (?1, ?2)")?;
        for line in lines {
            insert.execute((line.place, &line.text))?;
        }
        let mut reach = change.prepare_cached("REPLACE INTO rooms VALUES (?1, ?2, ?3, ?4)")?;
        for (room, reached) in &step.rooms {
            let (first_id, last_id) = (reached.first_id, reached.last_id);
            reach.execute((room.0, first_id, last_id, reached.last_time))?;
        }
        change
            .prepare_cached("UPDATE progress SET late_number = ?1")?
            .execute([step.late_number])?;
        drop((insert, reach));
        change.commit()
    }

    /// Leaves out messages of `room` from number `from` up to the one before `until`, but no more than `most`.
    /// Returns the number of the first one that may be left.
    pub(super) fn forget(
        &mut self,
        room: RoomId,
        from: u64,
        until: u64,
        most: usize,
    ) -> rusqlite::Result<u64> {
        let change = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (start, end) = (place(room, from), place(room, until));
        // Numbers may be missing, so the end of the step has to be looked for.
        let stop: Option<i64> = change
            .prepare_cached(
                "SELECT rowid FROM message_index WHERE rowid >= ?1 AND rowid < ?2
                 ORDER BY rowid LIMIT 1 OFFSET ?3",
            )?
            .query_row((start, end, most as i64), |row| row.get(0))
            .optional()?;
        let stop = stop.unwrap_or(end);
        change
            .prepare_cached("DELETE FROM message_index WHERE rowid >= ?1 AND rowid < ?2")?
            .execute((start, stop))?;
        change
            .prepare_cached("UPDATE rooms SET first_id = ?2 WHERE id = ?1")?
            .execute((room.0, id_of(stop)))?;
        change.commit()?;
        Ok(id_of(stop))
    }

    /// What SQLite finds wrong with the file, up to `most` sentences.
    pub(in crate::store) fn faults(&self, most: usize) -> rusqlite::Result<Vec<String>> {
        file::structure_faults(&self.db, most)
    }
}
