//! Looking for words in a room.
//!
//! The index gives candidates, newest first, and each candidate is looked at. The last lines of a busy room
//! may not be in the index yet; they, and searches for words that the index does not know, are read one by one.
//! Without an index a search reads what it may, and says so if that was not all.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Row};

use super::super::words::Words;
use super::index::Index;
use super::query::{self, place};
use super::walk::{Damage, Direction, walk};
use crate::chat::history::{Found, RoomId};
use crate::chat::message::Message;
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
    damaged: &dyn Fn(Damage),
) -> rusqlite::Result<Searched> {
    let mut search = Search {
        words,
        count,
        is_given_up,
        damaged,
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
    damaged: &'a dyn Fn(Damage),
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
        self.looked_at = 0;
        let places = place(room, after) + 1..place(room, query::ID_MAX) + 1;
        let words = self.words;
        let matching = |row: &Row<'_>| matching(words, row);
        walk(db, places, Direction::Backwards, matching, |line| {
            if !self.wants_more() || !self.may_look(latest) {
                return ControlFlow::Break(());
            }
            match line {
                Ok(line) => self.found.lines.extend(line),
                Err(damage) => (self.damaged)(damage),
            }
            ControlFlow::Continue(())
        })
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
        self.looked_at = 0;
        while self.wants_more()
            && let Some(found) = places.next().map_err(Failure::Index)?
            && self.may_look(SEARCH_TIME_MAX)
        {
            let place: i64 = found.get(0).map_err(Failure::Index)?;
            // The index may still have what was forgotten just now.
            let words = self.words;
            let matching = |row: &Row<'_>| matching(words, row);
            walk(
                db,
                place..place + 1,
                Direction::Backwards,
                matching,
                |line| {
                    match line {
                        Ok(line) => self.found.lines.extend(line),
                        Err(damage) => (self.damaged)(damage),
                    }
                    ControlFlow::Continue(())
                },
            )
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
}

/// The message, if all `words` are in it.
fn matching(words: &Words, row: &Row<'_>) -> rusqlite::Result<Option<Arc<Message>>> {
    match words.are_in(row.get_ref(4)?.as_str()?) {
        true => query::stored(row).map(Some),
        false => Ok(None),
    }
}
