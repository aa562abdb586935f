//! The end of closed rooms whose time is over.

use tokio_postgres::Error;

use crate::limits::{FORGET_ENTRIES, LOG_KEPT};
use crate::store::postgres::session::Session;
use crate::time::Timestamp;

const FIND: &str =
    "SELECT id FROM parlor.rooms WHERE purge <= $1 AND closed < $2 ORDER BY purge, id LIMIT 1";

/// Locks the room: nobody opens it again from here on.
const LOCK: &str = "SELECT 1 FROM parlor.rooms WHERE id = $1 AND purge <= $2 FOR UPDATE";

const FORGET: &str = "DELETE FROM parlor.entries WHERE room = $1 AND seq IN (
        SELECT seq FROM parlor.entries WHERE room = $1 ORDER BY seq LIMIT $2
    ) RETURNING line IS NOT NULL";

/// With the last lines goes what its owners had decided. Its number, and how many lines there were, stay.
const END: &str = "WITH room AS (SELECT $1::integer AS id),
        images AS (DELETE FROM parlor.images WHERE room = $1),
        blocks AS (DELETE FROM parlor.blocks WHERE room = $1),
        indexed AS (DELETE FROM parlor.indexed WHERE room = $1)
    UPDATE parlor.rooms r SET purge = NULL, kept = 0, closed_by = NULL FROM room WHERE r.id = room.id";

/// Forgets some entries of a closed room whose time is over at `now`, and the room with the last of them. Gives how many
/// lines they were; `None`: there is no such room.
///
/// One that was closed within the last hour stays: a node that has slept reads of its end when it wakes.
pub(super) async fn step(session: &Session, now: Timestamp) -> Result<Option<u64>, Error> {
    let recent = now.0.saturating_sub(LOG_KEPT.as_millis() as i64);
    let Some(row) = session.query_opt(FIND, &[&now.0, &recent]).await? else {
        return Ok(None);
    };
    let room: i32 = row.try_get(0)?;
    session.batch("BEGIN").await?;
    let gone = forget(session, room, now).await;
    session
        .batch(if gone.is_ok() { "COMMIT" } else { "ROLLBACK" })
        .await?;
    gone.map(Some)
}

async fn forget(session: &Session, room: i32, now: Timestamp) -> Result<u64, Error> {
    // Somebody may have opened it again.
    if session.query(LOCK, &[&room, &now.0]).await?.is_empty() {
        return Ok(0);
    }
    let most = FORGET_ENTRIES as i64;
    let gone = session.query(FORGET, &[&room, &most]).await?;
    if gone.len() < FORGET_ENTRIES {
        session.execute(END, &[&room]).await?;
    }
    let mut lines = 0;
    for row in &gone {
        lines += u64::from(row.try_get::<_, bool>(0)?);
    }
    Ok(lines)
}
