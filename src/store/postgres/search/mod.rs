//! Looking for words in a room.
//!
//! The index ([`parts`]) tells in which blocks of lines all parts of the words are; their lines are read, newest first,
//! and each is looked at. The last lines of a room are not in the index yet; they, and searches for words that have no
//! parts, are read one by one. [`fill`] enters lines that are stored, on one node at a time and off their way.

pub(super) mod fill;
pub(super) mod parts;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, Row};

use super::Postgres;
use super::codec::{self, line_columns, room_number, signed, unsigned};
use super::session::Session;
use crate::chat::history::Found;
use crate::limits::{
    SEARCH_BLOCK_LINES, SEARCH_FIRST_LINES, SEARCH_LINES_MAX, SEARCH_STEP_LINES, SEARCH_TIME_MAX,
};
use crate::store::cluster::engine::{EngineError, Lines};
use crate::store::words::Words;

impl Postgres {
    pub(super) async fn look_for(&self, lines: Lines, typed: String) -> Result<Found, EngineError> {
        let words = Arc::new(Words::new(&typed));
        let ask = move |session: Arc<Session>| {
            let words = Arc::clone(&words);
            async move { search(&session, lines, &words).await }
        };
        self.searcher.read(ask).await
    }
}

/// The newest lines with all words, as many as `lines` wants, up to its last one that is safe. Takes little more than
/// [`SEARCH_TIME_MAX`], where the connection is one for searches, on which no statement takes longer than that.
async fn search(session: &Session, lines: Lines, words: &Words) -> Result<Found, Error> {
    let mut search = Search {
        session,
        room: room_number(lines.room),
        lines,
        words,
        since: Instant::now(),
        looked_at: 0,
        step: SEARCH_FIRST_LINES,
        found: Found::default(),
    };
    if words.is_empty() || lines.count == 0 {
        return Ok(search.found);
    }
    match search.run().await {
        Ok(()) => {}
        // It has taken too long. What was found by then is the newest there is.
        Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => {
            search.found.cut_short = true;
        }
        Err(error) => return Err(error),
    }
    Ok(search.found)
}

struct Search<'a> {
    session: &'a Session,
    room: i32,
    lines: Lines,
    words: &'a Words,
    since: Instant,
    looked_at: usize,
    /// So many lines are read next.
    step: usize,
    found: Found,
}

/// The lines of a room between two, the newest first.
const READ: &str = concat!(
    "SELECT ",
    line_columns!(),
    " FROM parlor.entries e WHERE room = $1 AND line > $2 AND line < $3 ORDER BY line DESC LIMIT $4"
);

/// Blocks that have all these parts, the newest first. What is asked for in the inner query is only in the index: the room
/// is in the parts, and a plan that goes by the numbers of blocks would have to read the parts of each.
const LOOK_UP: &str = "WITH found AS MATERIALIZED (
        SELECT room, block FROM parlor.blocks WHERE parts @> $2
    )
    SELECT block FROM found WHERE room = $1 AND block <= $3 ORDER BY block DESC LIMIT $4";

/// The lines of some blocks, the newest first.
const READ_BLOCKS: &str = concat!(
    "SELECT ",
    line_columns!(),
    " FROM unnest($2::bigint[]) AS b (block) CROSS JOIN LATERAL (
        SELECT * FROM parlor.entries e
        WHERE e.room = $1 AND e.line > b.block * $3 AND e.line <= least((b.block + 1) * $3, $4)
    ) e ORDER BY e.line DESC"
);

impl Search<'_> {
    async fn run(&mut self) -> Result<(), Error> {
        let parts = parts::of_words(self.lines.room, self.words.folded());
        if parts.is_empty() {
            return self.read(0, SEARCH_TIME_MAX).await;
        }
        // Before the lines are read: what is entered meanwhile is read twice at worst, and missed never.
        let indexed = "SELECT line FROM parlor.indexed WHERE room = $1";
        let indexed = self.session.query_opt(indexed, &[&self.room]).await?;
        let indexed = indexed.map_or(Ok(0), |row| row.try_get(0).map(unsigned))?;
        self.read(indexed, SEARCH_TIME_MAX / 2).await?;
        // Even if not all of the newer lines were read: old lines are better than none.
        self.look_up(&parts, indexed).await
    }

    /// Reads the lines behind number `after`.
    async fn read(&mut self, after: u64, latest: Duration) -> Result<(), Error> {
        self.looked_at = 0;
        let mut before = self.lines.upto.saturating_add(1);
        while self.wants_more() && before > after + 1 && self.may_look(latest) {
            let (from, to) = (signed(after), signed(before));
            let step = self.next_step() as i64;
            let read = self
                .session
                .query(READ, &[&self.room, &from, &to, &step])
                .await?;
            self.look_at(&read)?;
            match read.last() {
                Some(last) if read.len() as i64 == step => before = unsigned(last.try_get(0)?),
                _ => break,
            }
        }
        Ok(())
    }

    /// Looks at the lines up to number `indexed` that the index finds.
    async fn look_up(&mut self, parts: &[i32], indexed: u64) -> Result<(), Error> {
        const BLOCKS_MAX: usize = SEARCH_LINES_MAX / SEARCH_BLOCK_LINES as usize;
        if !self.wants_more() || self.lines.upto == 0 || !self.may_look(SEARCH_TIME_MAX) {
            return Ok(());
        }
        let upto = signed(indexed.min(self.lines.upto));
        let newest = (upto - 1) / SEARCH_BLOCK_LINES;
        let most = BLOCKS_MAX as i64 + 1;
        let blocks = self
            .session
            .query(LOOK_UP, &[&self.room, &parts, &newest, &most])
            .await?;
        let blocks = blocks.iter().map(|row| row.try_get(0));
        let mut blocks: Vec<i64> = blocks.collect::<Result<_, _>>()?;
        let is_all = blocks.len() <= BLOCKS_MAX;
        blocks.truncate(BLOCKS_MAX);
        self.looked_at = 0;
        self.step = SEARCH_FIRST_LINES;
        let mut rest = &blocks[..];
        while !rest.is_empty() {
            if !self.wants_more() || !self.may_look(SEARCH_TIME_MAX) {
                return Ok(());
            }
            let most = self.next_step() / SEARCH_BLOCK_LINES as usize;
            let (blocks, others) = rest.split_at(most.min(rest.len()));
            rest = others;
            let read = self
                .session
                .query(
                    READ_BLOCKS,
                    &[&self.room, &blocks, &SEARCH_BLOCK_LINES, &upto],
                )
                .await?;
            self.look_at(&read)?;
        }
        self.found.cut_short |= !is_all && self.wants_more();
        Ok(())
    }

    fn look_at(&mut self, rows: &[Row]) -> Result<(), Error> {
        self.looked_at += rows.len();
        for row in rows {
            if self.wants_more() && self.words.are_in(row.try_get(5)?) {
                self.found.lines.push(codec::line(row)?);
            }
        }
        Ok(())
    }

    /// How many lines are read at once. What many lines have is found in few of them, and what few lines have is worth more
    /// at once.
    fn next_step(&mut self) -> usize {
        let step = self.step;
        self.step = (2 * step).min(SEARCH_STEP_LINES);
        step
    }

    fn wants_more(&self) -> bool {
        self.found.lines.len() < self.lines.count
    }

    /// Whether more lines may be looked at: no more than about [`SEARCH_LINES_MAX`] at once, and none later than `latest`
    /// after the search began.
    fn may_look(&mut self, latest: Duration) -> bool {
        let is_bound = self.looked_at >= SEARCH_LINES_MAX || self.since.elapsed() > latest;
        self.found.cut_short |= is_bound;
        !is_bound
    }
}
