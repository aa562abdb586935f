//! Looking for words in a room.
//!
//! The index gives candidates, newest first, and each candidate is looked at. The last lines of a busy room
//! may not be in the index yet; they, and searches for words that the index does not know, are read one by one.

use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Params};

use super::super::words::Words;
use super::super::{Found, RoomId};
use super::query::{self, place};
use crate::limits::{SEARCH_LINES_MAX, SEARCH_TIME_MAX};

/// The newest `count` lines of `room` that contain all `words`.
pub(in crate::store) fn search(
    db: &Connection,
    room: RoomId,
    words: &Words,
    count: usize,
) -> rusqlite::Result<Found> {
    let mut search = Search {
        words,
        count,
        since: Instant::now(),
        found: Found::default(),
    };
    if words.is_empty() || count == 0 {
        return Ok(search.found);
    }
    let snapshot = db.unchecked_transaction()?;
    let ends = snapshot
        .prepare_cached("SELECT last_id, indexed_id FROM rooms WHERE id = ?1")?
        .query_row([room.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((last, indexed)) = ends else {
        return Ok(search.found);
    };
    let query = words.index_query();
    let read_down_to = if query.is_some() { indexed } else { 0 };
    let unindexed = (place(room, read_down_to) + 1, place(room, last));
    search.look_at(&snapshot, READ, unindexed, SEARCH_TIME_MAX / 2)?;
    if let Some(query) = query {
        // Even if not all of the newer lines were read: old lines are better than none.
        let indexed = (query, place(room, 0), place(room, indexed));
        search.look_at(&snapshot, LOOK_UP, indexed, SEARCH_TIME_MAX)?;
    }
    Ok(search.found)
}

const READ: &str = "SELECT place, time, name, kind, text FROM messages
     WHERE place BETWEEN ?1 AND ?2 ORDER BY place DESC";

/// The index keeps its rows in the order of their places, so it need not find all of them to give the last.
const LOOK_UP: &str = "SELECT place, time, name, kind, messages.text
     FROM message_index JOIN messages ON place = message_index.rowid
     WHERE message_index MATCH ?1 AND message_index.rowid BETWEEN ?2 AND ?3
     ORDER BY message_index.rowid DESC";

struct Search<'a> {
    words: &'a Words,
    count: usize,
    since: Instant,
    found: Found,
}

impl Search<'_> {
    /// Looks at the rows of a query until there are lines enough, but at no more than [`SEARCH_LINES_MAX`],
    /// and no later than `latest` after the search began.
    fn look_at(
        &mut self,
        db: &Connection,
        sql: &str,
        params: impl Params,
        latest: Duration,
    ) -> rusqlite::Result<()> {
        let mut select = db.prepare_cached(sql)?;
        let mut rows = select.query(params)?;
        let mut looked_at = 0;
        while self.found.lines.len() < self.count
            && let Some(row) = rows.next()?
        {
            if looked_at == SEARCH_LINES_MAX || self.since.elapsed() > latest {
                self.found.cut_short = true;
                break;
            }
            looked_at += 1;
            if self.words.are_in(row.get_ref(4)?.as_str()?) {
                self.found.lines.push(query::stored(row)?);
            }
        }
        Ok(())
    }
}
