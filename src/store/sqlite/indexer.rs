//! The thread that keeps the search index. It follows the database as a reader and writes to a file of its own,
//! so nobody who stores a line ever waits for it. A search looks at the lines that are not in the index yet, so
//! there is no hurry either.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row};

use super::super::StoreError;
use super::error_log::ThrottledErrorLog;
use super::index::{self, Index, Line, Opened, Progress, Reached};
use super::notify::IndexSignal;
use super::query::{ID_MAX, id_of, place, room_of};
use super::walk::{Direction, walk};
use crate::chat::history::RoomId;
use crate::limits::{
    FORGET_LINES, INDEX_BYTES, INDEX_EVERY, INDEX_GATHER, INDEX_LINES, INDEX_REST, INDEX_REST_MAX,
    INDEX_RETRY,
};

/// What went wrong, and on which side.
#[derive(Debug)]
enum Trouble {
    Database(rusqlite::Error),
    Index(rusqlite::Error),
    /// The index is damaged, or another database's.
    Useless(String),
    /// The file in its place is somebody else's.
    Foreign,
}

/// For `map_err`: an error of the index.
fn in_index(error: rusqlite::Error) -> Trouble {
    // Unknown is SQLite's word for tables that are not there.
    if index::is_damage(&error) || error.sqlite_error_code() == Some(ErrorCode::Unknown) {
        Trouble::Useless(error.to_string())
    } else {
        Trouble::Index(error)
    }
}

/// The thread's connections and what it knows.
pub(super) struct Indexer {
    database: Connection,
    path: PathBuf,
    signal: Arc<IndexSignal>,
    error_log: Arc<ThrottledErrorLog>,
    /// `None` before it was opened, and after it failed.
    index: Option<OpenIndex>,
}

struct OpenIndex {
    file: Index,
    progress: Progress,
    /// Rooms that may have messages which it has not.
    behind: BTreeSet<RoomId>,
    /// Rooms of which messages may have been forgotten.
    unkept: BTreeSet<RoomId>,
}

impl Indexer {
    /// For a database and the path of its index.
    pub(super) fn new(
        database: Connection,
        path: &Path,
        signal: Arc<IndexSignal>,
        error_log: Arc<ThrottledErrorLog>,
    ) -> Indexer {
        Indexer {
            database,
            path: path.to_owned(),
            signal,
            error_log,
            index: None,
        }
    }

    /// Keeps the index until the bell is closed.
    pub(super) fn run(mut self) {
        loop {
            let begun = Instant::now();
            let pause = match self.step() {
                // Others are at work: most of the time is theirs.
                Ok(true) if self.signal.is_rung() => {
                    (begun.elapsed() * INDEX_REST).min(INDEX_REST_MAX)
                }
                Ok(true) => Duration::ZERO,
                Ok(false) => {
                    self.signal.wait(INDEX_EVERY);
                    INDEX_GATHER
                }
                Err(trouble) => self.give_up(trouble),
            };
            if self.signal.rest(pause) {
                return;
            }
        }
    }

    /// Does a little of what there is to do. Returns whether there may be more.
    fn step(&mut self) -> Result<bool, Trouble> {
        let news = self.signal.take();
        if news.damaged {
            let why = "a search found it damaged".to_owned();
            return Err(Trouble::Useless(why));
        }
        // SQLite would go on writing to a file that no search can open.
        if self.index.is_some() && !self.path.exists() {
            return Err(Trouble::Useless("it was removed".to_owned()));
        }
        let index = match &mut self.index {
            Some(index) => index,
            none => none.insert(OpenIndex::open(&self.path, &self.database)?),
        };
        if news.forgot {
            index.unkept = index.progress.rooms.keys().copied().collect();
        }
        Ok(index.enter_late(&self.database)?
            || index.enter_new(&self.database)?
            || index.forget(&self.database)?)
    }

    /// Says what is wrong, takes a useless index away, and returns how long to wait before trying again.
    fn give_up(&mut self, trouble: Trouble) -> Duration {
        self.index = None;
        let error = StoreError::Failed(match trouble {
            Trouble::Useless(why) => {
                tracing::warn!(file = %self.path.display(), %why, "the search index is rebuilt");
                match index::remove(&self.path) {
                    Ok(()) => return INDEX_GATHER,
                    Err(error) => error.to_string(),
                }
            }
            Trouble::Foreign => format!("{} is not a search index", self.path.display()),
            Trouble::Database(error) | Trouble::Index(error) => error.to_string(),
        });
        self.error_log
            .failed("cannot update the search index", &error);
        INDEX_RETRY
    }
}

impl OpenIndex {
    /// Opens or makes the index at `path`, if it is one of this database.
    fn open(path: &Path, database: &Connection) -> Result<OpenIndex, Trouble> {
        let file = match Index::open_to_write(path).map_err(in_index)? {
            Opened::Index(file) => file,
            Opened::Useless => {
                let why = "another version made it".to_owned();
                return Err(Trouble::Useless(why));
            }
            Opened::Foreign => return Err(Trouble::Foreign),
        };
        let progress = file.progress().map_err(in_index)?;
        if !is_of(&progress, database).map_err(Trouble::Database)? {
            return Err(Trouble::Useless("it belongs to another file".to_owned()));
        }
        Ok(OpenIndex {
            unkept: progress.rooms.keys().copied().collect(),
            file,
            progress,
            behind: BTreeSet::new(),
        })
    }

    /// Enters a few messages that came to stand before others. Returns whether there were any.
    fn enter_late(&mut self, database: &Connection) -> Result<bool, Trouble> {
        let after = self.progress.late_number;
        let (late_number, mut lines) = read_late(database, after).map_err(Trouble::Database)?;
        if late_number == after {
            return Ok(false);
        }
        let mut step = Progress {
            late_number,
            ..Progress::default()
        };
        // Those that the index has not come to yet, it will come to.
        lines.retain(|line| {
            let (room, id) = (room_of(line.place), id_of(line.place));
            let Some(reached) = self.progress.rooms.get(&room) else {
                return false;
            };
            let is_passed = id <= reached.last_id;
            if is_passed {
                let reached = step.rooms.entry(room).or_insert(*reached);
                reached.first_id = reached.first_id.min(id);
            }
            is_passed
        });
        self.enter(&lines, step)?;
        Ok(true)
    }

    /// Enters a few messages that stand after those it has. Returns whether there were any.
    fn enter_new(&mut self, database: &Connection) -> Result<bool, Trouble> {
        if self.behind.is_empty() {
            self.behind = rooms_behind(database, &self.progress).map_err(Trouble::Database)?;
        }
        let lines = self.read_new(database).map_err(Trouble::Database)?;
        if lines.is_empty() {
            return Ok(false);
        }
        let mut step = Progress {
            late_number: self.progress.late_number,
            ..Progress::default()
        };
        for line in &lines {
            let (room, id) = (room_of(line.place), id_of(line.place));
            let had = self.progress.rooms.get(&room);
            let reached = step.rooms.entry(room).or_insert(Reached {
                first_id: had.map_or(id, |had| had.first_id),
                last_id: id,
                last_time: line.time,
            });
            (reached.last_id, reached.last_time) = (id, line.time);
        }
        self.enter(&lines, step)?;
        Ok(true)
    }

    fn enter(&mut self, lines: &[Line], mut step: Progress) -> Result<(), Trouble> {
        self.file.enter(lines, &step).map_err(in_index)?;
        self.progress.late_number = step.late_number;
        self.progress.rooms.append(&mut step.rooms);
        Ok(())
    }

    /// The next messages of rooms that are behind; rooms that have no more are taken out. In the order of
    /// their places, since FTS5 begins a new part of the index whenever it has to go back.
    fn read_new(&mut self, database: &Connection) -> rusqlite::Result<Vec<Line>> {
        let mut lines = Vec::new();
        let mut bytes = 0;
        while let Some(&room) = self.behind.first() {
            let reached = self.progress.rooms.get(&room);
            let last_id = reached.map_or(0, |reached| reached.last_id);
            let places = place(room, last_id) + 1..place(room, ID_MAX) + 1;
            let mut is_full = false;
            walk(database, places, Direction::Forwards, line, |line| {
                // Whoever reads the room is told what cannot be read.
                if let Ok(line) = line {
                    bytes += line.text.len();
                    lines.push(line);
                }
                is_full = lines.len() >= INDEX_LINES || bytes >= INDEX_BYTES;
                match is_full {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            })?;
            if is_full {
                break;
            }
            self.behind.pop_first();
        }
        Ok(lines)
    }

    /// Leaves out a few messages that were forgotten. Returns whether there were any.
    fn forget(&mut self, database: &Connection) -> Result<bool, Trouble> {
        while let Some(&room) = self.unkept.first() {
            if let Some(reached) = self.progress.rooms.get_mut(&room) {
                let first_id = first_id(database, room).map_err(Trouble::Database)?;
                let end = reached.last_id + 1;
                let until = first_id.map_or(end, |first_id| first_id.min(end));
                if reached.first_id < until {
                    let forget = self
                        .file
                        .forget(room, reached.first_id, until, FORGET_LINES);
                    reached.first_id = forget.map_err(in_index)?;
                    return Ok(true);
                }
            }
            self.unkept.pop_first();
        }
        Ok(false)
    }
}

/// Whether an index that has come so far can be of this database: everything in it came from there.
fn is_of(progress: &Progress, database: &Connection) -> rusqlite::Result<bool> {
    let snapshot = database.unchecked_transaction()?;
    let late = "SELECT coalesce(max(number), 0) FROM late";
    if snapshot.query_row(late, (), |row| row.get::<_, i64>(0))? < progress.late_number {
        return Ok(false);
    }
    let mut last_id = snapshot.prepare_cached("SELECT last_id FROM rooms WHERE id = ?1")?;
    let mut last = snapshot.prepare_cached(
        "SELECT place, time FROM messages WHERE place BETWEEN ?1 AND ?2 ORDER BY place DESC LIMIT 1",
    )?;
    for (&room, reached) in &progress.rooms {
        let given: Option<u64> = last_id.query_row([room.0], |row| row.get(0)).optional()?;
        let end = place(room, reached.last_id);
        let found: Option<(i64, i64)> = last
            .query_row((place(room, 0), end), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        // None is left if all were forgotten.
        let is_known = found.is_none_or(|found| found == (end, reached.last_time));
        if given.is_none_or(|given| given < reached.last_id) || !is_known {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A row of the columns place, time, name, kind, text.
fn line(row: &Row<'_>) -> rusqlite::Result<Line> {
    Ok(Line {
        place: row.get(0)?,
        time: row.get(1)?,
        text: row.get(4)?,
    })
}

fn rooms_behind(database: &Connection, progress: &Progress) -> rusqlite::Result<BTreeSet<RoomId>> {
    let mut select = database.prepare_cached("SELECT id, last_id FROM rooms WHERE last_id > 0")?;
    let mut rows = select.query(())?;
    let mut behind = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let (room, last_id) = (RoomId(row.get(0)?), row.get::<_, u64>(1)?);
        let reached = progress.rooms.get(&room);
        if reached.is_none_or(|reached| reached.last_id < last_id) {
            behind.insert(room);
        }
    }
    Ok(behind)
}

/// A few of the messages that came late after number `after`, and the number of the last of them. Those that
/// were forgotten again are not among them.
fn read_late(database: &Connection, after: i64) -> rusqlite::Result<(i64, Vec<Line>)> {
    let mut select = database.prepare_cached(
        "SELECT number, messages.place, time, text FROM late
         LEFT JOIN messages ON messages.place = late.place
         WHERE number > ?1 ORDER BY number",
    )?;
    let mut rows = select.query([after])?;
    let (mut until, mut lines, mut bytes) = (after, Vec::new(), 0);
    while lines.len() < INDEX_LINES
        && bytes < INDEX_BYTES
        && let Some(row) = rows.next()?
    {
        until = row.get(0)?;
        // What cannot be read is left out here as well.
        if let Some(place) = row.get(1)?
            && let Ok(text) = row.get::<_, String>(3)
        {
            let time = row.get(2)?;
            bytes += text.len();
            lines.push(Line { place, time, text });
        }
    }
    Ok((until, lines))
}

/// The number of the oldest message of `room`.
fn first_id(database: &Connection, room: RoomId) -> rusqlite::Result<Option<u64>> {
    let first: Option<i64> = database
        .prepare_cached("SELECT min(place) FROM messages WHERE place BETWEEN ?1 AND ?2")?
        .query_row((place(room, 0), place(room, ID_MAX)), |row| row.get(0))?;
    Ok(first.map(id_of))
}
