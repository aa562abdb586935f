//! Forgetting old lines, in small steps.

use tokio_postgres::Error;

use crate::limits::{FORGET_ENTRIES, LOG_KEPT, SEARCH_BLOCK_LINES};
use crate::store::Retention;
use crate::store::postgres::session::Session;
use crate::time::Timestamp;

/// The next room whose oldest line need not be kept.
const FIND: &str = "SELECT r.id, r.last_id
    FROM parlor.rooms r CROSS JOIN LATERAL (
        SELECT line, time FROM parlor.entries e
        WHERE e.room = r.id AND e.line IS NOT NULL ORDER BY e.line LIMIT 1
    ) oldest
    WHERE r.id >= $1 AND (oldest.line <= r.last_id - $2 OR oldest.time < $3) AND oldest.time < $4
    ORDER BY r.id LIMIT 1";

/// Of the oldest lines of a room those before the first that has to be kept.
const FORGET: &str = "WITH oldest AS MATERIALIZED (
        SELECT seq, line, line > $2 AND time >= $3 OR time >= $4 AS kept FROM parlor.entries
        WHERE room = $1 AND line IS NOT NULL ORDER BY line LIMIT $5
    ), first_kept AS (
        SELECT min(line) AS line FROM oldest WHERE kept
    )
    DELETE FROM parlor.entries e USING oldest o, first_kept f
    WHERE e.room = $1 AND e.seq = o.seq AND (f.line IS NULL OR o.line < f.line)";

/// Blocks of the search index whose lines are all gone.
const FORGET_BLOCKS: &str = "DELETE FROM parlor.blocks b
    WHERE b.room = $1 AND (b.block + 1) * $2 < (
        SELECT coalesce(min(line), 9223372036854775807) FROM parlor.entries WHERE room = $1 AND line IS NOT NULL
    )";

/// Forgets some lines that `keep` does not keep at the time `now`, of the first room from number `room` on that has such
/// lines. Gives the room to go on with and how many lines they were; `None`: there is none.
///
/// What was said within the last hour stays all the same: a node that has slept reads it when it wakes.
pub(super) async fn step(
    session: &Session,
    keep: Retention,
    now: Timestamp,
    room: i32,
) -> Result<Option<(i32, u64)>, Error> {
    const DAY_MS: i64 = 24 * 3600 * 1000;
    if keep == Retention::default() {
        return Ok(None);
    }
    // More than any room has ever given.
    let lines = keep
        .lines
        .map_or(i64::MAX, |lines| i64::try_from(lines).unwrap_or(i64::MAX));
    let oldest = keep.days.map_or(i64::MIN, |days| {
        now.0.saturating_sub(i64::from(days) * DAY_MS)
    });
    let recent = now.0.saturating_sub(LOG_KEPT.as_millis() as i64);
    let Some(row) = session
        .query_opt(FIND, &[&room, &lines, &oldest, &recent])
        .await?
    else {
        return Ok(None);
    };
    let (room, last_id): (i32, i64) = (row.try_get(0)?, row.try_get(1)?);
    let (spare, most) = (last_id.saturating_sub(lines), FORGET_ENTRIES as i64);
    let gone = session
        .execute(FORGET, &[&room, &spare, &oldest, &recent, &most])
        .await?;
    if gone < FORGET_ENTRIES as u64 {
        session
            .execute(FORGET_BLOCKS, &[&room, &SEARCH_BLOCK_LINES])
            .await?;
    }
    // Never twice the same without having done anything.
    Ok(Some((if gone == 0 { room + 1 } else { room }, gone)))
}
