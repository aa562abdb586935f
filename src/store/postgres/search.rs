//! Looking for words in a room: its lines are read one by one, the newest first, until there are enough or it has taken
//! long enough.

use std::sync::Arc;

use super::Postgres;
use super::codec::{self, line_columns, room_number, signed};
use super::session::Session;
use crate::chat::history::Found;
use crate::chat::message::Message;
use crate::limits::{POSTGRES_SEARCH_STEP, SEARCH_LINES_MAX, SEARCH_TIME_MAX};
use crate::store::cluster::engine::{EngineError, Lines};
use crate::store::words::Words;

impl Postgres {
    pub(super) async fn look_for(&self, lines: Lines, typed: String) -> Result<Found, EngineError> {
        let words = Words::new(&typed);
        let mut found = Found::default();
        if words.is_empty() {
            return Ok(found);
        }
        let clock = &self.shared.runtime.clock;
        let end = clock.now() + SEARCH_TIME_MAX;
        let mut upto = signed(lines.upto);
        let mut looked_at = 0;
        while found.lines.len() < lines.count {
            if looked_at >= SEARCH_LINES_MAX || clock.now() >= end {
                found.cut_short = true;
                break;
            }
            let step = self.lines_upto(lines, upto).await?;
            let Some(last) = step.last() else {
                break;
            };
            upto = signed(last.id) - 1;
            looked_at += step.len();
            let is_all = step.len() < POSTGRES_SEARCH_STEP;
            let wanted = lines.count - found.lines.len();
            let hits = step.into_iter().filter(|line| words.are_in(&line.text));
            found.lines.extend(hits.take(wanted));
            if is_all {
                break;
            }
        }
        Ok(found)
    }

    /// Some lines up to number `upto`, the last one first.
    async fn lines_upto(&self, lines: Lines, upto: i64) -> Result<Vec<Arc<Message>>, EngineError> {
        let ask = move |session: Arc<Session>| async move {
            let sql = concat!(
                "SELECT ",
                line_columns!(),
                " FROM parlor.entries e WHERE room = $1 AND line IS NOT NULL AND line <= $2 ORDER BY line DESC LIMIT $3"
            );
            let (room, most) = (room_number(lines.room), POSTGRES_SEARCH_STEP as i64);
            let rows = session.query(sql, &[&room, &upto, &most]).await?;
            rows.iter().map(codec::line).collect()
        };
        self.searcher.read(ask).await
    }
}
