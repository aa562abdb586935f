//! Letting go what nobody needs any more.

use tokio_postgres::Error;

use crate::limits::{FORGET_ENTRIES, LETTERS_KEPT, LOG_KEPT};
use crate::store::postgres::session::Session;
use crate::time::Timestamp;

/// The next room with old entries that are in its image.
const FIND: &str = "SELECT i.room
    FROM parlor.images i CROSS JOIN LATERAL (
        SELECT seq, time FROM parlor.entries e
        WHERE e.room = i.room AND e.line IS NULL ORDER BY e.seq LIMIT 1
    ) oldest
    WHERE i.room >= $1 AND oldest.seq <= i.seq AND oldest.time < $2
    ORDER BY i.room LIMIT 1";

const PRUNE: &str = "DELETE FROM parlor.entries e USING (
        SELECT seq FROM parlor.entries
        WHERE room = $1 AND line IS NULL AND time < $2 AND seq <= (SELECT seq FROM parlor.images WHERE room = $1)
        ORDER BY seq LIMIT $3
    ) old WHERE e.room = $1 AND e.seq = old.seq";

/// Forgets entries other than lines of the first room from number `room` on that has such: old ones, which are in the image
/// of their room. Gives the room to go on with and how many they were; `None`: there is none.
///
/// What has happened within the last hour stays: a node that has slept reads it when it wakes.
pub(super) async fn step(
    session: &Session,
    now: Timestamp,
    room: i32,
) -> Result<Option<(i32, u64)>, Error> {
    let recent = now.0.saturating_sub(LOG_KEPT.as_millis() as i64);
    let Some(row) = session.query_opt(FIND, &[&room, &recent]).await? else {
        return Ok(None);
    };
    let (room, most): (i32, _) = (row.try_get(0)?, FORGET_ENTRIES as i64);
    let gone = session.execute(PRUNE, &[&room, &recent, &most]).await?;
    Ok(Some((if gone == 0 { room + 1 } else { room }, gone)))
}

/// Letters that nobody has taken, and names that were kept for somebody who has not come.
pub(super) async fn leftovers(session: &Session) -> Result<(), Error> {
    let seconds = LETTERS_KEPT.as_secs_f64();
    let letters =
        "DELETE FROM parlor.letters WHERE posted < clock_timestamp() - $1 * interval '1 second'";
    session.execute(letters, &[&seconds]).await?;
    let names = "DELETE FROM parlor.names WHERE kept_until < parlor.now_ms() - $1";
    let hour = LOG_KEPT.as_millis() as i64;
    session.execute(names, &[&hour]).await.map(drop)
}
