//! Listing the rooms of a database, closed ones too, and opening those again.

use std::io::Write;

use jiff::tz::TimeZone;
use tokio_postgres::Row;

use super::{Missing, connected, failed, transaction, wake};
use crate::chat::name::RoomName;
use crate::chat::room::{Entry, Ruling};
use crate::store::place::DatabaseUrl;
use crate::store::postgres::codec::{entry_row, room_id, room_number};
use crate::store::postgres::rooms::{keys, states};
use crate::store::postgres::session::Session;
use crate::store::tools::{ClosedRow, RoomRow, ToolError, write_rooms};
use crate::text;
use crate::time::Timestamp;

const ROOMS: &str = "SELECT r.id, r.name, lines.count, lines.last, r.closed, r.closed_by, r.purge
    FROM parlor.rooms r CROSS JOIN LATERAL (
        SELECT count(*), max(time) AS last FROM parlor.entries e WHERE e.room = r.id AND e.line IS NOT NULL
    ) lines
    WHERE r.closed IS NULL OR r.purge > parlor.now_ms() ORDER BY r.id";

/// Writes a row for each room that is open, or was closed and can be opened again by the clock of the database, with times
/// in this zone.
///
/// # Errors
///
/// A [`ToolError`].
pub fn rooms(url: &DatabaseUrl, zone: &TimeZone, out: &mut dyn Write) -> Result<(), ToolError> {
    let rows = connected(url, Missing::Refuse, async |session| {
        let rows = session.query(ROOMS, &[]).await.map_err(failed)?;
        let rows = rows.iter().map(listed).collect::<Result<Vec<_>, _>>();
        rows.map_err(failed)
    })?;
    write_rooms(&rows, zone, out)
}

fn listed(row: &Row) -> Result<RoomRow, tokio_postgres::Error> {
    let shown = |column| {
        let shown = row.try_get::<_, Option<&str>>(column)?;
        Ok(text::clean(shown.unwrap_or_default().as_bytes()))
    };
    let (closed, until): (Option<i64>, Option<i64>) = (row.try_get(4)?, row.try_get(6)?);
    let by = shown(5)?;
    let (last, lines): (Option<i64>, i64) = (row.try_get(3)?, row.try_get(2)?);
    Ok(RoomRow {
        id: room_id(row.try_get(0)?).0,
        name: shown(1)?,
        lines: lines.unsigned_abs(),
        last_line: last.map(Timestamp),
        closed: closed.zip(until).map(|(at, until)| ClosedRow {
            at: Timestamp(at),
            by,
            until: Timestamp(until),
        }),
    })
}

/// Closed rooms that can be opened again, those first that were closed last.
const CLOSED: &str = "SELECT id, key FROM parlor.rooms
    WHERE closed IS NOT NULL AND purge > parlor.now_ms() ORDER BY purge DESC, id DESC";

const REOPEN: &str = "UPDATE parlor.rooms SET name = $2, key = $3, looks_folded = $4, folded_looks = $5, closed = NULL,
        closed_by = NULL, purge = NULL, kept = 0, seq = seq + 1, rights = seq + 1,
        time = greatest(time, parlor.now_ms())
    WHERE id = $1 AND purge > parlor.now_ms() RETURNING seq, time";

const APPEND: &str =
    "INSERT INTO parlor.entries (room, seq, time, kind, version, changes_rights, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Opens the room of this name that was closed last again, or the one with this `number`, under the name `new` if there
/// is one. Who had inherited it does not own it any more. Returns what it is called. Servers have it back at once.
///
/// # Errors
///
/// A [`ToolError`]; nothing has changed.
pub fn reopen(
    url: &DatabaseUrl,
    room: &RoomName,
    number: Option<u32>,
    new: Option<RoomName>,
) -> Result<RoomName, ToolError> {
    connected(url, Missing::Refuse, async |session| {
        let name = transaction(session, async || {
            reopen_found(session, room, number, new).await
        });
        let name = name.await?;
        wake(session).await?;
        Ok(name)
    })
}

async fn reopen_found(
    session: &Session,
    room: &RoomName,
    number: Option<u32>,
    new: Option<RoomName>,
) -> Result<RoomName, ToolError> {
    let none = || {
        let why = format!("there is no closed room {room}; `parlor rooms` lists those there are");
        ToolError::Input(why)
    };
    let key = room.key();
    let mut found = None;
    for row in session.query(CLOSED, &[]).await.map_err(failed)? {
        let id = room_id(row.try_get(0).map_err(failed)?);
        let its_key: String = row.try_get(1).map_err(failed)?;
        let is_number = number.is_none_or(|number| id.0 == number);
        if found.is_none() && its_key == key && is_number {
            found = Some(id);
        }
    }
    let id = found.ok_or_else(none)?;
    let mut states = states(session, &[id]).await.map_err(failed)?;
    let state = states
        .pop()
        .ok_or_else(|| ToolError::Input(format!("what room {room} was like cannot be read")))?;
    let name = new.unwrap_or(state.name);
    let [key, looks_folded, folded_looks] = keys(&name);
    let reopened = session
        .query_opt(
            REOPEN,
            &[
                &room_number(id),
                &name.as_str(),
                &key,
                &looks_folded,
                &folded_looks,
            ],
        )
        .await;
    let row = match reopened {
        Err(error) if error.code() == Some(&tokio_postgres::error::SqlState::UNIQUE_VIOLATION) => {
            let why = format!(
                "there is a room {name} again, or one that looks like it; give another name with --as"
            );
            return Err(ToolError::Input(why));
        }
        row => row.map_err(failed)?.ok_or_else(none)?,
    };
    let (seq, time): (i64, i64) = (
        row.try_get(0).map_err(failed)?,
        row.try_get(1).map_err(failed)?,
    );
    let moderation = state.image.state.moderation.without_heirs();
    let entry = Entry::from(Ruling::Reopened(Box::new(moderation)));
    let (kind, version, changes_rights, body) = entry_row(&entry);
    session
        .execute(
            APPEND,
            &[
                &room_number(id),
                &seq,
                &time,
                &kind,
                &version,
                &changes_rights,
                &body,
            ],
        )
        .await
        .map_err(failed)?;
    Ok(name)
}
