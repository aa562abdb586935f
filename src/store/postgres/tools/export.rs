//! Writing out what was said.

use std::io::Write;

use super::{Missing, connected, failed, snapshot};
use crate::store::place::DatabaseUrl;
use crate::store::postgres::codec::{self, line_columns, room_id, room_number};
use crate::store::postgres::rooms::states;
use crate::store::postgres::session::Session;
use crate::store::tools::ToolError;
use crate::store::tools::writer::{ExportedRoom, Format, Selection, Writer};
use crate::time::Timestamp;

/// Lines that are read at once.
const STEP: i64 = 1000;

/// Rooms whose states are read at once.
const ROOMS: usize = 100;

/// Writes what was said in a database, as it was at one moment: rooms in the order they were created, and the messages of
/// each in their order. Memory does not depend on how many there are. Returns what was left out since it cannot be read, a
/// sentence for each, at most [`CHECK_FAULTS_MAX`](crate::limits::CHECK_FAULTS_MAX).
///
/// # Errors
///
/// A [`ToolError`]; what was written until then is right.
pub fn export(
    url: &DatabaseUrl,
    selection: &Selection,
    format: &Format,
    out: &mut dyn Write,
) -> Result<Vec<String>, ToolError> {
    connected(url, Missing::Refuse, async |session| {
        snapshot(session, async || {
            let mut writer = Writer::new(selection, format, out);
            let found = write_all(session, &mut writer).await?;
            match &selection.room {
                Some(name) if !found => Err(ToolError::Input(format!("there is no room {name}"))),
                _ => Ok(writer.finish()?),
            }
        })
        .await
    })
}

/// Writes all rooms that are wanted; false if there is none.
async fn write_all(session: &Session, writer: &mut Writer<'_>) -> Result<bool, ToolError> {
    let sql = "SELECT id, created FROM parlor.rooms WHERE closed IS NULL ORDER BY id";
    let rows = session.query(sql, &[]).await.map_err(failed)?;
    let mut rooms = Vec::new();
    for row in &rows {
        let created = Timestamp(row.try_get(1).map_err(failed)?);
        rooms.push((room_id(row.try_get(0).map_err(failed)?), created));
    }
    let mut found = false;
    for rooms in rooms.chunks(ROOMS) {
        let ids: Vec<_> = rooms.iter().map(|(id, _)| *id).collect();
        let mut states = states(session, &ids)
            .await
            .map_err(failed)?
            .into_iter()
            .peekable();
        for &(id, created) in rooms {
            // Those that nobody can make sense of are not among them.
            let state = states.next_if(|state| state.id == id);
            let room = state.and_then(|state| {
                let topic = state.image.state.topic;
                let moderation = state.image.state.moderation.persistent();
                ExportedRoom::new(state.name, topic, created, state.last_id, &moderation)
            });
            match room {
                None => writer.leave_out(&format_args!("room {}", id.0)),
                Some(room) if writer.wants(&room.name) => {
                    found = true;
                    write_room(session, room_number(id), &room, writer).await?;
                }
                Some(_) => {}
            }
        }
    }
    Ok(found)
}

async fn write_room(
    session: &Session,
    id: i32,
    room: &ExportedRoom,
    writer: &mut Writer<'_>,
) -> Result<(), ToolError> {
    writer.room(room)?;
    let sql = concat!(
        "SELECT ",
        line_columns!(),
        " FROM parlor.entries e WHERE room = $1 AND line IS NOT NULL AND line > $2 ORDER BY line LIMIT $3"
    );
    let mut after = 0_i64;
    loop {
        let rows = session
            .query(sql, &[&id, &after, &STEP])
            .await
            .map_err(failed)?;
        for row in &rows {
            let line = codec::line(row).map_err(failed)?;
            after = codec::signed(line.id);
            if writer.selection.has(line.time) {
                writer.message(room, &line)?;
            }
        }
        if rows.len() < STEP as usize {
            return Ok(());
        }
    }
}
