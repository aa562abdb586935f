//! Walking along the messages of a room, past those that cannot be read: a damaged row, or a damaged page of the file,
//! does not hide what lies beyond it.

use std::fmt;
use std::ops::{ControlFlow, Range};

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row};

use super::query::{id_of, place, room_of};
use crate::chat::history::RoomId;
use crate::limits::STORE_GAP_STEPS;

/// Which way a walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Direction {
    /// From the first message on.
    Forwards,
    /// From the last message back.
    Backwards,
}

/// Messages that cannot be read: all numbers from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Damage {
    /// Where they were said.
    pub(in crate::store) room: RoomId,
    first: u64,
    last: u64,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first, self.last) {
            (first, last) if first == last => write!(f, "message {first}"),
            (first, last) => write!(f, "messages {first} to {last}"),
        }
    }
}

impl Damage {
    fn new(places: &Range<i64>) -> Damage {
        Damage {
            room: room_of(places.start),
            first: id_of(places.start),
            last: id_of(places.end - 1),
        }
    }
}

/// Gives `visit` each message of one room that has one of these places, until it breaks off. `read` makes it of the
/// columns place, time, name, kind, text.
///
/// # Errors
///
/// Those of the database, except that it is damaged: `visit` hears of that in its turn.
pub(in crate::store) fn walk<T>(
    db: &Connection,
    mut places: Range<i64>,
    direction: Direction,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    mut visit: impl FnMut(Result<T, Damage>) -> ControlFlow<()>,
) -> rusqlite::Result<()> {
    let mut select = db.prepare_cached(match direction {
        Direction::Forwards => {
            "SELECT place, time, name, kind, text FROM messages
             WHERE place BETWEEN ?1 AND ?2 ORDER BY place"
        }
        Direction::Backwards => {
            "SELECT place, time, name, kind, text FROM messages
             WHERE place BETWEEN ?1 AND ?2 ORDER BY place DESC"
        }
    })?;
    let mut gap: Option<Gap> = None;
    while !places.is_empty() {
        // The last place is named: SQLite would look for the one behind it on the page after it, which may be damaged.
        let mut rows = select.query((places.start, places.end - 1))?;
        let error = loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => break None,
                Err(error) => break Some(error),
            };
            let here: i64 = row.get(0)?;
            match direction {
                Direction::Forwards => places.start = here + 1,
                Direction::Backwards => places.end = here,
            }
            if let Some(damage) = gap.take().and_then(|gap| gap.damage())
                && visit(Err(damage)).is_break()
            {
                return Ok(());
            }
            let message = match read(row) {
                // It is not the database that cannot make sense of it.
                Err(error) if error.sqlite_error_code().is_none() => {
                    Err(Damage::new(&(here..here + 1)))
                }
                message => Ok(message?),
            };
            if visit(message).is_break() {
                return Ok(());
            }
        };
        match error {
            None => break,
            Some(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {}
            Some(error) => return Err(error),
        }
        let gap = match &mut gap {
            Some(gap) => gap,
            none => {
                // Beyond it there is nothing that could be missing.
                places.end = places.end.min(end_of(db, room_of(places.start))?);
                none.insert(Gap::at_the_end_of(&places, direction))
            }
        };
        gap.widen(&mut places, direction);
    }
    if let Some(damage) = gap.and_then(|gap| gap.damage()) {
        // There is nothing to break off any more.
        let _ = visit(Err(damage));
    }
    Ok(())
}

/// What was passed without seeing a message.
struct Gap {
    places: Range<i64>,
    steps: u32,
}

impl Gap {
    fn at_the_end_of(places: &Range<i64>, direction: Direction) -> Gap {
        let at = match direction {
            Direction::Forwards => places.start,
            Direction::Backwards => places.end,
        };
        Gap {
            places: at..at,
            steps: 0,
        }
    }

    /// Takes the next places from those that are left.
    fn widen(&mut self, left: &mut Range<i64>, direction: Direction) {
        let stride = 1 << self.steps.saturating_sub(STORE_GAP_STEPS).min(40);
        self.steps += 1;
        match direction {
            Direction::Forwards => {
                left.start = left.end.min(left.start + stride);
                self.places.end = left.start;
            }
            Direction::Backwards => {
                left.end = left.start.max(left.end - stride);
                self.places.start = left.end;
            }
        }
    }

    fn damage(&self) -> Option<Damage> {
        (!self.places.is_empty()).then(|| Damage::new(&self.places))
    }
}

/// The place behind the last that was ever given to a message of `room`.
fn end_of(db: &Connection, room: RoomId) -> rusqlite::Result<i64> {
    let mut select = db.prepare_cached("SELECT last_id FROM rooms WHERE id = ?1")?;
    let last_id = select.query_row([room.0], |row| row.get(0)).optional()?;
    Ok(place(room, last_id.unwrap_or(0)) + 1)
}
