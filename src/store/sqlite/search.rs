//! Looking for words in a room.
//!
//! The index gives candidates, newest first, and each candidate is looked at. The last lines of a busy room
//! may not be in the index yet; they, and searches for words that the index does not know, are read one by one.
//! Without an index a search reads what it may, and says so if that was not all.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Row};

use super::super::words::Words;
use super::index::Index;
use super::query::{self, place};
use crate::chat::history::{Found, RoomId};
use crate::limits::{SEARCH_LINES_MAX, SEARCH_TIME_MAX};

/// What came of a search, and what was wrong with the index, if anything was.
pub(super) type Searched = (Found, Option<rusqlite::Error>);

/// The newest `count` lines of `room` that contain all `words`; fewer once it `is_given_up`. The index is opened for each search: there are
/// few, and so it costs no memory between them, and one that was made anew is the one that is looked into.
pub(super) fn search(
    db: &Connection,
    index: &Path,
    room: RoomId,
    words: &Words,
    count: usize,
    is_given_up: &dyn Fn() -> bool,
) -> rusqlite::Result<Searched> {
    let mut search = Search {
        words,
        count,
        is_given_up,
        since: Instant::now(),
        looked_at: 0,
        found: Found::default(),
    };
    if words.is_empty() || count == 0 {
        return Ok((search.found, None));
    }
    let snapshot = db.unchecked_transaction()?;
    let Some(query) = words.index_query() else {
        search.read(&snapshot, room, 0, SEARCH_TIME_MAX)?;
        return Ok((search.found, None));
    };
    let fault = match search.with_index(&snapshot, index, room, &query) {
        Ok(()) => None,
        Err(Failure::Database(error)) => return Err(error),
        Err(Failure::Index(error)) => {
            search.found.cut_short = true;
            Some(error)
        }
    };
    Ok((search.found, fault))
}

/// What failed.
enum Failure {
    Database(rusqlite::Error),
    Index(rusqlite::Error),
}

struct Search<'a> {
    words: &'a Words,
    count: usize,
    /// Nobody waits for it any more.
    is_given_up: &'a dyn Fn() -> bool,
    since: Instant,
    looked_at: usize,
    found: Found,
}

impl Search<'_> {
    /// Reads the lines that are not in the index, then looks up those that are.
    fn with_index(
        &mut self,
        db: &Connection,
        index: &Path,
        room: RoomId,
        query: &str,
    ) -> Result<(), Failure> {
        let index = Index::open_to_read(index).and_then(|index| match index {
            Some(index) => Ok(Some((index.last_id(room)?, index))),
            None => Ok(None),
        });
        let indexed_id = match &index {
            Ok(Some((last_id, _))) => *last_id,
            Ok(None) | Err(_) => 0,
        };
        self.read(db, room, indexed_id, SEARCH_TIME_MAX / 2)
            .map_err(Failure::Database)?;
        match index.map_err(Failure::Index)? {
            // Even if not all of the newer lines were read: old lines are better than none.
            Some((_, index)) => self.look_up(db, &index, room, query, indexed_id),
            None => Ok(()),
        }
    }

    /// Reads the lines of `room` with numbers above `after`.
    fn read(
        &mut self,
        db: &Connection,
        room: RoomId,
        after: u64,
        latest: Duration,
    ) -> rusqlite::Result<()> {
        let mut select = db.prepare_cached(
            "SELECT place, time, name, kind, text FROM messages
             WHERE place > ?1 AND place <= ?2 ORDER BY place DESC",
        )?;
        let mut rows = select.query((place(room, after), place(room, query::ID_MAX)))?;
        self.looked_at = 0;
        while self.wants_more()
            && let Some(row) = rows.next()?
            && self.may_look(latest)
        {
            self.look_at(row)?;
        }
        Ok(())
    }

    /// Looks at the lines of `room` that the index finds, up to number `until`.
    fn look_up(
        &mut self,
        db: &Connection,
        index: &Index,
        room: RoomId,
        query: &str,
        until: u64,
    ) -> Result<(), Failure> {
        let mut select = index.look_up().map_err(Failure::Index)?;
        let mut places = select
            .query((query, place(room, 0), place(room, until)))
            .map_err(Failure::Index)?;
        let mut line = db
            .prepare_cached("SELECT place, time, name, kind, text FROM messages WHERE place = ?1")
            .map_err(Failure::Database)?;
        self.looked_at = 0;
        while self.wants_more()
            && let Some(found) = places.next().map_err(Failure::Index)?
            && self.may_look(SEARCH_TIME_MAX)
        {
            let place: i64 = found.get(0).map_err(Failure::Index)?;
            // The index may still have what was forgotten just now.
            line.query_row([place], |row| self.look_at(row))
                .optional()
                .map_err(Failure::Database)?;
        }
        Ok(())
    }

    fn wants_more(&self) -> bool {
        self.found.lines.len() < self.count
    }

    /// Whether one more line may be looked at: no more than [`SEARCH_LINES_MAX`] at once, and none later than
    /// `latest` after the search began.
    fn may_look(&mut self, latest: Duration) -> bool {
        let is_bound = self.looked_at == SEARCH_LINES_MAX
            || self.since.elapsed() > latest
            || (self.is_given_up)();
        self.looked_at += 1;
        self.found.cut_short |= is_bound;
        !is_bound
    }

    fn look_at(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        if self.words.are_in(row.get_ref(4)?.as_str()?) {
            self.found.lines.push(query::stored(row)?);
        }
        Ok(())
    }
}
