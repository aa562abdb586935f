//! Entering into the index what was said.
//!
//! A block of lines is entered when there can be no more of them: the numbers of lines are given in the order in which they
//! become visible. The row of a room in `indexed` is locked while blocks of it are entered, and an import locks it before it
//! puts lines into the room; so none is between what was read and what is noted as entered.

use tokio_postgres::{Error, Row};

use super::parts::Parts;
use crate::chat::history::RoomId;
use crate::limits::{FILL_LINES, FILL_ROOMS, SEARCH_BLOCK_LINES};
use crate::store::postgres::session::Session;

/// What one step has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store::postgres) struct Filled {
    /// Lines that were entered.
    pub(in crate::store::postgres) lines: u64,
    /// There are more.
    pub(in crate::store::postgres) has_more: bool,
}

/// Rooms with blocks that are full and not entered.
const PENDING: &str = "SELECT r.id, coalesce(i.line, 0), r.last_id / $1 * $1
    FROM parlor.rooms r LEFT JOIN parlor.indexed i ON i.room = r.id
    WHERE r.last_id >= coalesce(i.line, 0) + $1 AND (r.closed IS NULL OR r.purge IS NOT NULL)
    ORDER BY r.id LIMIT $2";

const NOTE_ROOMS: &str = "INSERT INTO parlor.indexed (room, line) SELECT unnest($1::integer[]), 0
    ON CONFLICT (room) DO NOTHING";

/// How far they are, with nobody else at them.
const LOCK_ROOMS: &str = "SELECT r.id, i.line, r.last_id / $2 * $2
    FROM parlor.indexed i JOIN parlor.rooms r ON r.id = i.room
    WHERE i.room = ANY ($1) ORDER BY i.room FOR UPDATE OF i";

const READ: &str = "SELECT p.room, e.line, e.text
    FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) AS p (room, after, upto)
    CROSS JOIN LATERAL (
        SELECT line, text FROM parlor.entries
        WHERE room = p.room AND line > p.after AND line <= p.upto ORDER BY line LIMIT $4
    ) e ORDER BY p.room, e.line";

const ENTER: &str = "INSERT INTO parlor.blocks (room, block, parts)
    SELECT room, block, parts::integer[] FROM unnest($1::integer[], $2::bigint[], $3::text[]) AS b (room, block, parts)
    ON CONFLICT (room, block) DO UPDATE SET parts = excluded.parts";

const NOTE: &str = "UPDATE parlor.indexed i SET line = p.line
    FROM unnest($1::integer[], $2::bigint[]) AS p (room, line) WHERE i.room = p.room";

/// Enters some of what is not entered yet: at most about [`FILL_LINES`] lines of [`FILL_ROOMS`] rooms.
pub(in crate::store::postgres) async fn step(session: &Session) -> Result<Filled, Error> {
    let rooms = FILL_ROOMS as i64;
    let pending = session
        .query(PENDING, &[&SEARCH_BLOCK_LINES, &rooms])
        .await?;
    if pending.is_empty() {
        return Ok(Filled::default());
    }
    let rooms = numbers(&pending)?;
    session.batch("BEGIN").await?;
    let done = enter(session, &rooms).await;
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    session.batch(end).await?;
    let (lines, is_all) = done?;
    Ok(Filled {
        lines,
        has_more: !is_all || pending.len() == FILL_ROOMS,
    })
}

fn numbers(rows: &[Row]) -> Result<Vec<i32>, Error> {
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// A room of which blocks are entered.
struct Filling {
    room: i32,
    /// Up to here its lines are entered, or not there.
    done: i64,
    /// The last line of its last full block.
    upto: i64,
    /// Its lines that were read.
    read: usize,
}

/// Enters blocks of these rooms. Gives how many lines they have, and whether that was all.
async fn enter(session: &Session, rooms: &[i32]) -> Result<(u64, bool), Error> {
    session.execute(NOTE_ROOMS, &[&rooms]).await?;
    let locked = session
        .query(LOCK_ROOMS, &[&rooms, &SEARCH_BLOCK_LINES])
        .await?;
    let filling = locked.iter().map(|row| {
        Ok(Filling {
            room: row.try_get(0)?,
            done: row.try_get(1)?,
            upto: row.try_get(2)?,
            read: 0,
        })
    });
    let mut filling: Vec<Filling> = filling.collect::<Result<_, Error>>()?;
    filling.retain(|room| room.done < room.upto);
    if filling.is_empty() {
        return Ok((0, true));
    }
    let (of, after, upto) = columns(&filling);
    // At least one block of each.
    let most = (FILL_LINES / filling.len()).max(SEARCH_BLOCK_LINES as usize + 1);
    let limit = most as i64;
    let read = session.query(READ, &[&of, &after, &upto, &limit]).await?;
    let mut blocks = Blocks::default();
    let (mut lines, mut is_all, mut rest) = (0, true, &read[..]);
    for room in &mut filling {
        let of_room = rest
            .iter()
            .take_while(|row| row.try_get(0).is_ok_and(|id: i32| id == room.room));
        room.read = of_room.count();
        let (rows, others) = rest.split_at(room.read);
        rest = others;
        // The last block of those that were read may have lines that were not.
        let is_cut = rows.len() == most;
        let end = match rows.last() {
            Some(last) if is_cut => {
                (last.try_get::<_, i64>(1)? - 1) / SEARCH_BLOCK_LINES * SEARCH_BLOCK_LINES
            }
            _ => room.upto,
        };
        is_all &= !is_cut;
        lines += blocks.take(room.room, rows, end)?;
        room.done = end;
    }
    session
        .execute(ENTER, &[&blocks.rooms, &blocks.blocks, &blocks.parts])
        .await?;
    let (of, done, _) = columns(&filling);
    session.execute(NOTE, &[&of, &done]).await?;
    Ok((lines, is_all))
}

fn columns(filling: &[Filling]) -> (Vec<i32>, Vec<i64>, Vec<i64>) {
    let rooms = filling.iter().map(|room| room.room).collect();
    let done = filling.iter().map(|room| room.done).collect();
    (rooms, done, filling.iter().map(|room| room.upto).collect())
}

/// Blocks that are to be entered.
#[derive(Default)]
struct Blocks {
    rooms: Vec<i32>,
    blocks: Vec<i64>,
    /// As PostgreSQL reads arrays: the driver knows none of different lengths.
    parts: Vec<String>,
}

impl Blocks {
    /// Takes the rows of a room up to line `end`, and gives how many they were.
    fn take(&mut self, room: i32, rows: &[Row], end: i64) -> Result<u64, Error> {
        let id = RoomId(room as u32);
        let mut lines = 0;
        let mut open: Option<(i64, Parts)> = None;
        for row in rows {
            let line: i64 = row.try_get(1)?;
            if line > end {
                break;
            }
            let block = (line - 1) / SEARCH_BLOCK_LINES;
            if open.as_ref().is_none_or(|(other, _)| *other != block) {
                self.close(room, open.replace((block, Parts::new(id))));
            }
            if let Some((_, parts)) = &mut open {
                parts.add(row.try_get(2)?);
            }
            lines += 1;
        }
        self.close(room, open);
        Ok(lines)
    }

    fn close(&mut self, room: i32, block: Option<(i64, Parts)>) {
        let Some((block, parts)) = block else {
            return;
        };
        let parts = parts.sorted();
        // Nothing in it can be looked for so.
        if parts.is_empty() {
            return;
        }
        let parts: Vec<String> = parts.iter().map(i32::to_string).collect();
        self.rooms.push(room);
        self.blocks.push(block);
        self.parts.push(format!("{{{}}}", parts.join(",")));
    }
}
